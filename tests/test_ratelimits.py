"""Limits: exact under a race, in any period, across processes, and with a cache in trouble."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from django_identityx import emails, ratelimits
from django_identityx.ratelimits import Bucket, Limiter, LimitExceeded, Rate

from . import cache_backends
from .leaks import logged
from .requirements import require
from .simulated_clock import SimulatedClock

FIVE = (Rate(5, 60),)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


def cache_of(name: str) -> dict[str, Any]:
    location = os.urandom(8).hex()  # a server that nobody has used before
    return {"default": {"BACKEND": f"tests.cache_backends.{name}", "LOCATION": location}}


def bucket(key: str = "a", rates: tuple[Rate, ...] = FIVE) -> Bucket:
    return Bucket("send-email", key, rates)


def passes(limiter: Limiter, *buckets: Bucket) -> bool:
    return wait(limiter, *buckets) == 0


def wait(limiter: Limiter, *buckets: Bucket) -> int:
    """Seconds until one more passes; 0 if it did."""
    try:
        limiter.take(buckets)
    except LimitExceeded as exceeded:
        return exceeded.wait
    return 0


def request_from(address: str, **meta: str) -> Any:
    return RequestFactory().post("/", REMOTE_ADDR=address, **meta)


def race(count: int, attempt: Callable[[], bool]) -> int:
    """Let ``count`` threads go at the same moment; how many got through."""
    ready, passed, lock = threading.Barrier(count), [0], threading.Lock()

    def run() -> None:
        ready.wait()
        if attempt():
            with lock:
                passed[0] += 1

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return passed[0]


# --- Rates -----------------------------------------------------------------------------------


def rates_of(scope: str) -> tuple[Rate, ...]:
    found = ratelimits.bucket(scope, "somebody")
    return () if found is None else found.rates


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/min", Rate(10, 60)),
        ("10/m", Rate(10, 60)),
        ("1/s", Rate(1, 1)),
        ("3/second", Rate(3, 1)),
        ("100/hour", Rate(100, 3600)),
        ("1000/day", Rate(1000, 86400)),
    ],
)
def test_rates(text: str, rate: Rate, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": text}
    assert rates_of("send-email") == (rate,)


@pytest.mark.parametrize(
    "text", ["", "10", "/min", "0/min", "-1/min", "10/", "10/week", 10, b"1/s", "1000000000/s"]
)
def test_what_is_no_rate(text: Any, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": [text]}
    with pytest.raises(ImproperlyConfigured, match="not a rate"):
        rates_of("send-email")


def test_rates_of_a_scope(settings) -> None:
    assert rates_of("send-email") == (Rate(5, 60), Rate(20, 3600))
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": "2/day", "send-address": None}
    assert rates_of("send-email") == (Rate(2, 86400),)
    assert rates_of("send-address") == ()
    assert rates_of("redeem-address") == (Rate(30, 60),)
    assert rates_of("another") == ()
    settings.IDENTITYX_THROTTLE_RATES = None
    assert rates_of("send-email") == ()


# --- The hits of one process -----------------------------------------------------------------


def test_at_most_so_many_in_any_period(clock: SimulatedClock) -> None:
    """Not in windows of the clock's, at whose border twice as many would pass."""
    hits, passed = Limiter(clock), []
    for _ in range(1500):
        clock.advance(0.25)
        if passes(hits, bucket()):
            passed.append(clock.monotonic())
    assert len(passed) == 5 * (1500 * 0.25 // 60 + 1)
    assert all(after - before >= 60 for before, after in zip(passed, passed[5:], strict=False))


def test_the_wait_is_exact(clock: SimulatedClock) -> None:
    hits = Limiter(clock)
    for _ in range(5):
        assert passes(hits, bucket())
        clock.advance(2)
    assert wait(hits, bucket()) == 50
    clock.advance(49.9)
    assert wait(hits, bucket()) == 1
    clock.advance(0.2)
    assert passes(hits, bucket())
    assert wait(hits, bucket()) == 2


def test_a_list_of_rates(clock: SimulatedClock) -> None:
    hits, both = Limiter(clock), bucket(rates=(Rate(2, 60), Rate(3, 3600)))
    waits = []
    for _ in range(5):
        waits.append(wait(hits, both))
        clock.advance(30)
    # At 90 s the first has left the minute; from then on the hour is full.
    assert waits == [0, 0, 0, 3510, 3480]


def test_who_is_refused_is_not_counted(clock: SimulatedClock) -> None:
    hits = Limiter(clock)
    for _ in range(1000):
        wait(hits, bucket())
    clock.advance(60)
    assert passes(hits, bucket())


def test_all_buckets_or_none(clock: SimulatedClock) -> None:
    hits, narrow, wide = Limiter(clock), bucket("n", (Rate(1, 60),)), bucket("w")
    assert passes(hits, narrow, wide)
    for _ in range(10):
        assert not passes(hits, wide, narrow)
    assert sum(passes(hits, wide) for _ in range(10)) == 4


def test_a_flood_resets_nobody_at_the_limit(clock: SimulatedClock) -> None:
    hits = Limiter(clock, size=1000)
    for _ in range(5):
        assert passes(hits, bucket("victim"))
    for number in range(5_000):
        wait(hits, bucket(f"flood {number}"))
        clock.advance(0.001)
    assert not passes(hits, bucket("victim"))


def test_a_flood_of_full_ones_is_bounded_all_the_same(clock: SimulatedClock) -> None:
    hits, single = Limiter(clock, size=100), (Rate(1, 60),)
    for number in range(1000):
        assert passes(hits, bucket(str(number), single))
    assert not passes(hits, bucket("999", single))
    assert passes(hits, bucket("0", single))  # forgotten, to make room


def test_a_race_in_one_process() -> None:
    def attempt() -> bool:
        try:
            ratelimits.take(ratelimits.by_email("send-email", "reader@example.net"))
        except LimitExceeded:
            return False
        return True

    assert race(32, attempt) == 5


# --- The hits of all processes: each `Limiter` is one -----------------------------------------


def elsewhere(*buckets: Bucket) -> bool:
    """Whether a process that has counted nothing yet lets one more through."""
    return passes(Limiter(), *buckets)


def test_a_race_for_the_slots(settings) -> None:
    settings.CACHES = cache_of("Remote")
    assert race(32, lambda: elsewhere(bucket())) == 5


def test_a_race_in_which_another_limit_gives_back(settings) -> None:
    """Those who take a slot and give it back cost nobody the place that is theirs."""
    settings.CACHES = cache_of("Remote")
    wide, narrow = bucket("w", (Rate(20, 60),)), bucket("n", (Rate(3, 60),))
    assert race(32, lambda: elsewhere(wide, narrow)) == 3
    assert sum(elsewhere(wide) for _ in range(40)) == 17


def test_slots_that_only_look_free(settings) -> None:
    """What is read from a replica decides nothing, and what was taken in vain is given back."""
    settings.CACHES = cache_of("Lagging")
    wide, narrow = bucket("w"), bucket("n", (Rate(1, 60),))
    assert elsewhere(wide, narrow)
    for _ in range(20):
        assert wait(Limiter(), wide, narrow) == 1
    assert sum(elsewhere(wide) for _ in range(10)) == 4


def test_two_processes_count_as_one(settings) -> None:
    settings.CACHES = cache_of("Remote")
    here, there = Limiter(), Limiter()
    assert sum(passes(limiter, bucket()) for limiter in (here, there) * 5) == 5


@pytest.mark.slow
def test_the_wait_is_exact_across_processes(settings) -> None:
    settings.CACHES = cache_of("Remote")
    two = bucket(rates=(Rate(2, 1),))
    assert wait_for(lambda: elsewhere(two) and elsewhere(two) and not elsewhere(two))
    time.sleep(1.1)
    assert elsewhere(two)


@pytest.mark.slow
def test_a_refusal_elsewhere_is_given_back_here(settings) -> None:
    """Otherwise who hammers would stay out for ever."""
    settings.CACHES = cache_of("Remote")
    here, two = Limiter(), bucket(rates=(Rate(2, 1),))
    assert wait_for(lambda: elsewhere(two) and elsewhere(two) and not passes(here, two))
    assert not passes(here, two)
    time.sleep(1.1)
    assert passes(here, two)


def wait_for(condition: Callable[[], bool]) -> bool:
    """Try again after a second: a machine that stood still for one proves nothing."""
    return condition() or time.sleep(1.1) or condition() or time.sleep(1.1) or condition()


def test_great_limits_try_a_part_of_their_slots(settings) -> None:
    settings.CACHES = cache_of("Remote")
    great = bucket(rates=(Rate(300, 600),))
    passed = sum(elsewhere(great) for _ in range(320))
    assert 200 < passed <= 300


def test_keys_are_digests(settings) -> None:
    settings.CACHES = cache_of("Remote")
    ratelimits.limit_sending(request_from("198.51.100.77"), "Reader.Somebody+x@Example.net")
    keys = " ".join(caches["default"].keys)  # type: ignore[attr-defined]
    assert keys.count("identityx:limit:") == 6
    for secret in ("198.51", "eader", "xample", emails.digest("reader.somebody@example.net")):
        assert secret not in keys


@pytest.mark.parametrize("backend", ["Down", "Swallowing"])
def test_a_cache_in_trouble(backend: str, settings, caplog: pytest.LogCaptureFixture) -> None:
    """The process goes on limiting, says so once, and does not wait for the cache each time."""
    settings.CACHES = cache_of(backend)
    cache_backends.Down.calls = 0
    found = ratelimits.by_email("send-email", "reader@example.net")
    for _ in range(5):
        ratelimits.take(found)
    with pytest.raises(LimitExceeded):
        ratelimits.take(found)
    assert logged(caplog).count("this process does without it") == 1
    assert "a-password" not in logged(caplog)
    assert cache_backends.Down.calls <= 1


@pytest.mark.parametrize(
    "backend",
    [
        "django.core.cache.backends.locmem.LocMemCache",
        "django.core.cache.backends.dummy.DummyCache",
    ],
)
def test_a_cache_that_nobody_shares(backend: str, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "not-shared"}}
    assert all(elsewhere(bucket()) for _ in range(10))
    for _ in range(5):
        ratelimits.limit_sending(request_from("198.51.100.7"), "reader@example.net")
    for number in range(400):  # more than local memory keeps
        caches["default"].set(f"another-{number}", 1)
    with pytest.raises(LimitExceeded):
        ratelimits.limit_sending(request_from("198.51.100.8"), "reader@example.net")


