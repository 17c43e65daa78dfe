"""The pages of the sign-in flow on a running site, IdentityX over real HTTP behind it."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from django_identityx import process
from django_identityx.sandbox import WEEKLY_APP_ID, Sandbox
from django_identityx.sending import wait_until_sent

from .site import OWNER, READER, Visitor, forms

pytestmark = pytest.mark.django_db

LOGIN, CALLBACK, SENT = (reverse(f"identityx:{n}") for n in ("login", "callback", "link-sent"))


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def text(response) -> str:
    return response.content.decode()


def test_the_whole_way(sandbox: Sandbox, visitor: Visitor) -> None:
    sent = visitor.ask(next="/members/")
    assert sent.status_code == 302
    assert sent.url == SENT
    mail = sandbox.outbox[-1]
    assert mail.to == READER
    assert mail.url.startswith("https://testserver/identityx/callback/?token=")
    page = visitor.open(mail.url)
    assert page.redirect_chain == [(CALLBACK, 303)]
    assert "re••er@example.net" in text(page)
    done = visitor.submit(page)
    assert (done.status_code, done.url) == (302, "/members/")
    assert visitor.get("/members/").content == b"members: reader@example.net"


@pytest.mark.parametrize("name", ["login", "org-login", "change-email"])
def test_nothing_corrects_an_address_as_it_is_typed(
    sandbox: Sandbox, visitor: Visitor, name: str
) -> None:
    visitor.sign_in(sandbox)
    page = text(visitor.get(reverse(f"identityx:{name}")))
    field = next(tag for tag in re.findall(r"<input[^>]*>", page) if 'name="email"' in tag)
    for attribute in ('autocapitalize="none"', 'spellcheck="false"', 'autocomplete="email"'):
        assert attribute in field


def test_an_unknown_address_signs_up(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.sign_in(sandbox, "new@example.net")
    assert visitor.get("/members/").content == b"members: new@example.net"


def test_staff_paste_the_link(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.ask(OWNER, path="identityx:org-login", next="/members/")
    link = sandbox.outbox[-1].url
    assert "/authenticate/" in link
    page = visitor.get(SENT)
    carried = visitor.submit(page, 0, link=link)
    assert (carried.status_code, carried.url) == (303, CALLBACK)
    done = visitor.submit(visitor.get(CALLBACK))
    assert done.url == "/members/"
    assert visitor.get("/members/").content == b"members: owner@example.com"


def test_staff_paste_the_bare_token(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.ask(OWNER, path="identityx:org-login")
    visitor.submit(visitor.get(SENT), 0, link=sandbox.org_login_link_token(OWNER))
    visitor.submit(visitor.get(CALLBACK))
    assert visitor.signed_in_as == "Olive Owner"


def test_staff_links_in_the_query_work_too(sandbox: Sandbox, visitor: Visitor) -> None:
    page = visitor.open(f"{CALLBACK}?token={sandbox.org_login_link_token(OWNER)}")
    visitor.submit(page)
    assert visitor.signed_in_as == "Olive Owner"


def test_signed_in_as_the_same_person_goes_on(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.sign_in(sandbox)
    asked = sandbox.count("loginAppUser")
    visitor.ask(next="/members/")
    page = visitor.open(sandbox.outbox[-1].url)
    assert 'href="/members/"' in text(page)  # who stays goes on, too
    assert visitor.submit(page).url == "/members/"
    assert sandbox.count("loginAppUser") == asked


def test_a_reload_after_signing_in_leads_on(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.ask(next="/members/")
    page = visitor.open(sandbox.outbox[-1].url)
    assert visitor.submit(page).url == "/members/"
    assert visitor.submit(page).url == "/members/"  # the CSRF token has rotated meanwhile


@pytest.mark.parametrize("django_user", [False, True])
def test_s09_a_signed_in_person_is_asked_first(
    sandbox: Sandbox, visitor: Visitor, django_user: bool
) -> None:
    if django_user:
        visitor.force_login(User.objects.create_user("ann"))
    else:
        visitor.sign_in(sandbox, "subscriber@example.net")
    visitor.ask()
    page = visitor.open(sandbox.outbox[-1].url)
    attributes, fields = forms(page)[0]
    assert "data-identityx-auto" not in attributes
    del fields["switch"]
    again = visitor.post(CALLBACK, fields)  # a page from before somebody signed in
    assert "switch" in forms(again)[0][1]
    assert visitor.signed_in_as != "Rita Reader"
    visitor.submit(again)
    assert visitor.signed_in_as == "Rita Reader"
    assert not django_user or "_auth_user_id" not in visitor.session


class TestLinksThatAreNoGood:
    def open(self, visitor: Visitor, token: str):
        return visitor.open(f"{CALLBACK}?token={token}")

    def test_expired_and_a_new_one_with_one_press(self, sandbox: Sandbox, visitor: Visitor) -> None:
        page = self.open(visitor, sandbox.login_link_token(READER, age=7200))
        assert page.status_code == 410
        assert "too old" in text(page)
        sent = visitor.submit(page)
        assert sent.url == SENT
        assert wait_until_sent()
        assert sandbox.outbox[-1].to == READER

    def test_s10_older_than_the_setting(self, sandbox: Sandbox, visitor: Visitor, settings) -> None:
        settings.IDENTITYX_LINK_MAX_AGE = 600
        page = self.open(visitor, sandbox.login_link_token(READER, age=700))
        assert page.status_code == 410
        assert sandbox.count() == 0

    def test_s05_used(self, sandbox: Sandbox, visitor: Visitor) -> None:
        visitor.sign_in(sandbox)
        other = Visitor()
        page = other.submit(other.open(sandbox.outbox[-1].url))
        assert page.status_code == 410
        assert "has been used" in text(page)
        assert other.signed_in_as == ""
        assert other.submit(page).url == SENT

    @pytest.mark.parametrize("token", ["garbled", "a.b.c", "", "x" * 2000])
    def test_garbled(self, sandbox: Sandbox, visitor: Visitor, token: str) -> None:
        page = self.open(visitor, token)
        assert page.status_code == 400
        assert sandbox.count() == 0

    def test_too_long_for_the_cookie(self, sandbox: Sandbox, visitor: Visitor) -> None:
        assert self.open(visitor, "x" * 3000).status_code == 400

    def test_of_another_application(self, sandbox: Sandbox, visitor: Visitor) -> None:
        page = self.open(visitor, sandbox.login_link_token(READER, WEEKLY_APP_ID))
        assert page.status_code == 400
        assert "another site" in text(page)

    def test_missing(self, visitor: Visitor) -> None:
        visitor.get(LOGIN)
        page = visitor.get(CALLBACK)
        assert page.status_code == 400
        assert "no link" in text(page)

    def test_cookies_off_is_said_plainly(self, sandbox: Sandbox) -> None:
        token = sandbox.login_link_token(READER)
        assert Visitor().get(f"{CALLBACK}?token={token}").status_code == 303
        page = Visitor().get(CALLBACK)
        assert "Are cookies off?" in text(page)
        assert page.status_code == 400

    def test_forged(self, sandbox: Sandbox, visitor: Visitor) -> None:
        token = sandbox.login_link_token(READER).rpartition(".")[0] + ".c2lnbmF0dXJl"
        page = visitor.submit(self.open(visitor, token))
        assert page.status_code == 400
        assert visitor.signed_in_as == ""

    def test_banned_where_they_are_refused(
        self, sandbox: Sandbox, visitor: Visitor, settings
    ) -> None:
        settings.IDENTITYX_REFUSE_BANNED = True
        page = visitor.sign_in(sandbox, "banned@example.net")
        assert page.status_code == 403
        assert visitor.signed_in_as == ""
        assert sandbox.count("logoutAppUser") == 1


class TestTrouble:
    @pytest.mark.parametrize("path", ["identityx:login", "identityx:org-login"])
    @pytest.mark.parametrize("mode", ["html502", "drop", "blocked"])
    def test_the_typed_address_stays(
        self, sandbox: Sandbox, visitor: Visitor, path: str, mode: str
    ) -> None:
        sandbox.set_fault(mode)
        page = visitor.ask(path=path)
        if mode == "blocked" and path.endswith("org-login"):
            assert page.status_code in {302, 503}
            return
        assert page.status_code == 503
        assert int(page["Retry-After"]) > 0
        assert forms(page)[0][1]["email"] == READER

    def test_s05_the_link_stays_good(self, sandbox: Sandbox, visitor: Visitor) -> None:
        visitor.ask(next="/members/")
        page = visitor.open(sandbox.outbox[-1].url)
        sandbox.set_fault("html502")
        again = visitor.submit(page)
        assert again.status_code == 503
        assert int(again["Retry-After"]) > 0
        sandbox.clear_fault()
        process.reset()
        assert visitor.submit(again).url == "/members/"

    def test_a_bad_callback_url_sends_nothing(
        self, sandbox: Sandbox, visitor: Visitor, settings
    ) -> None:
        settings.IDENTITYX_CALLBACK_URL = "https://testserver/identityx/callback/?a=b"
        assert visitor.ask().status_code == 503
        assert not sandbox.outbox


def test_an_incomplete_address(sandbox: Sandbox, visitor: Visitor) -> None:
    page = visitor.ask("nonsense")
    assert page.status_code == 400
    assert forms(page)[0][1]["email"] == "nonsense"
    assert 'aria-invalid="true"' in text(page)
    assert sandbox.count() == 0


def test_s13_the_page_that_follows_reads_the_same(sandbox: Sandbox) -> None:
    pages = set()
    for email in (READER, "nobody@example.net", "x@mailinator.com", "banned@example.net"):
        visitor = Visitor()
        assert visitor.ask(email).url == SENT
        page = text(visitor.get(SENT)).replace(email, "-")
        token = forms(visitor.get(SENT))[0][1]["csrfmiddlewaretoken"]
        pages.add(page.replace(token, "").split("csrfmiddlewaretoken")[0])
    assert len(pages) == 1


def test_logout(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.sign_in(sandbox)
    page = visitor.get(reverse("identityx:logout"))
    assert visitor.signed_in_as
    assert "Rita Reader" in text(page)
    visitor.submit(page)
    assert not visitor.signed_in_as
    assert sandbox.count("logoutAppUser") == 1


def test_sign_out_on_all_devices(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.sign_in(sandbox)
    phone = Visitor()
    phone.sign_in(sandbox)
    stranger = Visitor()
    stranger.sign_in(sandbox, "subscriber@example.net")
    visitor.submit(visitor.get(reverse("identityx:logout")), everywhere="1")
    assert not visitor.signed_in_as
    assert phone.get("/members/").status_code == 302
    assert stranger.get("/members/").status_code == 200
    visitor.sign_in(sandbox)  # from now on all is new
    assert visitor.get("/members/").status_code == 200


def test_signing_out_here_leaves_the_other_devices(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.sign_in(sandbox)
    phone = Visitor()
    phone.sign_in(sandbox)
    page = visitor.get(reverse("identityx:logout"))
    visitor.submit(page)
    assert phone.get("/members/").status_code == 200


def test_s18_logout_needs_the_csrf_token(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.sign_in(sandbox)
    assert visitor.post(reverse("identityx:logout")).status_code == 403
    assert visitor.signed_in_as


def test_csrf_failure_offers_the_button_again(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.ask(next="/members/")
    page = visitor.open(sandbox.outbox[-1].url)
    failed = visitor.submit(page, csrfmiddlewaretoken="x")
    assert failed.status_code == 403
    assert visitor.submit(failed).url == "/members/"


class TestS04NothingOnGet:
    def test_opening_signs_nobody_in(self, sandbox: Sandbox, visitor: Visitor) -> None:
        visitor.ask()
        url = sandbox.outbox[-1].url
        asked = sandbox.count()
        for _ in range(3):
            Visitor().open(url)
        Visitor().head(url)
        assert sandbox.count() == asked
        visitor.submit(visitor.open(url))
        assert visitor.signed_in_as == "Rita Reader"

    def test_a_scanner_leaves_no_session(self, sandbox: Sandbox, visitor: Visitor) -> None:
        visitor.ask()
        scanner = Visitor()
        scanner.open(sandbox.outbox[-1].url)
        assert "sessionid" not in scanner.cookies


class TestS09WhoGoesOnByItself:
    def auto(self, visitor: Visitor, url: str) -> bool:
        return "data-identityx-auto" in forms(visitor.open(url))[0][0]

    def test_the_browser_that_asked(self, sandbox: Sandbox, visitor: Visitor) -> None:
        visitor.ask()
        assert self.auto(visitor, sandbox.outbox[-1].url)

    def test_no_other_browser(self, sandbox: Sandbox, visitor: Visitor) -> None:
        visitor.ask()
        other = Visitor()
        assert not self.auto(other, sandbox.outbox[-1].url)
        other.submit(other.open(sandbox.outbox[-1].url))
        assert other.signed_in_as == "Rita Reader"

    def test_not_for_the_link_of_somebody_else(self, sandbox: Sandbox, visitor: Visitor) -> None:
        visitor.ask()
        Visitor().ask("subscriber@example.net")
        assert not self.auto(visitor, sandbox.outbox[-1].url)

    def test_two_links_asked_for_in_one_browser(self, sandbox: Sandbox, visitor: Visitor) -> None:
        visitor.ask()
        visitor.ask("subscriber@example.net")
        assert self.auto(visitor, sandbox.outbox[0].url)
        assert self.auto(visitor, sandbox.outbox[1].url)

    @pytest.mark.parametrize(("setting", "asked", "other"), [("always", 0, 0), ("never", 1, 1)])
    def test_the_setting(
        self, sandbox: Sandbox, visitor: Visitor, settings, setting: str, asked: int, other: int
    ) -> None:
        settings.IDENTITYX_LINK_CONFIRMATION = setting
        visitor.ask()
        assert self.auto(visitor, sandbox.outbox[-1].url) is bool(asked)
        assert self.auto(Visitor(), sandbox.outbox[-1].url) is bool(other)


def test_two_tabs_do_not_mix(sandbox: Sandbox, visitor: Visitor) -> None:
    visitor.ask()
    visitor.ask("subscriber@example.net")
    first = visitor.open(sandbox.outbox[0].url)
    visitor.open(sandbox.outbox[1].url)
    visitor.submit(first)
    assert visitor.signed_in_as == "Rita Reader"


class TestS14TheTokenLeavesTheURL:
    def test_cookie(self, sandbox: Sandbox, visitor: Visitor) -> None:
        token = sandbox.login_link_token(READER)
        response = visitor.get(f"{CALLBACK}?token={token}", secure=True)
        assert (response.status_code, response.url) == (303, CALLBACK)
        cookie = response.cookies["__Host-identityx_link_token"]
        assert cookie["httponly"]
        assert cookie["secure"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert cookie["max-age"] == 600

    @pytest.mark.parametrize("name", ["login", "org-login", "link-sent", "callback", "logout"])
    def test_headers_and_assets(self, visitor: Visitor, name: str) -> None:
        response = visitor.get(reverse(f"identityx:{name}"))
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "same-origin"
        assert "noindex" in response["X-Robots-Tag"]
        assert response["X-Frame-Options"] == "DENY"
        assert "Cookie" in response["Vary"]
        assert "http://" not in text(response).replace("http://testserver", "")
        assert "https://" not in text(response)
        assert "<script>" not in text(response)
        assert "style=" not in text(response)
