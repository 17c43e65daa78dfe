"""The tree that the module draws, and what an error carries."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from django_identityx import exceptions
from django_identityx.exceptions import (
    Busy,
    ConfigurationError,
    Failing,
    IdentityXError,
    InvalidInput,
    Malformed,
    NotAllowed,
    NotFound,
    NoVerdict,
    OperationFailed,
    Rejected,
    Unavailable,
    Unclear,
    Unreachable,
)

REASONS = re.findall(r"``(\w+)``", (Rejected.__doc__ or "").partition("is one of")[2])


def drawn() -> dict[str, str]:
    """Class to base, as the docstring's tree has them."""
    parents: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    lines = (exceptions.__doc__ or "").splitlines()
    for line in lines[lines.index("::") + 1 :]:
        found = re.match(r"([\s│├└─]*)([A-Z]\w+)(\s{2,}|$)", line)
        if found is None or (not stack and found[2] != "IdentityXError"):
            continue
        depth, name = len(found[1]), found[2]
        while stack and stack[-1][0] >= depth:
            stack.pop()
        if stack:
            parents[name] = stack[-1][1]
        stack.append((depth, name))
    return parents


def test_the_tree_is_drawn_as_it_is() -> None:
    actual = {
        name: value.__base__.__name__
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, IdentityXError) and value.__name__ == name
    }
    assert drawn() == {name: base for name, base in actual.items() if name != "IdentityXError"}


def test_none_of_the_three_answers_stands_for_another() -> None:
    answers = (Rejected, NoVerdict, OperationFailed)
    for kind in answers:
        assert [other for other in answers if issubclass(kind, other)] == [kind]
    assert not issubclass(ConfigurationError, Unavailable)


def test_the_name_of_version_0_1() -> None:
    assert exceptions.PermissionDenied is NotAllowed


def test_all_without_a_verdict_say_when_to_ask_again() -> None:
    assert ConfigurationError("x").retry_after == 60
    assert ConfigurationError("x", retry_after=7).retry_after == 7


def test_the_reasons() -> None:
    assert set(REASONS) == set(exceptions._REASONS)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words(reason: str) -> None:
    assert str(Rejected(reason)) != "The credential is not valid."
    assert Rejected(reason).reason == reason


def test_words_of_its_own() -> None:
    assert str(Malformed("malformed", "Too long.")) == "Too long."
    assert str(Rejected("something new")) == "The credential is not valid."


def test_retry_after_is_at_least_a_second() -> None:
    assert Unreachable("x").retry_after == 5
    assert Busy("x", retry_after=0).retry_after == 1
    assert Failing("x", retry_after=-3).retry_after == 1
    assert Unclear("x", retry_after=30).retry_after == 30


@pytest.mark.parametrize(
    "error",
    [
        IdentityXError("x"),
        ConfigurationError("x"),
        Rejected("expired"),
        Rejected("expired", "words"),
        Malformed("malformed", "words"),
        Unreachable("x", retry_after=7),
        Busy("x", retry_after=9),
        OperationFailed("x", code="C"),
        NotFound("x", code="C"),
        InvalidInput("x", code="C", detail="d", fields={"a": ["d"]}),
        NotAllowed("x", code="C"),
    ],
    ids=repr,
)
def test_copied_and_pickled(error: IdentityXError) -> None:
    """Task queues and process pools send errors from one process to another."""
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)