@pytest.mark.django_db
def test_a_cache_in_the_database(settings) -> None:
    from django.core.management import call_command

    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "limits_cache",
        }
    }
    call_command("createcachetable", verbosity=0)
    assert sum(elsewhere(bucket()) for _ in range(8)) == 5


# --- Whom a limit counts ---------------------------------------------------------------------


def counted(scope: str = "redeem-address", **meta: Any) -> str | None:
    found = ratelimits.by_client(scope, RequestFactory().get("/", **meta))
    return found[0].key if found else None


def test_ipv6_counts_by_64_bits() -> None:
    one = counted(REMOTE_ADDR="2001:db8:1:2::1")
    assert counted(REMOTE_ADDR="2001:db8:1:2:ffff:ffff:ffff:ffff") == one
    assert counted(REMOTE_ADDR="2001:db8:1:3::1") != one
    assert counted(REMOTE_ADDR="::ffff:198.51.100.7") == counted(REMOTE_ADDR="198.51.100.7")
    assert counted(REMOTE_ADDR="198.51.100.8") != counted(REMOTE_ADDR="198.51.100.7")


def test_scopes_count_apart() -> None:
    assert counted("send-address", REMOTE_ADDR="198.51.100.7") != counted(
        "redeem-address", REMOTE_ADDR="198.51.100.7"
    )


