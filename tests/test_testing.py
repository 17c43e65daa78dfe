"""What sites get for their own test suites: helpers, and the fixtures of the pytest plugin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.test import Client, LiveServerTestCase, TestCase

from django_identityx import testing
from django_identityx.credentials import TokenType
from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from django_identityx.users import AppUser, OrgUser
from django_identityx.verification import verify


def test_a_sandbox_without_pytest() -> None:
    before = settings.IDENTITYX_API_URL
    with testing.running_sandbox(dialect="bearer") as sandbox:
        assert before != settings.IDENTITYX_API_URL
        user = verify(testing.credential(sandbox, "reader@example.net"))
        assert isinstance(user, AppUser)
    assert before == settings.IDENTITYX_API_URL


@pytest.mark.django_db
def test_links_lead_to_the_test_client_where_no_setting_says_where(settings, client) -> None:
    settings.IDENTITYX_CALLBACK_URL = None
    with testing.running_sandbox() as sandbox:
        client.post("/identityx/login/", {"email": "reader@example.net"}, secure=True)
        assert wait_until_sent()
        link = sandbox.outbox[-1].url
        assert link.startswith("https://testserver/identityx/callback/?token=")
        assert client.get(link, secure=True).url == "/identityx/callback/"


@pytest.mark.parametrize("token_type", TokenType)
def test_headers_for_the_test_client(identityx: Sandbox, token_type: TokenType) -> None:
    email = "reader@example.net" if token_type is TokenType.APP_USER else "owner@example.com"
    headers = testing.authorization(identityx, email, token_type)
    answer = Client().get("/api/protected/", headers=headers)
    assert answer.json()["kind"] == token_type.value


@pytest.mark.django_db
def test_the_login_fixture(identityx: Sandbox, identityx_login, client: Client) -> None:
    user = identityx_login(client, "owner@example.com", token_type=TokenType.ORG_USER)
    assert isinstance(user, OrgUser)
    assert client.get("/members/").content == b"members: owner@example.com"


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_starts_from_the_seed(identityx: Sandbox, turn: int) -> None:
    assert identityx.count() == 0
    identityx.set_fault("html502")


def test_reset_drops_what_the_process_remembers(identityx: Sandbox, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    known = testing.credential(identityx, "reader@example.net")
    verify(known)
    verify(known)
    asked = identityx.count("activeAppUser")
    testing.reset()
    verify(known)
    assert identityx.count("activeAppUser") > asked


# --- without the sandbox ---------------------------------------------------------------------


@pytest.mark.django_db
def test_a_reader_without_a_sandbox(identityx_force_login, client: Client) -> None:
    user = identityx_force_login(client, "ann@example.net", given_name="Ann")
    assert isinstance(user, AppUser)
    assert client.get("/members/").content == b"members: ann@example.net"
    assert client.get("/identityx/api/me/").json()["email"] == "ann@example.net"


@pytest.mark.django_db
def test_staff_without_a_sandbox(identityx_force_login, client: Client) -> None:
    user = identityx_force_login(client, "ann@example.net", role="Owner")
    assert isinstance(user, OrgUser)
    assert client.get("/members/").content == b"members: ann@example.net"


@pytest.mark.django_db
def test_people_made_up_beside_a_sandbox(identityx: Sandbox, client: Client) -> None:
    testing.force_login(client, "ann@example.net", role="Owner")
    assert client.get("/members/").content == b"members: ann@example.net"
    assert identityx.count("activeUser") == 0


@pytest.mark.parametrize("role", [None, "Member"])
@pytest.mark.usefixtures("identityx_offline")
def test_bearers_without_a_sandbox(role: str | None) -> None:
    known = testing.force_credential("ann@example.net", role=role)
    header = {"Authorization": f"Bearer {known.token_type.value} {known.token}"}
    answer = Client().get("/api/protected/", headers=header)
    assert answer.json()["user"] == "ann@example.net"


@pytest.mark.django_db
def test_nothing_leaves_the_machine(settings, client: Client) -> None:
    settings.IDENTITYX_API_URL = "https://identity-x.parameter1.com/graphql"
    with testing.offline():
        assert settings.IDENTITYX_API_URL == testing.NOWHERE
        testing.force_login(client, "ann@example.net")
        assert client.post("/identityx/logout/").status_code == 302
        assert client.get("/members/").status_code == 302
        answer = client.post("/identityx/login/", {"email": "ann@example.net"})
        assert answer.status_code == 503
    with pytest.raises(RuntimeError, match="offline"):
        testing.force_credential("ann@example.net")


# --- Django's own TestCase -------------------------------------------------------------------


class TestOffline(testing.OfflineMixin, TestCase):
    def test_people(self) -> None:
        assert self.client.get("/members/").status_code == 302
        self.sign_in("ann@example.net")
        assert self.client.get("/members/").content == b"members: ann@example.net"
        other = Client()
        assert isinstance(self.sign_in("bob@example.net", role="Owner", client=other), OrgUser)
        assert other.get("/members/").content == b"members: bob@example.net"


class TestSandboxed(testing.SandboxMixin, TestCase):
    def test_a_link(self) -> None:
        self.client.post("/identityx/login/", {"email": "reader@example.net"})
        assert wait_until_sent()
        assert len(self.identityx.outbox) == 1

    def test_people(self) -> None:
        assert not self.identityx.outbox, "each test finds the seed"
        self.sign_in("reader@example.net")
        assert self.client.get("/members/").content == b"members: reader@example.net"
        self.identityx.set_fault("html502")

    def test_staff(self) -> None:
        assert self.identityx.fault is None
        user = self.sign_in("owner@example.com", token_type=TokenType.ORG_USER)
        assert isinstance(user, OrgUser)


class TestOnAServer(testing.OfflineMixin, LiveServerTestCase):
    def test_people(self) -> None:
        self.sign_in("ann@example.net")
        assert fetched(self.live_server_url, self.client) == "members: ann@example.net"


# --- a running server, and workers side by side ----------------------------------------------


def fetched(url: str, client: Client) -> str:
    """The members' page as a browser with the client's cookies gets it."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    answer = requests.get(f"{url}/members/", cookies=cookies, allow_redirects=False, timeout=10)
    return answer.text


