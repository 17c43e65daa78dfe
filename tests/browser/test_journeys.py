"""What people, and machines that open their mail, do with a link."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from django_identityx.sandbox import DAILY_APP_ID, Sandbox
from django_identityx.sending import wait_until_sent
from tests.browser.conftest import FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Ask = Callable[..., str]
Look = Callable[["Page", str], None]
NewBrowser = Callable[..., "Page"]

READER, SUBSCRIBER = "reader@example.net", "subscriber@example.net"


def is_member(page: Page, email: str = READER) -> bool:
    page.wait_for_url("**/members/")
    return f"members: {email}" in page.content()


def test_the_policy_is_strict(page: Page) -> None:
    response = page.goto("/identityx/login/")
    assert response is not None
    assert response.headers["content-security-policy"] == "default-src 'self'"
    assert page.locator("button").evaluate("b => getComputedStyle(b).cursor") == "pointer"


def test_same_browser_goes_on_by_itself(page: Page, ask: Ask, look: Look) -> None:
    page.goto("/identityx/login/")
    look(page, "login")
    link = ask(page)
    look(page, "link-sent")
    page.goto(link)
    assert is_member(page)
    assert "token" not in page.url


def test_another_browser_asks_for_one_press(
    page: Page, new_browser: NewBrowser, ask: Ask, look: Look
) -> None:
    phone = new_browser(viewport={"width": 390, "height": 800}, has_touch=True)
    phone.goto(ask(page))
    assert "token" not in phone.url
    assert "re••er@example.net" in phone.content()
    look(phone, "callback-other-device")
    phone.get_by_role("button", name="Sign in").tap()
    assert is_member(phone)


def test_a_scanner_with_scripts_and_then_the_person(
    page: Page, new_browser: NewBrowser, ask: Ask, sandbox: Sandbox
) -> None:
    link = ask(page)
    asked = sandbox.count("loginAppUser")
    scanner = new_browser()
    scanner.goto(link)
    scanner.wait_for_timeout(500)
    assert sandbox.count("loginAppUser") == asked
    page.goto(link)
    assert is_member(page)


def test_double_click(page: Page, new_browser: NewBrowser, ask: Ask, sandbox: Sandbox) -> None:
    link = ask(page)
    other = new_browser()
    other.goto(link)
    other.get_by_role("button", name="Sign in").dblclick()
    assert is_member(other)


def test_back_after_signing_in(page: Page, ask: Ask) -> None:
    page.goto(ask(page))
    assert is_member(page)
    page.go_back()
    page.wait_for_load_state()
    page.goto("/members/")
    assert is_member(page)


def test_reload(page: Page, ask: Ask) -> None:
    page.goto(ask(page))
    assert is_member(page)
    page.reload()
    assert is_member(page)


def test_the_link_once_more_leads_on(page: Page, ask: Ask, look: Look) -> None:
    link = ask(page)
    page.goto(link)
    assert is_member(page)
    page.goto(link)
    look(page, "callback-signed-in")
    page.get_by_role("link", name="Stay as you are").click()
    assert is_member(page)


def test_two_tabs_with_two_links(page: Page, ask: Ask, look: Look) -> None:
    first = ask(page)
    tab = page.context.new_page()
    second = ask(tab, SUBSCRIBER)
    page.goto(first)
    assert is_member(page)
    tab.goto(second)
    tab.get_by_role("heading", name="Change account?").wait_for()
    look(tab, "callback-change-account")
    tab.get_by_role("button", name=re.compile("Sign out, and in as")).click()
    assert is_member(tab, SUBSCRIBER)


def test_expired_and_a_new_one_with_one_press(page: Page, sandbox: Sandbox, look: Look) -> None:
    token = sandbox.login_link_token(READER, age=7200)
    response = page.goto(f"/identityx/callback/?token={token}&redirectTo=/members/")
    assert response is not None
    assert response.status == 410
    look(page, "expired")
    page.get_by_role("button", name=re.compile("Send a new link")).click()
    page.get_by_role("heading", name="Check your mail").wait_for()
    assert wait_until_sent()
    look(page, "link-sent-for-a-link")
    page.goto(sandbox.outbox[-1].url)
    page.get_by_role("button", name="Sign in").click()  # nobody typed the address here
    assert is_member(page)


def test_signed_in_as_one_with_the_link_of_another(
    page: Page, new_browser: NewBrowser, ask: Ask
) -> None:
    page.goto(ask(page))
    assert is_member(page)
    page.goto(ask(new_browser(), SUBSCRIBER))
    page.get_by_role("heading", name="Change account?").wait_for()
    page.get_by_role("link", name="Stay as you are").click()
    page.goto("/members/")
    assert is_member(page)


def test_stopped_and_pressed_again(page: Page, ask: Ask) -> None:
    link = ask(page)
    stopped: list[str] = []

    def stop(route: Route) -> None:
        stopped.append(route.request.method)
        route.abort("aborted")  # as when somebody presses Escape: the page stays

    page.route("**/callback/", stop, times=1)
    page.clock.install()
    page.goto(link)
    page.wait_for_timeout(300)
    assert stopped == ["POST"]
    page.clock.fast_forward(8000)
    page.get_by_role("button", name="Sign in").click()
    assert is_member(page)


def test_used(page: Page, new_browser: NewBrowser, ask: Ask, look: Look) -> None:
    link = ask(page)
    page.goto(link)
    assert is_member(page)
    thief = new_browser()
    thief.goto(link)
    thief.get_by_role("button", name="Sign in").click()
    thief.get_by_role("heading", name="This link has been used").wait_for()
    look(thief, "used")


def test_script_off(new_browser: NewBrowser, ask: Ask) -> None:
    page = new_browser(java_script_enabled=False)
    page.goto(ask(page))
    page.get_by_role("button", name="Sign in").click()
    assert is_member(page)


@pytest.mark.parametrize(
    ("locale", "heading", "lang"),
    [("es-ES", "Iniciar sesión", "es"), ("pt-BR", "Entrar", "pt-br")],
)
def test_in_other_languages(
    new_browser: NewBrowser, look: Look, locale: str, heading: str, lang: str
) -> None:
    page = new_browser(locale=locale)
    page.goto("/identityx/login/")
    assert page.get_by_role("heading", level=1).inner_text() == heading
    assert (page.locator("html").get_attribute("lang") or "").lower() == lang
    look(page, f"login-{lang}")


def test_the_whole_way_in_spanish(new_browser: NewBrowser, sandbox: Sandbox, look: Look) -> None:
    page = new_browser(locale="es-MX")
    page.goto("/identityx/login/?next=/members/")
    page.get_by_label("Correo electrónico").fill(READER)
    page.get_by_role("button", name="Enviarme un enlace").click()
    page.get_by_role("heading", name="Revise su correo").wait_for()
    look(page, "link-sent-es")
    assert wait_until_sent()
    phone = new_browser(locale="es-MX", viewport={"width": 320, "height": 640})
    phone.goto(sandbox.outbox[-1].url)
    phone.get_by_text("Este enlace inicia la sesión de").wait_for()
    look(phone, "callback-es")
    phone.get_by_role("button", name="Iniciar sesión").click()
    assert is_member(phone)
    page.goto(sandbox.outbox[-1].url)
    page.get_by_role("heading", name="Este enlace ya se ha utilizado").wait_for()
    look(page, "used-es")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["login", "org-login", "link-sent", "callback", "logout"])
def test_at_320_pixels_nothing_is_cut_off(
    new_browser: NewBrowser, sandbox: Sandbox, look: Look, path: str, scheme: str
) -> None:
    page = new_browser(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    query = f"?token={sandbox.login_link_token(READER)}" if path == "callback" else ""
    page.goto(f"/identityx/{path}/{query}")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 320
    look(page, f"{path}-320-{scheme}")


def test_by_keyboard_alone(page: Page, ask: Ask, sandbox: Sandbox) -> None:
    page.goto("/identityx/login/?next=/members/")
    page.keyboard.type(READER)  # the field has the focus
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Check your mail").wait_for()


def test_a_press_shows_at_once_and_counts_once(page: Page, look: Look) -> None:
    page.clock.install()
    page.goto("/identityx/login/")
    page.get_by_label("E-mail address").fill(READER)
    before = page.locator("main").bounding_box()
    asked: list[str] = []

    def stop(route: Route) -> None:
        asked.append(route.request.method)
        route.abort("aborted")  # the page stays

    page.route("**/login/", stop)
    button = page.get_by_role("button", name="Send me a link")
    shown = button.evaluate(
        "b => { b.click(); b.click(); return b.form.getAttribute('aria-busy') }"
    )
    assert shown == "true"
    page.wait_for_timeout(300)
    look(page, "login-busy")
    assert page.locator("main").bounding_box() == before
    page.clock.fast_forward(5000)
    button.click()
    assert asked == ["POST"]
    page.clock.fast_forward(4000)  # it came to nothing
    with page.expect_request("**/login/"):
        button.click()


def test_sent_again(page: Page, ask: Ask, look: Look) -> None:
    ask(page)
    assert not page.get_by_label("E-mail address").is_visible()
    page.get_by_text("Wrong address, or no mail?").click()
    page.get_by_role("button", name="Send another link").click()
    page.get_by_role("status").wait_for()
    assert "Sent again." in page.content()
    look(page, "sent-again")


def test_a_way_to_the_mail(page: Page, look: Look) -> None:
    page.goto("/identityx/login/")
    page.get_by_label("E-mail address").fill("somebody@gmail.com")
    page.get_by_role("button", name="Send me a link").click()
    link = page.get_by_role("link", name="Open Gmail")
    assert link.get_attribute("href") == "https://mail.google.com/"
    assert page.get_by_text("Your personal login link").is_visible()
    look(page, "link-sent-gmail")


def test_signed_in_already(page: Page, ask: Ask, look: Look) -> None:
    page.goto(ask(page))
    assert is_member(page)
    page.goto("/identityx/login/?next=/members/")
    assert not page.get_by_label("E-mail address").is_visible()
    look(page, "login-signed-in")
    page.get_by_role("link", name="Continue").click()
    assert is_member(page)
    page.goto("/identityx/login/")
    page.get_by_role("link", name="Sign out").click()
    look(page, "logout-signed-in")
    page.get_by_role("link", name="Stay signed in").wait_for()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto("/members/")
    assert "members:" not in page.content()


def test_not_mine(page: Page, new_browser: NewBrowser, ask: Ask) -> None:
    other = new_browser()
    other.goto(ask(page))
    other.get_by_role("link", name="This is not mine").click()
    assert other.url.endswith("/")
    assert "callback" not in other.url


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_long_address_breaks_no_button(
    new_browser: NewBrowser, sandbox: Sandbox, look: Look, width: int
) -> None:
    email = f"{'a.very.long.name' * 4}@{'a-long-domain.' * 8}example.net"
    page = new_browser(viewport={"width": width, "height": 700})
    for age in (0, 7200):
        now = int(time.time()) - age
        claims = {"sub": "app-user-login-link", "aud": email, "iss": DAILY_APP_ID, "iat": now}
        token = sandbox.sign({**claims, "exp": now + 3600})
        page.goto(f"/identityx/callback/?token={token}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        look(page, f"callback-long-{width}-{age}")


def test_staff_paste_the_link(page: Page, ask: Ask, look: Look) -> None:
    link = ask(page, "owner@example.com", path="org-login")
    look(page, "link-sent-staff")
    page.get_by_label("Link from the mail").fill(link)
    page.get_by_role("button", name="Sign in").click()
    assert is_member(page, "owner@example.com")


def test_cookies_off(
    chromium: Browser, site: str, tmp_path: Path, look: Look, ask: Ask, page: Page
) -> None:
    link = ask(page)
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(
        json.dumps({"profile": {"default_content_setting_values": {"cookies": 2}}})
    )
    context = chromium.browser_type.launch_persistent_context(
        tmp_path, executable_path=shutil.which("chromium"), args=FLAGS, base_url=site
    )
    wary = context.new_page()
    wary.goto("/identityx/login/")
    wary.get_by_label("E-mail address").fill(READER)
    wary.get_by_role("button", name="Send me a link").click()
    wary.get_by_text("Allow cookies, then try again.").wait_for()
    assert wary.get_by_label("E-mail address").input_value() == READER
    look(wary, "cookies-off-login")
    wary.goto(link)
    wary.get_by_role("heading", name="Are cookies off?").wait_for()
    look(wary, "cookies-off-callback")
    context.close()


def test_outage(page: Page, sandbox: Sandbox, look: Look) -> None:
    sandbox.set_fault("html502")
    page.goto("/identityx/login/")
    page.get_by_label("E-mail address").fill(READER)
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("E-mail address").input_value() == READER
    look(page, "outage")


def test_a_mistyped_address(page: Page, look: Look) -> None:
    page.goto("/identityx/login/")
    page.get_by_label("E-mail address").fill("reader@example")
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_text("This is not a complete e-mail address.").wait_for()
    assert page.evaluate("document.activeElement.id") == "id_email"
    look(page, "mistyped")


def test_a_hidden_page_waits_until_somebody_looks(page: Page, ask: Ask, sandbox: Sandbox) -> None:
    link = ask(page)
    asked = sandbox.count("loginAppUser")
    hidden = page.context.new_page()
    hidden.add_init_script(
        "Object.defineProperty(Document.prototype, 'visibilityState',"
        " {get: () => window.looking ? 'visible' : 'hidden'})"
    )
    hidden.goto(link)
    hidden.wait_for_timeout(400)
    assert sandbox.count("loginAppUser") == asked
    hidden.evaluate(
        "() => { window.looking = true; document.dispatchEvent(new Event('visibilitychange')) }"
    )
    assert is_member(hidden)
