"""Tokens for mobile apps: handed out once, to the app that asked, and to nobody's browser."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client
from django.urls import NoReverseMatch, include, path, resolve, reverse
from django.views.debug import ExceptionReporter

from django_identityx import process, signin, token_urls
from django_identityx.models import Claim, SignIn
from django_identityx.sandbox import DAILY_APP_ID, WEEKLY_APP_ID, Sandbox, SandboxServer
from django_identityx.sending import wait_until_sent
from tests.leaks import assert_no_secret, unsigned
from tests.site import OWNER, READER, Visitor

pytestmark = pytest.mark.django_db

SEND, EXCHANGE, REVOKE = (
    reverse(f"identityx_tokens:{name}") for name in ("send", "exchange", "revoke")
)
PROTECTED = "/api/protected/"


class App(Client):
    """An app: no cookies, no CSRF token, a verifier that nobody else knows."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(enforce_csrf_checks=True, **kwargs)
        self.verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def send(self, path: str, data: Any, **headers: str) -> Any:
        body = data if isinstance(data, str) else json.dumps(data)
        answer = self.post(path, body, content_type="application/json", headers=headers)
        assert wait_until_sent()
        assert "no-store" in answer["Cache-Control"]
        assert not answer.cookies
        return answer

    def ask(self, sandbox: Sandbox, email: str = READER, **data: Any) -> str:
        answer = self.send(SEND, {"email": email, "challenge": self.challenge, **data})
        assert answer.status_code == 202, answer.content
        return sandbox.outbox[-1].url

    def exchange(self, link: str, **data: Any) -> Any:
        return self.send(EXCHANGE, {"token": link, "verifier": self.verifier, **data})

    def call(self, token: str, kind: str = "AppUser") -> int:
        return self.get(PROTECTED, headers={"Authorization": f"Bearer {kind} {token}"}).status_code


@pytest.fixture
def app() -> App:
    return App()


def code(answer: Any) -> tuple[int, str]:
    assert {"code", "detail"} <= set(answer.json())
    return answer.status_code, answer.json()["code"]


def kept_at_identityx(sandbox: Sandbox) -> int:
    """How many logins there were that nobody has ended."""
    return sandbox.count("loginAppUser") - sandbox.count("logoutAppUser")


class TestDoors:
    def test_names(self) -> None:
        assert token_urls.app_name == "identityx_tokens"
        assert [p.name for p in token_urls.urlpatterns] == ["send", "exchange", "revoke"]
        for door in (SEND, EXCHANGE, REVOKE):
            assert resolve(door).func.login_required is False  # type: ignore[attr-defined]

    def test_off_unless_included(self, settings) -> None:
        settings.ROOT_URLCONF = "django_identityx.urls"
        with pytest.raises(NoReverseMatch):
            reverse("identityx_tokens:exchange")

    def test_a_claim_outlives_the_request(self) -> None:
        assert "default" in resolve(EXCHANGE).func._non_atomic_requests  # type: ignore[attr-defined]

    @pytest.mark.parametrize("path", [SEND, EXCHANGE, REVOKE])
    def test_post_only_and_json_only(self, sandbox: Sandbox, path: str) -> None:
        assert App().get(path).status_code == 405
        answer = App().post(path, {"email": READER, "token": "x"})
        assert code(answer) == (415, "unsupported_media_type")
        assert sandbox.count() == 0

    @pytest.mark.parametrize("path", [SEND, EXCHANGE, REVOKE])
    @pytest.mark.parametrize("body", ["{", "[]", "null", "{}", '{"email": 5, "token": []}'])
    def test_bad_bodies(self, sandbox: Sandbox, app: App, path: str, body: str) -> None:
        assert code(app.send(path, body))[0] == 400
        assert sandbox.count() == 0


