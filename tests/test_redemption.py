"""From a link to a session: pressed twice, in trouble, and with another person in the answer."""

from __future__ import annotations

import threading
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.http import HttpRequest
from django.test.utils import override_settings
from django.urls import reverse

from django_identityx import applications, process, sessions, signals
from django_identityx.exceptions import (
    ConfigurationError,
    IdentityXError,
    Rejected,
    Unavailable,
)
from django_identityx.sandbox import WEEKLY_APP_ID, Sandbox
from django_identityx.signin import redemption
from django_identityx.signin.cookies import Carrier
from django_identityx.signin.links import read_link

from .crowd import close_connections
from .faulty_server import FaultyServer, by, failed, graphql, html502
from .processes import run_at_once, site
from .site import OWNER, READER, Visitor

pytestmark = pytest.mark.django_db

CALLBACK = reverse("identityx:callback")


def new_request(key: str | None = None) -> HttpRequest:
    request = HttpRequest()
    request.method = "POST"
    request.META["REMOTE_ADDR"] = "203.0.113.7"
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore(key)
    return request


def press(token: str, mark: str = "a-browser") -> HttpRequest:
    """One press of the button; the request, with its session."""
    request = new_request()
    redemption.redeem(request, read_link(token, applications.current()), mark)
    return request


def lives(request: HttpRequest) -> bool:
    """Whether somebody is signed in by the session of that request, as the store has it."""
    key = request.session.session_key
    return bool(key) and sessions.get_credential(new_request(key)) is not None


@pytest.fixture
def failures():
    """The reasons that ``login_failed`` has told."""
    told: list[str] = []

    def receive(sender: Any, reason: str, **kwargs: Any) -> None:
        told.append(reason)

    signals.login_failed.connect(receive)
    yield told
    signals.login_failed.disconnect(receive)


@pytest.mark.parametrize("staff", [False, True])
def test_one_press(sandbox: Sandbox, staff: bool) -> None:
    token = sandbox.org_login_link_token(OWNER) if staff else sandbox.login_link_token(READER)
    request = press(token)
    assert lives(request)
    assert sessions.get_user(request).email == (OWNER if staff else READER)