def test_live_server(live_server, client: Client, identityx_login) -> None:
    identityx_login(client, "reader@example.net")
    assert fetched(live_server.url, client) == "members: reader@example.net"
    assert fetched(live_server.url, Client()) == ""


def test_live_server_offline(live_server, client: Client, identityx_force_login) -> None:
    identityx_force_login(client, "ann@example.net", role="Owner")
    assert fetched(live_server.url, client) == "members: ann@example.net"


SUITE = """
import pytest

@pytest.mark.django_db
@pytest.mark.parametrize("turn", range(6))
def test_a_worker_has_a_sandbox_of_its_own(identityx, identityx_login, client, turn, worker_id):
    assert worker_id.startswith("gw")
    assert identityx.outbox == []
    identityx_login(client, "reader@example.net")
    assert client.get("/members/").content == b"members: reader@example.net"
    client.post("/identityx/login/", {"email": "reader@example.net"})
    from django_identityx.sending import wait_until_sent
    assert wait_until_sent()
    assert len(identityx.outbox) == 1
"""


WITHOUT_EXTRA = """
import socket, sys
import pytest
from django.test import Client, TestCase
from django_identityx.testing import OfflineMixin

sys.modules["graphql"] = sys.modules["disposable_email_domains"] = None

@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args):
        raise AssertionError("this goes into the network")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

@pytest.mark.django_db
def test_fixture(client, identityx_force_login):
    identityx_force_login(client, "ann@example.net")
    assert client.get("/members/").content == b"members: ann@example.net"

class TestOffline(OfflineMixin, TestCase):
    def test_people(self):
        self.sign_in("ann@example.net", role="Owner")
        assert self.client.get("/members/").content == b"members: ann@example.net"

def test_says_what_to_install(request):
    with pytest.raises(ImportError, match=r'pip install "django-identityx\\[sandbox\\]"'):
        request.getfixturevalue("identityx")
"""


def run_suite(folder: Path, suite: str, *options: str) -> str:
    (folder / "test_suite.py").write_text(suite)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    command += ["-c", "/dev/null", "--ds", "tests.settings", "-W", "error", str(folder)]
    environment = {"PYTHONPATH": str(Path(__file__).parent.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_xdist(tmp_path: Path) -> None:
    assert "6 passed" in run_suite(tmp_path, SUITE, "-n", "2")


@pytest.mark.slow
def test_neither_extra_nor_network(tmp_path: Path) -> None:
    assert "3 passed" in run_suite(tmp_path, WITHOUT_EXTRA)


def test_the_seed_is_known_without_the_sandbox() -> None:
    from django_identityx import sandbox

    assert (testing.APP_ID, testing.ORG_ID) == (sandbox.DAILY_APP_ID, sandbox.ORG_ID)
