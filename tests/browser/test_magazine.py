"""The example site as ``make demo`` starts it, as people see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.browser.axe import violations
from tests.browser.looks import difference
from tests.demo import Demo, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

Look = Callable[["Page", str], None]
NewBrowser = Callable[..., "Page"]

SCREENS = {
    "wide-light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "narrow-dark": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
}

# One article each: what was written stays.
COMMENTED = {
    "wide-light": "bread-that-waits",
    "phone": "a-slow-train-north",
    "narrow-dark": "in-praise-of-the-margin",
}

# These show ports and paths of the machine, or whoever signed in before.
UNSTEADY = {"try-it", "sandbox", "sandbox-authenticate", "readers"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("magazine")) as demo:
        yield demo


@pytest.fixture
def site(demo: Demo) -> str:
    """The site that `new_browser` opens is the magazine here."""
    return demo.site


@dataclass
class Inbox:
    """The sandbox's outbox, seen from the other end."""

    sandbox: str

    @property
    def elsewhere(self) -> str:
        """The sandbox under a name that is another site to a browser, as a webmailer is."""
        return self.sandbox.replace("127.0.0.1", "localhost")

    def link(self, page: Page, email: str) -> str:
        """Wait for the newest mail to ``email``; return its link."""
        for _ in range(100):
            for mail in reversed(requests.get(f"{self.sandbox}/_sandbox/outbox", timeout=5).json()):
                if mail["to"] == email:
                    return str(mail["url"])
            page.wait_for_timeout(50)
        raise AssertionError(f"no mail to {email}")

    def break_with(self, mode: str) -> None:
        address = f"{self.sandbox}/_sandbox/faults"
        requests.post(address, json={"mode": mode}, timeout=5).raise_for_status()


@pytest.fixture
def inbox(demo: Demo) -> Inbox:
    return Inbox(demo.sandbox)


def ask_for_link(page: Page, email: str, path: str = "/account/login/") -> None:
    page.goto(path)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_role("heading", name="Check your mail").wait_for()


@pytest.fixture(scope="module")
def reader(chromium: Browser, demo: Demo) -> Any:
    """The cookies of a reader who is signed in."""
    context = chromium.new_context(base_url=demo.site)
    page = context.new_page()
    ask_for_link(page, "subscriber@example.net")
    page.goto(Inbox(demo.sandbox).link(page, "subscriber@example.net"))
    page.wait_for_url("**/members/")
    state = context.storage_state()
    context.close()
    return state


def sign_in_as_staff(page: Page, inbox: Inbox) -> None:
    ask_for_link(page, "owner@example.com", "/account/org-login/?next=/staff/")
    page.get_by_label("Link from the mail").fill(inbox.link(page, "owner@example.com"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/staff/")


@pytest.fixture(scope="module")
def staff(chromium: Browser, demo: Demo) -> Any:
    """The cookies of somebody of the staff who is signed in."""
    context = chromium.new_context(base_url=demo.site)
    page = context.new_page()
    sign_in_as_staff(page, Inbox(demo.sandbox))
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(params=list(SCREENS))
def screen(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def judge(axe: str, screen: str, look: Look) -> Callable[[Page, str], None]:
    """Keep a screenshot; fail where the page looks other than it did, or axe finds something."""

    def judging(page: Page, name: str) -> None:
        look(page, f"magazine-{name}-{screen}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SCREENS[screen]["viewport"]["width"]  # type: ignore[index]
        assert violations(page, axe) == []
        if name not in UNSTEADY:
            assert difference(page, f"{name}-{screen}") == ""

    return judging


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("front", "/"),
        ("article", "/articles/the-last-lamplighter/"),
        ("beginning", "/articles/what-the-river-keeps/"),
        ("login", "/account/login/?next=/members/"),
        ("org-login", "/account/org-login/"),
        ("link-sent", "/account/link-sent/"),
        ("no-link", "/account/callback/"),
        ("try-it", "/try-it/"),
        ("premium-refused", "/premium/the-house-that-moved/"),
    ],
)
def test_pages_for_strangers(
    new_browser: NewBrowser, judge: Look, screen: str, name: str, path: str
) -> None:
    page = new_browser(**SCREENS[screen])
    page.goto(path)
    judge(page, name)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("front-signed-in", "/"),
        ("members", "/members/"),
        ("whole", "/articles/what-the-river-keeps/"),
        ("profile", "/account/profile/"),
        ("card", "/card/"),
        ("premium", "/premium/the-house-that-moved/"),
        ("not-staff", "/staff/"),
        ("logout", "/account/logout/"),
        ("change-email", "/account/change-email/"),
        ("devices", "/account/devices/"),
        ("login-signed-in", "/account/login/"),
    ],
)
def test_pages_for_readers(
    new_browser: NewBrowser, judge: Look, screen: str, reader: Any, name: str, path: str
) -> None:
    page = new_browser(storage_state=reader, **SCREENS[screen])
    page.goto(path)
    judge(page, name)


