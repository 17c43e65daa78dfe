"""The circuit breaker: what opens it, what closes it, and what it doesn't listen to."""

from __future__ import annotations

import pytest

from django_identityx.exceptions import (
    Busy,
    ConfigurationError,
    Failing,
    Malformed,
    Rejected,
    Unclear,
    Unreachable,
)
from django_identityx.service.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Breaker

from .simulated_clock import SimulatedClock

CLOSING = [None, Rejected("revoked")]
DEAF_TO = [Unclear("?"), Malformed("malformed"), ConfigurationError("id"), KeyboardInterrupt()]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def breaker(clock: SimulatedClock) -> Breaker:
    return Breaker(clock)


def call(breaker: Breaker, outcome: BaseException | None = None) -> None:
    try:
        with breaker.call():
            if outcome is not None:
                raise outcome
    except BaseException as error:
        if error is not outcome:
            raise


def break_(breaker: Breaker) -> None:
    for _ in range(FAILURES):
        call(breaker, Unreachable("down"))


@pytest.mark.parametrize("failure", [Unreachable("down"), Failing("inside")])
def test_it_opens_after_failures_in_a_row(breaker: Breaker, failure: Exception) -> None:
    for _ in range(FAILURES):
        assert breaker.is_closed
        call(breaker, failure)
    assert not breaker.is_closed
    with pytest.raises(Busy) as caught:
        call(breaker)
    assert caught.value.retry_after == FIRST_PAUSE


@pytest.mark.parametrize("answer", CLOSING, ids=["accepted", "rejected"])
def test_an_answer_between_begins_the_row_anew(breaker: Breaker, answer: Exception | None) -> None:
    for _ in range(3):
        for _ in range(FAILURES - 1):
            call(breaker, Unreachable("down"))
        call(breaker, answer)
    assert breaker.is_closed


@pytest.mark.parametrize("outcome", DEAF_TO, ids=lambda outcome: type(outcome).__name__)
def test_what_one_token_provokes_opens_nothing(breaker: Breaker, outcome: BaseException) -> None:
    for _ in range(3 * FAILURES):
        call(breaker, outcome)
    assert breaker.is_closed


@pytest.mark.parametrize("outcome", DEAF_TO, ids=lambda outcome: type(outcome).__name__)
def test_what_one_token_provokes_hides_no_outage(breaker: Breaker, outcome: BaseException) -> None:
    for _ in range(FAILURES):
        call(breaker, Unreachable("down"))
        if breaker.is_closed:
            call(breaker, outcome)
    assert not breaker.is_closed


def test_half_open_lets_one_probe_through(breaker: Breaker, clock: SimulatedClock) -> None:
    break_(breaker)
    clock.advance(FIRST_PAUSE)
    with breaker.call():
        with pytest.raises(Busy):
            call(breaker)
        with pytest.raises(Busy):
            breaker.check()
    assert breaker.is_closed
    call(breaker)


def test_a_failed_probe_doubles_the_pause(breaker: Breaker, clock: SimulatedClock) -> None:
    break_(breaker)
    pause = FIRST_PAUSE
    for _ in range(8):
        clock.advance(pause - 0.1)
        with pytest.raises(Busy):
            call(breaker)
        clock.advance(0.1)
        call(breaker, Failing("inside"))
        pause = min(pause * 2, LONGEST_PAUSE)
    clock.advance(pause)
    call(breaker)
    assert breaker.is_closed
    break_(breaker)
    with pytest.raises(Busy) as caught:
        call(breaker)
    assert caught.value.retry_after == FIRST_PAUSE


@pytest.mark.parametrize("outcome", DEAF_TO, ids=lambda outcome: type(outcome).__name__)
def test_an_unclear_probe_ends_and_decides_nothing(
    breaker: Breaker, clock: SimulatedClock, outcome: BaseException
) -> None:
    break_(breaker)
    clock.advance(FIRST_PAUSE)
    call(breaker, outcome)
    assert not breaker.is_closed
    call(breaker)  # the next probe, at once
    assert breaker.is_closed


def test_calls_that_were_under_way_when_it_opened_prolong_nothing(
    breaker: Breaker, clock: SimulatedClock
) -> None:
    calls = [breaker.call() for _ in range(FAILURES + 4)]
    for begun in calls:
        begun.__enter__()
    for begun in calls:
        failure = Unreachable("timeout")
        begun.__exit__(Unreachable, failure, None)
    clock.advance(FIRST_PAUSE)
    call(breaker)
    assert breaker.is_closed


def test_check_takes_no_probe(breaker: Breaker, clock: SimulatedClock) -> None:
    breaker.check()
    break_(breaker)
    with pytest.raises(Busy):
        breaker.check()
    clock.advance(FIRST_PAUSE)
    breaker.check()
    breaker.check()
    call(breaker)
