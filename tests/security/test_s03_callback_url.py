"""S3: links lead where the settings say, never where a request says, never behind a query."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.sending import callback_url
from tests.site import READER, Visitor

HERE = "https://testserver/identityx/callback/"
FORGED = {
    "host": "evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-server": "evil.example",
    "x-original-host": "evil.example",
    "forwarded": "host=evil.example;proto=http",
    "x-forwarded-proto": "http",
    "x-forwarded-port": "8443",
    "origin": "null",
}


@pytest.mark.sampled(one_in=4)
@pytest.mark.django_db
@pytest.mark.parametrize("header", FORGED)
@pytest.mark.parametrize("use_forwarded", [False, True])
def test_no_header_changes_the_link(
    header: str, use_forwarded: bool, sandbox: Sandbox, settings
) -> None:
    settings.USE_X_FORWARDED_HOST = settings.USE_X_FORWARDED_PORT = use_forwarded
    visitor = Visitor()
    page = visitor.get(reverse("identityx:login"))
    visitor.defaults[f"HTTP_{header.upper().replace('-', '_')}"] = FORGED[header]
    visitor.submit(page, email=READER)
    visitor.defaults.clear()
    visitor.ask()
    links = [mail.url for mail in sandbox.outbox]
    assert links
    assert all(link.startswith(f"{HERE}?token=") for link in links)


@pytest.mark.django_db
def test_no_field_changes_the_link(sandbox: Sandbox) -> None:
    visitor = Visitor()
    page = visitor.get(reverse("identityx:login"), {"authUrl": "https://evil.example/"})
    visitor.submit(page, email=READER, authUrl="https://evil.example/", next="https://evil.example")
    visitor.ask()
    assert all(mail.url.startswith(f"{HERE}?token=") for mail in sandbox.outbox)
    assert not any("evil" in mail.url for mail in sandbox.outbox)


BAD = [
    "https://testserver/callback/?",
    "https://testserver/callback/?a=b",
    "https://testserver/callback/#",
    "https://testserver/callback/#top",
    "http://testserver/callback/",
    "//testserver/callback/",
    "/identityx/callback/",
    "testserver/identityx/callback/",
    "ftp://testserver/callback/",
    "javascript:alert(1)",
    "https:///callback/",
    "https://",
    "https://user@testserver/callback/",
    "https://user:word@testserver/callback/",
    "https://:@testserver/callback/",
    "https://testserver:port/callback/",
    "https://testserver:99999/callback/",
    "https://[::1/callback/",
    "https://testserver/call back/",
    "https://testserver/callback/\n",
    "https://testserver\\@evil.example/",
    "https://tëstserver/callback/",
    'https://testserver/"onclick=/',
    "http://127.0.0.1.evil.example/callback/",
    "http://localhost.evil.example/callback/",
]


@pytest.mark.parametrize("url", BAD)
def test_bad_settings_are_refused(url: str, settings) -> None:
    settings.IDENTITYX_CALLBACK_URL = url
    with pytest.raises(ImproperlyConfigured, match="IDENTITYX_CALLBACK_URL"):
        callback_url(RequestFactory().get("/"))


@pytest.mark.django_db
@pytest.mark.parametrize("url", [BAD[1], BAD[4], None])
@pytest.mark.parametrize("email", [READER, "new@example.net"])
def test_nothing_is_sent_with_a_bad_setting(
    email: str, url: str | None, sandbox: Sandbox, settings
) -> None:
    """Servers run no checks: the code refuses by itself, with a page that says so."""
    settings.IDENTITYX_CALLBACK_URL = url
    response: Any = Visitor().ask(email)
    assert response.status_code == 503
    assert email in response.content.decode()
    assert sandbox.count() == 0


@pytest.mark.parametrize(
    "url",
    [
        HERE,
        "https://www.example.com:8443/account/callback",
        "http://localhost:8000/callback/",
        "http://127.0.0.1:8000/callback/",
        "http://[::1]:8000/callback/",
        "https://www.example.com/es/cuenta/%C3%A1/",
    ],
)
def test_good_settings(url: str, settings) -> None:
    settings.IDENTITYX_CALLBACK_URL = url
    assert callback_url(None) == url


def test_the_requests_host_serves_in_debug_only(settings) -> None:
    settings.IDENTITYX_CALLBACK_URL = None
    request = RequestFactory().get("/", headers={"host": "dev.example:8000"})
    with pytest.raises(ImproperlyConfigured):
        callback_url(request)
    settings.DEBUG = True
    assert callback_url(request) == "http://dev.example:8000/identityx/callback/"
    with pytest.raises(ImproperlyConfigured):
        callback_url(None)


def test_the_setting_wins_in_debug_too(settings) -> None:
    settings.DEBUG = True
    assert callback_url(RequestFactory().get("/", headers={"host": "evil.example"})) == HERE
    settings.IDENTITYX_CALLBACK_URL = "http://dev.example/callback/"
    assert callback_url() == "http://dev.example/callback/"
    settings.IDENTITYX_CALLBACK_URL = "http://dev.example/callback/?a=b"
    with pytest.raises(ImproperlyConfigured):
        callback_url()


def test_without_our_urls(settings) -> None:
    settings.IDENTITYX_CALLBACK_URL = None
    settings.DEBUG = True
    settings.ROOT_URLCONF = "tests.test_reporting"
    with pytest.raises(ImproperlyConfigured, match=r"django_identityx\.urls"):
        callback_url(RequestFactory().get("/"))
