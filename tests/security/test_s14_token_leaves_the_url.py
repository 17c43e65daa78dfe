"""S14: the token leaves the URL at once, and the pages name it to nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core import signing
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.signin.cookies import MAX_COOKIE, Carrier
from tests.leaks import unsigned
from tests.site import READER, Visitor, forms

pytestmark = pytest.mark.django_db

CALLBACK = reverse("identityx:callback")


def carried(visitor: Visitor, token: str, target: str = ""):
    return visitor.get(CALLBACK, {"token": token, "redirectTo": target})


def test_at_once(sandbox: Sandbox) -> None:
    response = carried(Visitor(), sandbox.login_link_token(READER), "/members/")
    assert response.status_code == 303
    assert response.url == CALLBACK
    assert not response.content


def test_a_bad_one_too() -> None:
    assert carried(Visitor(), "a.b.c").url == CALLBACK


@pytest.mark.parametrize("token", ["", "garbled", "a.b", "a.b.c d", "<b>.b.c", "ä.b.c", "a.b.c\n"])
def test_what_is_no_token_by_its_characters_goes_nowhere(token: str) -> None:
    page = carried(Visitor(), token)
    assert page.status_code == 400
    assert Carrier.name not in page.cookies


@pytest.mark.parametrize("session_samesite", ["Lax", "Strict", "None"])
def test_the_cookie_whatever_the_session_uses(
    sandbox: Sandbox, settings, session_samesite: str
) -> None:
    settings.SESSION_COOKIE_SAMESITE = session_samesite
    response = carried(Visitor(), sandbox.login_link_token(READER))
    cookie = response.cookies[Carrier.name]
    assert (cookie["samesite"], cookie["path"], cookie["max-age"]) == ("Lax", "/", 600)
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert not cookie["domain"]


@pytest.mark.parametrize("by", ["request", "setting"])
def test_secure_where_the_site_is(sandbox: Sandbox, settings, by: str) -> None:
    settings.SESSION_COOKIE_SECURE = by == "setting"
    token = sandbox.login_link_token(READER)
    response = Visitor().get(CALLBACK, {"token": token}, secure=by == "request")
    assert response.cookies[f"__Host-{Carrier.name}"]["secure"]


def test_only_this_site_writes_it(sandbox: Sandbox) -> None:
    visitor = Visitor()
    data = vars(Carrier(sandbox.login_link_token(READER)))
    for value in (
        signing.dumps(data, key="another", salt=Carrier.name),
        signing.dumps(data, salt="identityx_mark"),
        signing.dumps([1], salt=Carrier.name),
        signing.dumps({**data, "token": 5}, salt=Carrier.name),
        "nonsense",
        "a:b:c",
        "",
    ):
        visitor.get(reverse("identityx:login"))
        visitor.cookies[Carrier.name] = value
        assert visitor.get(CALLBACK).status_code == 400


@pytest.mark.parametrize("size", [100, 1500, 2780])
@pytest.mark.parametrize("target", ["", "/a", "/" + "ä€𝄞" * 300, "/" + "a" * 999])
def test_it_fits_into_a_cookie(size: int, target: str) -> None:
    import secrets

    token = f"a.b.{secrets.token_urlsafe(size)}"[:size]
    response = carried(Visitor(), token, target)
    value = response.cookies[Carrier.name].value
    assert len(value) <= MAX_COOKIE
    found = Carrier.load(value, 60)
    assert found is not None
    assert found.token == token
    assert found.next in {target, ""}


def test_one_that_does_not_fit_gets_an_honest_page() -> None:
    page = carried(Visitor(), unsigned({"sub": "app-user-login-link", "x": "y" * 3000}))
    assert page.status_code == 400
    assert b"too long" in page.content


def test_it_is_dropped_after_use(sandbox: Sandbox) -> None:
    visitor = Visitor()
    page = visitor.open(f"{CALLBACK}?token={sandbox.login_link_token(READER)}")
    done = visitor.submit(page)
    assert done.cookies[Carrier.name]["max-age"] == 0
    assert done.cookies[Carrier.name]["path"] == "/"


def test_no_url_on_the_pages_has_it(sandbox: Sandbox) -> None:
    for age in (0, 7200):
        token = sandbox.login_link_token(READER, age=age)
        visitor = Visitor()
        page = visitor.open(f"{CALLBACK}?token={token}&redirectTo=/members/").content.decode()
        assert token not in page
        for part in token.split("."):
            assert part not in page
        for url in re.findall(r'(?:href|src|action)="([^"]*)"', page):
            assert url.startswith("/")
            assert "token" not in url


@pytest.mark.parametrize("name", ["login", "org-login", "link-sent", "callback", "logout"])
def test_no_third_party_and_nothing_inline(name: str) -> None:
    response = Visitor().get(reverse(f"identityx:{name}"))
    assert response["Referrer-Policy"] == "same-origin"
    page = response.content.decode()
    assert not re.findall(r'(?:href|src|action)="(?:https?:)?//', page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)


def test_nor_do_the_assets() -> None:
    for name in ("identityx.css", "identityx.js"):
        text = Path(str(finders.find(f"identityx/{name}"))).read_text()
        assert not re.search(r"https?://|@import|url\(", text)


def test_the_hidden_field_outlives_the_cookie(sandbox: Sandbox, settings) -> None:
    """Who reads on the page for longer than ten minutes can still press its button."""
    visitor = Visitor()
    page = visitor.open(f"{CALLBACK}?token={sandbox.login_link_token(READER)}")
    visitor.cookies.pop(Carrier.name)
    assert forms(page)[0][1]["carrier"]
    visitor.submit(page)
    assert visitor.signed_in_as == "Rita Reader"
