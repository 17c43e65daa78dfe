"""An outage of IdentityX mails nothing to the admins, under Django's default logging."""

from __future__ import annotations

import logging
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path, reverse

from django_identityx import testing
from django_identityx.sandbox import Sandbox

pytestmark = pytest.mark.django_db

READER = "reader@example.net"


@pytest.fixture(autouse=True)
def _admins(settings) -> None:
    address = "admin@example.com"
    settings.ADMINS = [address] if django.VERSION >= (6, 0) else [("Ann", address)]
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name.startswith("django_identityx")]


def test_503s_of_all_kinds(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """Bearers, sessions, forms, JSON twins, pages and API views: told once, by our own logger."""
    headers = testing.authorization(sandbox, READER)
    member, client = Client(), Client()
    testing.login(member, sandbox, READER)
    testing.reset()
    caches["default"].clear()
    sandbox.set_fault("html502")
    html = {"accept": "text/html"}
    answers: list[Any] = [
        client.get("/api/protected/", headers=headers),
        client.get("/api/open/", headers=headers),
        client.post(reverse("identityx:login"), {"email": READER}, headers=html),
        client.post(
            reverse("identityx:api-login-link"), {"email": READER}, content_type="application/json"
        ),
        client.get("/members/", headers={**headers, **html}),
        member.post("/api/by-session/", headers=html),
    ]
    assert [answer.status_code for answer in answers] == [503, 503, 503, 503, 302, 503]
    assert mail.outbox == []
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not [record for record in errors if record.name == "django.request"]
    assert sum("503" in line for line in lines(caplog)) == 1


def test_async(sandbox: Sandbox) -> None:
    headers = testing.authorization(sandbox, READER)
    sandbox.set_fault("html502")
    answer = async_to_sync(AsyncClient().get)("/members-async/", headers=headers)
    assert answer.status_code in {302, 401, 503}
    assert mail.outbox == []


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of the site's own")


def unavailable(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=503)


urlpatterns = [path("broken/", broken), path("unavailable/", unavailable)]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("url", ["/broken/", "/unavailable/"])
def test_what_is_not_ours_is_mailed(url: str) -> None:
    Client(raise_request_exception=False).get(url)
    assert len(mail.outbox) == 1
