"""S4: nothing that opens links by itself signs anybody in, or uses a link up."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.contrib.staticfiles import finders
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.signin.cookies import Carrier, Mark
from tests.site import READER, Visitor, forms

pytestmark = pytest.mark.django_db

CALLBACK = reverse("identityx:callback")
AHEAD = [
    {"sec-purpose": "prefetch"},
    {"sec-purpose": "prefetch;prerender"},
    {"sec-purpose": "prefetch;anonymous-client-ip"},
    {"purpose": "prefetch"},
    {"x-moz": "prefetch"},
]


def link(sandbox: Sandbox) -> str:
    return f"{CALLBACK}?token={sandbox.login_link_token(READER)}&redirectTo=/members/"


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_opening_a_link_costs_it_nothing(sandbox: Sandbox, method: str) -> None:
    url = link(sandbox)
    for _ in range(3):
        scanner = Visitor()
        getattr(scanner, method)(url, follow=True)
        assert "sessionid" not in scanner.cookies
    assert sandbox.count() == 0
    assert not Session.objects.exists()
    person = Visitor()
    assert person.submit(person.open(url)).url == "/members/"
    assert person.signed_in_as == "Rita Reader"


def test_get_and_head_redeem_nothing_even_with_all_that_a_post_has(sandbox: Sandbox) -> None:
    visitor = Visitor()
    page = visitor.open(link(sandbox))
    fields = forms(page)[0][1]
    for method in (visitor.get, visitor.head):
        method(CALLBACK, fields)
        method(CALLBACK, {**fields, "switch": "1"}, headers={"x-http-method-override": "POST"})
    assert visitor.signed_in_as == ""
    assert sandbox.count() == 0


@pytest.mark.parametrize("headers", AHEAD)
def test_a_prefetch_is_told_to_come_back(sandbox: Sandbox, headers: dict[str, str]) -> None:
    visitor = Visitor()
    url = link(sandbox)
    for path in (url, CALLBACK):
        response = visitor.get(path, headers=headers)
        assert response.status_code == 503
        assert "no-store" in response["Cache-Control"]
        assert not response.content
        assert not {Carrier.name, Mark.name} & set(response.cookies)
    visitor.submit(visitor.open(url))
    assert visitor.signed_in_as == "Rita Reader"


def test_head_moves_nothing(sandbox: Sandbox) -> None:
    visitor = Visitor()
    response = visitor.head(link(sandbox))
    assert response.status_code == 200
    assert not {Carrier.name, Mark.name, "sessionid"} & set(response.cookies)


def test_the_page_goes_on_by_post_only(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.ask()
    page = visitor.open(sandbox.outbox[-1].url)
    attributes, fields = forms(page)[0]
    assert "data-identityx-auto" in attributes
    assert attributes["method"] == "post"
    assert fields["csrfmiddlewaretoken"]
    assert b'http-equiv="refresh"' not in page.content


def test_the_script_waits_for_somebody_who_looks() -> None:
    script = Path(str(finders.find("identityx/identityx.js"))).read_text()
    assert "document.prerendering" in script
    assert 'document.visibilityState !== "visible"' in script
    for word in ("fetch(", "XMLHttpRequest", "eval", "innerHTML", "cookie", "location"):
        assert word not in script


@pytest.mark.parametrize("name", ["login", "org-login", "logout", "link-sent"])
def test_no_other_page_acts_on_get(sandbox: Sandbox, name: str) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    count = sandbox.count()
    visitor.get(reverse(f"identityx:{name}"), {"email": READER, "link": "x", "token": "x"})
    assert sandbox.count() == count
    assert visitor.signed_in_as == "Rita Reader"