class TestTheWholeWay:
    def test_a_reader(self, sandbox: Sandbox, app: App) -> None:
        answer = app.exchange(app.ask(sandbox))
        assert answer.status_code == 200, answer.content
        assert set(answer.json()) == {"token_type", "token", "user"}
        assert answer.json()["token_type"] == "AppUser"
        assert answer.json()["user"]["email"] == READER
        token = answer.json()["token"]
        before = sandbox.count()
        assert app.call(token) == 200
        assert sandbox.count() == before  # what the exchange told is known
        assert app.send(REVOKE, {"token": token}).status_code == 204
        assert app.call(token) == 401
        assert kept_at_identityx(sandbox) == 0
        assert not SignIn.objects.exists()

    def test_staff_agree_first(self, sandbox: Sandbox, app: App) -> None:
        assert app.send(SEND, {"email": OWNER, "kind": "OrgUser"}).status_code == 202
        link = sandbox.outbox[-1].url
        assert code(app.exchange(link)) == (409, "confirmation_required")
        answer = app.exchange(link, confirmed=True)
        assert answer.json()["token_type"] == "OrgUser"
        assert answer.json()["user"]["memberships"][0]["role"] == "Owner"
        assert app.call(answer.json()["token"], "OrgUser") == 200
        assert app.send(REVOKE, {"token": answer.json()["token"]}).status_code == 204
        assert app.call(answer.json()["token"], "OrgUser") == 401

    def test_the_bare_token_of_the_link(self, sandbox: Sandbox, app: App) -> None:
        link = app.ask(sandbox)
        token = link.partition("token=")[2].partition("&")[0]
        assert app.exchange(token).status_code == 200

    def test_views_may_say_where_and_what_for(self, sandbox: Sandbox, settings) -> None:
        settings.ROOT_URLCONF = __name__
        app = App()
        link = app.ask(sandbox)
        assert app.exchange(link).status_code == 200


class TestBinding:
    @pytest.mark.parametrize("more", [{}, {"confirmed": True}])
    def test_another_verifier(self, sandbox: Sandbox, app: App, more: Any) -> None:
        link, other = app.ask(sandbox), App()
        assert code(other.exchange(link, **more)) == (403, "wrong_verifier")
        assert sandbox.count("loginAppUser") == 1
        assert kept_at_identityx(sandbox) == 0  # what IdentityX gave is ended
        assert not Claim.objects.exists()  # and the link still good
        assert app.exchange(link).status_code == 200

    def test_no_verifier(self, sandbox: Sandbox, app: App) -> None:
        link = app.ask(sandbox)
        assert code(app.send(EXCHANGE, {"token": link})) == (409, "confirmation_required")
        answer = app.send(EXCHANGE, {"token": link, "confirmed": True})
        assert code(answer) == (403, "wrong_verifier")
        assert kept_at_identityx(sandbox) == 0

    @pytest.mark.parametrize("verifier", ["", "x" * 42, "x" * 129, 5, ["x"], "\u00e9" * 43])
    def test_what_can_be_no_verifier(self, sandbox: Sandbox, app: App, verifier: Any) -> None:
        answer = app.exchange(app.ask(sandbox), verifier=verifier, confirmed=True)
        assert code(answer) == (400, "invalid")
        assert sandbox.count("loginAppUser") == 0

    def test_null_is_none(self, sandbox: Sandbox, app: App) -> None:
        answer = app.exchange(app.ask(sandbox), verifier=None, confirmed=True)
        assert code(answer) == (403, "wrong_verifier")

    def test_the_challenge_is_no_verifier(self, sandbox: Sandbox, app: App) -> None:
        answer = app.exchange(app.ask(sandbox), verifier=app.challenge)
        assert code(answer) == (403, "wrong_verifier")

    def test_a_link_that_no_app_asked_for(self, sandbox: Sandbox, app: App) -> None:
        """Whoever sends one to somebody else would have their app sign in as the sender."""
        link = sandbox.login_link_token(READER)
        answer = app.exchange(link)
        assert code(answer) == (409, "confirmation_required")
        assert answer.json()["masked_email"] == "re••er@example.net"
        assert kept_at_identityx(sandbox) == 0
        assert app.exchange(link, confirmed=True).status_code == 200

    def test_nothing_is_asked_where_it_cannot_end_well(self, sandbox: Sandbox, app: App) -> None:
        answer = app.send(EXCHANGE, {"token": sandbox.login_link_token(READER)})
        assert code(answer) == (409, "confirmation_required")
        assert sandbox.count() == 0

    @pytest.mark.parametrize("value", ["x", 5, None, [], {"a": 1}, "é" * 43])
    def test_a_challenge_that_is_none_fits_no_verifier(
        self, sandbox: Sandbox, app: App, value: Any
    ) -> None:
        from django_identityx.client import IdentityXClient

        IdentityXClient.from_settings().send_app_user_login_link(
            READER,
            "https://www.example.com/",
            additional_context={"django_identityx_challenge": value},
        )
        answer = app.exchange(sandbox.outbox[-1].url, confirmed=True)
        assert code(answer) == (403, "wrong_verifier")

    @pytest.mark.parametrize(
        "challenge", ["x", "x" * 42, "x" * 44, "x" * 42 + "=", 5, "x" * 43 + "\n"]
    )
    def test_challenges_that_are_none(self, sandbox: Sandbox, app: App, challenge: Any) -> None:
        answer = app.send(SEND, {"email": READER, "challenge": challenge})
        if challenge == "x" * 43 + "\n":  # blanks around it are trimmed
            assert answer.status_code == 202
            return
        assert code(answer) == (400, "invalid")
        assert set(answer.json()["fields"]) == {"challenge"}

    def test_staff_links_carry_none(self, sandbox: Sandbox, app: App) -> None:
        data = {"email": OWNER, "kind": "OrgUser", "challenge": app.challenge}
        assert code(app.send(SEND, data)) == (400, "invalid")
        assert sandbox.count() == 0

    def test_what_the_link_says_itself_is_not_believed(self, sandbox: Sandbox, app: App) -> None:
        now = int(time.time())
        forged = unsigned(
            {
                "sub": "app-user-login-link",
                "aud": READER,
                "iss": "5d1b36070ce467bff670a052",
                "iat": now,
                "exp": now + 3600,
                "data": {"additionalContext": {"django_identityx_challenge": app.challenge}},
            }
        )
        answer = app.exchange(forged, confirmed=True)
        assert answer.status_code in {400, 410}
        assert "token" not in answer.json()


