"""Addresses with many rejected tokens: distinct ones count, within a bound."""

from __future__ import annotations

import pytest

from django_identityx.ratelimits import Bucket, LimitExceeded, Rate
from django_identityx.verification.suspects import Suspects

from .crowd import crowd
from .simulated_clock import SimulatedClock


def bucket(key: str = "a", *rates: Rate) -> Bucket:
    return Bucket("reject-address", key, rates or (Rate(3, 60),))


def key(number: int) -> bytes:
    return number.to_bytes(32, "little")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def suspects(clock: SimulatedClock) -> Suspects:
    return Suspects(clock, size=20)


def wait(suspects: Suspects, of: Bucket) -> int:
    try:
        suspects.refuse(of)
    except LimitExceeded as exceeded:
        return exceeded.wait
    return 0


def test_distinct_tokens_count(suspects: Suspects, clock: SimulatedClock) -> None:
    for number in (1, 1, 2, 2, 1):
        suspects.add(bucket(), key(number))
    assert wait(suspects, bucket()) == 0
    suspects.add(bucket(), key(3))
    assert 60 <= wait(suspects, bucket()) <= 61
    assert wait(suspects, bucket("b")) == 0
    clock.advance(59)
    assert wait(suspects, bucket()) > 0
    clock.advance(2)
    assert wait(suspects, bucket()) == 0


def test_each_rate_holds(suspects: Suspects, clock: SimulatedClock) -> None:
    rates = (Rate(2, 10), Rate(4, 1000))
    for number in range(4):
        suspects.add(bucket("a", *rates), key(number))
        clock.advance(8)
    clock.advance(10)
    assert wait(suspects, bucket("a", *rates)) > 900


def test_what_is_over_is_forgotten(suspects: Suspects, clock: SimulatedClock) -> None:
    for number in range(3):
        suspects.add(bucket(), key(number))
    clock.advance(61)
    suspects.add(bucket(), key(9))
    assert len(suspects) == 1


def test_it_is_bounded(suspects: Suspects) -> None:
    for number in range(100):
        suspects.add(bucket(), key(number))
    assert len(suspects) == 3
    for client in range(100):
        suspects.add(bucket(str(client)), key(client))
    assert len(suspects) == 20


def test_threads(suspects: Suspects) -> None:
    def work(index: int) -> None:
        for number in range(300):
            suspects.add(bucket(str(number % 30)), key(number * 8 + index))
            wait(suspects, bucket(str(index)))

    assert crowd(8, work) == [None] * 8
    assert len(suspects) <= 20
