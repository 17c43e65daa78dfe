"""Browsers, the running site, and a place for screenshots."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from tests.browser.axe import source
from tests.requirements import require

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ARTIFACTS = Path(__file__).parent.parent.parent / "artifacts"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, with an empty profile."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        require(False, "playwright is not installed: make browser does that")
    path = shutil.which("chromium")
    require(path, "chromium is not installed: apt-get install chromium")
    # Playwright runs a loop in this thread; Django's ORM is used beside it, never inside.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(live_server: Any, sandbox: Sandbox, settings: Any) -> str:
    """The address of the running test site."""
    assert "tests.browser.csp.strict" in settings.MIDDLEWARE  # the running site's, by --ds
    settings.IDENTITYX_CALLBACK_URL = live_server.url + reverse("identityx:callback")
    return str(live_server.url)


@pytest.fixture
def new_browser(chromium: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Open a browser of its own (cookies, cache), with a page that fails on script errors."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(**options: Any) -> Page:
        context = chromium.new_context(base_url=site, **options)
        context.set_default_timeout(5000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_browser: Callable[..., Page]) -> Page:
    return new_browser()


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a screenshot for people to look at."""

    def keep(page: Page, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)

    return keep


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's source."""
    return source()


@pytest.fixture
def ask(sandbox: Sandbox) -> Callable[..., str]:
    """Ask for a link as a person does, and return it from the outbox."""

    def asking(page: Page, email: str = "reader@example.net", *, path: str = "login") -> str:
        page.goto(reverse(f"identityx:{path}") + "?next=/members/")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_role("button", name="Send me a link").click()
        page.get_by_role("heading", name="Check your mail").wait_for()
        assert wait_until_sent()
        return sandbox.outbox[-1].url

    return asking
