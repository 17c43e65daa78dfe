"""Staff acting for a reader, as they see it: at 320 pixels, in the dark, without scripts."""

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

READER, OWNER = "reader@example.net", "owner@example.com"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_there_and_back(
    new_browser: Callable[..., Page],
    sandbox: Sandbox,
    look: Callable[[Page, str], None],
    axe: str,
    scheme: str,
) -> None:
    def judge(name: str) -> None:
        look(page, f"acting-{name}-320-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert violations(page, axe) == []
        assert difference(page, f"plain-acting-{name}-{scheme}") == ""

    page = new_browser(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page.goto(f"/identityx/callback/?token={sandbox.org_login_link_token(OWNER)}&next=/members/")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/members/")
    reader = next(user["id"] for user in sandbox.readers() if user["email"] == READER)
    page.goto(f"/identityx/act-as/?user={reader}&next=/identityx/devices/")
    page.get_by_role("heading", name="Act for a reader").wait_for()
    assert page.get_by_role("definition").all_inner_texts() == ["Rita Reader", READER]
    judge("page")
    page.get_by_role("button", name="Act for this reader").click()
    page.wait_for_url("**/identityx/devices/")
    banner = page.get_by_role("region", name="Acting for a reader")
    assert "Olive Owner, you are acting for Rita Reader." in banner.inner_text()
    judge("banner")
    assert page.get_by_role("button", name="Sign out on all my devices").count() == 0
    page.goto("/identityx/change-email/")
    page.get_by_role("heading", name="Only the person themselves can do this").wait_for()
    judge("refused")
    banner.get_by_role("button", name="Stop").press("Enter")
    page.wait_for_url("**/accounts/profile/")
    page.goto("/members/")
    assert OWNER in page.content()


def test_without_scripts(new_browser: Callable[..., Page], sandbox: Sandbox) -> None:
    page = new_browser(java_script_enabled=False)
    page.goto(f"/identityx/callback/?token={sandbox.org_login_link_token(OWNER)}&next=/members/")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/members/")
    reader = next(user["id"] for user in sandbox.readers() if user["email"] == READER)
    page.goto(f"/identityx/act-as/?user={reader}&next=/members/")
    page.get_by_role("button", name="Act for this reader").press("Enter")
    page.wait_for_url("**/members/")
    assert READER in page.content()
    page.goto("/identityx/logout/")
    page.get_by_role("button", name="Stop").press("Enter")
    page.wait_for_url("**/accounts/profile/")
    page.goto("/members/")
    assert OWNER in page.content()
