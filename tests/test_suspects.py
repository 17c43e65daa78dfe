"""Addresses with many rejected tokens: distinct ones count, within a bound."""

from __future__ import annotations

import pytest

from django_identityx.ratelimits import Bucket, LimitExceeded, Rate
from django_identityx.verification.suspects import MAX_CLIENTS, Suspects

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
    return Suspects(clock)


def wait(suspects: Suspects, of: Bucket) -> int:
    try:
        suspects.refuse([of])
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


def test_what_is_over_counts_anew(suspects: Suspects, clock: SimulatedClock) -> None:
    for number in range(3):
        suspects.add(bucket(), key(number))
    clock.advance(61)
    for number in range(2):
        suspects.add(bucket(), key(number))
    assert wait(suspects, bucket()) == 0
    suspects.add(bucket(), key(2))
    assert wait(suspects, bucket()) > 0


def test_a_flood_of_others_frees_nobody(suspects: Suspects) -> None:
    for number in range(3):
        suspects.add(bucket(), key(number))
    for client in range(MAX_CLIENTS + 10):
        suspects.add(bucket(str(client)), key(client))
    assert wait(suspects, bucket()) > 0
    assert sum(wait(suspects, bucket(str(client))) > 0 for client in range(100)) == 0


def test_threads_that_bring_one_token_count_once(suspects: Suspects) -> None:
    def work(index: int) -> None:
        for number in range(300):
            suspects.add(bucket(str(number % 30)), key(number % 2))
            wait(suspects, bucket(str(index)))

    assert crowd(8, work) == [None] * 8
    assert not any(wait(suspects, bucket(str(client))) for client in range(30))
