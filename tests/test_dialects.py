"""The two ways to send a credential: learned once, remembered, and never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

from django_identityx import process
from django_identityx.client import IdentityXClient
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import (
    ConfigurationError,
    Failing,
    Malformed,
    Rejected,
    Unavailable,
    Unclear,
    Unreachable,
)
from django_identityx.sandbox import DAILY_APP_ID, Sandbox, SandboxServer
from django_identityx.service import WRONG_DIALECT, Endpoint, Operation, Transport, header
from django_identityx.sharedcache import SharedCache, shared

from . import faulty_server as wire
from .faulty_server import Behaviour, FaultyServer, Received
from .leaks import SECRET, assert_no_secret, text_of

TIMEOUT = (10, 10)
CREDENTIAL = Credential(TokenType.APP_USER, SECRET)
QUERY = Operation("query { activeAppUser { id } }", credential=CREDENTIAL, needs_person=True)
PUBLIC = Operation("query { activeAppContext { hasUser } }", credential=CREDENTIAL)
MUTATION = Operation("mutation { userLogout }", credential=CREDENTIAL, is_mutation=True)
SOMEBODY = wire.graphql({"activeAppUser": {"id": "1"}, "activeUser": {"id": "1"}})


def speaks(dialect: str) -> Behaviour:
    """A service that reads one dialect, and answers public operations to anybody."""

    def choose(received: Received) -> Behaviour:
        if "activeAppContext" in received.json["query"]:
            read = (received.authorization or "").startswith("Bearer ") == (dialect == "bearer")
            return wire.graphql({"activeAppContext": {"hasUser": read}})
        is_bearer = (received.authorization or "").startswith("Bearer ")
        if is_bearer == (dialect == "bearer"):
            return SOMEBODY
        return wire.failed("activeAppUser", WRONG_DIALECT)

    return wire.by(choose)


def endpoint(url: str, memory: SharedCache | None = None, how: str = "auto") -> Endpoint:
    return Endpoint(Transport(url, timeout=TIMEOUT), how, memory)


def sent(server: FaultyServer) -> list[str]:
    """Per request the dialect, and ``public`` where the answer depends on it silently."""
    return [
        ("bearer" if (received.authorization or "").startswith("Bearer ") else "plain")
        + (" public" if "activeAppContext" in received.json["query"] else "")
        for received in server.requests
    ]


def remembered(*servers: FaultyServer) -> list[object]:
    """What the shared cache has about them: a thread of another test may still write there."""
    found = [caches["default"].get(endpoint(server.url)._key) for server in servers]
    return [dialect for dialect in found if dialect is not None]


# --- Learning --------------------------------------------------------------------------------


def test_the_documented_form_first_and_the_other_on_exactly_that_rejection() -> None:
    with FaultyServer(speaks("plain")) as server:
        for _ in range(3):
            answer = endpoint(server.url).send(QUERY)
            assert answer.data["activeAppUser"] == {"id": "1"}
        assert sent(server) == ["bearer", "plain", "plain", "plain"]


def test_the_documented_form_stays_where_it_is_read() -> None:
    with FaultyServer(speaks("bearer")) as server:
        for _ in range(3):
            endpoint(server.url).send(QUERY)
        assert sent(server) == ["bearer"] * 3


@pytest.mark.parametrize("dialect", ["plain", "bearer"])
def test_a_public_operation_waits_until_the_dialect_is_known(dialect: str) -> None:
    with FaultyServer(speaks(dialect)) as server:
        for _ in range(2):
            answer = endpoint(server.url).send(PUBLIC)
            assert answer.data == {"activeAppContext": {"hasUser": True}}
        learned = ["bearer", "plain"] if dialect == "plain" else ["bearer"]
        assert sent(server) == [*learned, f"{dialect} public", f"{dialect} public"]


@pytest.mark.parametrize("dialect", ["plain", "bearer"])
def test_a_mutation_goes_out_once_and_in_the_right_dialect(dialect: str) -> None:
    with FaultyServer(speaks(dialect)) as server:
        endpoint(server.url).send(MUTATION)
        mutations = [r for r in server.requests if "mutation" in r.json["query"]]
        assert len(mutations) == 1
        assert sent(server)[-1] == dialect


def test_what_the_probe_asks() -> None:
    for token_type, field, name in (
        (TokenType.APP_USER, "activeAppUser", "ActiveAppUser"),
        (TokenType.ORG_USER, "activeUser", "ActiveUser"),
        (TokenType.ORG_USER_API_TOKEN, "activeUser", "ActiveUser"),
    ):
        process.reset()
        with FaultyServer(SOMEBODY) as server:
            credential = Credential(token_type, SECRET)
            operation = Operation("query { x }", credential=credential, app_id="app")
            endpoint(server.url).send(operation)
            assert server.requests[0].json["query"] == f"query {name} {{ {field} {{ id }} }}"
            assert server.requests[0].headers["x-app-id"] == "app"
            assert server.requests[0].authorization == f"Bearer {token_type.value} {SECRET}"


def test_a_definite_word_about_the_token_teaches_too() -> None:
    with FaultyServer(wire.failed("activeAppUser", "jwt expired")) as server:
        endpoint(server.url).send(PUBLIC)
        endpoint(server.url).send(PUBLIC)
        assert sent(server) == ["bearer", "bearer public", "bearer public"]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (wire.failed("activeAppUser", "something new"), Unclear),
        (wire.failed("activeAppUser", "request to http://t/ failed, reason: x"), Failing),
        (wire.failed("activeAppUser", "undefined"), Failing),
        (wire.failed("activeAppUser", "No user authentication was provided"), Unclear),
        (wire.graphql({"activeAppUser": None}), Unclear),
        (wire.failed("activeAppUser", WRONG_DIALECT), Unclear),
        (wire.failed("activeAppUser", f"{WRONG_DIALECT}."), Unclear),
        (wire.html502(), Unreachable),
        (
            wire.graphql(
                None,
                [
                    wire.error(
                        'Context creation failed: The application ID "x" is no longer allowed.'
                    )
                ],
                status=400,
            ),
            ConfigurationError,
        ),
    ],
)
def test_trouble_teaches_nothing_and_keeps_public_operations_back(
    behaviour: Behaviour, expected: type[Exception]
) -> None:
    memory = shared()
    with FaultyServer(behaviour) as server:
        for _ in range(2):
            with pytest.raises(expected):
                endpoint(server.url, memory).send(PUBLIC)
        assert not any("public" in what for what in sent(server))
    assert remembered(server) == []


def test_a_service_that_reads_neither_is_asked_once_in_each() -> None:
    with FaultyServer(wire.failed("activeAppUser", WRONG_DIALECT)) as server:
        answer = endpoint(server.url).send(QUERY)
        assert answer.errors[0].message == WRONG_DIALECT
        assert sent(server) == ["bearer", "plain"]


def test_without_a_credential_nothing_is_learned() -> None:
    with FaultyServer() as server:
        endpoint(server.url).send(Operation("query { ping }"))
        assert [received.authorization for received in server.requests] == [None]


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "a\r\nx-app-id: b", "é", "\u20ac", "a\0"])
def test_a_token_that_no_header_can_carry(token: str) -> None:
    credential = Credential(TokenType.APP_USER, token)
    with FaultyServer(SOMEBODY) as server:
        for how in ("auto", "plain", "bearer"):
            for needs_person in (True, False):
                operation = replace(QUERY, credential=credential, needs_person=needs_person)
                with pytest.raises(Malformed):
                    endpoint(server.url, how=how).send(operation)
        assert server.requests == []


# --- Remembering -----------------------------------------------------------------------------


def test_processes_share_what_one_has_learned() -> None:
    memory = shared()
    with FaultyServer(speaks("plain")) as server:
        endpoint(server.url, memory).send(QUERY)
        process.reset()  # another process
        endpoint(server.url, memory).send(PUBLIC)
        assert sent(server) == ["bearer", "plain", "plain public"]
    assert remembered(server) == ["plain"]
    assert_no_secret(repr(caches["default"]._cache))


def test_each_endpoint_has_its_own() -> None:
    memory = shared()
    with FaultyServer(speaks("plain")) as one, FaultyServer(speaks("bearer")) as other:
        for server in (one, other):
            endpoint(server.url, memory).send(QUERY)
            endpoint(server.url, memory).send(PUBLIC)
        assert sent(one) == ["bearer", "plain", "plain public"]
        assert sent(other) == ["bearer", "bearer public"]
    assert len(remembered(one, other)) == 2


@pytest.mark.parametrize("value", ["", "latin", "Bearer", 42, ["plain"]])
def test_nonsense_in_the_shared_memory_is_nothing(value: object) -> None:
    memory = shared()
    with FaultyServer(speaks("plain")) as server:
        asking = endpoint(server.url, memory)
        caches["default"].set(asking._key, value)
        asking.send(PUBLIC)
        assert sent(server) == ["bearer", "plain", "plain public"]


def test_the_service_changes_and_we_follow() -> None:
    memory = shared()
    with FaultyServer(speaks("plain")) as server:
        endpoint(server.url, memory).send(QUERY)
        server.script(speaks("bearer"))
        for _ in range(2):
            answer = endpoint(server.url, memory).send(QUERY)
            assert answer.data["activeAppUser"] == {"id": "1"}
        assert sent(server) == ["bearer", "plain", "plain", "bearer", "bearer"]
    assert remembered(server) == ["bearer"]


def test_the_service_changes_and_a_mutation_sees_it_first() -> None:
    memory = shared()
    with FaultyServer(speaks("plain")) as server:
        endpoint(server.url, memory).send(QUERY)
        server.script(speaks("bearer"))
        with pytest.raises(Unclear):
            endpoint(server.url, memory).send(MUTATION)
        endpoint(server.url, memory).send(MUTATION)  # learned anew before it goes out
        assert sent(server) == ["bearer", "plain", "plain", "bearer", "bearer"]


# --- Pinned ----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["plain", "bearer"])
@pytest.mark.parametrize("service", ["plain", "bearer"])
def test_a_pinned_format_is_neither_learned_nor_changed(how: str, service: str) -> None:
    memory = shared()
    with FaultyServer(speaks(service)) as server:
        asking = endpoint(server.url, memory, how)
        asking.send(QUERY)
        asking.send(PUBLIC)
        assert sent(server) == [how, f"{how} public"]
    assert remembered(server) == []


def test_the_header() -> None:
    for token_type in TokenType:
        credential = Credential(token_type, "a.b.c")
        assert header(credential, "bearer") == f"Bearer {token_type.value} a.b.c"
        assert header(credential, "plain") == f"{token_type.value} a.b.c"


# --- Django's cache as the memory ------------------------------------------------------------


class BrokenCache(BaseCache):
    """A cache whose server is gone."""

    def __init__(self, location: str, params: dict[str, object]) -> None:
        super().__init__(params)

    def get(self, *args: object, **kwargs: object) -> object:
        raise ConnectionError("the cache is down")

    def set(self, *args: object, **kwargs: object) -> None:
        raise ConnectionError("the cache is down")

    def clear(self) -> None:
        pass


def test_the_cache_is_not_asked_again() -> None:
    memory = shared("default")
    with FaultyServer(speaks("plain")) as server:
        endpoint(server.url, memory).send(QUERY)
        caches["default"].clear()
        endpoint(server.url, memory).send(PUBLIC)
        assert sent(server) == ["bearer", "plain", "plain public"]


@pytest.mark.parametrize("backend", [f"{__name__}.BrokenCache", "nowhere.Cache"])
def test_a_cache_that_is_down_has_nothing(backend: str, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": backend}}
    memory = shared("default")
    with FaultyServer(speaks("plain")) as server:
        for _ in range(2):
            endpoint(server.url, memory).send(QUERY)
        assert sent(server) == ["bearer", "plain", "plain"]


# --- Against the sandbox ---------------------------------------------------------------------


@pytest.fixture(params=["plain", "bearer"])
def service(request: pytest.FixtureRequest) -> Iterator[SandboxServer]:
    with SandboxServer(Sandbox(dialect=request.param), port=0) as server:
        yield server


def test_the_sandbox_in_both_dialects(service: SandboxServer) -> None:
    sandbox = service.sandbox
    client = IdentityXClient(service.url, app_id=DAILY_APP_ID, timeout=(1, 1))
    reader = Credential(TokenType.APP_USER, sandbox.app_user_token("subscriber@example.net"))
    owner = Credential(TokenType.ORG_USER, sandbox.org_user_token("owner@example.com"))
    script = Credential(TokenType.ORG_USER_API_TOKEN, sandbox.api_token("owner@example.com"))
    context = client.execute("query { activeAppContext { hasUser } }", credential=reader)
    assert context == {"activeAppContext": {"hasUser": True}}
    assert client.active_app_user(reader).email == "subscriber@example.net"
    assert client.active_user(owner).email == "owner@example.com"
    assert client.active_user(script).email == "owner@example.com"
    prefix = "Bearer " if sandbox.dialect == "bearer" else ""
    seen = [record.authorization for record in sandbox.calls]
    people = ("AppUser", "AppUser", "OrgUser", "OrgUserApiToken")
    assert seen[-4:] == [f"{prefix}{person}" for person in people]
    assert seen[0] == "Bearer AppUser"
    assert len(seen) == (5 if sandbox.dialect == "bearer" else 6)


def test_a_wrong_pin_is_unavailable_and_not_rejected(service: SandboxServer) -> None:
    sandbox = service.sandbox
    wrong = "plain" if sandbox.dialect == "bearer" else "bearer"
    client = IdentityXClient(
        service.url, app_id=DAILY_APP_ID, timeout=(1, 1), authorization_format=wrong
    )
    reader = Credential(TokenType.APP_USER, sandbox.app_user_token("reader@example.net"))
    with pytest.raises(Unavailable) as caught:
        client.active_app_user(reader)
    assert_no_secret(text_of(caught.value), reader.token)
    with pytest.raises(Unclear):
        client.active_app_context(reader)


def test_a_bad_token_is_rejected_before_anything_is_known(service: SandboxServer) -> None:
    client = IdentityXClient(service.url, app_id=DAILY_APP_ID, timeout=(1, 1))
    with pytest.raises(Rejected) as caught:
        client.active_app_user(CREDENTIAL)
    assert_no_secret(text_of(caught.value))
    with pytest.raises(Rejected):
        client.active_app_context(CREDENTIAL)
