"""Verification under load: memory, one hot token, floods, and many who ask at the same time.

    python benchmarks/load.py

Prints one line a row; nothing is asserted. The sandbox and Redis run in processes of their own.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import secrets
import statistics
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import figures
import servers
import site_settings

_spawn = multiprocessing.get_context("spawn")


def main() -> None:
    with servers.sandbox(latency=0.05) as slow, servers.sandbox(latency=0.1) as slower:
        with servers.sandbox() as quick, servers.redis() as redis_url:
            site_settings.configure(quick.url, redis_url)
            memory(quick, redis_url)
        hot_token(slow)
        flood(slower)
        with servers.sandbox(latency=0.02) as healthy:
            after_a_restart(healthy)
        one_token_many_threads(slow)
        with servers.redis() as redis_url:
            if redis_url is not None:
                one_token_many_processes(slow, redis_url)
    figures.record("load", _rows)


_rows: dict[str, str] = {}


def row(title: str, text: str) -> None:
    print(f"{title:<64}{text}", flush=True)
    _rows[title] = text


def credential(token: str) -> Any:
    from django_identityx.credentials import Credential, TokenType

    return Credential(TokenType.APP_USER, token)


def overridden(**settings: Any) -> Any:
    """Other settings; those who enter it find a process that knows nothing yet."""
    from django.test import override_settings

    return override_settings(**settings)


# --- rows ---------------------------------------------------------------------------------------


def memory(sandbox: servers.RemoteSandbox, redis_url: str | None) -> None:
    from django_identityx.verification import verify

    number = 1000
    credentials = [credential(token) for token in sandbox.tokens(number + 1)]
    with overridden(IDENTITYX_CACHE="redis" if redis_url else "default"):
        verify(credentials.pop())
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for each in credentials:
            verify(each)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    row("memory a token, in the process", f"{(after - before) / number:,.0f} bytes")
    if redis_url:
        from django.core.cache import caches

        client = caches["redis"]._cache.get_client()
        sizes = [client.memory_usage(key) for key in client.keys("*identityx:v:*")]
        row("memory a token, in Redis", f"{statistics.mean(sizes):,.0f} bytes")


def hot_token(sandbox: servers.RemoteSandbox) -> None:
    """16 threads with one token whose verdict runs out each second."""
    from django_identityx.verification import verify

    times: list[float] = []
    hot = credential(sandbox.tokens(1)[0])
    ends = 0.0

    def visit() -> None:
        mine = []
        while (began := time.perf_counter()) < ends:
            verify(hot)
            mine.append(time.perf_counter() - began)
            time.sleep(0.002)
        times.extend(mine)

    with overridden(IDENTITYX_API_URL=sandbox.url, IDENTITYX_VERIFICATION_TTL=1):
        verify(hot)
        ends = time.perf_counter() + 10
        together([visit] * 16)
    row(
        "one hot token, 16 threads, TTL 1 s, 50 ms a verification",
        f"p50 {percentile(times, 50)}, p99 {percentile(times, 99)}, "
        f"p99.9 {percentile(times, 99.9)}, max {percentile(times, 100)}, n {len(times)}",
    )


def flood(sandbox: servers.RemoteSandbox) -> None:
    """16 workers; a stranger brings 200 unknown tokens a second, a visitor one known one."""
    from django_identityx.exceptions import IdentityXError
    from django_identityx.verification import verify

    known = credential(sandbox.tokens(1)[0])

    def visit(began: float) -> float:
        verify(known)
        return time.perf_counter() - began

    def intrude() -> str:
        try:
            verify(credential(unknown_token()))
        except IdentityXError as error:
            return type(error).__name__
        return "accepted"

    # Without strangers first: what the machine does to a visitor by itself.
    for limit, has_strangers, seconds in ((8, False, 20), (8, True, 20), (1000, True, 5)):
        with (
            overridden(IDENTITYX_API_URL=sandbox.url, IDENTITYX_MAX_VERIFICATIONS=limit),
            ThreadPoolExecutor(16) as workers,
        ):
            verify(known)
            visits, intrusions = [], []
            began = time.perf_counter()
            for index in range(200 * seconds):
                time.sleep(max(0.0, began + index / 200 - time.perf_counter()))
                if has_strangers:
                    intrusions.append(workers.submit(intrude))
                if index % 4 == 0:
                    visits.append(workers.submit(visit, time.perf_counter()))
            times = [each.result() for each in visits]
            outcomes = [each.result() for each in intrusions]
        counts = ", ".join(f"{outcomes.count(name)} {name}" for name in sorted(set(outcomes)))
        title = f"at most {limit} verifications" if has_strangers else "without the flood"
        row(
            f"a visitor's hit in a flood, {title}",
            f"p50 {percentile(times, 50)}, p99 {percentile(times, 99)} "
            f"(of the first 5 s: {percentile(times[:250], 99)}), "
            f"max {percentile(times, 100)}, strangers: {counts or 0}",
        )


def after_a_restart(sandbox: servers.RemoteSandbox) -> None:
    """200 people whom the process does not know arrive together, on 32 threads."""
    from django_identityx.exceptions import Unavailable
    from django_identityx.verification import verify

    people = [credential(token) for token in sandbox.tokens(200)]
    times: list[float] = []
    lost: list[str] = []

    def visit(some: list[Any]) -> None:
        for each in some:
            began = time.perf_counter()
            try:
                verify(each)
            except Unavailable as error:
                lost.append(type(error).__name__)
            times.append(time.perf_counter() - began)

    with overridden(IDENTITYX_API_URL=sandbox.url):
        together([lambda index=index: visit(people[index::32]) for index in range(32)])
    row(
        "200 people after a restart, 32 threads, 20 ms a verification",
        f"p50 {percentile(times, 50)}, max {percentile(times, 100)}, 503: {len(lost)}",
    )


def one_token_many_threads(sandbox: servers.RemoteSandbox) -> None:
    from django_identityx.verification import verify

    new = credential(sandbox.tokens(1)[0])
    before = sandbox.call("count", "activeAppUser")
    with overridden(IDENTITYX_API_URL=sandbox.url):
        together([lambda: verify(new)] * 64)
    calls = sandbox.call("count", "activeAppUser") - before
    row("64 threads, one new token", f"{calls} calls upstream")


def one_token_many_processes(sandbox: servers.RemoteSandbox, redis_url: str) -> None:
    gate = _spawn.Barrier(5)
    calls = []
    rounds = 10
    tokens = sandbox.tokens(rounds)
    known = sandbox.tokens(1)[0]
    arguments = (sandbox.url, redis_url, known, tokens, gate)
    processes = [_spawn.Process(target=_crowd, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    gate.wait()  # all have warmed up
    for _ in range(rounds):
        before = sandbox.call("count", "activeAppUser")
        gate.wait()  # all begin
        gate.wait()  # all have ended
        calls.append(sandbox.call("count", "activeAppUser") - before)
    for process in processes:
        process.join()
    row(
        "4 processes x 16 threads, one new token, Redis",
        f"{calls} calls upstream in {rounds} tries",
    )


def _crowd(url: str, redis_url: str, known: str, tokens: list[str], gate: Any) -> None:
    """One of several processes, each with 16 threads."""
    site_settings.configure(url, redis_url, IDENTITYX_CACHE="redis")
    from django_identityx.verification import verify

    verify(credential(known))  # connects, and learns which form of header is understood
    gate.wait()
    for token in tokens:
        gate.wait()
        together([lambda token=token: verify(credential(token))] * 16)
        gate.wait()


# --- measuring ----------------------------------------------------------------------------------


def together(actions: list[Callable[[], object]]) -> None:
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> None:
        gate.wait()
        action()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def percentile(times: list[float], percent: float) -> str:
    ordered = sorted(times)
    index = min(len(ordered) - 1, int(len(ordered) * percent / 100))
    return f"{ordered[index] * 1000:.2f} ms"


def unknown_token() -> str:
    """A token that is well formed, and nobody's."""
    parts = (
        {"alg": "HS256", "typ": "JWT"},
        {
            "sub": "app-user-auth",
            "aud": "stranger@example.net",
            "iss": site_settings.APP_ID,
            "jti": secrets.token_hex(12),
            "iat": int(time.time()),
        },
    )
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join((*encoded, secrets.token_urlsafe(32).encode())).decode()


if __name__ == "__main__":
    main()
