"""Comments below a page: written and reported by people, also at 320 pixels and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from django_identityx.client import IdentityXClient
from django_identityx.sandbox import Sandbox
from django_identityx.testing import credential
from tests.browser.axe import violations
from tests.browser.looks import difference

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READER = "reader@example.net"


def sign_in(page: Page, sandbox: Sandbox, email: str = READER) -> None:
    page.goto(f"/identityx/callback/?token={sandbox.login_link_token(email)}&next=/article/")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/article/")


def write(page: Page, text: str) -> None:
    page.get_by_label("Your comment").fill(text)
    page.get_by_role("button", name="Send comment").click()


@pytest.mark.parametrize(("scheme", "scripts"), [("light", True), ("dark", False)])
def test_writing_and_what_waits(
    new_browser: Callable[..., Page],
    sandbox: Sandbox,
    look: Callable[[Page, str], None],
    axe: str,
    scheme: str,
    scripts: bool,
) -> None:
    options = {"viewport": {"width": 320, "height": 640}, "color_scheme": scheme}
    page = new_browser(**options, java_script_enabled=scripts)
    sign_in(page, sandbox)
    write(page, "A first word.\nAnd a second.")
    page.wait_for_url("**/article/#comment-*")
    write(page, "See https://www.example.com/")
    page.get_by_text("Waits for approval").wait_for()
    assert page.get_by_role("listitem").count() == 2
    look(page, f"comments-320-{scheme}")
    assert difference(page, f"plain-comments-{scheme}") == ""
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert violations(page, axe) == []
    other = new_browser(**options)
    other.goto("/article/")
    assert other.get_by_role("listitem").count() == 1
    assert violations(other, axe) == []
    assert difference(other, f"plain-comments-stranger-{scheme}") == ""
    other.get_by_role("link", name="Sign in").click()
    other.wait_for_url("**/identityx/login/?next=*")


def test_a_second_click_writes_once_and_what_fails_is_kept(
    new_browser: Callable[..., Page], sandbox: Sandbox, axe: str
) -> None:
    page = new_browser()
    sign_in(page, sandbox)
    page.get_by_label("Your comment").fill("Only once.")
    page.get_by_role("button", name="Send comment").dblclick()
    page.wait_for_url("**/article/#comment-*")
    assert page.get_by_role("listitem").count() == 1
    sandbox.set_fault("html502")
    write(page, "Written in an outage.")
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Your comment").input_value() == "Written in an outage."
    assert violations(page, axe) == []
    assert difference(page, "plain-comments-kept") == ""
    sandbox.clear_fault()
    page.get_by_role("button", name="Send comment").click()
    page.wait_for_url("**/article/#comment-*")
    page.get_by_text("Written in an outage.").wait_for()


def test_reporting_by_keyboard(new_browser: Callable[..., Page], sandbox: Sandbox) -> None:
    client = IdentityXClient.from_settings()
    client.comments.create(credential(sandbox, "subscriber@example.net"), "article-1", "Buy!")
    page = new_browser(java_script_enabled=False)
    sign_in(page, sandbox)
    page.get_by_role("button", name="Report A reader").press("Enter")
    page.get_by_text("Reported to the editors.").wait_for()
    assert page.get_by_role("button", name="Report").count() == 0
