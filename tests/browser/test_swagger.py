"""Swagger UI of the example: what one types into "Authorize" is what works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.demo import MANAGE, Demo, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture
def docs(chromium: Browser, demo: Demo) -> Iterator[Page]:
    """The page, in a browser that fails on script errors and on what the policy forbids."""
    context = chromium.new_context(base_url=demo.site)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if "Content Security" in message.text else None
        ),
    )
    page.goto("/api/docs/")
    yield page
    context.close()
    assert complaints == []


def execute(docs: Page, operation: str) -> tuple[str, str]:
    """Press "Try it out" and "Execute"; return status and body."""
    block = docs.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table tbody .response").first
    answer.wait_for()
    return answer.locator(".response-col_status").inner_text().split()[0], answer.inner_text()


@pytest.mark.parametrize("kind", ["AppUser", "OrgUser", "OrgUserApiToken"])
def test_authorize(docs: Page, demo: Demo, kind: str, look: Callable[[Page, str], None]) -> None:
    token = subprocess.run(
        [sys.executable, str(MANAGE), "demo_token", kind],
        env=demo.env,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    docs.locator(".btn.authorize").click()
    scheme = docs.locator(f".auth-container:has(h4:has-text('{kind} '))").first
    scheme.locator("input").fill(f"{kind} {token}")
    scheme.get_by_role("button", name="Apply credentials").click()
    docs.get_by_role("button", name="Close").first.click()
    status, answer = execute(docs, "api-api_me_retrieve")
    assert status == "200"
    assert f'"kind": "{kind}"' in answer
    if kind == "AppUser":
        look(docs, "swagger")


def test_the_twins_work_from_the_page(docs: Page) -> None:
    """The page sends the CSRF token that ``api-me`` has left."""
    assert execute(docs, "Signing_in-account_api_me_retrieve")[0] == "401"
    assert execute(docs, "Signing_in-account_api_login_link_create")[0] == "202"
