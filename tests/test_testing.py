"""What sites get for their own test suites: helpers, and the fixtures of the pytest plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from django_identityx import testing
from django_identityx.credentials import TokenType
from django_identityx.sandbox import Sandbox
from django_identityx.users import AppUser, OrgUser
from django_identityx.verification import verify


def test_a_sandbox_without_pytest() -> None:
    before = settings.IDENTITYX_API_URL
    with testing.running_sandbox(dialect="bearer") as sandbox:
        assert before != settings.IDENTITYX_API_URL
        user = verify(testing.credential(sandbox, "reader@example.net"))
        assert isinstance(user, AppUser)
    assert before == settings.IDENTITYX_API_URL


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


def test_the_seed_is_known_without_the_sandbox() -> None:
    from django_identityx import sandbox

    assert (testing.APP_ID, testing.ORG_ID) == (sandbox.DAILY_APP_ID, sandbox.ORG_ID)


@pytest.mark.slow
def test_what_to_install_for_a_sandbox() -> None:
    """And that the rest needs nothing of it."""
    program = """
import sys
sys.modules["graphql"] = None
import django
django.setup()
from django_identityx import testing
try:
    testing.start_sandbox()
except ImportError as error:
    print(error)
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, text=True, capture_output=True
    )
    assert 'pip install "django-identityx[sandbox]"' in done.stdout, done.stderr
