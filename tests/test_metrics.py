"""Telling others how verifications went, whatever they do with it."""

from __future__ import annotations

from typing import Any

import pytest

from django_identityx import signals
from django_identityx.exceptions import Busy, Unreachable
from django_identityx.verification.metrics import LOCAL, LOG_EVERY, Reporter

from .simulated_clock import SimulatedClock

told: list[tuple[str, float]] = []


def collect(outcome: str, seconds: float) -> None:
    told.append((outcome, seconds))


def fail(outcome: str, seconds: float) -> None:
    raise ZeroDivisionError


def test_outcome_and_seconds() -> None:
    told.clear()
    clock = SimulatedClock()
    reporter = Reporter("tests.test_metrics.collect", clock)
    started = clock.monotonic()
    clock.advance(0.5)
    reporter.tell(LOCAL, started)
    assert told == [("local", 0.5)]


def test_without_a_hook_nothing_happens() -> None:
    reporter = Reporter(None, SimulatedClock())
    reporter.tell(LOCAL, 0.0)
    assert reporter.hook is None


def test_a_hook_that_fails_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock = SimulatedClock()
    reporter = Reporter("tests.test_metrics.fail", clock)
    for _ in range(10):
        reporter.tell(LOCAL, 0.0)
    assert len(caplog.records) == 1
    clock.advance(LOG_EVERY)
    reporter.tell(LOCAL, 0.0)
    assert len(caplog.records) == 2


def test_a_hook_that_is_not_there_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    reporter = Reporter("no.such.hook", SimulatedClock())
    reporter.tell(LOCAL, 0.0)
    assert "IDENTITYX_METRICS" in caplog.text


def test_the_signal_is_sent_once_a_second_and_survives_its_receivers() -> None:
    heard: list[str] = []

    def receiver(reason: str, **kwargs: Any) -> None:
        heard.append(reason)
        raise ZeroDivisionError

    clock = SimulatedClock()
    reporter = Reporter(None, clock)
    signals.service_unavailable.connect(receiver)
    try:
        for error in (Unreachable("down"), Busy("open"), Busy("open")):
            reporter.unavailable(error)
            clock.advance(0.6)
    finally:
        signals.service_unavailable.disconnect(receiver)
    assert heard == ["unreachable", "busy"]
