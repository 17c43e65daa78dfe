"""The single page in ``example_project/spa/``, served on another port than the site, walked."""

from __future__ import annotations

import functools
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.browser.axe import violations
from tests.browser.test_magazine import SCREENS, Inbox
from tests.demo import ROOT, Demo, free_port, running

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

NewBrowser = Callable[..., "Page"]
SUBSCRIBER = "subscriber@example.net"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demonstration with the page beside it, as docs/spa.md starts them."""
    folder = tmp_path_factory.mktemp("spa")
    shutil.copytree(ROOT / "example_project" / "spa", folder / "spa")
    handler = functools.partial(Quiet, directory=str(folder / "spa"))
    with (
        _served(handler) as spa,
        _served(handler) as stranger,
        running(folder, EXAMPLE_SPA=spa) as demo,
    ):
        _point_to(demo.site, folder / "spa" / "index.html")
        demo.spa, demo.stranger = spa, stranger  # type: ignore[attr-defined]
        yield demo


@contextmanager
def _served(handler: Any) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", free_port()), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _point_to(site: str, page: Path) -> None:
    text = page.read_text()
    assert "http://127.0.0.1:8000/account/api/" in text
    page.write_text(text.replace("http://127.0.0.1:8000", site))


@pytest.fixture
def site(demo: Any) -> str:
    """What `new_browser` opens is the page here."""
    return str(demo.spa)


@pytest.fixture
def inbox(demo: Demo) -> Inbox:
    requests.post(f"{demo.sandbox}/_sandbox/reset", timeout=5).raise_for_status()
    return Inbox(demo.sandbox)


@pytest.fixture(params=list(SCREENS))
def judge(request: pytest.FixtureRequest, axe: str, look: Any) -> Callable[[Page, str], None]:
    """Keep a screenshot, and fail where the page is too wide or axe finds something."""

    def judging(page: Page, name: str) -> None:
        look(page, f"spa-{name}-{request.param}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SCREENS[request.param]["viewport"]["width"]  # type: ignore[index]
        assert violations(page, axe) == []

    judging.options = SCREENS[request.param]  # type: ignore[attr-defined]
    return judging


@pytest.fixture
def somebody() -> str:
    """An address that nobody has asked for a link with: there are limits."""
    return f"{secrets.token_hex(4)}@example.net"


def ask(page: Page, email: str = SUBSCRIBER) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_text("a mail with a link is on its way").wait_for()


def sign_in(page: Page, inbox: Inbox, email: str = SUBSCRIBER) -> str:
    ask(page, email)
    link = inbox.link(page, email)
    page.goto(link)
    page.get_by_text("Signed in as").wait_for()
    return link


def test_the_whole_way(
    new_browser: NewBrowser, inbox: Inbox, site: str, demo: Demo, judge: Any
) -> None:
    page = new_browser(**judge.options)
    page.goto("/")
    page.get_by_label("E-mail address").wait_for()
    judge(page, "ask")
    ask(page)
    judge(page, "sent")
    link = inbox.link(page, SUBSCRIBER)
    assert link.startswith(f"{site}/?token=")
    page.goto(link)
    page.get_by_text("Signed in as").wait_for()
    assert page.url == f"{site}/"  # the token is gone from the address bar
    assert page.locator("#address").text_content() == SUBSCRIBER
    assert page.locator("#levels").text_content() == "Premium"
    judge(page, "person")

    page.reload()
    page.get_by_text("Signed in as").wait_for()
    page.goto(f"{demo.site}/members/")  # the site and its page have one session
    assert page.url == f"{demo.site}/members/"

    page.goto(site)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out.").wait_for()
    page.goto(link)
    page.get_by_role("button", name="Yes, sign in").click()
    page.get_by_text("This link has been used").wait_for()
    judge(page, "used")
    page.get_by_label("E-mail address").fill(SUBSCRIBER)
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_text("on its way").wait_for()


def test_a_link_that_was_asked_for_elsewhere(
    new_browser: NewBrowser, inbox: Inbox, judge: Any, somebody: str
) -> None:
    elsewhere = new_browser()
    ask(elsewhere, somebody)
    page = new_browser(**judge.options)
    page.goto(inbox.link(elsewhere, somebody))
    page.get_by_text("Is that you?").wait_for()
    judge(page, "agree")
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_label("E-mail address").wait_for()
    page.goto(inbox.link(elsewhere, somebody))
    page.get_by_role("button", name="Yes, sign in").click()
    page.get_by_text("Signed in as").wait_for()


def test_another_person(new_browser: NewBrowser, inbox: Inbox, somebody: str) -> None:
    page = new_browser()
    sign_in(page, inbox, somebody)
    other = new_browser()
    ask(other, "reader@example.net")
    page.goto(inbox.link(other, "reader@example.net"))
    page.get_by_text("Somebody else is signed in").wait_for()
    page.get_by_role("button", name="Yes, sign in").click()
    page.get_by_text("reader@example.net").wait_for()


def test_another_tab_has_changed_the_csrf_token(
    new_browser: NewBrowser, inbox: Inbox, somebody: str
) -> None:
    page = new_browser()
    sign_in(page, inbox, somebody)
    stale = page.context.new_page()
    stale.goto("/")
    stale.get_by_text("Signed in as").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out.").wait_for()
    sign_in(page, inbox, somebody)
    stale.get_by_role("button", name="Sign out").click()
    stale.get_by_text("You are signed out.").wait_for()


def test_trouble_and_back(new_browser: NewBrowser, inbox: Inbox, judge: Any, somebody: str) -> None:
    page = new_browser(**judge.options)
    ask(page, somebody)
    link = inbox.link(page, somebody)
    inbox.break_with("html502")
    page.goto(link)
    page.get_by_text("unavailable").wait_for()
    judge(page, "trouble")
    inbox.break_with("none")
    page.wait_for_timeout(6000)  # the breaker has had its rest
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("Signed in as").wait_for()


def test_another_origin_reads_nothing(
    new_browser: NewBrowser, inbox: Inbox, demo: Demo, somebody: str
) -> None:
    """A page that the settings don't name: same site to the cookie, a stranger to CORS and CSRF."""
    page = new_browser()
    sign_in(page, inbox, somebody)
    page.goto(f"{demo.stranger}/page.css")  # type: ignore[attr-defined]
    me = f"{demo.site}/account/api/me/"
    out = f"{demo.site}/account/api/logout/"
    script = "([url, options]) => fetch(url, options).then(() => 'read', () => 'refused')"
    assert page.evaluate(script, [me, {"credentials": "include"}]) == "refused"
    post = {"method": "POST", "credentials": "include", "mode": "no-cors", "body": "{}"}
    page.evaluate(script, [out, post])
    page.goto("/")
    page.get_by_text("Signed in as").wait_for()
