"""Pages of another origin: what docs/spa.md sets up lets them in, and nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.test import Client
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent

from .site import READER

pytestmark = pytest.mark.django_db

PAGE, STRANGER = "https://www.example.com", "https://www.example.org"
LINK, LOGIN, LOGOUT, ME = (
    reverse(f"identityx:api-{name}") for name in ("login-link", "login", "logout", "me")
)


@pytest.fixture(autouse=True)
def _another_origin(settings) -> None:
    settings.INSTALLED_APPS = [*django_settings.INSTALLED_APPS, "corsheaders"]
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *django_settings.MIDDLEWARE]
    settings.CORS_ALLOWED_ORIGINS = [PAGE]
    settings.CORS_ALLOW_CREDENTIALS = True
    settings.CORS_EXPOSE_HEADERS = ["Retry-After"]
    settings.CSRF_TRUSTED_ORIGINS = [PAGE]
    settings.IDENTITYX_CALLBACK_URL = f"{PAGE}/"


class Page(Client):
    """A script of ``origin``: it reads bodies, and no cookie."""

    def __init__(self, origin: str = PAGE) -> None:
        super().__init__(enforce_csrf_checks=True, headers={"Origin": origin})
        self.csrf_token = ""

    def ask(self) -> Any:
        answer = self.get(ME, secure=True)
        self.csrf_token = answer.json().get("csrf_token", "")
        return answer

    def send(self, path: str, data: Any) -> Any:
        answer = self.post(
            path,
            json.dumps(data),
            content_type="application/json",
            headers={"X-CSRFToken": self.csrf_token},
            secure=True,
        )
        assert wait_until_sent()
        return answer


def is_readable(answer: Any) -> bool:
    return (
        answer.headers.get("Access-Control-Allow-Origin") == PAGE
        and answer.headers.get("Access-Control-Allow-Credentials") == "true"
    )


@pytest.mark.parametrize("option", ["", "CSRF_USE_SESSIONS", "CSRF_COOKIE_HTTPONLY"])
def test_the_whole_way(sandbox: Sandbox, settings, option: str) -> None:
    if option:
        setattr(settings, option, True)
    page = Page()
    nobody = page.ask()
    assert nobody.status_code == 401
    assert is_readable(nobody)
    assert page.send(LINK, {"email": READER}).status_code == 202
    link = sandbox.outbox[-1].url
    assert link.startswith(f"{PAGE}/?token=")
    signed_in = page.send(LOGIN, {"token": link})
    assert signed_in.status_code == 200
    assert is_readable(signed_in)
    stale = page.csrf_token
    somebody = page.ask()
    assert somebody.json()["email"] == READER
    page.csrf_token, new = stale, page.csrf_token
    refused = page.send(LOGOUT, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert is_readable(refused)
    page.csrf_token = new
    assert page.send(LOGOUT, {}).status_code == 204
    assert page.ask().status_code == 401


def test_trouble_can_be_read(sandbox: Sandbox) -> None:
    page = Page()
    page.ask()
    sandbox.set_fault("html502")
    answer = page.send(LINK, {"email": READER})
    assert answer.status_code == 503
    assert is_readable(answer)
    assert answer["Access-Control-Expose-Headers"] == "Retry-After"


def test_the_preflight_takes_what_the_page_sends() -> None:
    answer = Client().options(
        LOGIN,
        headers={
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-csrftoken",
        },
        secure=True,
    )
    assert is_readable(answer)
    assert {"content-type", "x-csrftoken"} <= set(
        answer["Access-Control-Allow-Headers"].split(", ")
    )


def test_another_origin_reads_nothing_and_changes_nothing(sandbox: Sandbox) -> None:
    stranger = Page(STRANGER)
    assert "Access-Control-Allow-Origin" not in stranger.ask().headers
    answer = stranger.send(LINK, {"email": READER})  # even if it knew the token
    assert (answer.status_code, answer.json()["code"]) == (403, "origin")
    assert sandbox.count() == 0


def test_the_token_in_the_body_is_masked() -> None:
    page = Page()
    tokens = {page.get(ME, secure=True).json()["csrf_token"] for _ in range(3)}
    assert len(tokens) == 3  # one secret, so that compression tells nothing of it
    assert page.cookies["csrftoken"].value not in tokens


def test_the_check_warns_of_a_callback_elsewhere_and_no_more() -> None:
    found = [message for message in run_checks(tags=["identityx"]) if "callback" in str(message)]
    assert [message.id for message in found] == ["identityx.W011"]
