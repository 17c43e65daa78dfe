"""The tier that processes share: generations, denials, locks, and caches in trouble."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import pytest
from django.core.cache import caches

from django_identityx.users import AppUser
from django_identityx.verification.caching import (
    LOG_EVERY,
    MOST_SLOW,
    REST,
    SLOW,
    Shared,
    SharedVerdicts,
)
from django_identityx.verification.verdicts import Kept, Verdict, pack

from .cache_backends import Down
from .simulated_clock import SimulatedClock
from .troubled_caches import Slow

KEY = bytes(range(32))
USER = AppUser("1", "reader@example.net")


def backend(settings: Any, path: str) -> None:
    settings.CACHES = {"default": {"BACKEND": path, "LOCATION": secrets.token_hex(4)}}


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def shared(settings: Any, clock: SimulatedClock) -> SharedVerdicts:
    backend(settings, "tests.cache_backends.Remote")
    return SharedVerdicts("default", 360, clock)


def kept(clock: SimulatedClock, generation: str = "") -> Kept:
    return Kept(Verdict(USER, clock.time()), None, generation)


def test_nothing_is_known_at_first(shared: SharedVerdicts) -> None:
    assert shared.read(KEY) == Shared()


def test_what_is_written_is_read(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    shared.write(KEY, kept(clock))
    assert shared.read(KEY).kept == kept(clock)
    assert shared.read(bytes(32)).kept is None


def test_a_purge_ends_it(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    shared.write(KEY, kept(clock))
    shared.purge(KEY, 100)
    found = shared.read(KEY)
    assert found.kept is None
    assert found.generation
    assert not found.is_denied


def test_what_was_under_way_during_a_purge_is_dead(
    shared: SharedVerdicts, clock: SimulatedClock
) -> None:
    asked = shared.read(KEY).generation
    shared.purge(KEY, 100)
    shared.write(KEY, kept(clock, asked))
    assert shared.read(KEY).kept is None
    asked = shared.read(KEY).generation
    shared.write(KEY, kept(clock, asked))
    assert shared.read(KEY).kept is not None
    shared.purge(KEY, 100)
    shared.write(KEY, kept(clock, asked))
    assert shared.read(KEY).kept is None


def test_a_mark_that_got_lost_costs_a_question_only(
    shared: SharedVerdicts, clock: SimulatedClock
) -> None:
    shared.purge(KEY, 100)
    shared.write(KEY, kept(clock, shared.read(KEY).generation))
    (mark,) = [key for key in caches["default"].keys if ":m:" in key]
    caches["default"].delete(mark.split(":", 2)[2])
    assert shared.read(KEY).kept is None


def test_a_denial_lasts_its_time(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    shared.write(KEY, kept(clock))
    assert shared.deny(KEY, 100)
    assert shared.read(KEY).is_denied
    assert shared.read(KEY).kept is None
    clock.advance(99)
    assert shared.read(KEY).is_denied
    clock.advance(2)
    assert not shared.read(KEY).is_denied


def test_nothing_shortens_a_denial(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    assert shared.deny(KEY, 1000)
    assert shared.deny(KEY, 10)
    shared.purge(KEY, 10)
    clock.advance(500)
    assert shared.read(KEY).is_denied


def test_a_denial_can_be_prolonged(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    shared.deny(KEY, 10)
    assert shared.deny(KEY, 1000)
    clock.advance(500)
    assert shared.read(KEY).is_denied


def test_one_lock_at_a_time(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    assert shared.lock(KEY) is True
    assert shared.lock(KEY) is False
    assert shared.read(KEY, look_at_lock=True).is_locked
    shared.unlock(KEY, clock.monotonic())
    assert shared.lock(KEY) is True


def test_a_lock_that_ran_out_is_somebody_else_s(
    shared: SharedVerdicts, clock: SimulatedClock
) -> None:
    since = clock.monotonic()
    shared.lock(KEY)
    clock.advance(10)
    shared.unlock(KEY, since)
    assert shared.read(KEY, look_at_lock=True).is_locked


def test_waiting_ends_with_the_lock(shared: SharedVerdicts) -> None:
    looked = shared.wait_for_other(KEY, lambda found: found.kept is not None)
    assert looked == Shared()


def test_waiting_ends_with_the_verdict(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    shared.lock(KEY)
    shared.write(KEY, kept(clock))
    assert shared.wait_for_other(KEY, lambda found: found.kept is not None).kept


@pytest.mark.parametrize("name", ["locmem.LocMemCache", "dummy.DummyCache", "db.DatabaseCache"])
def test_no_locks_where_nobody_else_sees_them(
    settings: Any, clock: SimulatedClock, name: str
) -> None:
    backend(settings, f"django.core.cache.backends.{name}")
    assert SharedVerdicts("default", 360, clock).lock(KEY) is None


def test_no_token_and_no_person_in_a_key(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    shared.write(KEY, kept(clock))
    shared.deny(KEY, 100)
    shared.lock(KEY)
    keys = caches["default"].keys
    assert len(keys) == 2  # the denial ended the verdict
    assert all(key.split(":", 2)[2].startswith("identityx:") for key in keys)
    assert not any("reader" in key for key in keys)


# --- trouble ------------------------------------------------------------------------------------


def all_of_it(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    assert shared.read(KEY).kept is None
    shared.write(KEY, kept(clock))
    shared.purge(KEY, 100)
    assert shared.deny(KEY, 100) is False
    assert shared.lock(KEY) is None
    shared.unlock(KEY, clock.monotonic())
    assert shared.wait_for_other(KEY, lambda found: False).kept is None


@pytest.mark.parametrize(
    "path", ["tests.cache_backends.Down", "tests.troubled_caches.Ignoring", "no.such.Backend"]
)
def test_a_cache_in_trouble_is_a_miss(settings: Any, clock: SimulatedClock, path: str) -> None:
    backend(settings, path)
    shared = SharedVerdicts("default", 360, clock)
    for _ in range(3):
        all_of_it(shared, clock)
        clock.advance(REST + 1)


def test_a_cache_that_hides_its_failures(settings: Any, clock: SimulatedClock) -> None:
    backend(settings, "tests.cache_backends.Swallowing")
    shared = SharedVerdicts("default", 360, clock)
    assert shared.lock(KEY) is False  # as if another process asked
    assert shared.wait_for_other(KEY, lambda found: False) == Shared()  # at once
    assert shared.deny(KEY, 100) is False


def test_one_line_a_minute(
    settings: Any, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    backend(settings, "tests.cache_backends.Down")
    shared = SharedVerdicts("default", 360, clock)
    for _ in range(100):
        shared.read(KEY)
        shared.deny(KEY, 1)
        clock.advance(LOG_EVERY / 100)
    assert len(caplog.records) == 1
    clock.advance(REST)
    shared.read(KEY)
    assert len(caplog.records) == 2
    assert "ConnectionError" in caplog.text
    assert "a-password" not in caplog.text


def test_one_that_is_down_is_left_alone_for_a_moment(settings: Any, clock: SimulatedClock) -> None:
    backend(settings, "tests.cache_backends.Down")
    shared = SharedVerdicts("default", 360, clock)
    before = Down.calls
    for _ in range(10):
        shared.read(KEY)
        shared.write(KEY, kept(clock))
        shared.lock(KEY)
    assert Down.calls == before + 1
    shared.deny(KEY, 1)
    assert Down.calls == before + 2  # an end is worth a try
    clock.advance(REST)
    shared.deny(KEY, 1)
    clock.advance(REST)
    shared.read(KEY)
    assert Down.calls == before + 4


def test_one_that_is_slow_is_left_alone_too(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimulatedClock()
    monkeypatch.setattr(Slow, "clock", clock)
    monkeypatch.setattr(Slow, "looks", 0)
    backend(settings, "tests.troubled_caches.Slow")
    shared = SharedVerdicts("default", 360, clock)
    monkeypatch.setattr(Slow, "seconds", SLOW * 0.9)
    for _ in range(3):
        assert shared.read(KEY).is_available
    monkeypatch.setattr(Slow, "seconds", SLOW * 1.1)
    for _ in range(MOST_SLOW):
        assert shared.read(KEY).is_available
    assert not shared.read(KEY).is_available
    assert Slow.looks == 3 + MOST_SLOW
    clock.advance(REST)
    assert shared.read(KEY).is_available


@pytest.mark.parametrize("foreign", [1, "text", b"\x80", ["v", 1], {"v": 2}, {"v": 1, "gen": 1}])
def test_foreign_data_is_a_miss(
    shared: SharedVerdicts, clock: SimulatedClock, foreign: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shared.write(KEY, kept(clock))
    shared.deny(KEY, 100)
    cache = caches["default"]
    shared.write(KEY, kept(clock))
    for key in cache.keys:
        cache.set(key.split(":", 2)[2], foreign, 100)
    for _ in range(3):
        found = shared.read(KEY)
        assert found.kept is None
        assert not found.is_denied
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    shared.write(KEY, kept(clock, found.generation))
    assert shared.read(KEY).kept
    shared.purge(KEY, 100)
    assert shared.read(KEY).kept is None
    assert shared.deny(KEY, 100)
    assert shared.read(KEY).is_denied


def test_another_version_s_verdict_is_a_miss(shared: SharedVerdicts, clock: SimulatedClock) -> None:
    shared.write(KEY, kept(clock))
    (key,) = caches["default"].keys
    caches["default"].set(key.split(":", 2)[2], {**pack(kept(clock)), "v": 99}, 100)
    assert shared.read(KEY).kept is None
