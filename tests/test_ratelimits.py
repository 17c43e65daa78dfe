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
from django_identityx.ratelimits import LimitExceeded
from django_identityx.ratelimits.counters import Bucket, LocalHits, Refusal, SharedHits
from django_identityx.ratelimits.rates import Rate, parse_rate, rates_of

from . import cache_backends
from .leaks import logged
from .requirements import require

FIVE = (Rate(5, 60),)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def cache_of(name: str) -> dict[str, Any]:
    location = os.urandom(8).hex()  # a server that nobody has used before
    return {"default": {"BACKEND": f"tests.cache_backends.{name}", "LOCATION": location}}


def bucket(key: str = "a", rates: tuple[Rate, ...] = FIVE) -> Bucket:
    return Bucket("send-email", key, rates)


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
def test_rates(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "10", "/min", "0/min", "-1/min", "10/", "10/week", 10, b"1/s"]
)
def test_what_is_no_rate(text: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="not a rate"):
        parse_rate(text)


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


def test_at_most_so_many_in_any_period(clock: Clock) -> None:
    """Not in windows of the clock's, at whose border twice as many would pass."""
    hits, passed = LocalHits(clock=clock), []
    for _ in range(1500):
        clock.now += 0.25
        if not isinstance(hits.take([bucket()]), Refusal):
            passed.append(clock.now)
    assert len(passed) == 5 * (1500 * 0.25 // 60 + 1)
    assert all(after - before >= 60 for before, after in zip(passed, passed[5:], strict=False))


def test_the_wait_is_exact(clock: Clock) -> None:
    hits = LocalHits(clock=clock)
    for _ in range(5):
        hits.take([bucket()])
        clock.now += 2
    assert hits.take([bucket()]) == Refusal("send-email", 50.0)
    clock.now += 49.9
    assert isinstance(hits.take([bucket()]), Refusal)
    clock.now += 0.1
    assert not isinstance(hits.take([bucket()]), Refusal)
    assert hits.take([bucket()]) == Refusal("send-email", 2.0)


def test_a_list_of_rates(clock: Clock) -> None:
    hits, both = LocalHits(clock=clock), bucket(rates=(Rate(2, 60), Rate(3, 3600)))
    waits = []
    for _ in range(5):
        taken = hits.take([both])
        waits.append(taken.wait if isinstance(taken, Refusal) else 0.0)
        clock.now += 30
    # At 90 s the first has left the minute; from then on the hour is full.
    assert waits == [0.0, 0.0, 0.0, 3510.0, 3480.0]


def test_who_is_refused_is_not_counted(clock: Clock) -> None:
    hits = LocalHits(clock=clock)
    for _ in range(1000):
        hits.take([bucket()])
    clock.now += 60
    assert not isinstance(hits.take([bucket()]), Refusal)


def test_all_buckets_or_none(clock: Clock) -> None:
    hits, narrow, wide = LocalHits(clock=clock), bucket("n", (Rate(1, 60),)), bucket("w")
    assert not isinstance(hits.take([narrow, wide]), Refusal)
    for _ in range(10):
        assert isinstance(hits.take([wide, narrow]), Refusal)
    assert sum(not isinstance(hits.take([wide]), Refusal) for _ in range(10)) == 4


def test_giving_back(clock: Clock) -> None:
    hits = LocalHits(clock=clock)
    for _ in range(20):
        taken = hits.take([bucket()])
        assert isinstance(taken, float)
        hits.give_back([bucket()], taken)
    hits.give_back([bucket("nobody")], 1.0)
    assert sum(not isinstance(hits.take([bucket()]), Refusal) for _ in range(10)) == 5


def test_a_flood_resets_nobody_at_the_limit(clock: Clock) -> None:
    hits = LocalHits(size=1000, clock=clock)
    for _ in range(5):
        hits.take([bucket("victim")])
    for number in range(20_000):
        hits.take([bucket(f"flood {number}")])
        clock.now += 0.001
    assert len(hits) <= 1000
    assert isinstance(hits.take([bucket("victim")]), Refusal)


def test_a_flood_of_full_ones_is_bounded_all_the_same(clock: Clock) -> None:
    hits, single = LocalHits(size=100, clock=clock), (Rate(1, 60),)
    for number in range(1000):
        hits.take([bucket(str(number), single)])
    assert len(hits) <= 100
    assert isinstance(hits.take([bucket("999", single)]), Refusal)


def test_a_race_in_one_process() -> None:
    def attempt() -> bool:
        try:
            ratelimits.take(ratelimits.by_email("send-email", "reader@example.net"))
        except LimitExceeded:
            return False
        return True

    assert race(32, attempt) == 5


# --- The hits of all processes ---------------------------------------------------------------


def test_a_race_for_the_slots(settings) -> None:
    settings.CACHES = cache_of("Remote")
    assert race(32, lambda: SharedHits().take([bucket()]) is None) == 5


def test_a_race_in_which_another_limit_gives_back(settings) -> None:
    """Those who take a slot and give it back cost nobody the place that is theirs."""
    settings.CACHES = cache_of("Remote")
    wide, narrow = bucket("w", (Rate(20, 60),)), bucket("n", (Rate(3, 60),))
    assert race(32, lambda: SharedHits().take([wide, narrow]) is None) == 3
    assert sum(SharedHits().take([wide]) is None for _ in range(40)) == 17


def test_slots_that_only_look_free(settings) -> None:
    """What is read from a replica decides nothing, and what was taken in vain is given back."""
    settings.CACHES = cache_of("Lagging")
    wide, narrow = bucket("w"), bucket("n", (Rate(1, 60),))
    assert SharedHits().take([wide, narrow]) is None
    for _ in range(20):
        assert SharedHits().take([wide, narrow]) == Refusal("send-email", 1.0)
    assert sum(SharedHits().take([wide]) is None for _ in range(10)) == 4


def test_two_processes_count_as_one(settings) -> None:
    settings.CACHES = cache_of("Remote")
    here, there = (LocalHits(), SharedHits()), (LocalHits(), SharedHits())
    passed = 0
    for local, shared in (here, there) * 5:
        assert isinstance(local.take([bucket()]), float)
        passed += shared.take([bucket()]) is None
    assert passed == 5


def test_the_wait_is_exact_across_processes(settings) -> None:
    settings.CACHES = cache_of("Remote")
    for attempt in range(5):  # a machine that stands still for a second proves nothing
        two, began = bucket(f"attempt-{attempt}", (Rate(2, 1),)), time.time()
        assert SharedHits().take([two]) is None
        assert SharedHits().take([two]) is None
        refusal = SharedHits().take([two])
        if refusal is not None:
            break
    assert refusal is not None
    assert 1 - (time.time() - began) <= refusal.wait <= 1
    time.sleep(refusal.wait)
    assert SharedHits().take([two]) is None


def test_a_refusal_elsewhere_is_given_back_here(settings) -> None:
    """Otherwise who hammers would stay out for ever."""
    settings.CACHES = cache_of("Remote")
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": "2/s"}
    found = ratelimits.by_email("send-email", "reader@example.net")
    assert found is not None
    for _ in range(2):
        assert SharedHits().take([found]) is None  # by another process
    for _ in range(3):
        with pytest.raises(LimitExceeded):
            ratelimits.take(found)
    time.sleep(1.1)
    ratelimits.take(found)


def test_great_limits_try_a_part_of_their_slots(settings) -> None:
    settings.CACHES = cache_of("Remote")
    great = bucket(rates=(Rate(300, 600),))
    passed = sum(SharedHits().take([great]) is None for _ in range(320))
    assert 200 < passed <= 300


def test_keys_are_digests(settings) -> None:
    settings.CACHES = cache_of("Remote")
    ratelimits.limit_sending(request_from("198.51.100.77"), "Reader.Somebody@Example.net")
    keys = " ".join(caches["default"].keys)  # type: ignore[attr-defined]
    assert keys.count("identityx:limit:") == 4
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
    assert logged(caplog).count("each process limits by its own count") == 1
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
    assert all(SharedHits().take([bucket()]) is None for _ in range(10))
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
    assert sum(SharedHits().take([bucket()]) is None for _ in range(8)) == 5


# --- Whom a limit counts ---------------------------------------------------------------------


def counted(scope: str = "redeem-address", **meta: Any) -> str | None:
    found = ratelimits.by_address(scope, RequestFactory().get("/", **meta))
    return found and found.key


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


def test_an_unknown_address_has_no_limit() -> None:
    assert counted(REMOTE_ADDR="") is None
    assert counted(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.7") is None
    for number in range(40):
        request = request_from("", HTTP_X_FORWARDED_FOR="198.51.100.7")
        ratelimits.limit_redeeming(request)
        ratelimits.limit_sending(request, f"reader{number}@example.net")


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


def test_the_spellings_of_a_mailbox_count_as_one() -> None:
    spellings = ["reader@example.net", " READER@Example.net ", "reader+a@example.net"]
    spellings += ["reader+b@example.net", "ｒeader@example.net"]  # noqa: RUF001
    for number, email in enumerate(spellings):
        ratelimits.limit_sending(request_from(f"198.51.100.{number}"), email)
    with pytest.raises(LimitExceeded) as caught:
        ratelimits.limit_sending(request_from("198.51.100.99"), "reader+c@example.net")
    assert caught.value.scope == "send-email"


def test_off(settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = None
    for _ in range(200):
        ratelimits.limit_sending(request_from("198.51.100.7"), "reader@example.net")
        ratelimits.limit_redeeming(request_from("198.51.100.7"))
    assert len(ratelimits._local()) == 0


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
