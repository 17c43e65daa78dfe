"""The sandbox's own endpoints and pages."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from django_identityx.sandbox import Response, Sandbox

JSON = {"content-type": "application/json"}


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(callback_url="https://site.example/callback/")


def get(sandbox: Sandbox, path: str, **headers: str) -> Response:
    return sandbox.handle("GET", path, headers)


def post(
    sandbox: Sandbox, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Response:
    return sandbox.handle("POST", path, headers or {}, body)


def send(sandbox: Sandbox, url: str = "https://site.example/callback/") -> None:
    query = """mutation { sendAppUserLoginLink(
      input: { email: "reader@example.net", authUrl: %s }) }"""
    body = json.dumps({"query": query % json.dumps(url)}).encode()
    headers = {**JSON, "x-app-id": "5d1b36070ce467bff670a052"}
    assert post(sandbox, "/graphql", body, headers).json()["data"]


def test_outbox(sandbox: Sandbox) -> None:
    send(sandbox)
    send(sandbox, "https://other.example/")
    first, second = get(sandbox, "/_sandbox/outbox").json()
    assert list(first) == ["to", "from", "subject", "text", "html", "url", "sentAt", "used"]
    assert first["url"].startswith("https://site.example/callback/?token=")
    assert second["url"].startswith("https://other.example/?token=")
    assert post(sandbox, "/_sandbox/outbox").status == 405


def test_reset(sandbox: Sandbox) -> None:
    token = sandbox.app_user_token("reader@example.net")
    send(sandbox)
    sandbox.set_fault("html502")
    assert post(sandbox, "/_sandbox/reset").json() == {"status": "ok"}
    assert (sandbox.outbox, sandbox.fault, sandbox.count()) == ([], None, 0)
    body = b'{"query": "{ activeAppUser { id } }"}'
    answer = post(sandbox, "/", body, {**JSON, "authorization": f"AppUser {token}"}).json()
    message = "No token was found for the provided token identifier."
    assert answer["errors"][0]["message"] == message


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:1", "host": "127.0.0.1:8787"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"host": "evil.example:8787"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 403),
        ({"origin": "http://localhost:8787", "host": "localhost:8787", **JSON}, 200),
        ({"host": "[::1]:8787", **JSON}, 200),
        ({"host": "sandbox.localhost:8787", **JSON}, 200),
    ],
)
def test_only_this_machine_may_change_it(
    sandbox: Sandbox, headers: dict[str, str], status: int
) -> None:
    response = post(sandbox, "/_sandbox/faults", b'{"mode": "html502"}', headers)
    assert response.status == status
    assert (sandbox.fault is not None) is (status == 200)


@pytest.mark.parametrize("path", ["/", "/_sandbox/outbox", "/authenticate/x"])
def test_nothing_is_shown_to_another_name(sandbox: Sandbox, path: str) -> None:
    assert get(sandbox, path, host="rebound.example").status == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"5", b"x" * 70_000])
def test_bad_faults(sandbox: Sandbox, body: bytes) -> None:
    response = post(sandbox, "/_sandbox/faults", body, JSON)
    assert response.status in (400, 413)
    assert '"mode"' in response.json()["error"]


def test_unknown_endpoints(sandbox: Sandbox) -> None:
    assert get(sandbox, "/_sandbox/nope").status == 404
    assert get(sandbox, "/_sandbox/reset").status == 405


class Page(HTMLParser):
    """What matters of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(found["href"])
        elif {"src", "href"} & set(found):
            self.sources.append(found.get("src") or found["href"])


def test_front_page(sandbox: Sandbox) -> None:
    send(sandbox)
    send(sandbox, "https://newer.example/")
    response = get(sandbox, "/", host="localhost:8787")
    text = response.body.decode()
    page = Page(text)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    mails = [link for link in page.links if "token=" in link]
    assert mails[0].startswith("https://newer.example/")
    assert mails[1].startswith("https://site.example/")
    for shown in ("Acme Daily", "5d1b36070ce467bff670a053", "banned@example.net", "Olive Owner"):
        assert shown in text
    assert "script" not in page.tags
    assert page.sources == ["/_sandbox/style.css", "/_sandbox/mail/1", "/_sandbox/mail/0"]


def test_stylesheet(sandbox: Sandbox) -> None:
    response = get(sandbox, "/_sandbox/style.css")
    assert response.headers["content-type"] == "text/css; charset=utf-8"
    assert b"prefers-color-scheme: dark" in response.body


@pytest.mark.parametrize(
    "url",
    [
        'https://a.example/"><script>alert(1)</script>',
        "javascript:alert(1)//",
        "http://[broken",
        "//no.scheme.example/",
    ],
)
def test_pages_escape_what_sites_send(sandbox: Sandbox, url: str) -> None:
    send(sandbox, url)
    page = Page(get(sandbox, "/").body.decode())
    assert "script" not in page.tags
    assert not any(link.startswith("javascript:") for link in page.links)


def test_the_page_of_an_administrator(sandbox: Sandbox) -> None:
    token = sandbox.org_login_link_token("owner@example.com")
    response = get(sandbox, f"/authenticate/{token}?route-name=x")
    text = response.body.decode()
    assert "owner@example.com" in text
    assert f"https://site.example/callback/?token={token}" in Page(text).links
    assert f'<code class="copy">{token}</code>' in text
    assert response.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("callback", [None, "javascript:alert(1)", "http://[broken"])
def test_the_page_without_a_callback(callback: str | None) -> None:
    sandbox = Sandbox(callback_url=callback)
    text = get(sandbox, "/authenticate/<b>x").body.decode()
    assert "--callback" in text
    assert "<b>" not in text
    assert Page(text).links == ["/"]


def test_a_callback_with_a_query() -> None:
    sandbox = Sandbox(callback_url="https://site.example/?next=a")
    text = get(sandbox, "/authenticate/x.y.z").body.decode()
    assert "https://site.example/?next=a&token=x.y.z" in Page(text).links