def test_an_unknown_address_has_a_limit_in_common_with_all_such() -> None:
    unknown = counted(REMOTE_ADDR="")
    assert unknown is not None
    for forwarding in ("X_FORWARDED_FOR", "FORWARDED", "X_REAL_IP", "CF_CONNECTING_IP"):
        meta = {"REMOTE_ADDR": "10.0.0.1", f"HTTP_{forwarding}": "198.51.100.7"}
        assert counted(**meta) == unknown
    for number in range(300):
        ratelimits.limit_redeeming(request_from("", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}"))
    with pytest.raises(LimitExceeded):
        ratelimits.limit_redeeming(request_from("10.0.0.1", HTTP_X_REAL_IP="198.51.100.7"))
    ratelimits.limit_redeeming(request_from("198.51.100.7"))


def test_ipv6_counts_by_48_bits_ten_times_as_high() -> None:
    for number in range(300):
        ratelimits.limit_redeeming(request_from(f"2001:db8:1:{number:x}::1"))
    with pytest.raises(LimitExceeded):
        ratelimits.limit_redeeming(request_from("2001:db8:1:ffff::1"))
    ratelimits.limit_redeeming(request_from("2001:db8:2::1"))


def test_applications_count_apart(settings) -> None:
    request, others = request_from("198.51.100.7"), "5d1b36070ce467bff670a053"
    for _ in range(30):
        ratelimits.limit_redeeming(request)
    with pytest.raises(LimitExceeded):
        ratelimits.limit_redeeming(request)
    ratelimits.limit_redeeming(request, app_id=others)
    with pytest.raises(LimitExceeded):
        ratelimits.limit_redeeming(request, app_id=settings.IDENTITYX_APP_ID)


def test_exempt_networks(settings) -> None:
    settings.IDENTITYX_THROTTLE_EXEMPT = ["198.51.100.0/25", "2001:db8::/32"]
    assert counted(REMOTE_ADDR="198.51.100.7") is None
    assert counted(REMOTE_ADDR="2001:db8:1::1") is None
    assert counted(REMOTE_ADDR="198.51.100.200") is not None
    for _ in range(5):
        ratelimits.limit_sending(request_from("198.51.100.7"), "reader@example.net")
    with pytest.raises(LimitExceeded):  # the limit per e-mail stays
        ratelimits.limit_sending(request_from("198.51.100.7"), "reader@example.net")


def test_exempt_networks_that_are_none(settings) -> None:
    settings.IDENTITYX_THROTTLE_EXEMPT = ["the office"]
    with pytest.raises(ImproperlyConfigured, match="IDENTITYX_THROTTLE_EXEMPT"):
        ratelimits.limit_redeeming(request_from("198.51.100.7"))


def test_off(settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = None
    for _ in range(200):
        ratelimits.limit_sending(request_from("198.51.100.7"), "reader@example.net")
        ratelimits.limit_redeeming(request_from("198.51.100.7"))


def test_what_is_raised() -> None:
    request = request_from("198.51.100.7")
    for _ in range(30):
        ratelimits.limit_redeeming(request)
    with pytest.raises(LimitExceeded) as caught:
        ratelimits.limit_redeeming(request)
    assert caught.value.scope == "redeem-address"
    assert caught.value.wait == 60
    assert "198.51" not in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.scope, again.wait) == ("redeem-address", 60)


# --- Real servers, real processes ------------------------------------------------------------

RACER = """
import sys, time
from django.conf import settings
backend, location, key, start = sys.argv[1:]
settings.configure(
    SECRET_KEY="the-same-everywhere",
    CACHES={"default": {"BACKEND": backend, "LOCATION": location}},
    IDENTITYX_THROTTLE_RATES={"send-email": ["5/min", "20/hour"]},
)
import threading
from django_identityx import ratelimits
passed = []
def attempt():
    time.sleep(max(0, float(start) - time.time()))
    try:
        ratelimits.take(ratelimits.by_email("send-email", key))
    except ratelimits.LimitExceeded as error:
        assert 58 <= error.wait <= 60, error.wait
    else:
        passed.append(1)
threads = [threading.Thread(target=attempt) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(passed))
"""


@pytest.mark.parametrize(
    ("backend", "variable"),
    [
        ("redis.RedisCache", "IDENTITYX_TEST_REDIS_URL"),
        ("memcached.PyMemcacheCache", "IDENTITYX_TEST_MEMCACHED"),
    ],
)
def test_a_race_of_processes(backend: str, variable: str) -> None:
    location = os.environ.get(variable, "")
    require(location, f"{variable} is not set")
    key = f"{os.urandom(8).hex()}@example.net"
    arguments = [f"django.core.cache.backends.{backend}", location, key, str(time.time() + 2.5)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, *arguments],
            cwd=Path(__file__).parent.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = [racer.communicate(timeout=30) for racer in racers]
    assert [error for _, error in outputs] == [""] * 4
    assert sum(int(out) for out, _ in outputs) == 5


def test_limits_write_no_address_or_mail(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(6):
        try:
            ratelimits.limit_sending(request_from("198.51.100.7"), "reader@example.net")
        except LimitExceeded:
            continue
    assert "reader" not in logged(caplog)
