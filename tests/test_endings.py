"""Sign out everywhere: what is ended, and what is not."""

from __future__ import annotations

import time

import pytest

from django_identityx import endings, process

ANN = ("AppUser", "5d1b36070ce467bff670a052", "1")
BOB = ("AppUser", "5d1b36070ce467bff670a052", "2")


def test_older_sessions_end_and_newer_ones_do_not() -> None:
    now = time.time()
    assert not endings.is_ended(ANN, since=now)
    assert endings.end_all(ANN)
    assert endings.is_ended(ANN, since=now - 10)
    assert not endings.is_ended(ANN, since=time.time() + 1)
    assert not endings.is_ended(BOB, since=now - 10)


def test_another_process_sees_it_within_the_local_ttl(settings) -> None:
    settings.IDENTITYX_LOCAL_TTL = 0.05
    assert not endings.is_ended(ANN, since=time.time())
    theirs = endings._marks()
    endings._marks.reset()  # as another process would be
    assert endings.end_all(ANN)
    deadline = time.monotonic() + 2
    while theirs.get(endings._key(ANN)) == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert theirs.get(endings._key(ANN)) > 0


@pytest.mark.parametrize("since", [0, 1.5])
def test_the_mark_outlives_this_process(since: float) -> None:
    endings.end_all(ANN)
    process.reset()
    assert endings.is_ended(ANN, since=since)


def test_a_cache_that_is_down_says_so(settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }
    assert not endings.end_all(ANN)
    assert endings.is_ended(ANN, since=0)  # here it counts all the same


def test_the_copies_are_bounded(settings) -> None:
    settings.IDENTITYX_LOCAL_SIZE = 3
    for number in range(10):
        endings.is_ended(("AppUser", "app", str(number)), since=0)
    assert len(endings._marks()._marks) == 3
