"""Telling others how verifications went, whatever they do with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from django_identityx import signals
from django_identityx.conf import conf
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import LeftAlone, Rejected, Unavailable
from django_identityx.sandbox import Sandbox
from django_identityx.service import Gate
from django_identityx.service.gates import FAILURES
from django_identityx.testing import credential
from django_identityx.verification import Verifier, places, verify

from .crowd import crowd, wait_until
from .simulated_clock import SimulatedClock

READER = "reader@example.net"
told: list[tuple[str, float]] = []


def collect(outcome: str, seconds: float) -> None:
    told.append((outcome, seconds))


def fail(outcome: str, seconds: float) -> None:
    raise ZeroDivisionError


def process(clock: SimulatedClock) -> Verifier:
    return Verifier(clock, Gate(conf.MAX_VERIFICATIONS, clock))


@pytest.fixture
def reader(sandbox: Sandbox, settings: Any) -> Credential:
    settings.IDENTITYX_AUTHORIZATION_FORMAT = "plain"
    settings.IDENTITYX_METRICS = "tests.test_metrics.collect"
    told.clear()
    return credential(sandbox, READER)


@pytest.fixture
def reasons() -> Iterator[list[str]]:
    heard: list[str] = []

    def receiver(reason: str, **kwargs: Any) -> None:
        heard.append(reason)
        raise ZeroDivisionError

    signals.service_unavailable.connect(receiver)
    yield heard
    signals.service_unavailable.disconnect(receiver)


def test_outcomes_tell_what_to_act_on(
    sandbox: Sandbox, reader: Credential, settings: Any, reasons: list[str]
) -> None:
    clock = SimulatedClock()
    one = process(clock)
    one.check(reader)
    one.check(reader)
    process(clock).check(reader)
    clock.advance(61)
    other = credential(sandbox, "subscriber@example.net")
    sandbox.set_fault("inner", message="Something new.")
    with pytest.raises(Unavailable):
        one.check(other)
    sandbox.set_fault("html502")
    one.check(reader)
    for _ in range(FAILURES - 1):
        clock.advance(1)
        with pytest.raises(Unavailable):
            one.check(other)
    clock.advance(1)
    with pytest.raises(LeftAlone):
        one.check(other)
    with pytest.raises(Rejected):
        one.check(Credential(TokenType.APP_USER, "no.jwt"))
    assert [outcome for outcome, _ in told] == [
        "asked",
        "local",
        "shared",
        "unclear",
        "stale",
        "unreachable",
        "unreachable",
        "left_alone",
        "rejected",
    ]
    assert all(isinstance(seconds, float) for _, seconds in told)
    assert reasons == ["unclear", "unreachable", "unreachable", "left_alone"]


def test_a_full_queue_and_how_full_it_is(
    sandbox: Sandbox, reader: Credential, settings: Any, reasons: list[str]
) -> None:
    settings.IDENTITYX_MAX_VERIFICATIONS = 1
    verify(reader)
    sandbox.set_fault("slow", seconds=0.5)
    loads = []

    def act(index: int) -> None:
        if index == 2:
            wait_until(lambda: places().waiting)
            loads.append(places())
        else:
            verify(credential(sandbox, READER))

    crowd(3, act)
    (load,) = loads
    assert (load.taken, load.places, load.waiting) == (1, 1, 1)
    assert sorted(outcome for outcome, _ in told) == ["asked", "asked", "queue_full"]
    assert reasons == ["queue_full"]


def test_a_hook_that_fails_harms_nothing(
    reader: Credential, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.IDENTITYX_METRICS = "tests.test_metrics.fail"
    clock = SimulatedClock()
    one = process(clock)
    for _ in range(10):
        assert one.check(reader).user.email == READER

    def told() -> int:
        return sum("IDENTITYX_METRICS failed" in record.message for record in caplog.records)

    assert told() == 1
    clock.advance(61)
    one.check(reader)
    assert told() == 2


def test_a_hook_that_is_not_there_harms_nothing(
    reader: Credential, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.IDENTITYX_METRICS = "no.such.hook"
    assert verify(reader).email == READER
    assert "IDENTITYX_METRICS" in caplog.text
