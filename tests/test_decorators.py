"""`max_age` on Django views, through the middleware and a real session."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from django_identityx.decorators import max_age
from django_identityx.sandbox import Sandbox
from django_identityx.testing import login

from . import urls

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.test_decorators")]


@max_age(0)
@login_required
def delete_account(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"deleted: {request.user}")


@max_age(0)
def whoami(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.user} {request.identityx.user}")


@max_age(0)
async def delete_async(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    return HttpResponse(f"deleted: {user}", status=200 if user.is_authenticated else 401)


class Early:
    """Middleware that has looked at the user before the view does."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        str(request.user)
        return self.get_response(request)


urlpatterns = [
    *urls.urlpatterns,
    path("delete/", delete_account),
    path("whoami/", whoami),
    path("delete-async/", delete_async),
]


@pytest.fixture
def reader(sandbox: Sandbox) -> Client:
    client = Client()
    login(client, sandbox, "reader@example.net")
    return client


def test_each_request_asks(sandbox: Sandbox, reader: Client) -> None:
    asked = sandbox.count("activeAppUser")
    for number in (1, 2):
        assert reader.get("/delete/").content == b"deleted: reader@example.net"
        assert sandbox.count("activeAppUser") == asked + number
    reader.get("/members/")
    assert sandbox.count("activeAppUser") == asked + 2


def test_nobody_costs_nothing(sandbox: Sandbox) -> None:
    assert Client().get("/delete/").status_code == 302
    assert sandbox.count() == 0


@pytest.mark.parametrize("looked_before", [False, True])
def test_a_revoked_token_is_seen_at_once(
    sandbox: Sandbox, reader: Client, settings, looked_before: bool
) -> None:
    if looked_before:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.test_decorators.Early"]
    assert reader.get("/whoami/").content == b"reader@example.net reader@example.net"
    sandbox.revoke(reader.session["_identityx"]["token"])
    assert reader.get("/members/").status_code == 200  # by the verdict of a moment ago
    assert reader.get("/whoami/").content == b"AnonymousUser AnonymousUser"
    assert reader.get("/delete/").status_code == 302


def test_no_stale_verdict_serves(sandbox: Sandbox, reader: Client) -> None:
    sandbox.set_fault("html502")
    response = reader.get("/delete/")
    assert response.status_code == 503
    assert int(response["Retry-After"]) >= 1
    assert reader.get("/members/").status_code == 200


def test_async_views(sandbox: Sandbox, reader: Client) -> None:
    client = AsyncClient()
    client.cookies = reader.cookies
    assert async_to_sync(client.get)("/delete-async/").content == b"deleted: reader@example.net"
    sandbox.revoke(reader.session["_identityx"]["token"])
    assert async_to_sync(client.get)("/delete-async/").status_code == 401


def test_a_django_user_stays(sandbox: Sandbox, django_user_model) -> None:
    client = Client()
    client.force_login(django_user_model.objects.create_user("ann"))
    assert client.get("/delete/").content == b"deleted: ann"
