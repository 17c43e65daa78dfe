"""The change of an address, as a person sees it: at 320 pixels, without scripts, by the button."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from tests.browser.axe import violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READER, NEW = "reader@example.net", "rita@example.net"


@pytest.mark.parametrize("scripts", [True, False])
def test_the_whole_way(
    new_browser: Callable[..., Page],
    sandbox: Sandbox,
    look: Callable[[Page, str], None],
    axe: str,
    scripts: bool,
) -> None:
    page = new_browser(
        viewport={"width": 320, "height": 640},
        color_scheme="light" if scripts else "dark",
        java_script_enabled=scripts,
    )

    def check(name: str) -> None:
        if scripts:
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            assert violations(page, axe) == []
        look(page, f"change-email-{name}-320-{'light' if scripts else 'dark'}")

    page.goto(f"/identityx/callback/?token={sandbox.login_link_token(READER)}")
    page.get_by_role("button", name="Sign in").click()
    page.goto("/identityx/change-email/?next=/members/")
    check("form")
    page.get_by_label("New e-mail address").fill(READER)
    page.get_by_role("button", name="Send the link").press("Enter")
    page.get_by_text("This is your address already").wait_for()
    check("refused")
    page.get_by_label("New e-mail address").fill(NEW)
    page.get_by_role("button", name="Send the link").click()
    page.get_by_role("heading", name="Check your mail").wait_for()
    check("sent")
    assert wait_until_sent()
    page.goto(sandbox.outbox[-1].url)
    page.get_by_role("heading", name="Confirm your new address").wait_for()
    assert "token" not in page.url
    check("confirm")
    page.wait_for_timeout(300)  # no script presses it
    assert sandbox.count("changeAppUserEmail") == 0
    page.get_by_role("button", name="Confirm the new address").click()
    page.wait_for_url("**/members/")
    page.goto("/identityx/change-email/")
    page.get_by_text(NEW).wait_for()