class TestPressedTwice:
    def test_the_second_signs_in_and_ends_the_first(self, sandbox: Sandbox) -> None:
        token = sandbox.login_link_token(READER)
        first = press(token)
        second = press(token)
        assert (lives(first), lives(second)) == (False, True)
        held = sessions.get_credential(second)
        assert held is not None
        assert sandbox.count("logoutAppUser") == 1
        assert sessions.get_user(second).is_authenticated

    def test_in_the_browser(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.ask(next="/members/")
        page = visitor.open(sandbox.outbox[-1].url)
        cookies = visitor.cookies.copy()
        assert visitor.submit(page).url == "/members/"
        thrown_away = visitor.session.session_key
        visitor.cookies = cookies  # of the first answer nothing arrived
        assert visitor.submit(page).url == "/members/"
        assert visitor.get("/members/").content == b"members: reader@example.net"
        assert sessions.get_credential(new_request(thrown_away)) is None

    @pytest.mark.parametrize("mark", ["another", ""])
    def test_not_by_others(self, sandbox: Sandbox, failures: list[str], mark: str) -> None:
        token = sandbox.login_link_token(READER)
        first = press(token)
        with pytest.raises(Rejected) as refused:
            press(token, mark)
        assert refused.value.reason == "used"
        assert failures == ["used"]
        assert lives(first)
        assert sandbox.count("loginAppUser") == 1

    def test_not_after_signing_out(self, sandbox: Sandbox) -> None:
        token = sandbox.login_link_token(READER)
        sessions.logout(press(token))
        with pytest.raises(Rejected, match="used"):
            press(token)
        assert sandbox.count("loginAppUser") == 1

    @pytest.mark.django_db(transaction=True)
    def test_both_on_the_way(self, sandbox: Sandbox) -> None:
        token = sandbox.login_link_token(READER)
        real = [sandbox.app_user_token(READER) for _ in range(2)]
        asked = [threading.Event(), threading.Event()]
        answer = [threading.Event(), threading.Event()]
        numbers = iter(range(2))

        def wait(received: Any):
            if "loginAppUser" in received.json["query"]:
                number = next(numbers)
                asked[number].set()
                assert answer[number].wait(5)
                return _login(READER, real[number])
            return graphql({"logoutAppUser": "ok"})

        outcomes: list[str] = []

        def run() -> None:
            try:
                press(token)
            except Rejected as rejected:
                outcomes.append(rejected.reason)
            else:
                outcomes.append("signed in")
            close_connections()

        with FaultyServer(by(wait)) as server, override_settings(IDENTITYX_API_URL=server.url):
            threads = [threading.Thread(target=run) for _ in range(2)]
            for thread, event in zip(threads, asked, strict=True):
                thread.start()
                assert event.wait(5)
            for thread, event in zip(threads, answer, strict=True):
                event.set()
                thread.join(5)
        assert outcomes == ["used", "signed in"]

    def test_the_answer_that_lost_leaves_the_cookie_alone(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        page = visitor.open(f"{CALLBACK}?token={sandbox.login_link_token(READER)}")
        first, second = visitor.submit(page), Visitor().submit(page)
        assert first.cookies["sessionid"].value
        assert "sessionid" not in second.cookies


def _login(email: str, token: str, **user: Any):
    known = {"id": "5d1b36070ce467bff670a053", "email": email, "verified": True, **user}
    return graphql({"loginAppUser": {"user": known, "token": {"id": "t", "value": token}}})


class TestTrouble:
    @pytest.fixture
    def token(self, sandbox: Sandbox) -> str:
        return sandbox.login_link_token(READER)

    @pytest.mark.parametrize("mode", ["html502", "drop"])
    def test_the_link_stays_good(
        self, sandbox: Sandbox, failures: list[str], token: str, mode: str
    ) -> None:
        sandbox.set_fault(mode, operations=["loginAppUser"])
        with pytest.raises(Unavailable):
            press(token)
        sandbox.clear_fault()
        process.reset()
        assert failures == ["unavailable"]
        assert lives(press(token, "another browser"))

    def test_staff_whose_roles_nobody_tells(self, sandbox: Sandbox) -> None:
        token = sandbox.org_login_link_token(OWNER)
        sandbox.set_fault("html502", operations=["userOrganizations"])
        with pytest.raises(Unavailable):
            press(token)
        sandbox.clear_fault()
        process.reset()
        assert lives(press(token, "another browser"))

    def test_a_blocked_application(self, sandbox: Sandbox, failures: list[str], token: str) -> None:
        sandbox.set_fault("blocked")
        with pytest.raises((ConfigurationError, Unavailable)):
            press(token)
        assert len(failures) == 1
        sandbox.clear_fault()
        process.reset()
        assert lives(press(token, "another browser"))

    def test_a_session_that_can_not_be_made(self, sandbox: Sandbox, token: str, settings) -> None:
        def receive(sender: Any, **kwargs: Any) -> None:
            raise RuntimeError("a receiver of the site's")

        signals.user_logged_in.connect(receive)
        try:
            with pytest.raises(RuntimeError):
                press(token)
        finally:
            signals.user_logged_in.disconnect(receive)
        assert sandbox.count("logoutAppUser") == 1  # nobody holds that credential
        assert lives(press(token, "another browser"))

    def test_a_repeat_in_trouble_leaves_the_first_session(
        self, sandbox: Sandbox, token: str
    ) -> None:
        first = press(token)
        sandbox.set_fault("html502")
        with pytest.raises(Unavailable):
            press(token)
        sandbox.clear_fault()
        process.reset()
        assert lives(first)
        with pytest.raises(Rejected, match="used"):
            press(token, "another browser")


class TestWhatComesBack:
    """IdentityX, or what stands in its place, answers something else."""

    def answered(self, settings, token: str, login: Any) -> tuple[IdentityXError, list[str]]:
        """The error of pressing, and which operations were asked for."""

        def choose(received: Any):
            query = received.json["query"]
            return login if "loginAppUser" in query else graphql({"logoutAppUser": True})

        with FaultyServer(by(choose)) as server:
            settings.IDENTITYX_API_URL = server.url
            with pytest.raises(IdentityXError) as raised:
                press(token)
            asked = [r.json["query"] for r in server.requests]
        return raised.value, ["logout" if "logoutAppUser" in q else "login" for q in asked]

    def test_another_person(self, sandbox: Sandbox, settings, failures: list[str]) -> None:
        other = sandbox.app_user_token("subscriber@example.net")
        login = _login("subscriber@example.net", other)
        error, asked = self.answered(settings, sandbox.login_link_token(READER), login)
        assert isinstance(error, Rejected)
        assert error.reason == "wrong_person"
        assert asked == ["login", "logout"]
        assert failures == ["wrong_person"]

    @pytest.mark.parametrize("kind", ["of another application", "of staff", "garbled"])
    def test_another_credential(self, sandbox: Sandbox, settings, kind: str) -> None:
        token = {
            "of another application": sandbox.app_user_token(READER, WEEKLY_APP_ID),
            "of staff": sandbox.org_user_token(OWNER),
            "garbled": "garbled",
        }[kind]
        login = _login(READER, token)
        error, asked = self.answered(settings, sandbox.login_link_token(READER), login)
        assert isinstance(error, Rejected)
        assert asked == ["login", "logout"]

    def test_banned(self, sandbox: Sandbox, settings) -> None:
        settings.IDENTITYX_REFUSE_BANNED = True
        login = _login(READER, sandbox.app_user_token(READER), banned=True)
        error, asked = self.answered(settings, sandbox.login_link_token(READER), login)
        assert isinstance(error, Rejected)
        assert error.reason == "banned"
        assert asked == ["login", "logout"]

    def test_not_admitted(self, sandbox: Sandbox, settings) -> None:
        settings.IDENTITYX_USER_LOADER = "tests.test_redemption.nobody"
        login = _login(READER, sandbox.app_user_token(READER))
        error, asked = self.answered(settings, sandbox.login_link_token(READER), login)
        assert isinstance(error, Rejected)
        assert error.reason == "not_admitted"
        assert asked == ["login", "logout"]

    @pytest.mark.parametrize(
        "answer",
        [
            graphql({"loginAppUser": None}),
            graphql({"loginAppUser": {"user": None, "token": None}}),
            graphql({"loginAppUser": []}),
            failed("loginAppUser", "Something that nobody has seen before"),
            html502(),
        ],
        ids=range(5),
    )
    def test_nonsense_is_trouble(self, sandbox: Sandbox, settings, answer: Any) -> None:
        error, _ = self.answered(settings, sandbox.login_link_token(READER), answer)
        assert isinstance(error, Unavailable), error


def nobody(user: Any) -> None:
    """A user loader that admits no one."""


# On SQLite: tests/security/test_s05_single_use.py.
@pytest.mark.parametrize(("where", "number"), [("postgres", 1000), ("redis", 80)])
def test_s05_many_redemptions_make_one_session(
    sandbox: Sandbox, settings, tmp_path: Path, where: str, number: int
) -> None:
    token = sandbox.login_link_token(READER)
    environment = site(
        where,
        tmp_path,
        IDENTITYX_API_URL=settings.IDENTITYX_API_URL,
        IDENTITYX_THROTTLE_RATES=None,
    )
    said = run_at_once(environment, _REDEEMERS, Carrier(token).dump(), str(number // 40))
    statuses = Counter(said.split())
    assert statuses.pop("302") == 1
    assert statuses.pop("signed-in") == 1
    assert set(statuses) <= {"410", "503"}
    assert statuses.total() == number - 1
    assert sandbox.count("loginAppUser") == 1


_REDEEMERS = """
import sys, threading, time
import django
django.setup()
from django.db import connections
from django.test import Client
from django.urls import reverse
start, carrier, turns, said = float(sys.argv[1]), sys.argv[2], int(sys.argv[3]), []
path = reverse("identityx:callback")
def work():
    time.sleep(max(0, start - time.time()))
    for _ in range(turns):
        client = Client()
        said.append(client.post(path, {"carrier": carrier}).status_code)
        if "sessionid" in client.cookies:
            said.append("signed-in")
    connections.close_all()
threads = [threading.Thread(target=work) for _ in range(10)]
[t.start() for t in threads], [t.join() for t in threads]
print(*said)
"""
