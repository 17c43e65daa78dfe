"""What docs/recipes.md says is what runs here."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.contrib.sessions.backends.cache import SessionStore
from django.http import HttpRequest
from django.test import Client

from django_identityx import sessions
from django_identityx.exceptions import Rejected
from django_identityx.sandbox import Sandbox
from django_identityx.testing import authorization, credential, login
from django_identityx.verification import verify

from .code_blocks import ROOT, blocks

pytestmark = pytest.mark.django_db

READER = "reader@example.net"
_numbers = itertools.count()
PACKAGES = ["celery", "channels", "ninja", "strawberry"]


@pytest.fixture
def recipe(request: pytest.FixtureRequest, settings) -> Iterator[dict[str, Any]]:
    """The blocks of the page with ``request.param`` in them, run as a module."""
    page = ROOT / "docs" / "recipes.md"
    found = [b for b in blocks(page) if b.language == "python" and request.param in b.code]
    assert found
    name = f"recipe_{next(_numbers)}"  # Celery knows tasks by their module, and never forgets one
    module = sys.modules[name] = ModuleType(name)
    settings.ALLOWED_HOSTS = ["testserver"]
    for block in found:
        for package in PACKAGES:
            if re.search(rf"^(from|import) {package}\b", block.code, re.MULTILINE):
                pytest.importorskip(package)
        exec(compile(block.compiled_at(), str(page), "exec"), module.__dict__)
    settings.ROOT_URLCONF = name
    yield module.__dict__
    del sys.modules[name]


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


@pytest.mark.parametrize("recipe", ["class WhoCalls"], indirect=True)
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


@pytest.mark.parametrize("recipe", ["WhoCalls"], indirect=True)
class TestChannels:
    def connect(self, recipe: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
        """What comes back, until the socket is closed or has greeted."""

        async def talk() -> list[dict[str, Any]]:
            sent = [(name.encode(), text.encode()) for name, text in headers.items()]
            scope = {"type": "websocket", "path": "/greeting/", "headers": sent}
            socket = ApplicationCommunicator(recipe["websocket"], scope)
            await socket.send_input({"type": "websocket.connect"})
            answers = [await socket.receive_output(30)]
            if answers[0]["type"] == "websocket.accept":
                answers.append(await socket.receive_output(30))
            await socket.send_input({"type": "websocket.disconnect", "code": 1000})
            await socket.wait(30)
            return answers

        return async_to_sync(talk)()

    def test_a_session(self, sandbox: Sandbox, client: Client, recipe: dict[str, Any]) -> None:
        login(client, sandbox, READER)
        cookie = f"sessionid={client.cookies['sessionid'].value}"
        accepted, greeting = self.connect(recipe, cookie=cookie, origin="http://testserver")
        assert accepted["type"] == "websocket.accept"
        assert json.loads(greeting["text"]) == {"hello": READER}
        (refused,) = self.connect(recipe, cookie=cookie, origin="https://evil.example")
        assert refused["type"] == "websocket.close"

    def test_a_header(self, sandbox: Sandbox, recipe: dict[str, Any]) -> None:
        header = authorization(sandbox, READER)["Authorization"]
        _, greeting = self.connect(recipe, authorization=header, origin="http://testserver")
        assert json.loads(greeting["text"]) == {"hello": READER}

    def test_nobody(self, sandbox: Sandbox, recipe: dict[str, Any]) -> None:
        (refused,) = self.connect(recipe, origin="http://testserver")
        assert refused["type"] == "websocket.close"


@pytest.mark.parametrize("recipe", ["celery"], indirect=True)
class TestCelery:
    def test_a_verdict(self, sandbox: Sandbox, recipe: dict[str, Any]) -> None:
        known = credential(sandbox, READER)
        done = recipe["export"].apply(("AppUser", known.token))
        assert done.get() == f"exported for {READER}"
        sandbox.revoke(known.token)
        refused = recipe["export"].apply(("AppUser", known.token))
        assert isinstance(refused.result, Rejected)

    def test_in_an_outage_it_is_tried_again(self, sandbox: Sandbox, recipe: dict[str, Any]) -> None:
        known = credential(sandbox, READER)
        sandbox.set_fault("html502", times=1)
        done = recipe["export"].apply(("AppUser", known.token))
        assert done.get() == f"exported for {READER}"

    def test_no_monitor_shows_the_token(self, sandbox: Sandbox, recipe: dict[str, Any]) -> None:
        request = HttpRequest()
        request.auth = credential(sandbox, READER)  # type: ignore[attr-defined]
        from celery import current_app
        from celery.signals import before_task_publish

        shown: list[str] = []

        def look(headers: dict[str, Any], **kwargs: Any) -> None:
            shown.append(str(headers))

        before_task_publish.connect(look)
        current_app.conf.broker_url = "memory://"
        recipe["start"](request)
        before_task_publish.disconnect(look)
        assert len(shown) == 1
        assert request.auth.token not in shown[0]  # type: ignore[attr-defined]
