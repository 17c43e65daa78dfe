"""Corners of the callback: pages that were left open, trouble on the way, and limits."""

from __future__ import annotations

import pytest
from django.urls import reverse

from django_identityx import process
from django_identityx.sandbox import Sandbox
from django_identityx.signin.cookies import Carrier

from .site import READER, Visitor, forms

pytestmark = pytest.mark.django_db

CALLBACK, LOGIN = reverse("identityx:callback"), reverse("identityx:login")


def link(sandbox: Sandbox, *, age: int = 0) -> str:
    token = sandbox.login_link_token(READER, age=age)
    return f"{CALLBACK}?token={token}&redirectTo=/members/"


def csrf_token(visitor: Visitor) -> str:
    return forms(visitor.get(LOGIN))[0][1]["csrfmiddlewaretoken"]


@pytest.mark.parametrize("carrier", [None, "", "nonsense", "a:b:c"])
def test_a_post_without_a_link(sandbox: Sandbox, carrier: str | None) -> None:
    visitor = Visitor()
    fields = {"csrfmiddlewaretoken": csrf_token(visitor)}
    page = visitor.post(CALLBACK, fields if carrier is None else {**fields, "carrier": carrier})
    assert page.status_code == 400
    assert b"There is no link here" in page.content
    assert sandbox.count() == 0


@pytest.mark.parametrize("mode", ["html502", "blocked"])
def test_signed_in_and_trouble_asks_rather_than_guesses(
    sandbox: Sandbox, settings, mode: str
) -> None:
    settings.IDENTITYX_VERIFICATION_TTL = settings.IDENTITYX_STALE_IF_ERROR = 0
    settings.IDENTITYX_LOCAL_TTL = settings.IDENTITYX_SESSION_STALE_IF_ERROR = 0
    visitor = Visitor()
    visitor.sign_in(sandbox)
    process.reset()
    sandbox.set_fault(mode)
    page = visitor.open(link(sandbox))
    assert page.status_code == 200
    assert b"Change account?" in page.content
    assert b"You are signed in as Rita Reader" in page.content
    assert visitor.submit(page).status_code == 503
    assert visitor.signed_in_as == "Rita Reader"


def test_over_the_limit_the_button_stays(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"redeem-address": "1/min"}
    first, second = Visitor(), Visitor()
    first.submit(first.open(link(sandbox)))
    url = link(sandbox)
    page = second.submit(second.open(url))
    assert page.status_code == 429
    assert 1 <= int(page["Retry-After"]) <= 60
    assert forms(page)[0][1]["carrier"]
    settings.IDENTITYX_THROTTLE_RATES = None
    assert second.submit(page).url == "/members/"


@pytest.mark.parametrize("redirect_to", ["", "/members/"])
def test_a_failed_check_with_a_link_that_has_grown_old(
    sandbox: Sandbox, settings, redirect_to: str
) -> None:
    visitor = Visitor()
    page = visitor.open(link(sandbox, age=300))
    settings.IDENTITYX_LINK_MAX_AGE = 200
    fields = {"carrier": Carrier(sandbox.login_link_token(READER, age=300), redirect_to).dump()}
    failed = visitor.post(CALLBACK, fields)
    assert failed.status_code == 410
    assert b"too old" in failed.content
    assert page.status_code == 200


def test_cookies_off_at_the_button(sandbox: Sandbox) -> None:
    fields = forms(Visitor().open(link(sandbox)))[0][1]
    page = Visitor().post(CALLBACK, fields)
    assert page.status_code == 403
    assert b"Are cookies off?" in page.content
    assert sandbox.count() == 0


@pytest.mark.parametrize("cookies", [True, False])
def test_a_failed_check_keeps_the_address(sandbox: Sandbox, cookies: bool) -> None:
    visitor = Visitor()
    if cookies:
        visitor.get(LOGIN)
    page = visitor.post(LOGIN, {"email": READER, "next": "/members/"})
    assert page.status_code == 403
    fields = forms(page)[0][1]
    assert (fields["email"], fields["next"]) == (READER, "/members/")
    assert (b"does not keep cookies" in page.content) is not cookies


def test_a_failed_check_at_signing_out_offers_the_button(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    page = visitor.post(reverse("identityx:logout"), {"next": "/public/"})
    assert page.status_code == 403
    assert visitor.submit(page).url == "/public/"
    assert visitor.signed_in_as == ""


class TestPasting:
    """Staff paste the link of their mail, or what they took for it."""

    SENT = reverse("identityx:link-sent")

    @pytest.mark.parametrize("pasted", ["", "   "])
    def test_nothing(self, sandbox: Sandbox, pasted: str) -> None:
        visitor = Visitor()
        visitor.ask("owner@example.com", path="identityx:org-login", next="/members/")
        page = visitor.submit(visitor.get(self.SENT), link=pasted)
        assert page.status_code == 400
        assert b"Paste the link from the mail." in page.content
        assert b'aria-describedby="link-error"' in page.content
        assert forms(page)[0][1]["next"] == "/members/"

    def test_something_else(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.ask("owner@example.com", path="identityx:org-login")
        page = visitor.submit(visitor.get(self.SENT), link="https://www.example.com/news")
        assert page.status_code == 400
        assert b"not a whole link" in page.content

    @pytest.mark.parametrize("pasted", ["a.b.c", "https://identity.example/authenticate/a.b.c"])
    def test_a_broken_link_leads_to_the_form_for_staff(self, sandbox: Sandbox, pasted: str) -> None:
        visitor = Visitor()
        visitor.ask("owner@example.com", path="identityx:org-login")
        carried = visitor.submit(visitor.get(self.SENT), link=pasted)
        assert (carried.status_code, carried.url) == (303, CALLBACK)
        page = visitor.get(CALLBACK)
        assert page.status_code == 400
        assert reverse("identityx:org-login") in page.content.decode()

    def test_it_goes_on_by_itself_where_it_was_asked_for(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.ask("owner@example.com", path="identityx:org-login", next="/members/")
        visitor.submit(visitor.get(self.SENT), link=sandbox.outbox[-1].url)
        page = visitor.get(CALLBACK)
        assert "data-identityx-auto" in forms(page)[0][0]
        assert visitor.submit(page).url == "/members/"


def test_how_long_the_link_works_is_said(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_LINK_MAX_AGE = 900
    visitor = Visitor()
    visitor.ask()
    assert b"for 15 minutes" in visitor.get(reverse("identityx:link-sent")).content


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_link_the_application_does_not_matter(settings, method: str) -> None:
    """A resolver that fails turns no page that says "open the link again" into a bare 500."""
    settings.IDENTITYX_APPLICATION_RESOLVER = "builtins.repr"
    answer = getattr(Visitor(), method)(reverse("identityx:callback"))
    assert answer.status_code in {400, 403}
