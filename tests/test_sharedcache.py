"""The one way to Django's cache: what makes it rest, who tries again, and what is said of it."""

from __future__ import annotations

import logging
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.urls import path

from django_identityx import process
from django_identityx.access import get_access
from django_identityx.sandbox import Sandbox
from django_identityx.sharedcache import LOG_EVERY, REST, CacheTrouble, SharedCache, shared

from . import urls
from .cache_backends import Down
from .crowd import crowd
from .requirements import require
from .simulated_clock import SimulatedClock
from .site import READER, Visitor
from .troubled_caches import Hanging, Slow


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.user} {get_access(request, 'Premium').allowed}")


urlpatterns = [path("", home), *urls.urlpatterns]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


def backend(settings: Any, path: str) -> None:
    settings.CACHES = {"default": {"BACKEND": path, "LOCATION": secrets.token_hex(4)}}


def look(cache: SharedCache) -> Any:
    return cache.attempt(lambda cache: cache.get("key", "nothing"), "trouble")


def test_one_that_fails_rests_for_everybody(settings: Any, clock: SimulatedClock) -> None:
    backend(settings, "tests.cache_backends.Down")
    cache, before = SharedCache("default", clock), Down.calls
    assert [look(cache) for _ in range(10)] == ["trouble"] * 10
    assert Down.calls == before + 1
    clock.advance(REST)
    assert [look(cache) for _ in range(10)] == ["trouble"] * 10
    assert Down.calls == before + 2
    cache.attempt(lambda cache: cache.delete("key"), None, insist=True)
    assert Down.calls == before + 3


def test_one_that_is_well_again_is_used_again(settings: Any, clock: SimulatedClock) -> None:
    cache = SharedCache("default", clock)

    def fail(cache: Any) -> None:
        raise CacheTrouble

    assert cache.attempt(fail, "trouble") == "trouble"
    assert look(cache) == "trouble"
    clock.advance(REST)
    assert [look(cache), look(cache)] == ["nothing", "nothing"]


def test_no_clock_takes_it_for_slow(
    settings: Any, monkeypatch: pytest.MonkeyPatch, clock: SimulatedClock
) -> None:
    """A busy process sees each look at a healthy cache take its time."""
    monkeypatch.setattr(Slow, "clock", clock)
    monkeypatch.setattr(Slow, "seconds", 3.0)
    backend(settings, "tests.troubled_caches.Slow")
    cache = SharedCache("default", clock)
    for _ in range(20):
        assert cache.attempt(lambda cache: cache.get_many(["key"]), None) == {}


@pytest.mark.parametrize("path", ["no.such.Backend", "tests.cache_backends.Down"])
def test_one_line_a_minute_without_its_words(
    settings: Any, clock: SimulatedClock, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    backend(settings, path)
    cache = SharedCache("default", clock)
    for _ in range(100):
        look(cache)
        clock.advance(LOG_EVERY / 100)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    clock.advance(REST)
    look(cache)
    assert len(caplog.records) == 2
    assert "a-password" not in caplog.text


def test_one_that_hangs_and_then_raises_is_paid_for_once(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hanging, "seconds", 0.1)
    monkeypatch.setattr(Hanging, "calls", 0)
    backend(settings, "tests.troubled_caches.Hanging")
    look(shared())
    crowd(8, lambda _: look(shared()))
    assert Hanging.calls == 1


def pages(visitor: Visitor, number: int) -> list[float]:
    """How long each of ``number`` pages takes for who is signed in."""
    times = []
    for _ in range(number):
        began = time.monotonic()
        assert READER in visitor.get("/").content.decode()
        times.append(time.monotonic() - began)
    return times


@pytest.mark.django_db
@pytest.mark.urls("tests.test_sharedcache")
@pytest.mark.parametrize("local_ttl", [0, 5])
def test_of_one_that_hangs_one_page_pays(
    sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch, local_ttl: float
) -> None:
    """Whatever a signed-in page wants of it: the verdict, limits, entitlements, the dialect."""
    settings.IDENTITYX_LOCAL_TTL = local_ttl
    visitor = Visitor()
    visitor.sign_in(sandbox)
    process.reset()
    monkeypatch.setattr(Hanging, "seconds", 0.1)
    monkeypatch.setattr(Hanging, "calls", 0)
    backend(settings, "tests.troubled_caches.Hanging")
    pages(visitor, 9)
    assert Hanging.calls == 1


@pytest.fixture
def redis_server(settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A Redis of the test's own, as the default cache, with a timeout of its sockets."""
    path = shutil.which("redis-server")
    require(path, "redis-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        path or "",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            settings.CACHES = {
                "default": {
                    "BACKEND": "django.core.cache.backends.redis.RedisCache",
                    "LOCATION": f"redis://127.0.0.1:{port}/0",
                    "OPTIONS": {"socket_timeout": 0.3, "socket_connect_timeout": 0.3},
                }
            }
            for _ in range(100):
                try:
                    caches["default"].get("key")
                    break
                except redis.ConnectionError:  # not up yet
                    time.sleep(0.05)
            yield server
        finally:
            server.send_signal(signal.SIGCONT)
            caches["default"].close()
            server.terminate()


def test_a_redis_that_stands_still_is_paid_for_once(
    redis_server: subprocess.Popen[bytes],
) -> None:
    assert look(shared()) == "nothing"
    redis_server.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    for _ in range(40):
        look(shared())
    assert 0.3 <= time.monotonic() - began < 40 * 0.3 / 2  # one timeout, not forty


@pytest.mark.django_db
@pytest.mark.urls("tests.test_sharedcache")
def test_of_a_redis_that_stands_still_one_page_pays(
    redis_server: subprocess.Popen[bytes], sandbox: Sandbox, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 0
    visitor = Visitor()
    visitor.sign_in(sandbox)
    pages(visitor, 1)
    redis_server.send_signal(signal.SIGSTOP)
    first, *others = pages(visitor, 9)
    assert first >= 0.3  # the timeout of its sockets
    assert len(others) == 8
    assert max(others) < 0.3


@pytest.mark.parametrize(
    ("path", "is_shared", "keeps"),
    [
        ("django.core.cache.backends.locmem.LocMemCache", False, False),
        ("django.core.cache.backends.dummy.DummyCache", False, False),
        ("django.core.cache.backends.db.DatabaseCache", True, False),
        ("django.core.cache.backends.redis.RedisCache", True, True),
        ("tests.cache_backends.Remote", True, True),
    ],
)
def test_which_caches_are_shared(settings: Any, path: str, is_shared: bool, keeps: bool) -> None:
    backend(settings, path)
    assert (shared().is_shared, shared().keeps_entries) == (is_shared, keeps)
