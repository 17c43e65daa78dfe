"""The gate to an endpoint: what opens its breaker and what doesn't, and who waits for a place."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from django_identityx import process
from django_identityx.client import IdentityXClient
from django_identityx.exceptions import (
    Busy,
    ConfigurationError,
    Failing,
    LeftAlone,
    Malformed,
    NotFound,
    Rejected,
    Unavailable,
    Unclear,
    Unreachable,
)
from django_identityx.sandbox import Sandbox
from django_identityx.service import PEOPLE, VERIFICATION, Gate, gate
from django_identityx.service.gates import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, MAX_PEOPLE

from .crowd import FOR_EVER, crowd
from .simulated_clock import SimulatedClock

CLOSING = [None, Rejected("revoked"), NotFound("no such user")]
DEAF_TO = [Unclear("?"), Malformed("malformed"), ConfigurationError("id"), KeyboardInterrupt()]
each_lane = pytest.mark.parametrize("lane", [VERIFICATION, PEOPLE])


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def way(clock: SimulatedClock) -> Gate:
    return Gate(8, clock)


def call(way: Gate, outcome: BaseException | None = None, lane: str = VERIFICATION) -> None:
    try:
        with way.call(lane):
            if outcome is not None:
                raise outcome
    except BaseException as error:
        if error is not outcome:
            raise


def break_(way: Gate, lane: str = VERIFICATION) -> None:
    for _ in range(FAILURES):
        call(way, Unreachable("down"), lane)


# --- the breaker --------------------------------------------------------------------------------


@each_lane
@pytest.mark.parametrize("failure", [Unreachable("down"), Failing("inside")])
def test_it_opens_after_failures_in_a_row(way: Gate, lane: str, failure: Exception) -> None:
    for _ in range(FAILURES):
        assert way.is_closed(lane)
        way.refuse_early(lane)
        call(way, failure, lane)
    assert not way.is_closed(lane)
    with pytest.raises(LeftAlone) as caught:
        call(way, lane=lane)
    assert caught.value.retry_after == FIRST_PAUSE
    with pytest.raises(LeftAlone):
        way.refuse_early(lane)


def test_what_needs_no_credential_says_nothing_of_what_does(way: Gate) -> None:
    for _ in range(FAILURES):
        call(way, Failing("inside"), VERIFICATION)
        if way.is_closed(VERIFICATION):
            call(way, None, PEOPLE)
    assert not way.is_closed(VERIFICATION)
    call(way, None, PEOPLE)
    assert not way.is_closed(VERIFICATION)


@pytest.mark.parametrize("answer", CLOSING, ids=["accepted", "rejected", "refused"])
def test_an_answer_between_begins_the_row_anew(way: Gate, answer: Exception | None) -> None:
    for _ in range(3):
        for _ in range(FAILURES - 1):
            call(way, Unreachable("down"))
        call(way, answer)
    assert way.is_closed(VERIFICATION)


@pytest.mark.parametrize("outcome", DEAF_TO, ids=lambda outcome: type(outcome).__name__)
def test_what_one_token_provokes_opens_nothing(way: Gate, outcome: BaseException) -> None:
    for _ in range(3 * FAILURES):
        call(way, outcome)
    assert way.is_closed(VERIFICATION)


@pytest.mark.parametrize("outcome", DEAF_TO, ids=lambda outcome: type(outcome).__name__)
def test_what_one_token_provokes_hides_no_outage(way: Gate, outcome: BaseException) -> None:
    for _ in range(FAILURES):
        call(way, Unreachable("down"))
        if way.is_closed(VERIFICATION):
            call(way, outcome)
    assert not way.is_closed(VERIFICATION)


def test_half_open_lets_one_probe_through(way: Gate, clock: SimulatedClock) -> None:
    break_(way)
    clock.advance(FIRST_PAUSE)
    way.refuse_early(VERIFICATION)  # takes no probe
    with way.call(VERIFICATION):
        assert isinstance(elsewhere(lambda: call(way)), LeftAlone)
        with pytest.raises(LeftAlone):
            way.refuse_early(VERIFICATION)
    assert way.is_closed(VERIFICATION)
    call(way)


def test_a_failed_probe_doubles_the_pause(way: Gate, clock: SimulatedClock) -> None:
    break_(way)
    pause = FIRST_PAUSE
    for _ in range(8):
        clock.advance(pause - 0.1)
        with pytest.raises(LeftAlone):
            call(way)
        clock.advance(0.1)
        call(way, Failing("inside"))
        pause = min(pause * 2, LONGEST_PAUSE)
    clock.advance(pause)
    call(way)
    assert way.is_closed(VERIFICATION)
    break_(way)
    with pytest.raises(LeftAlone) as caught:
        call(way)
    assert caught.value.retry_after == FIRST_PAUSE


@pytest.mark.parametrize("outcome", DEAF_TO, ids=lambda outcome: type(outcome).__name__)
def test_an_unclear_probe_ends_and_decides_nothing(
    way: Gate, clock: SimulatedClock, outcome: BaseException
) -> None:
    break_(way)
    clock.advance(FIRST_PAUSE)
    call(way, outcome)
    assert not way.is_closed(VERIFICATION)
    call(way)  # the next probe, at once
    assert way.is_closed(VERIFICATION)


def test_calls_that_were_under_way_when_it_opened_prolong_nothing(
    way: Gate, clock: SimulatedClock
) -> None:
    def fail(_: int) -> None:
        with way.call(VERIFICATION, is_known=True):
            time.sleep(0.05)
            raise Unreachable("timeout")

    assert {type(error) for error in crowd(8, fail)} == {Unreachable}
    clock.advance(FIRST_PAUSE)
    call(way)
    assert way.is_closed(VERIFICATION)


@each_lane
def test_what_interrupts_the_end_of_a_call_keeps_neither_place_nor_probe(
    way: Gate, clock: SimulatedClock, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupt(record: logging.LogRecord) -> bool:
        raise KeyboardInterrupt

    caplog.set_level(logging.INFO, "django_identityx")
    caplog.handler.addFilter(interrupt)
    try:
        for _ in range(FAILURES - 1):
            call(way, Unreachable("down"), lane)
        with pytest.raises(KeyboardInterrupt):  # in the line that tells of the opening
            call(way, Unreachable("down"), lane)
        clock.advance(FIRST_PAUSE)
        with pytest.raises(KeyboardInterrupt):  # of a probe that fails
            call(way, Unreachable("down"), lane)
    finally:
        caplog.handler.removeFilter(interrupt)
    assert way.load(lane).taken == 0
    clock.advance(2 * FIRST_PAUSE)
    call(way, lane=lane)
    assert way.is_closed(lane)


# --- places -------------------------------------------------------------------------------------


@contextmanager
def holding(way: Gate, number: int, lane: str = VERIFICATION, **options: Any) -> Iterator[None]:
    """Calls of other threads, under way within the block; all hang."""
    done = threading.Event()
    begun = threading.Barrier(number + 1)

    def hang() -> None:
        with way.call(lane, **options):
            begun.wait(FOR_EVER)
            done.wait(FOR_EVER)

    threads = [threading.Thread(target=hang) for _ in range(number)]
    for thread in threads:
        thread.start()
    begun.wait(FOR_EVER)
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(FOR_EVER)


def elsewhere(action: Callable[[], Any]) -> Any:
    """What ``action`` came to in another thread."""
    return crowd(1, lambda _: action())[0]


@pytest.mark.parametrize(("size", "unknown"), [(1, 1), (4, 3), (9, 7)])
def test_newcomers_leave_a_quarter(size: int, unknown: int) -> None:
    way = Gate(size)
    call(way)  # answers come quickly, so patience is short
    with ExitStack() as stack:
        stack.enter_context(holding(way, unknown))
        with pytest.raises(Busy) as caught:
            call(way)
        assert caught.value.retry_after == 1
        if size > unknown:
            stack.enter_context(holding(way, size - unknown, is_known=True))
        with pytest.raises(Busy), way.call(VERIFICATION, is_known=True):
            pass
        assert way.load(VERIFICATION).taken == way.load(VERIFICATION).places == size
        call(way, None, PEOPLE)
    call(way)
    assert way.load(VERIFICATION).taken == 0


def test_a_place_is_free_again_after_an_error() -> None:
    way = Gate(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), way.call(VERIFICATION):
            raise ZeroDivisionError


def test_a_call_within_a_call_is_part_of_it() -> None:
    way = Gate(1)
    for _ in range(2):
        with way.call(VERIFICATION), way.call(PEOPLE), way.call(VERIFICATION):
            assert (way.load(VERIFICATION).taken, way.load(PEOPLE).taken) == (1, 0)


@each_lane
def test_a_crowd_is_served_where_answers_come(lane: str) -> None:
    way = Gate(4)
    number = {VERIFICATION: 32, PEOPLE: MAX_PEOPLE + MAX_PEOPLE // 2}[lane]

    def ask(_: int) -> None:
        for _ in range(4):
            with way.call(lane):
                time.sleep(0.005)

    assert crowd(number, ask) == [None] * number


def test_nobody_waits_long_where_no_answers_come() -> None:
    way = Gate(4)
    call(way)
    with holding(way, 3):
        assert all(isinstance(error, Busy) for error in crowd(16, lambda _: call(way)))
        nobody_waits(way)


def test_people_who_hang_leave_threads_free() -> None:
    way = Gate(8)
    with holding(way, MAX_PEOPLE, PEOPLE):
        waiting: list[int] = []

        def ask(index: int) -> None:
            with pytest.raises(Busy):
                call(way, None, PEOPLE)

        with ThreadPoolExecutor(16) as threads:
            asking = [threads.submit(ask, index) for index in range(16)]
            while not all(each.done() for each in asking):
                waiting.append(way.load(PEOPLE).waiting)
                time.sleep(0.01)
        assert max(waiting) <= MAX_PEOPLE // 2  # all but these few are sent away at once
        call(way)  # the other lane is open


def test_links_that_are_asked_for_while_identityx_hangs(sandbox: Sandbox, settings: Any) -> None:
    """32 of them on 16 threads: whatever else these threads have to do is done meanwhile."""
    settings.IDENTITYX_TIMEOUT = (FOR_EVER, FOR_EVER)
    client = IdentityXClient.from_settings()
    sandbox.set_fault("hang", seconds=FOR_EVER)

    def ask(number: int) -> None:
        with contextlib.suppress(Unavailable):
            client.send_app_user_login_link(f"reader{number}@example.net", "https://a.example/cb/")

    with ThreadPoolExecutor(16) as threads:
        asking = [threads.submit(ask, number) for number in range(32)]
        for _ in range(10):
            assert threads.submit(lambda: "a page").result(FOR_EVER / 2) == "a page"
        assert not all(each.done() for each in asking)
        sandbox.clear_fault()


def test_nobody_waits_in_a_flood_of_bad_tokens() -> None:
    way = Gate(4)

    def ask(_: int) -> str:
        try:
            with way.call(VERIFICATION):
                time.sleep(0.2)
                raise Rejected("invalid")
        except (Rejected, Busy) as error:
            return type(error).__name__

    # Those who wait when the second answer comes are sent away with it. Whose turn came with the
    # first may have gone before.
    assert crowd(12, ask).count("Rejected") in {3, 4}
    assert sorted(crowd(12, ask)) == ["Busy"] * 9 + ["Rejected"] * 3
    with holding(way, 3):
        nobody_waits(way)
        with way.call(VERIFICATION, is_known=True):
            pass


def test_one_bad_token_is_no_flood() -> None:
    """The first who comes after a restart may bring an old one: nobody behind is sent away."""
    way, answers = Gate(4), itertools.count()

    def ask(_: int) -> None:
        with contextlib.suppress(Rejected), way.call(VERIFICATION):
            time.sleep(0.02)
            if next(answers) == 0:
                raise Rejected("revoked")

    assert crowd(12, ask) == [None] * 12


def nobody_waits(way: Gate) -> None:
    """If each waited, and be it for the least that makes a queue stuck, it would take 25 s."""
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(Busy):
            call(way)
    assert time.monotonic() - began < 15


def test_one_gate_for_an_endpoint(settings: Any) -> None:
    settings.IDENTITYX_MAX_VERIFICATIONS = 3
    assert gate("http://a") is gate("http://a")
    assert gate("http://a") is not gate("http://b")
    assert gate("http://a").load(VERIFICATION).places == 3
    before = gate("http://a")
    process.reset()
    assert gate("http://a") is not before
