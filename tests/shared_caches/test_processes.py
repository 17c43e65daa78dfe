"""Several processes over one real Redis or Memcached."""

from __future__ import annotations

import multiprocessing
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from django_identityx import process
from django_identityx.credentials import Credential
from django_identityx.exceptions import Rejected
from django_identityx.sandbox import Sandbox
from django_identityx.testing import credential
from django_identityx.verification import check, deny, forget, verify

from ..crowd import crowd

READER = "reader@example.net"
pytestmark = pytest.mark.usefixtures("server_cache")


@pytest.fixture
def reader(sandbox: Sandbox) -> Credential:
    verify(credential(sandbox, "staff@example.org"))
    return credential(sandbox, READER)


def processes(number: int, action: Callable[[int], Any]) -> list[Any]:
    """What ``action`` gave in forked children that begin together."""
    context = multiprocessing.get_context("fork")
    gate, results = context.Barrier(number), context.Queue()

    def run(index: int) -> None:
        cache.close()
        gate.wait(10)
        try:
            results.put((index, action(index)))
        except Rejected as error:
            results.put((index, error.reason))

    children = [context.Process(target=run, args=(index,)) for index in range(number)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads: on purpose
        for child in children:
            child.start()
    found = dict(results.get(timeout=20) for _ in children)
    for child in children:
        child.join(10)
    assert [child.exitcode for child in children] == [0] * number
    return [found[index] for index in range(number)]


def test_4_processes_with_16_threads_and_one_new_token(
    sandbox: Sandbox, reader: Credential
) -> None:
    sandbox.set_fault("slow", seconds=0.2)
    asked = sandbox.count("activeAppUser")

    def child(index: int) -> list[str]:
        return [getattr(user, "email", repr(user)) for user in crowd(16, lambda _: verify(reader))]

    assert processes(4, child) == [[READER] * 16] * 4
    assert 1 <= sandbox.count("activeAppUser") - asked <= 4


def test_4_processes_and_one_bad_token(sandbox: Sandbox, reader: Credential) -> None:
    sandbox.revoke(reader.token)
    sandbox.set_fault("slow", seconds=0.1)
    asked = sandbox.count("activeAppUser")
    assert processes(4, lambda _: verify(reader).email) == ["revoked"] * 4
    assert sandbox.count("activeAppUser") - asked <= 4


def test_a_lock_holder_that_dies_costs_seconds(sandbox: Sandbox, reader: Credential) -> None:
    sandbox.set_fault("slow", seconds=5)

    def die(index: int) -> bool:
        threading.Thread(target=verify, args=(reader,), daemon=True).start()
        time.sleep(1)
        return True  # the process ends, and never gives the lock back

    assert processes(1, die) == [True]
    sandbox.clear_fault()
    began = time.monotonic()
    assert verify(reader).email == READER
    assert time.monotonic() - began < 2 + 5


def test_a_logout_reaches_the_other_processes(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 0.3
    verify(reader)

    def child(index: int) -> float:
        """Seconds after the logout at which this process refused; 99 if it never did."""
        verify(reader)
        if index == 0:
            time.sleep(0.2)
            began = time.monotonic()
            assert deny(reader)
            return time.monotonic() - began
        began = time.monotonic()
        while time.monotonic() - began < 10:
            try:
                verify(reader)
            except Rejected:
                return time.monotonic() - began
            time.sleep(0.01)
        return 99

    assert all(seconds < 0.2 + 0.3 + 5 for seconds in processes(3, child))


def test_a_verdict_under_way_elsewhere_during_a_purge_is_dead(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 0.1
    sandbox.set_fault("slow", seconds=0.6)

    def child(index: int) -> bool:
        if index == 0:
            return bool(verify(reader))
        time.sleep(0.2)
        forget(reader)
        return True

    assert processes(2, child) == [True, True]
    sandbox.clear_fault()
    asked = sandbox.count("activeAppUser")
    verify(reader)
    assert sandbox.count("activeAppUser") == asked + 1


def test_ends_and_verdicts_survive_in_the_server(sandbox: Sandbox, reader: Credential) -> None:
    first = check(reader)
    process.reset()
    asked = sandbox.count()
    assert check(reader) == first
    assert sandbox.count() == asked
    assert deny(reader, seconds=30 * 24 * 3600)
    process.reset()
    with pytest.raises(Rejected):
        verify(reader)


def test_short_times(sandbox: Sandbox, reader: Credential, settings: Any) -> None:
    settings.IDENTITYX_VERIFICATION_TTL = 1.5
    settings.IDENTITYX_STALE_IF_ERROR = 0
    settings.IDENTITYX_LOCAL_TTL = 0
    verify(reader)
    asked = sandbox.count("activeAppUser")
    verify(reader)
    assert sandbox.count("activeAppUser") == asked
    time.sleep(1.55)
    verify(reader)
    assert sandbox.count("activeAppUser") == asked + 1
