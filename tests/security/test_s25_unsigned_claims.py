"""S25: what a link says that nobody signed persuades nobody: no page, no browser, no log."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import reverse

from django_identityx import process
from django_identityx.sandbox import DAILY_APP_ID, Sandbox
from django_identityx.sending import wait_until_sent
from django_identityx.signin.cookies import Mark
from tests.leaks import unsigned
from tests.site import READER, Visitor, forms

pytestmark = pytest.mark.django_db

CALLBACK, LOGIN = reverse("identityx:callback"), reverse("identityx:login")
ATTACKER = "subscriber@example.net"


def forged(email: str, *, age: int = 0, **claims: Any) -> str:
    now = int(time.time())
    known = {
        "sub": "app-user-login-link",
        "aud": email,
        "iss": DAILY_APP_ID,
        "jti": "made-up",
        "iat": now - age,
        "exp": now - age + 3600,
    }
    return f"{CALLBACK}?token={unsigned({**known, **claims})}"


def auto(page: HttpResponse) -> bool:
    return "data-identityx-auto" in forms(page)[0][0]


class TestABrowserIsNotPersuaded:
    def test_a_press_on_the_page_of_a_dead_link_vouches_for_nobody(self, sandbox: Sandbox) -> None:
        victim, attacker = Visitor(), Visitor()
        page = victim.open(forged(ATTACKER, age=7200))
        sent = victim.submit(page)  # "Send a new link to ..."
        assert sent.url == reverse("identityx:link-sent")
        assert Mark.name not in sent.cookies
        attacker.ask(ATTACKER)
        page = victim.open(sandbox.outbox[-1].url)
        assert not auto(page)
        assert victim.signed_in_as == ""

    @pytest.mark.parametrize("path", ["login", "org-login"])
    def test_nor_does_a_press_on_the_page_after_another_site_s_form(
        self, sandbox: Sandbox, settings: Any, path: str
    ) -> None:
        settings.IDENTITYX_REQUIRED_CREATE_FIELDS = ["given_name"]
        victim, url = Visitor(), reverse(f"identityx:{path}")
        victim.get(url)
        data = {"email": ATTACKER, "given_name": "Mallory"}
        page = victim.post(url, data, headers={"origin": "https://evil.example"})
        assert page.status_code == 403
        assert "Mallory" not in page.content.decode()
        assert ATTACKER not in page.content.decode()
        assert victim.submit(page).status_code == 400  # the address is to be typed
        assert Mark.name not in victim.cookies

    def test_nor_does_the_page_that_follows(self, sandbox: Sandbox) -> None:
        victim, attacker = Visitor(), Visitor()
        victim.submit(victim.open(forged(ATTACKER, age=7200)))
        page = victim.get(reverse("identityx:link-sent"))
        assert ATTACKER not in page.content.decode()
        assert forms(page)[0][1]["email"] == ""  # to vouch for it they'd have to type it
        attacker.ask(ATTACKER)
        assert not auto(victim.open(sandbox.outbox[-1].url))

    def test_who_typed_the_address_is_vouched_for_as_ever(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.submit(visitor.open(forged(READER, age=7200)))
        visitor.submit(visitor.get(reverse("identityx:link-sent")), email=READER)
        assert wait_until_sent()
        assert auto(visitor.open(sandbox.outbox[-1].url))


class TestThePageIsNotPersuaded:
    words = pytest.mark.parametrize(
        "words",
        [
            "Your account is locked, call 555-0199 now",
            "Call 555-0199@example.net",
            '"call 555-0199"@example.net',
            "a@b@example.net",
            "<b>555-0199</b>@example.net",
            "555-0199\u202e@example.net",
            "555-0199" * 40 + "@example.net",
        ],
    )

    @words
    @pytest.mark.parametrize("age", [0, 7200])
    def test_words_that_are_no_address_are_not_shown(self, words: str, age: int) -> None:
        page = Visitor().open(forged(words, age=age))
        assert page.status_code == (410 if age else 200)
        assert "555" not in page.content.decode()
        assert "Send a new link to" not in page.content.decode()

    def test_two_people_of_one_provider_differ(self) -> None:
        shown = set()
        for email in ("anna@example.net", "alma@example.net", "rita.reader@example.net"):
            page = Visitor().open(forged(email)).content.decode()
            assert email not in page
            shown |= set(re.findall(r"<strong>([^<]*@example\.net)</strong>", page))
        assert len(shown) == 3


class TestNobodyIsToldWhoIsSignedIn:
    def seen(self, visitor: Visitor, email: str) -> tuple[Any, ...]:
        page = visitor.open(f"{forged(email)}&redirectTo=/public/")
        text = re.sub(r'(value|content)="[^"]{40,}"', "", page.content.decode())
        text = re.sub(r"<strong>[^<]*</strong>|as \S*@\S*", "", text)
        return page.redirect_chain, page.status_code, text

    def test_by_get(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.sign_in(sandbox)
        theirs, other = self.seen(visitor, READER), self.seen(visitor, ATTACKER)
        assert theirs == other
        assert theirs[0] == [(CALLBACK, 303)]

    @pytest.mark.parametrize("email", [READER, ATTACKER])
    def test_by_a_form_on_another_site(self, sandbox: Sandbox, email: str) -> None:
        """It has a carrier of the attacker's own browser, and no CSRF token."""
        visitor, attacker = Visitor(), Visitor()
        visitor.sign_in(sandbox)
        fields = forms(attacker.open(forged(email)))[0][1]
        page = visitor.post(CALLBACK, fields)
        assert page.status_code == 403
        assert set(page.cookies) <= {"csrftoken"}

    def test_who_pressed_twice_is_led_on_all_the_same(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.ask(next="/members/")
        page = visitor.open(sandbox.outbox[-1].url)
        visitor.submit(page)
        assert visitor.submit(page).url == "/members/"  # with the CSRF token from before


class TestTheLogIsNotPersuaded:
    def lines(self, caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
        return [
            record.identityx  # type: ignore[attr-defined]
            for record in caplog.records
            if record.name == "django_identityx.audit"
        ]

    def test_what_nobody_has_seen_is_unverified(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "django_identityx.audit")
        Visitor().open(forged(READER, age=7200))
        (line,) = self.lines(caplog)
        assert (line["event"], line["reason"]) == ("login_failed", "unverified")
        assert READER not in caplog.text
        assert not line.get("email_digest")

    def test_a_flood_of_it_leaves_a_few_lines(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "django_identityx.audit")
        process.reset()
        visitor = Visitor()
        for number in range(50):
            visitor.open(forged(f"{number}@example.net", age=7200))
        assert 1 <= len(self.lines(caplog)) <= 10


@pytest.mark.parametrize("in_sessions", [True, False])
@pytest.mark.parametrize("path", ["callback", "login", "logout", "devices", "api-login"])
def test_a_form_of_another_site_sets_no_cookie_at_all(
    settings: Any, path: str, in_sessions: bool
) -> None:
    """It comes without cookies: what it is answered would replace the visitor's."""
    settings.CSRF_USE_SESSIONS = in_sessions
    content = {"content_type": "application/json"} if path.startswith("api") else {}
    answer = Visitor().post(
        reverse(f"identityx:{path}"), {}, headers={"Origin": "https://evil.example"}, **content
    )
    assert answer.status_code == 403
    assert not answer.cookies


def test_a_failed_check_sets_no_cookie_of_ours(sandbox: Sandbox) -> None:
    page = Visitor().open(forged(READER))
    fields = forms(page)[0][1]
    for path in ("callback", "login", "org-login", "logout", "link-sent", "api-login"):
        visitor = Visitor()
        visitor.get(LOGIN)
        data = {**fields, "email": READER, "link": "a.b.c", "token": "a.b.c"}
        content = {"content_type": "application/json"} if path.startswith("api") else {}
        answer = visitor.post(reverse(f"identityx:{path}"), data, **content)
        assert answer.status_code == 403
        assert not [name for name in answer.cookies if "identityx" in name]
