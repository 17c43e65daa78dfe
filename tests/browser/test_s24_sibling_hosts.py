"""S24: on https no sibling host of the domain can set our cookies. In a real browser, with two."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import get_internal_wsgi_application
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from django_identityx.signin.cookies import Carrier, Mark
from tests.browser.conftest import FLAGS
from tests.requirements import require
from tests.site import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CALLBACK = reverse("identityx:callback")
READER, ATTACKER = "reader@example.net", "subscriber@example.net"


class _Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "HTTPS": "on"}

    def log_message(self, *args: Any) -> None:
        """Nobody reads it."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """Browsers close connections as they like."""


@pytest.fixture
def port(site: str, tmp_path: Path) -> Iterator[int]:
    """The test site over https, for whatever host."""
    openssl = shutil.which("openssl")
    require(openssl, "openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=*.acme.example"
        f" -keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.set_app(StaticFilesHandler(get_internal_wsgi_application()))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def context(chromium: Browser, port: int) -> Iterator[BrowserContext]:
    """A browser for which the domain is on this machine."""
    browser = chromium.browser_type.launch(
        executable_path=shutil.which("chromium"),
        args=[*FLAGS, "--host-resolver-rules=MAP *.acme.example 127.0.0.1"],
    )
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(5000)
    yield context
    browser.close()


def test_s24_a_sibling_host_signs_nobody_in(
    context: BrowserContext, port: int, sandbox: Sandbox, settings: Any
) -> None:
    www, evil = f"https://www.acme.example:{port}", f"https://evil.acme.example:{port}"
    settings.IDENTITYX_CALLBACK_URL = www + CALLBACK
    attacker = Visitor()
    attacker.ask(ATTACKER)
    attacker.open(sandbox.outbox[-1].url)
    mine = {name: attacker.cookies[name].value for name in (Carrier.name, Mark.name)}

    page = context.new_page()
    page.goto(f"{evil}/identityx/login/")
    for name, value in mine.items():
        for full in (name, f"__Host-{name}"):
            cookie = f"{full}={value}; domain=acme.example; path=/; secure"
            page.evaluate("cookie => { document.cookie = cookie }", cookie)

    page.goto(www + CALLBACK)
    arrived = page.evaluate("document.cookie")
    assert f"{Mark.name}=" in arrived  # what has no prefix does get here
    assert "__Host-" not in arrived
    page.get_by_role("heading", name="There is no link here").wait_for()
    page.wait_for_timeout(500)
    assert sandbox.count("loginAppUser") == 0
    assert "sessionid" not in {cookie["name"] for cookie in context.cookies()}


def test_the_whole_way_over_https(
    context: BrowserContext, port: int, sandbox: Sandbox, settings: Any
) -> None:
    www = f"https://www.acme.example:{port}"
    settings.IDENTITYX_CALLBACK_URL = www + CALLBACK
    page = context.new_page()
    page.goto(f"{www}/identityx/login/?next=/members/")
    page.get_by_label("E-mail address").fill(READER)
    page.get_by_role("button", name="Send me a link").click()
    page.get_by_role("heading", name="Check your mail").wait_for()
    assert wait_until_sent()
    page.goto(sandbox.outbox[-1].url)  # asked for here, so it goes on by itself
    page.wait_for_url("**/members/")
    ours = {c["name"]: c for c in context.cookies() if "identityx" in c["name"]}
    assert ours
    for name, cookie in ours.items():
        assert name.startswith("__Host-")
        assert cookie["secure"]
        assert cookie["httpOnly"]
        assert (cookie["domain"], cookie["path"]) == ("www.acme.example", "/")