@pytest.mark.slow
class TestOnce:
    def test_again(self, sandbox: Sandbox, app: App) -> None:
        link = app.ask(sandbox)
        assert app.exchange(link).status_code == 200
        assert code(app.exchange(link)) == (410, "used")
        assert sandbox.count("loginAppUser") == 1

    def test_pages_and_apps_share_it(self, sandbox: Sandbox, app: App) -> None:
        link = app.ask(sandbox)
        person = Visitor()
        person.submit(person.open(link))
        assert code(app.exchange(link)) == (410, "used")

    def test_trouble_gives_it_back(self, sandbox: Sandbox, app: App) -> None:
        link = app.ask(sandbox)
        sandbox.set_fault("html502")
        answer = app.exchange(link)
        assert code(answer) == (503, "unavailable")
        assert int(answer["Retry-After"]) > 0
        sandbox.clear_fault()
        process.reset()
        assert app.exchange(link).status_code == 200

    def test_many_at_once(
        self, sandbox_server: SandboxServer, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        """Processes with threads, on one file of SQLite and one IdentityX."""
        (tmp_path / "site_of_apps.py").write_text(
            "from tests.settings import *\n"
            "DATABASES['default'] = {'ENGINE': 'django.db.backends.sqlite3',"
            f" 'NAME': {str(tmp_path / 'site.sqlite3')!r}, 'OPTIONS': {{'timeout': 30}}}}\n"
            f"IDENTITYX_API_URL = {sandbox_server.url!r}\n"
            "IDENTITYX_THROTTLE_RATES = None\n"
        )
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])]),
            "DJANGO_SETTINGS_MODULE": "site_of_apps",
        }
        migrate = [sys.executable, "-m", "django", "migrate", "--skip-checks"]
        subprocess.run(migrate, env=env, check=True, capture_output=True)
        script = [sys.executable, "-c", _APPS, sandbox.login_link_token(READER)]
        running = [
            subprocess.Popen(script, env=env, stdout=subprocess.PIPE, text=True) for _ in "ab"
        ]
        statuses: Counter[str] = Counter()
        for child in running:
            output, _ = child.communicate(timeout=120)
            assert child.returncode == 0
            statuses.update(output.split())
        assert statuses.total() == 40
        assert statuses["200"] == 1, statuses
        assert statuses["410"] + statuses["503"] == 39, statuses
        assert kept_at_identityx(sandbox) == 1


_APPS = """
import json, sys, threading
import django
django.setup()
from django.db import connections
from django.test import Client
from django.urls import reverse
body, statuses = json.dumps({"token": sys.argv[1], "confirmed": True}), []
def apps():
    for _ in range(10):
        answer = Client().post(
            reverse("identityx_tokens:exchange"), body, content_type="application/json"
        )
        statuses.append(answer.status_code)
    connections.close_all()
threads = [threading.Thread(target=apps) for _ in range(2)]
[t.start() for t in threads], [t.join() for t in threads]
print(*statuses)
"""


