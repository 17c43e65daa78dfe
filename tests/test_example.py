"""The example site, started as ``make demo`` starts it, over real HTTP."""

from __future__ import annotations

import html
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.demo import (
    MANAGE,
    ROOT,
    Demo,
    end,
    environment,
    free_port,
    running,
    start,
    until_it_runs,
)

pytestmark = pytest.mark.slow

SEND_READER = (
    "mutation ($input: SendAppUserLoginLinkMutationInput!) { sendAppUserLoginLink(input: $input) }"
)
SEND_STAFF = (
    "mutation ($input: SendUserLoginLinkMutationInput!) { sendUserLoginLink(input: $input) }"
)
LOGIN_READER = (
    "mutation ($input: LoginAppUserMutationInput!) "
    "{ loginAppUser(input: $input) { token { value } } }"
)
LOGIN_STAFF = (
    "mutation ($input: UserLoginMutationInput!) { userLogin(input: $input) { token { value } } }"
)
DAILY = "5d1b36070ce467bff670a052"


def is_closed(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture
def browser(demo: Demo) -> Iterator[Browser]:
    with Browser(demo) as browser:
        yield browser


class Browser(requests.Session):
    """Cookies and forms, as far as a person without JavaScript needs them."""

    def __init__(self, demo: Demo) -> None:
        super().__init__()
        self.trust_env = False
        self.demo = demo

    def request(self, method: str, url: str, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        options.setdefault("timeout", 10)
        url = self.demo.site + url if url.startswith("/") else url
        return super().request(method, url, *args, **options)

    def submit(self, page: requests.Response, action: str = "", **typed: str) -> requests.Response:
        """Fill in the form that has these fields, or that leads to ``action``; press its button."""
        for attributes, fields in re.findall(r"<form([^>]*)>(.*?)</form>", page.text, re.S):
            leads_to = re.search(r'action="([^"]*)"', attributes)
            target = leads_to[1] if leads_to else page.url
            if action in ("", target) and all(f'name="{name}"' in fields for name in typed):
                hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', fields)
                data = {name: html.unescape(value) for name, value in hidden} | typed
                return self.post(target, data, allow_redirects=False)
        raise AssertionError(f"no such form: {page.text}")

    def mail_to(self, email: str) -> dict[str, str]:
        """Look into the outbox; the site sends in the background."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for mail in reversed(self.get(f"{self.demo.sandbox}/_sandbox/outbox").json()):
                if mail["to"] == email:
                    return dict(mail)
            time.sleep(0.02)
        raise AssertionError(f"no mail to {email}")

    def query(self, query: str, **variables: str) -> Any:
        """Ask IdentityX itself."""
        answer = self.post(
            f"{self.demo.sandbox}/graphql",
            json={"query": query, "variables": {"input": variables}},
            headers={"x-app-id": DAILY},
        )
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]

    def reader_link(self, email: str) -> str:
        """Have IdentityX mail a reader a link, past the site; return the token in it."""
        self.query(SEND_READER, email=email, authUrl=f"{self.demo.site}/account/callback/")
        return self.mail_to(email)["url"].partition("token=")[2].partition("&")[0]

    def token(self, prefix: str, email: str) -> str:
        """Sign in at IdentityX itself, past the site; return the token for the API."""
        if prefix == "AppUser":
            login = self.query(LOGIN_READER, token=self.reader_link(email))["loginAppUser"]
            return str(login["token"]["value"])
        self.query(SEND_STAFF, email=email)
        link = self.mail_to(email)["url"]
        if prefix == "OrgUser":
            login = self.query(LOGIN_STAFF, token=link.rpartition("/")[2])["userLogin"]
            return str(login["token"]["value"])
        command = [sys.executable, str(MANAGE), "identityx_api_token", "--token-from-stdin"]
        run = subprocess.run(
            command, input=link, env=self.demo.env, capture_output=True, text=True, timeout=30
        )
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def sign_in(self, email: str) -> requests.Response:
        """Ask for a link, open it from the outbox, press the button; return the answer to that."""
        sent = self.submit(self.get("/account/login/"), email=email)
        assert sent.headers["Location"] == "/account/link-sent/"
        page = self.get(self.mail_to(email)["url"])
        return self.submit(page, carrier=_carrier(page))


def _carrier(page: requests.Response) -> str:
    found = re.search(r'name="carrier" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def test_a_reader_signs_in_reads_and_signs_out(browser: Browser) -> None:
    members = browser.get("/members/", allow_redirects=False)
    assert members.headers["Location"] == "/account/login/?next=/members/"

    form = browser.get("/members/")
    sent = browser.submit(form, email="reader@example.net")
    assert (sent.status_code, sent.headers["Location"]) == (302, "/account/link-sent/")
    assert "reader@example.net" in browser.get("/account/link-sent/").text

    link = browser.mail_to("reader@example.net")["url"]
    assert link.startswith(f"{browser.demo.site}/account/callback/?token=")
    opened = browser.get(link, allow_redirects=False)
    assert (opened.status_code, opened.headers["Location"]) == (303, "/account/callback/")
    page = browser.get("/account/callback/")
    assert "in to Acme Daily" in page.text
    assert browser.get("/api/me").status_code == 401

    done = browser.submit(page, carrier=_carrier(page))
    assert (done.status_code, done.headers["Location"]) == (302, "/members/")
    assert "Welcome, Rita" in browser.get("/members/").text
    assert "Good to see you, Rita Reader" in browser.get("/").text
    assert "Thank you. I wondered" in browser.get("/articles/what-the-river-keeps/").text
    me = browser.get("/api/me").json()
    assert (me["kind"], me["email"]) == ("AppUser", "reader@example.net")
    assert browser.get("/staff/").status_code == 403

    out = browser.submit(browser.get("/"), "/account/logout/")
    assert (out.status_code, out.headers["Location"]) == (302, "/")
    assert browser.get("/api/me").status_code == 401
    assert "Good to see you" not in browser.get("/").text


def test_s21_staff_of_nobody_stay_out_of_the_newsroom(browser: Browser) -> None:
    browser.submit(browser.get("/staff/"), email="stranger@example.com")
    link = browser.mail_to("stranger@example.com")["url"]
    browser.submit(browser.get("/account/link-sent/"), link=link)
    page = browser.get("/account/callback/")
    refused = browser.submit(page, carrier=_carrier(page))
    assert refused.status_code == 403
    assert "does not belong to the organization" in refused.text
    assert browser.get("/staff/").url.startswith(f"{browser.demo.site}/account/org-login/")


def test_staff_paste_their_link(browser: Browser) -> None:
    form = browser.get("/staff/")
    assert form.url == f"{browser.demo.site}/account/org-login/?next=/staff/"
    browser.submit(form, email="admin@example.com")
    link = browser.mail_to("admin@example.com")["url"]
    assert link.startswith(f"{browser.demo.sandbox}/authenticate/")

    pasted = browser.submit(browser.get("/account/link-sent/"), link=f" {link} ")
    assert pasted.status_code == 303
    page = browser.get("/account/callback/")
    done = browser.submit(page, carrier=_carrier(page))
    assert done.headers["Location"] == "/staff/"
    newsroom = browser.get("/staff/").text
    assert "Ada Admin, this is where you work." in newsroom
    assert "Administrator" in newsroom
    assert "signed in as staff" in browser.get("/members/").text

    desk = browser.get("/staff/readers/?q=SUBSCR")
    assert "Sue Subscriber" in desk.text
    assert "banned@example.net" not in desk.text
    assert browser.get("/staff/readers/?after=x").url == f"{browser.demo.site}/staff/readers/"
    banned = browser.submit(desk, "/staff/readers/ban/")
    assert "Unban" in browser.get(banned.headers["Location"]).text
    browser.submit(browser.get(banned.headers["Location"]), "/staff/readers/ban/", unban="1")
    assert "Unban" not in browser.get(banned.headers["Location"]).text
    view_as = re.findall(r'href="(/account/act-as/[^"]+)"', desk.text)
    assert len(view_as) == 1
    page = browser.get(view_as[0].replace("&amp;", "&"))
    assert browser.submit(page, "/account/act-as/").headers["Location"] == "/"
    front = browser.get("/").text
    assert "Ada Admin</strong>, you are acting for <strong>Sue Subscriber" in front
    assert browser.get("/staff/readers/").status_code == 403
    assert browser.submit(browser.get("/"), "/account/act-end/").status_code == 302
    assert browser.get("/staff/readers/").status_code == 200


@pytest.mark.parametrize(
    ("prefix", "email", "detail", "value"),
    [
        ("AppUser", "subscriber@example.net", "access_levels", ["Premium"]),
        (
            "OrgUser",
            "guest@example.com",
            "roles",
            [{"organization": "Acme Media", "role": "Guest"}],
        ),
        (
            "OrgUserApiToken",
            "owner@example.com",
            "roles",
            [{"organization": "Acme Media", "role": "Owner"}],
        ),
    ],
)
def test_all_three_credentials_open_the_api(
    browser: Browser, prefix: str, email: str, detail: str, value: list[Any]
) -> None:
    token = browser.token(prefix, email)
    headers = {"Authorization": f"Bearer {prefix} {token}"}
    me = browser.get("/api/me", headers=headers).json()
    assert (me["kind"], me["email"], me[detail]) == (prefix, email, value)
    articles = browser.get("/api/articles", headers=headers).json()
    assert len(articles) == 5
    assert all(article["text"] for article in articles)


def test_premium_opens_for_subscribers_and_the_office(browser: Browser, demo: Demo) -> None:
    address, text = "/premium/the-house-that-moved/", "jacked up the kitchen"
    refused = browser.get(address)
    assert refused.status_code == 403
    assert f"next={address.replace('/', '%2F')}" in refused.text
    assert text not in refused.text
    assert browser.get("/articles/the-house-that-moved/").status_code == 404
    bearer = {"Authorization": f"AppUser {browser.token('AppUser', 'reader@example.net')}"}
    assert browser.get("/api/premium", headers=bearer).status_code == 403
    bearer = {"Authorization": f"AppUser {browser.token('AppUser', 'subscriber@example.net')}"}
    assert text in browser.get("/api/premium", headers=bearer).text
    browser.submit(browser.get("/"), "/office/")
    assert text in browser.get(address).text
    assert text in browser.get("/api/premium").text
    browser.submit(browser.get("/"), "/office/", leave="1")
    assert browser.get(address).status_code == 403


def test_comments_below_an_article(browser: Browser) -> None:
    address = "/articles/bread-that-waits/"
    assert "Sign in to take part." in browser.get(address).text
    browser.submit(browser.get(f"/account/login/?next={address}"), email="reader@example.net")
    page = browser.get(browser.mail_to("reader@example.net")["url"])
    browser.submit(page)
    done = browser.submit(browser.get(address), "/comments/write/", body="Four minutes!", name="")
    assert done.status_code == 303
    assert "<p>Four minutes!</p>" in browser.get(address).text
    with Browser(browser.demo) as stranger:
        assert "reader@example.net" not in stranger.get(address).text


def test_strangers_see_the_front_page_and_the_beginning_of_the_rest(browser: Browser) -> None:
    assert browser.get("/articles/a-slow-train-north/").text.count("<p>") >= 3
    cut = browser.get("/articles/what-the-river-keeps/")
    assert cut.status_code == 200
    assert "The rest is for members" in cut.text
    assert "Thank you. I wondered" not in cut.text
    assert browser.get("/articles/none/").status_code == 404
    refused = browser.get("/api/articles")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_an_outage(demo: Demo, browser: Browser) -> None:
    browser.sign_in("staff@example.org")
    assert "Welcome, Staff" in browser.get("/members/").text
    headers = {"Authorization": f"Bearer OrgUser {browser.token('OrgUser', 'member@example.com')}"}
    with Browser(demo) as newcomer, Browser(demo) as script:
        newcomer.sign_in("newcomer@example.net")
        fault(browser, "html502")
        try:
            # Whoever has signed in reads on; about a bearer whom nobody has seen nobody can tell.
            assert browser.get("/members/").status_code == 200
            assert newcomer.get("/members/").status_code == 200
            asked = script.get("/api/me", headers=headers)
            assert (asked.status_code, "Retry-After" in asked.headers) == (503, True)
            assert script.get("/try-it/").status_code == 200
            assert newcomer.get("/articles/a-slow-train-north/").status_code == 200
            assert "Good to see you, newcomer@example.net" in newcomer.get("/").text
        finally:
            fault(browser, "none")
        # Nobody was signed out.
        until(lambda: newcomer.get("/members/").status_code == 200)


def until(condition: Callable[[], bool]) -> None:
    """The site may wait a moment before it asks IdentityX again."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def fault(browser: Browser, mode: str) -> None:
    address = f"{browser.demo.sandbox}/_sandbox/faults"
    assert browser.post(address, json={"mode": mode}).status_code == 200


def test_pages_have_nothing_inline_and_nothing_from_elsewhere(browser: Browser) -> None:
    own = {browser.demo.site, browser.demo.sandbox}
    for path in ("/", "/articles/bread-that-waits/", "/try-it/", "/account/login/"):
        page = browser.get(path)
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "<style" not in page.text
        assert not re.search(r"\s(style|on\w+)=|<script(?! src=\"/)", page.text)
        for address in re.findall(r'(?:href|src)="([^"]*)"', page.text):
            assert address.startswith(("/", "#", *own)), address
            if address.startswith("/static/"):
                assert browser.get(address).status_code == 200, address


@pytest.mark.parametrize("prefix", ["AppUser", "OrgUser", "OrgUserApiToken"])
def test_the_lines_to_try_work(browser: Browser, prefix: str) -> None:
    """The page has no token, even for who is signed in; the command on it fetches one."""
    browser.sign_in("trying@example.net")
    page = browser.get("/try-it/")
    assert "eyJ" not in page.text
    block = re.search(rf'aria-labelledby="{prefix}"><code>(.*?)</code>', page.text, re.S)
    assert block is not None
    fetching, curl, calling = html.unescape(block[1]).partition("curl")
    assert f'"Authorization: Bearer {prefix} $TOKEN"' in curl + calling
    token = subprocess.run(
        ["sh", "-ec", f'{fetching}echo "$TOKEN"'],
        env=environment(browser.demo.data),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout.strip()
    with Browser(browser.demo) as script:
        headers = {"Authorization": f"Bearer {prefix} {token}"}
        assert script.get("/api/me", headers=headers).json()["kind"] == prefix


def test_swagger_ui_comes_from_the_site_itself(browser: Browser) -> None:
    pytest.importorskip("drf_spectacular_sidecar")
    assert 'href="/api/docs/"' in browser.get("/try-it/").text
    page = browser.get("/api/docs/")
    assert "script-src" not in page.headers["Content-Security-Policy"]  # so 'self' only
    addresses = re.findall(r'(?:href|src)="([^"]*)"', page.text)
    assert len(addresses) >= 4
    for address in map(html.unescape, addresses):
        assert address.startswith("/"), address
        assert browser.get(address).status_code == 200, address


def test_no_log_has_a_token(browser: Browser) -> None:
    browser.sign_in("logged@example.net")
    logged = "".join(path.read_text() for path in browser.demo.data.glob("*.log"))
    assert "/account/callback/?token=[redacted]" in logged
    assert "eyJ" not in logged


def test_it_takes_free_ports_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    with socket.socket() as busy, socket.socket() as also_busy:
        for taken in (busy, also_busy):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
        ports = [taken.getsockname()[1] for taken in (busy, also_busy)]
        process = start(tmp_path, *ports)
        demo = until_it_runs(process, tmp_path)
        assert not set(ports) & set(demo.ports)
        assert f"EXAMPLE_API_URL={demo.sandbox}/graphql" in demo.printed
        with Browser(demo) as browser:
            browser.submit(browser.get("/account/login/"), email="reader@example.net")
            assert browser.mail_to("reader@example.net")["url"].startswith(demo.site)
        code, output, errors = end(process, signal.SIGINT)
    assert (code, errors) == (0, "")
    assert "Ending the site and the sandbox." in output
    assert all(map(is_closed, demo.ports))
    assert (tmp_path / "sandbox.json").exists()


def test_it_ends_while_it_prepares(tmp_path: Path) -> None:
    process = start(tmp_path, free_port(), free_port())
    assert process.stdout is not None
    assert process.stdout.readline() == "Preparing the database ...\n"
    code, output, errors = end(process, signal.SIGTERM)
    assert (code, errors) == (0, "")
    assert "Ending" in output


def test_when_one_dies_the_other_is_ended(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text("something else")
    port, sandbox_port = free_port(), free_port()
    process = start(tmp_path, port, sandbox_port)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "The sandbox has ended with 1. It said:" in errors
    assert "Move it away" in errors
    assert "Traceback" not in errors
    assert is_closed(port)
    assert is_closed(sandbox_port)


def test_the_page_of_an_error_knows_the_way_home_and_not_who_is_signed_in(tmp_path: Path) -> None:
    code = "from django.template.loader import render_to_string as r; print(r('500.html'))"
    command = [sys.executable, str(MANAGE), "shell", "-c", code]
    page = subprocess.run(
        command, env=environment(tmp_path), capture_output=True, text=True, check=True
    ).stdout
    assert "Something went wrong" in page
    assert '<a class="brand" href="/">Acme Daily</a>' in page
    assert "Sign in" not in page
