"""Picking an answer out of what came back, and what may be sent again."""

from __future__ import annotations

import pytest

from django_identityx.client import IdentityXClient
from django_identityx.exceptions import (
    Failing,
    NotFound,
    OperationFailed,
    Rejected,
    Unclear,
    Unreachable,
)
from django_identityx.service import About, Answer, GraphQLError, value_of

from . import faulty_server as wire
from .faulty_server import FaultyServer

OUTAGE = "request to http://token/ failed, reason: socket hang up"


def answer(data: dict[str, object] | None = None, *errors: tuple[str, str | None]) -> Answer:
    """``errors`` are messages and the root fields that they belong to."""
    return Answer(
        data or {},
        tuple(
            GraphQLError(message, "UNAUTHENTICATED", (path,) if path else ())
            for message, path in errors
        ),
    )


def test_a_value_beside_the_trouble_of_another_field() -> None:
    assert value_of(answer({"a": 1, "b": None}, ("jwt expired", "b")), "a") == 1


def test_falsy_values_are_values() -> None:
    for value in (False, 0, "", [], {}):
        assert value_of(answer({"a": value}), "a") == value


def test_nothing() -> None:
    assert value_of(answer({"a": None}), "a", nullable=True) is None
    for data in ({"a": None}, {}):
        with pytest.raises(Unclear):
            value_of(answer(data), "a")


def test_nothing_because_another_field_took_all_of_it_away() -> None:
    with pytest.raises(Failing):
        value_of(answer(None, (OUTAGE, "b")), "a", About.CREDENTIAL)
    with pytest.raises(Unclear):  # what is wrong with b says nothing about a
        value_of(answer(None, ("jwt expired", "b")), "a", About.CREDENTIAL)


def test_whether_it_is_about_a_token() -> None:
    gone = answer({"a": None}, ("No user was found for 'x'", "a"))
    with pytest.raises(Rejected):
        value_of(gone, "a", About.CREDENTIAL)
    with pytest.raises(NotFound):
        value_of(gone, "a")
    with pytest.raises(OperationFailed):
        value_of(answer({"a": None}, ("jwt expired", "a")), "a")


def test_execute_goes_by_the_first_error() -> None:
    behaviour = wire.graphql(
        {"a": 1, "b": None, "c": None},
        [wire.error("jwt expired", path=["b"]), wire.error(OUTAGE, path=["c"])],
    )
    with FaultyServer(behaviour) as server:
        client = IdentityXClient(server.url, timeout=(1, 1))
        with pytest.raises(OperationFailed):
            client.execute("{ a b c }")


@pytest.mark.parametrize(
    ("document", "is_mutation"),
    [
        ("query { ping }", False),
        ("{ ping }", False),
        ("  \n query Ping { ping }", False),
        ("mutation { userLogout }", True),
        ("fragment F on AppUser { id } mutation { x { ...F } }", True),
        ("query A { ping } mutation B { userLogout }", True),
        ("# a comment\nmutation { userLogout }", True),
        ("", True),
    ],
)
def test_what_is_not_clearly_a_query_is_never_sent_twice(document: str, is_mutation: bool) -> None:
    pong = wire.graphql({"ping": "pong"})
    with FaultyServer(pong, wire.drop(), pong) as server:
        client = IdentityXClient(server.url, timeout=(1, 1))
        client.ping()
        if is_mutation:
            with pytest.raises(Unreachable):
                client.execute(document)
        else:
            client.execute(document)
        assert len(server.requests) == (2 if is_mutation else 3)