class TestRefused:
    def test_another_applications_link(self, sandbox: Sandbox, app: App) -> None:
        link = sandbox.login_link_token(READER, WEEKLY_APP_ID)
        assert code(app.exchange(link, confirmed=True)) == (400, "wrong_application")
        assert sandbox.count() == 0

    def test_two_applications(self, sandbox: Sandbox, app: App, settings) -> None:
        """Where one process serves several, each takes and ends its own."""
        settings.IDENTITYX_APPLICATION_RESOLVER = "tests.test_two_applications.by_host"
        daily, weekly = {"Host": "daily.example.com"}, {"Host": "weekly.example.com"}
        asked = {"email": READER, "challenge": app.challenge}
        assert app.send(SEND, asked, **weekly).status_code == 202
        link = {"token": sandbox.outbox[-1].url, "verifier": app.verifier}
        assert "weekly.example.com" in link["token"]
        assert code(app.send(EXCHANGE, link, **daily)) == (400, "wrong_application")
        token = {"token": app.send(EXCHANGE, link, **weekly).json()["token"]}
        assert code(app.send(REVOKE, token, **daily)) == (400, "wrong_application")
        assert app.send(REVOKE, token, **weekly).status_code == 204
        assert kept_at_identityx(sandbox) == 0

    def test_too_old(self, sandbox: Sandbox, app: App, settings) -> None:
        settings.IDENTITYX_LINK_MAX_AGE = 600
        link = sandbox.login_link_token(READER, age=3000)
        answer = app.exchange(link, confirmed=True)
        assert code(answer) == (410, "too_old")
        assert sandbox.count() == 0

    def test_kinds_that_do_not_sign_in_here(self, sandbox: Sandbox, app: App, settings) -> None:
        settings.IDENTITYX_SIGN_IN_KINDS = ["AppUser"]
        assert code(app.send(SEND, {"email": OWNER, "kind": "OrgUser"})) == (400, "invalid")
        answer = app.exchange(sandbox.org_login_link_token(OWNER), confirmed=True)
        assert code(answer) == (403, "not_admitted")

    def test_banned(self, sandbox: Sandbox, app: App, settings) -> None:
        settings.IDENTITYX_REFUSE_BANNED = True
        assert code(app.exchange(app.ask(sandbox, "banned@example.net"))) == (403, "banned")
        assert kept_at_identityx(sandbox) == 0

    def test_strangers_with_an_organization_of_their_own(self, sandbox: Sandbox, app: App) -> None:
        link = sandbox.org_login_link_token("stranger@example.com")
        assert code(app.exchange(link, confirmed=True)) == (403, "wrong_organization")
        assert sandbox.count("userLogin") == sandbox.count("userLogout") == 1

    def test_whom_the_site_does_not_admit(self, sandbox: Sandbox, app: App, settings) -> None:
        settings.IDENTITYX_USER_LOADER = f"{__name__}.nobody"
        assert code(app.exchange(app.ask(sandbox))) == (403, "not_admitted")
        assert kept_at_identityx(sandbox) == 0


def nobody(user: object) -> None:
    return None


class TestLimits:
    def test_sending_by_email(self, sandbox: Sandbox, app: App, settings) -> None:
        settings.IDENTITYX_THROTTLE_RATES = {"send-email": "2/h"}
        for email in (READER, "unknown@example.net"):
            for _ in range(2):
                assert app.send(SEND, {"email": email}).status_code == 202
            answer = app.send(SEND, {"email": email})
            assert code(answer) == (429, "too_many")
            assert int(answer["Retry-After"]) > 0

    def test_sending_by_address(self, sandbox: Sandbox, app: App, settings) -> None:
        settings.IDENTITYX_THROTTLE_RATES = {"send-address": "2/h"}
        for number in range(2):
            assert app.send(SEND, {"email": f"a{number}@example.net"}).status_code == 202
        assert code(app.send(SEND, {"email": "c@example.net"})) == (429, "too_many")

    @pytest.mark.parametrize("path", [EXCHANGE, REVOKE])
    def test_redeeming_and_revoking(self, sandbox: Sandbox, app: App, settings, path: str) -> None:
        settings.IDENTITYX_THROTTLE_RATES = {"redeem-address": "2/h"}
        for expected in ([200, 204], [200, 204], [429]):
            token = (sandbox.login_link_token if path == EXCHANGE else sandbox.app_user_token)(
                READER
            )
            answer = app.send(path, {"token": token, "confirmed": True})
            assert answer.status_code in expected

    def test_every_address_gets_the_same_answer(self, sandbox: Sandbox) -> None:
        answers = set()
        for email in (READER, "nobody@example.net", "x@mailinator.com", "banned@example.net"):
            answer = App().send(SEND, {"email": email})
            answers.add((answer.status_code, answer.content))
        assert len(answers) == 1


