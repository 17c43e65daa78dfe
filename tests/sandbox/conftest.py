"""Fixtures that need no Django: a sandbox behind real HTTP, and a client that shows everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests

from django_identityx.sandbox import DAILY_APP_ID, Sandbox, SandboxServer

ME = "query { activeAppUser { id email verified accessLevels { name } } }"
STAFF = "query { activeUser { id email } }"


class Api:
    """Asks the sandbox over HTTP, as a plain client would."""

    def __init__(self, server: SandboxServer, session: requests.Session) -> None:
        self.server = server
        self.sandbox = server.sandbox
        self.session = session

    def post(
        self,
        query: str,
        variables: Any = None,
        *,
        app: str | None = DAILY_APP_ID,
        auth: str | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> requests.Response:
        """Send an operation; ``auth`` is the whole header."""
        sent = dict(headers or {})
        if app is not None:
            sent["x-app-id"] = app
        if auth is not None:
            sent["authorization"] = auth
        body = {"query": query, **extra}
        if variables is not None:
            body["variables"] = variables
        return self.session.post(self.server.url, json=body, headers=sent, timeout=10)

    def data(self, query: str, variables: Any = None, **options: Any) -> Any:
        """Send an operation that must succeed, and return its data."""
        answer = self.post(query, variables, **options).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def error(self, query: str, variables: Any = None, **options: Any) -> dict[str, Any]:
        """Send an operation that must fail, and return its first error."""
        return self.post(query, variables, **options).json()["errors"][0]


@pytest.fixture(scope="session")
def own_server() -> Iterator[SandboxServer]:
    with SandboxServer(Sandbox()) as server:
        yield server


@pytest.fixture(scope="session")
def own_session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def api(own_server: SandboxServer, own_session: requests.Session) -> Api:
    own_server.sandbox.reset()
    return Api(own_server, own_session)


def id_of(api: Api, email: str, app: str = DAILY_APP_ID) -> str:
    """Return the id of a reader."""
    query = "query($email: String!) { appUser(input: { email: $email }) { id } }"
    found: str = api.data(query, {"email": email}, app=app)["appUser"]["id"]
    return found


def refusal(answer: dict[str, Any]) -> tuple[str, str, int | None]:
    """Return what matters of an error: its message, its code and the inner status."""
    extensions = answer["extensions"]
    status = extensions.get("exception", {}).get("statusCode")
    return answer["message"], extensions["code"], status
