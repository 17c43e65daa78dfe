"""Django's error reports: no credential in variables, request or URL."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.core import mail
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils.log import AdminEmailHandler
from django.views.debug import get_default_exception_reporter_filter, get_exception_reporter_class

from django_identityx.client import IdentityXClient
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import IdentityXError

from . import faulty_server as wire
from .faulty_server import FaultyServer
from .leaks import SECRET, assert_no_secret

urlpatterns: list[object] = []  # a report resolves the request's path
LINK = f"https://site.example/callback/?token={SECRET}"


@pytest.fixture(autouse=True)
def _reporting(settings) -> Iterator[None]:
    settings.DEFAULT_EXCEPTION_REPORTER = "django_identityx.reporting.RedactingReporter"
    settings.DEFAULT_EXCEPTION_REPORTER_FILTER = (
        "django_identityx.reporting.RedactingReporterFilter"
    )
    settings.ROOT_URLCONF = __name__
    get_default_exception_reporter_filter.cache_clear()
    yield
    get_default_exception_reporter_filter.cache_clear()


def a_request() -> HttpRequest:
    factory = RequestFactory()
    factory.cookies["identityx_link"] = SECRET
    return factory.post(
        f"/callback/?token={SECRET}&next=/a/",
        {"token": SECRET, "link": LINK, "email": "reader@example.net"},
        headers={"Authorization": f"Bearer AppUser {SECRET}", "Referer": LINK},
    )


def fail(token: str) -> None:
    """Have secrets in variables of many shapes, and fail."""
    header = f"Bearer AppUser {token}"
    variables = {"input": {"token": token, "email": "reader@example.net"}}
    body = json.dumps(variables).encode()
    listed = [("Authorization", header)]
    credential = Credential(TokenType.APP_USER, token)
    link = f"https://site.example/callback/?token={token}"
    harmless = {"article": 7}
    raise ValueError(f"it failed: {link}", (body, listed, credential, harmless))


def report(request: HttpRequest | None = None) -> list[str]:
    """The report as a page and as text, as Django makes it."""
    try:
        fail(SECRET)
    except ValueError:
        reporter = get_exception_reporter_class(request)(request, *sys.exc_info())
        return [reporter.get_traceback_html(), reporter.get_traceback_text()]
    raise AssertionError


@pytest.mark.parametrize("debug", [True, False])
def test_s19_a_page_and_a_mail(debug: bool, settings) -> None:
    settings.DEBUG = debug
    for text in report(a_request()):
        assert_no_secret(text)
        assert "it failed" in text
        assert "/callback/" in text
    page = report(a_request())[0]
    for harmless in ("article", "reader@example.net", "7"):
        assert harmless in page


def test_our_forms_and_cookies_by_name(settings) -> None:
    """Also what is no token by its shape: half of one, or one that was mangled."""
    settings.DEBUG = True
    factory = RequestFactory()
    factory.cookies["identityx_mark"] = "opaque-cookie"
    fields = {"token": "opaque-token", "link": "opaque-link", "carrier": "opaque-carrier"}
    request = factory.post("/callback/", fields)
    for text in report(request):
        assert "opaque" not in text


def test_without_a_request(settings) -> None:
    settings.DEBUG = True
    for text in report():
        assert_no_secret(text)


def test_the_filter_alone_cleans_variables_and_headers(settings) -> None:
    del settings.DEFAULT_EXCEPTION_REPORTER
    settings.DEBUG = True
    try:
        fail(SECRET)
    except ValueError:
        frame = sys.exc_info()[2].tb_next.tb_frame  # type: ignore[union-attr]
    request = a_request()
    cleaner = get_default_exception_reporter_filter()
    variables = dict(cleaner.get_traceback_frame_variables(request, frame))
    assert_no_secret(repr(variables))
    assert set(variables) >= {"header", "variables", "body", "listed", "credential", "link"}
    assert variables["harmless"] == {"article": 7}
    assert "reader@example.net" in repr(variables["variables"])
    assert_no_secret(repr(cleaner.get_safe_request_meta(request)))
    assert_no_secret(repr(cleaner.get_safe_cookies(request)))
    assert_no_secret(repr(cleaner.get_post_parameters(request)))


def test_a_variable_whose_repr_fails(settings) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    def go_wrong() -> None:
        broken = Broken()
        raise ValueError(f"it failed with a {type(broken).__name__}")

    settings.DEBUG = True
    try:
        go_wrong()
    except ValueError:
        reporter = get_exception_reporter_class(None)(None, *sys.exc_info())
    assert "it failed" in reporter.get_traceback_html()


def test_settings(settings) -> None:
    settings.DEBUG = True
    settings.IDENTITYX_API_TOKEN = SECRET
    settings.SITE_BANNER = f"try {LINK}"
    assert_no_secret(report(a_request())[0])
    cleaner = get_default_exception_reporter_filter()
    assert_no_secret(repr(cleaner.get_safe_settings()))


@pytest.mark.parametrize("behaviour", [wire.html502(), wire.echo(), wire.hang()])
def test_what_the_client_had_in_its_variables(behaviour: Any, settings) -> None:
    settings.DEBUG = True
    with FaultyServer(behaviour) as server:
        client = IdentityXClient(server.url, app_id="a", timeout=(0.2, 0.2))
        for call in (
            lambda: client.login_app_user(SECRET),
            lambda: client.active_app_user(Credential(TokenType.APP_USER, SECRET)),
        ):
            try:
                call()
            except IdentityXError:
                reporter = get_exception_reporter_class(None)(None, *sys.exc_info())
                assert_no_secret(reporter.get_traceback_html())


def test_a_mail_to_the_admins(settings) -> None:
    settings.ADMINS = ["ada@example.com"] if django.VERSION >= (6,) else [("Ada", "ada@x.example")]
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    handler = AdminEmailHandler(include_html=True)
    try:
        fail(SECRET)
    except ValueError:
        record = logging.LogRecord(
            "django.request", logging.ERROR, "x.py", 1, "Error: %s", ("/",), sys.exc_info()
        )
    record.request = a_request()  # type: ignore[attr-defined]
    record.status_code = 500  # type: ignore[attr-defined]
    handler.emit(record)
    (sent,) = mail.outbox
    assert_no_secret(sent.body)
    assert_no_secret(str(sent.alternatives))