class TestNoCookies:
    """What a browser sends by itself counts for nothing, so no other site can use it."""

    def test_none_is_set_and_the_session_stays_as_it_is(self, sandbox: Sandbox) -> None:
        person = Visitor()
        person.sign_in(sandbox, "subscriber@example.net")
        cookies = {name: morsel.value for name, morsel in person.cookies.items()}
        link = sandbox.login_link_token(READER)
        for door, data in (
            (SEND, {"email": READER}),
            (EXCHANGE, {"token": link, "confirmed": True}),
            (REVOKE, {"token": sandbox.app_user_token(READER)}),
        ):
            answer = person.post(door, json.dumps(data), content_type="application/json")
            assert wait_until_sent()
            assert answer.status_code in {200, 202, 204}
            assert not answer.cookies
        assert {name: morsel.value for name, morsel in person.cookies.items()} == cookies
        assert person.get("/members/").status_code == 200

    def test_no_mark_confirms(self, sandbox: Sandbox) -> None:
        """The browser that asked for the link: its mark is a cookie, so it says nothing here."""
        person = Visitor()
        person.ask()
        data = {"token": sandbox.outbox[-1].url}
        answer = person.post(EXCHANGE, json.dumps(data), content_type="application/json")
        assert code(answer) == (409, "confirmation_required")

    def test_loaders_and_resolvers_see_no_session(self, sandbox: Sandbox, settings) -> None:
        settings.IDENTITYX_USER_LOADER = f"{__name__}.looking"
        seen.clear()
        person = Visitor()
        person.sign_in(sandbox)
        seen.clear()
        data = {"token": sandbox.login_link_token(READER), "confirmed": True}
        answer = person.post(
            EXCHANGE,
            json.dumps(data),
            content_type="application/json",
            headers={"Authorization": "Bearer AppUser x.y.z"},
        )
        assert answer.status_code == 200
        assert seen == [({}, False, False, False)]

    def test_a_wish_of_the_session_attaches_nobody(self, sandbox: Sandbox, settings) -> None:
        """A page on which somebody links accounts leaves a wish in their session."""
        settings.IDENTITYX_USER_LOADER = "django_identityx.accounts.load_user"
        from django.contrib.auth import get_user_model

        from django_identityx.accounts.models import Identity

        row = get_user_model().objects.create_user("local", READER, "secret")
        person = Visitor()
        person.force_login(row)
        session = person.session
        session["_identityx_link"] = {
            "user": str(row.pk),
            "email": READER,
            "kind": "AppUser",
            "at": time.time(),
        }
        session.save()
        data = {"token": sandbox.login_link_token(READER), "confirmed": True}
        answer = person.post(EXCHANGE, json.dumps(data), content_type="application/json")
        assert code(answer) == (409, "link_account")
        assert not Identity.objects.exists()
        assert kept_at_identityx(sandbox) == 0


seen: list[Any] = []


def looking(user: Any, request: Any = None) -> Any:
    if request.path == EXCHANGE:
        seen.append(
            (
                dict(request.COOKIES),
                hasattr(request, "session"),
                request.user.is_authenticated,
                "Authorization" in request.headers or "Cookie" in request.headers,
            )
        )
    return user


