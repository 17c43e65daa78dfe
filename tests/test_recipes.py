"""What docs/recipes.md says is what runs here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.cache import SessionStore
from django.http import HttpRequest
from django.test import Client

from django_identityx import sessions
from django_identityx.exceptions import Rejected
from django_identityx.sandbox import Sandbox
from django_identityx.testing import authorization, credential
from django_identityx.verification import verify

from .code_blocks import ROOT, blocks

pytestmark = pytest.mark.django_db

READER = "reader@example.net"


@pytest.fixture
def recipe(request: pytest.FixtureRequest, settings) -> Iterator[dict[str, Any]]:
    """The block of the page with ``request.param`` in it, run as a module."""
    page = ROOT / "docs" / "recipes.md"
    (block,) = [b for b in blocks(page) if b.language == "python" and request.param in b.code]
    module = ModuleType("recipe")
    sys.modules["recipe"] = module
    exec(compile(block.compiled_at(), str(page), "exec"), module.__dict__)
    settings.ROOT_URLCONF = "recipe"
    yield module.__dict__
    del sys.modules["recipe"]


@pytest.mark.parametrize("recipe", ["NinjaAPI"], indirect=True)
def test_ninja(sandbox: Sandbox, recipe: dict[str, Any]) -> None:
    answer = Client().get("/ninja/me", headers=authorization(sandbox, READER))
    assert answer.json() == {"email": READER}
    assert Client().get("/ninja/me").status_code == 401
    assert Client().get("/ninja/me", headers={"Authorization": "AppUser a.b.c"}).status_code == 401
    sandbox.set_fault("html502")
    stranger = authorization(sandbox, "subscriber@example.net")
    assert Client().get("/ninja/me", headers=stranger).status_code == 503


@pytest.mark.parametrize("recipe", ["strawberry"], indirect=True)
def test_strawberry(sandbox: Sandbox, recipe: dict[str, Any]) -> None:
    ask = {"data": {"query": "{ me }"}, "content_type": "application/json"}
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/graphql/", **ask, headers=authorization(sandbox, READER))
    assert answer.json() == {"data": {"me": READER}}
    assert client.post("/graphql/", **ask).status_code == 401


@pytest.mark.parametrize("recipe", ["WhoCalls"], indirect=True)
class TestSockets:
    def ask(self, recipe: dict[str, Any], **scope: Any) -> Any:
        found: list[Any] = []

        async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
            found.append(scope["user"])

        async def send(message: dict[str, Any]) -> None:
            found.append(message)

        scope = {"headers": [], "session": SessionStore(), **scope}
        async_to_sync(recipe["WhoCalls"](app))(scope, None, send)
        return found[0]

    def test_by_header(self, sandbox: Sandbox, recipe: dict[str, Any]) -> None:
        header = authorization(sandbox, READER)["Authorization"].encode()
        assert self.ask(recipe, headers=[(b"authorization", header)]).email == READER
        garbled = self.ask(recipe, headers=[(b"authorization", b"AppUser a.b.c")])
        assert garbled.is_anonymous

    def test_by_session(self, sandbox: Sandbox, recipe: dict[str, Any]) -> None:
        request = HttpRequest()
        request.session = SessionStore()
        known = credential(sandbox, READER)
        sessions.login(request, verify(known), known)
        assert self.ask(recipe, session=request.session).email == READER
        assert self.ask(recipe).is_anonymous

    def test_no_verdict(self, sandbox: Sandbox, recipe: dict[str, Any]) -> None:
        header = authorization(sandbox, READER)["Authorization"].encode()
        sandbox.set_fault("html502")
        message = self.ask(recipe, headers=[(b"authorization", header)])
        assert message == {"type": "websocket.close", "code": 1013}


@pytest.mark.parametrize("recipe", ["export"], indirect=True)
def test_celery(sandbox: Sandbox, recipe: dict[str, Any]) -> None:
    known = credential(sandbox, READER)
    assert recipe["export"]("AppUser", known.token) == f"exported for {READER}"
    sandbox.revoke(known.token)
    with pytest.raises(Rejected):
        recipe["export"]("AppUser", known.token)