@pytest.mark.parametrize(
    ("name", "path"),
    [("staff", "/staff/"), ("staff-members", "/members/"), ("readers", "/staff/readers/")],
)
def test_pages_for_staff(
    new_browser: NewBrowser, judge: Look, screen: str, staff: Any, name: str, path: str
) -> None:
    page = new_browser(storage_state=staff, **SCREENS[screen])
    page.goto(path)
    judge(page, name)


def test_acting_for_a_reader(
    new_browser: NewBrowser, judge: Look, screen: str, inbox: Inbox
) -> None:
    page = new_browser(**SCREENS[screen])
    sign_in_as_staff(page, inbox)
    page.goto("/staff/readers/?q=reader@")
    page.get_by_role("link", name="View as Rita Reader").click()
    page.get_by_role("heading", name="Act for a reader").wait_for()
    judge(page, "act-as")
    page.get_by_role("button", name="Act for this reader").click()
    page.wait_for_url("**:*/")
    judge(page, "acting")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_url("**/staff/readers/")


def test_comments_in_use(new_browser: NewBrowser, judge: Look, screen: str, reader: Any) -> None:
    page = new_browser(storage_state=reader, **SCREENS[screen])
    page.goto(f"/articles/{COMMENTED[screen]}/")
    for text in ("My grandmother said so, too.", "See https://www.example.com/"):
        page.get_by_label("Your comment").fill(text)
        page.get_by_role("button", name="Send comment").click()
        page.get_by_text(text).wait_for()
    judge(page, "comments")


def test_the_sandbox(new_browser: NewBrowser, judge: Look, screen: str, inbox: Inbox) -> None:
    page = new_browser(**SCREENS[screen])
    ask_for_link(page, f"{screen}@example.net")
    judge(page, "link-sent-to")
    inbox.link(page, f"{screen}@example.net")
    page.goto(f"{inbox.sandbox}/")
    judge(page, "sandbox")


def test_in_an_outage_who_is_signed_in_reads_on(
    new_browser: NewBrowser, judge: Look, screen: str, inbox: Inbox
) -> None:
    page = new_browser(**SCREENS[screen])
    email = f"{screen}.newcomer@example.net"
    ask_for_link(page, email, "/account/login/?next=/")
    page.goto(inbox.link(page, email))
    page.get_by_role("heading", name="Your profile").wait_for()
    judge(page, "gate")
    page.goto("/")
    page.get_by_text(f"Good to see you, {email}").wait_for()
    inbox.break_with("html502")
    try:
        members = page.goto("/members/")
        assert members is not None
        assert members.status == 200
        judge(page, "outage-members")
        stranger = new_browser(**SCREENS[screen])
        stranger.goto("/account/login/")
        stranger.get_by_label("E-mail address").fill(email)
        stranger.get_by_role("button", name="Send me a link").click()
        stranger.get_by_role("alert").wait_for()
        judge(stranger, "outage-sign-in")
        front = page.goto("/")
        assert front is not None
        assert front.status == 200
        assert f"Good to see you, {email}" in page.content()
    finally:
        inbox.break_with("none")


def test_a_link_clicked_on_another_site(new_browser: NewBrowser, inbox: Inbox) -> None:
    page = new_browser()
    ask_for_link(page, "reader@example.net", "/account/login/?next=/articles/what-the-river-keeps/")
    link = inbox.link(page, "reader@example.net")
    page.goto(f"{inbox.elsewhere}/")
    page.locator(f'a[href="{link}"]').click()
    page.wait_for_url("**/articles/what-the-river-keeps/")
    page.get_by_text("I wondered where I had put him").wait_for()


def test_an_administrators_link_leads_through_identityx(
    new_browser: NewBrowser, judge: Look, screen: str, inbox: Inbox
) -> None:
    page = new_browser(**SCREENS[screen])
    ask_for_link(page, "admin@example.com", "/account/org-login/")
    page.goto(inbox.link(page, "admin@example.com").replace("127.0.0.1", "localhost"))
    judge(page, "sandbox-authenticate")
    page.get_by_role("link", name="Continue to your site").click()
    page.wait_for_url("**/members/")
    page.get_by_text("You are signed in as staff").wait_for()


def test_the_whole_day_by_keyboard(new_browser: NewBrowser, inbox: Inbox, look: Look) -> None:
    page = new_browser()
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    look(page, "magazine-focus")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_role("link", name="Sign in").focus()
    page.keyboard.press("Enter")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type("keys@example.net")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Check your mail").wait_for()
    page.goto(inbox.link(page, "keys@example.net"))
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Sign in").wait_for()
