"""Where a person is signed in, as they see it: also at 320 pixels, in the dark, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from django_identityx.sandbox import Sandbox
from tests.browser.axe import violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READER = "reader@example.net"


def sign_in(page: Page, sandbox: Sandbox) -> None:
    page.goto(f"/identityx/callback/?token={sandbox.login_link_token(READER)}&next=/members/")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/members/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page(
    new_browser: Callable[..., Page],
    sandbox: Sandbox,
    look: Callable[[Page, str], None],
    axe: str,
    scheme: str,
) -> None:
    page = new_browser(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    sign_in(page, sandbox)
    sign_in(new_browser(), sandbox)
    page.goto("/identityx/devices/")
    page.get_by_role("heading", name="Where you are signed in").wait_for()
    assert page.get_by_role("listitem").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert violations(page, axe) == []
    look(page, f"devices-320-{scheme}")


def test_ending_one_by_keyboard_without_scripts(
    new_browser: Callable[..., Page], sandbox: Sandbox
) -> None:
    page, other = new_browser(java_script_enabled=False), new_browser()
    sign_in(page, sandbox)
    sign_in(other, sandbox)
    page.goto("/identityx/devices/")
    page.get_by_role("listitem").nth(1).get_by_role("button").press("Enter")
    page.wait_for_load_state()
    assert page.get_by_role("listitem").count() == 1
    other.goto("/members/")
    assert "/login/" in other.url
