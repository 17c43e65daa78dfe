"""``cache_page`` as docs/deployment.md has it: each person their own, and nobody who may not."""

from __future__ import annotations

import itertools

import pytest
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_headers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx import sessions, testing, verification
from django_identityx.authentication import (
    IdentityXAuthentication,
    IdentityXSessionAuthentication,
)
from django_identityx.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

READER, SUBSCRIBER = "reader@example.net", "subscriber@example.net"
turns = itertools.count(1)


class Articles(APIView):
    """A view whose answers differ by person, and are kept a minute."""

    authentication_classes = [IdentityXAuthentication, IdentityXSessionAuthentication]
    permission_classes = [IsAuthenticated]

    @method_decorator(cache_page(60))
    @method_decorator(vary_on_headers("Authorization", "Cookie"))
    def get(self, request: Request) -> Response:
        return Response({"for": str(request.user), "turn": next(turns)})


def sign_out(request: HttpRequest) -> HttpResponse:
    sessions.logout(request)
    return HttpResponse()


urlpatterns = [path("articles/", Articles.as_view()), path("sign-out/", sign_out)]


def ask(client: Client, **headers: str) -> dict[str, object]:
    response = client.get("/articles/", headers=headers)
    assert response.status_code == 200
    return response.json()


def test_bearers(sandbox: Sandbox) -> None:
    """Each has a copy of their own, and the second time the same."""
    by_email = {
        email: testing.authorization(sandbox, email)["Authorization"]
        for email in (READER, SUBSCRIBER)
    }
    first = {email: ask(Client(), authorization=header) for email, header in by_email.items()}
    again = {email: ask(Client(), authorization=header) for email, header in by_email.items()}
    assert first == again
    assert {email: answer["for"] for email, answer in first.items()} == {e: e for e in by_email}
    assert Client().get("/articles/").status_code == 401


def test_sessions(sandbox: Sandbox) -> None:
    clients = {email: Client() for email in (READER, SUBSCRIBER)}
    for email, client in clients.items():
        testing.login(client, sandbox, email)
        assert ask(client) == ask(client)
        assert ask(client)["for"] == email
    assert Client().get("/articles/").status_code == 401


def test_who_is_signed_out_gets_nothing_of_it(sandbox: Sandbox) -> None:
    known = testing.credential(sandbox, READER)
    header = f"Bearer AppUser {known.token}"
    assert ask(Client(), authorization=header)["for"] == READER
    verification.deny(known)
    assert Client().get("/articles/", headers={"authorization": header}).status_code == 401

    client = Client()
    testing.login(client, sandbox, SUBSCRIBER)
    cookies = client.cookies.output()
    assert ask(client)["for"] == SUBSCRIBER
    client.get("/sign-out/")
    client.cookies.load(cookies.replace("Set-Cookie: ", ""))
    assert client.get("/articles/").status_code == 401


def test_it_is_kept(sandbox: Sandbox) -> None:
    ask(Client(), **{k.lower(): v for k, v in testing.authorization(sandbox, READER).items()})
    assert any("cache_page" in key for key in caches["default"]._cache)  # type: ignore[attr-defined]
