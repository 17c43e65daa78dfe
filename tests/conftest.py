"""Fixtures: IdentityX on localhost as the counterpart of every test that needs one."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from zlib import crc32

import hypothesis
import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.utils import translation

from django_identityx import process
from django_identityx.sandbox import Sandbox, SandboxServer

hypothesis.settings.register_profile("steady", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("steady")

# Tests that run side by side clear their caches: each worker has a database of its own in Redis.
worker, redis = map(os.environ.get, ("PYTEST_XDIST_WORKER", "IDENTITYX_TEST_REDIS_URL"))
if worker and redis:
    number = int(worker.removeprefix("gw")) + 8
    os.environ["IDENTITYX_TEST_REDIS_URL"] = f"{redis.rpartition('/')[0]}/{number}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of great matrices, run a part by default and the rest with what is slow.

    Keep what uses Memcached, which has one space for all, in one worker.
    """
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled and crc32(item.name.encode()) % sampled.kwargs["one_in"]:
            item.add_marker(pytest.mark.slow)
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            if "memcache" in item.nodeid.lower():
                item.add_marker(pytest.mark.xdist_group("memcached"))


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxServer]:
    with SandboxServer(Sandbox(), port=0) as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: SandboxServer, settings) -> Iterator[Sandbox]:
    """A fresh world behind real HTTP, and the settings that lead to it."""
    sandbox = sandbox_server.sandbox
    sandbox.clear_fault()
    sandbox.reset()
    settings.IDENTITYX_API_URL = sandbox_server.url
    settings.IDENTITYX_TIMEOUT = (10, 20)  # for machines that are busy; hanging has its own
    yield sandbox
    sandbox.clear_fault()


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """No test sees what another left in the process or in the cache."""
    yield
    translation.deactivate()  # LocaleMiddleware leaves a request's language to its thread
    process.reset()
    for cache in caches.all(initialized_only=True):
        if isinstance(cache, LocMemCache):  # never a server's, on which there may be others
            cache.clear()


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Whatever a test configures, or Django 6.1 for it where ``LOGGING`` is set, goes with it."""

    def loggers() -> list[logging.Logger]:
        known = logging.root.manager.loggerDict.values()
        return [logging.root, *(one for one in known if isinstance(one, logging.Logger))]

    before = {one: (one.handlers[:], one.level, one.propagate) for one in loggers()}
    yield
    for one in loggers():
        one.handlers, level, one.propagate = before.get(one, ([], logging.NOTSET, True))
        one.setLevel(level)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything is there, as in CI, a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("IDENTITYX_REQUIRE_ALL") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("IDENTITYX_REQUIRE_ALL is set, and tests were skipped.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
