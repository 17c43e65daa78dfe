"""The profile as people see it: at 320 pixels, by keyboard, without scripts, and as a gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from django_identityx.sandbox import Sandbox
from tests.browser.axe import violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READER, SUBSCRIBER = "reader@example.net", "subscriber@example.net"
Look = Callable[["Page", str], None]


def sign_in(page: Page, sandbox: Sandbox, email: str = READER) -> None:
    page.goto(f"/identityx/callback/?token={sandbox.login_link_token(email)}&next=/members/")
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page(
    new_browser: Callable[..., Page],
    sandbox: Sandbox,
    look: Look,
    axe: str,
    width: int,
    scheme: str,
) -> None:
    page = new_browser(viewport={"width": width, "height": 800}, color_scheme=scheme)
    sign_in(page, sandbox)
    page.wait_for_url("**/members/")
    page.goto("/identityx/profile/")
    page.get_by_role("heading", name="Your profile").wait_for()
    assert violations(page, axe) == []
    look(page, f"profile-{width}-{scheme}")
    page.get_by_label("Postal code").fill("nonsense")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("not a postal code").wait_for()
    assert page.evaluate("document.activeElement.name") == "postal_code"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page, axe) == []
    look(page, f"profile-refused-{width}-{scheme}")


def test_the_gate_by_keyboard_without_scripts(
    new_browser: Callable[..., Page], sandbox: Sandbox, settings: Any
) -> None:
    settings.IDENTITYX_REQUIRED_FIELDS = ["given_name", "country_code", "region_code"]
    page = new_browser(java_script_enabled=False)
    sign_in(page, sandbox, SUBSCRIBER)
    page.get_by_text("Then we take you on").wait_for()
    page.get_by_label("Country").select_option(label="United States of America")
    page.get_by_role("button", name="Save and go on").press("Enter")
    page.get_by_text("Please fill this in.").wait_for()
    page.get_by_label("State, province").select_option(label="Wisconsin")
    page.get_by_label("City").press("Enter")
    page.wait_for_url("**/members/")


def test_consent_and_answers(new_browser: Callable[..., Page], sandbox: Sandbox) -> None:
    page = new_browser()
    sign_in(page, sandbox, SUBSCRIBER)
    page.wait_for_url("**/members/")
    page.goto("/identityx/profile/")
    page.get_by_label("Country").select_option(label="Germany")
    page.get_by_label("Sales").check()
    page.get_by_label("Other", exact=True).check()
    page.get_by_label("“Other”").fill("Beekeeping")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("This is needed in your country.").wait_for()
    assert page.get_by_label("Sales").is_checked()
    page.get_by_label("I agree to the processing").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Your profile is saved.").wait_for()
    assert page.get_by_label("“Other”").input_value() == "Beekeeping"
    assert page.get_by_label("I agree to the processing").is_checked()


def test_signing_up(new_browser: Callable[..., Page], settings: Any, look: Look, axe: str) -> None:
    settings.IDENTITYX_REQUIRED_CREATE_FIELDS = ["given_name", "family_name", "country_code"]
    page = new_browser(viewport={"width": 390, "height": 800})
    page.goto("/identityx/login/")
    page.get_by_label("E-mail address").fill("new@example.net")
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_text("Please fill this in.").first.wait_for()
    assert violations(page, axe) == []
    look(page, "sign-up-390")
    page.get_by_label("Given name").fill("Nina")
    page.get_by_label("Family name").fill("New")
    page.get_by_label("Country").select_option(label="France")
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_role("heading", name="Check your mail").wait_for()
