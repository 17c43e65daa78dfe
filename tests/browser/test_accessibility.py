"""axe finds nothing on any page, in light and in dark; all look as they did."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from django_identityx.sandbox import Sandbox
from tests.browser.axe import violations
from tests.browser.looks import difference

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READER = "reader@example.net"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "login",
        "org-login",
        "link-sent",
        "link-account",
        "callback",
        "logout",
        "callback/expired",
        "mistyped",
    ],
)
def test_axe_finds_nothing(
    new_browser: Callable[..., Page], sandbox: Sandbox, axe: str, path: str, scheme: str
) -> None:
    page = new_browser(color_scheme=scheme)
    name = f"plain-{path.replace('/', '-')}-{scheme}"
    if path == "callback":
        path = f"callback/?token={sandbox.login_link_token(READER)}"
    elif path == "callback/expired":
        path = f"callback/?token={sandbox.login_link_token(READER, age=7200)}"
    page.goto(f"/identityx/{path.replace('mistyped', 'login')}")
    if path == "mistyped":
        page.get_by_role("button", name="Send me a link").click()
        page.get_by_text("Type your e-mail address.").wait_for()
    assert violations(page, axe) == []
    assert difference(page, name) == ""


def test_dark_only_where_the_page_says_that_it_can_be(new_browser: Callable[..., Page]) -> None:
    page = new_browser(color_scheme="dark")
    page.goto("/identityx/login/")
    page.evaluate("document.querySelector('meta[name=color-scheme]').remove()")
    assert difference(page, "plain-login-light") == ""


@pytest.mark.parametrize("lost", ["css", "dark"])
def test_a_broken_style_is_seen(
    new_browser: Callable[..., Page], monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.delenv("IDENTITYX_UPDATE_LOOKS", raising=False)
    page = new_browser(color_scheme="dark")
    if lost == "css":
        page.route("**/identityx.css", lambda route: route.abort())
    else:
        page.emulate_media(color_scheme="light")
    page.goto("/identityx/login/")
    assert "plain-login-dark" in difference(page, "plain-login-dark")