class TestRevoke:
    def test_again_and_never_known(self, sandbox: Sandbox, app: App) -> None:
        token = sandbox.app_user_token(READER)
        for _ in range(2):
            assert app.send(REVOKE, {"token": token}).status_code == 204
        made_up = unsigned(
            {"sub": "app-user-auth", "iss": "5d1b36070ce467bff670a052", "aud": READER, "jti": "x"}
        )
        assert app.send(REVOKE, {"token": made_up}).status_code == 204

    def test_what_has_expired_has_ended(self, sandbox: Sandbox, app: App) -> None:
        claims = {"sub": "app-user-auth", "iss": DAILY_APP_ID, "aud": READER, "jti": "x"}
        answer = app.send(REVOKE, {"token": unsigned({**claims, "exp": time.time() - 3600})})
        assert answer.status_code == 204

    def test_of_made_up_ones_nothing_is_kept(
        self, sandbox: Sandbox, app: App, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else: fill the cache that all processes share, 30 days an entry."""
        written = []
        monkeypatch.setattr(LocMemCache, "set", lambda self, key, *_, **__: written.append(key))
        claims = {"sub": "app-user-auth", "iss": DAILY_APP_ID, "aud": READER}
        for number in range(3):
            made_up = unsigned({**claims, "jti": str(number)})
            assert app.send(REVOKE, {"token": made_up}).status_code == 204
        assert not [key for key in written if "identityx:m:" in key]
        app.send(REVOKE, {"token": sandbox.app_user_token(READER)})
        assert [key for key in written if "identityx:m:" in key]

    def test_staff_of_another_organization_may_end_theirs(
        self, sandbox: Sandbox, app: App, settings
    ) -> None:
        settings.IDENTITYX_ORG_ID = "5d1b36070ce467bff670bfff"
        token = sandbox.org_user_token(OWNER)
        assert app.send(REVOKE, {"token": token}).status_code == 204
        assert sandbox.count("userLogout") == 1

    def test_trouble_is_told_and_the_token_is_refused_here(
        self, sandbox: Sandbox, app: App
    ) -> None:
        token = sandbox.app_user_token(READER)
        assert app.call(token) == 200
        sandbox.set_fault("html502")
        assert code(app.send(REVOKE, {"token": token})) == (503, "unavailable")
        sandbox.clear_fault()
        assert app.call(token) == 401

    def test_what_is_no_token_of_ours(self, sandbox: Sandbox, app: App) -> None:
        for token, expected in (
            ("nonsense", "malformed"),
            (sandbox.api_token(OWNER), "wrong_kind"),
            (sandbox.login_link_token(READER), "wrong_kind"),
            (sandbox.app_user_token(READER, WEEKLY_APP_ID), "wrong_application"),
        ):
            before = sandbox.count()
            assert code(app.send(REVOKE, {"token": token})) == (400, expected)
            assert sandbox.count() == before


class TestWrittenDown:
    def test_no_token_in_any_log(
        self, sandbox: Sandbox, app: App, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        link = app.ask(sandbox)
        App().exchange(link)
        token = app.exchange(link).json()["token"]
        app.exchange(link)
        app.send(REVOKE, {"token": token})
        sandbox.set_fault("html502")
        app.send(REVOKE, {"token": token})
        text = "\n".join(f"{r.getMessage()} {r.__dict__.get('identityx')}" for r in caplog.records)
        for event in ("login_link_sent", "login_failed", "token_issued", "token_revoked"):
            assert event in text
        assert "wrong_verifier" in text
        secret = link.partition("token=")[2].partition("&")[0]
        for part in (*secret.split(".")[1:], *token.split(".")[1:], app.verifier):
            assert_no_secret(text, part)

    def test_nothing_in_an_error_report(self, sandbox: Sandbox, settings) -> None:
        settings.IDENTITYX_USER_LOADER = f"{__name__}.broken"
        app = App()
        link = app.ask(sandbox)
        with pytest.raises(RuntimeError) as caught:
            app.exchange(link)
        reporter = ExceptionReporter(None, caught.type, caught.value, caught.tb)
        ours = [f["vars"] for f in reporter.get_traceback_frames() if "signin" in f["filename"]]
        assert ours
        secret = link.partition("token=")[2].partition("&")[0]
        assert_no_secret(repr(ours), *secret.split(".")[1:], app.verifier)
        assert kept_at_identityx(sandbox) == 0


def broken(user: object) -> None:
    raise RuntimeError("a bug of the site's")


urlpatterns = [
    path(
        "app/send/",
        signin.TokenSendView.as_view(
            source="our-app",
            additional_context={"screen": "start", "django_identityx_challenge": "x"},
        ),
    ),
    path("", include("tests.urls")),
]
