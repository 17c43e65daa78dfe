"""How calls to IdentityX grow with readers: a simulation with the engine of verification itself.

    python benchmarks/growth.py [--sample 200]

Each reader opens a page a minute on average and goes after ten minutes; a page is served by a
process of chance. Time is simulated, and IdentityX is a counter. For many readers a sample of them
is simulated, with caches that are smaller in the same proportion. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
from dataclasses import dataclass
from typing import Any

import figures
import servers
import site_settings

assert servers.ROOT  # puts the package on the path

READERS = [10, 100, 1_000, 10_000, 100_000, 1_000_000]  # a minute
PROCESSES = [1, 20, 200]
TTLS = [60, 600, 3600]  # seconds
VISIT = 10  # minutes
LOCAL_SIZE, LOCMEM_ENTRIES = 10_000, 300  # the defaults, ours and Django's
SHARED, OWN = "shared", "own"


@dataclass
class Clock:
    now: float = 1e9

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


@dataclass
class Asking:
    """A reader's question."""

    key: bytes
    calls: list[bytes]

    def prepare(self, *, is_known: bool) -> float | None:
        return None

    def ask(self) -> str:
        self.calls.append(self.key)
        return "somebody"

    def pack(self, value: str) -> Any:
        return value

    def unpack(self, data: Any) -> str | None:
        return str(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=200)
    options = parser.parse_args()
    site_settings.configure("http://127.0.0.1:9/graphql")
    logging.disable()
    rows = []
    for kind in (SHARED, OWN):
        for processes in PROCESSES:
            for ttl in TTLS:
                calls = [simulate(n, processes, kind, ttl, options.sample) for n in READERS]
                rows.append({"cache": kind, "processes": processes, "ttl": ttl, "calls": calls})
                counts = "".join(f"{count:>11,.0f}" for count in calls)
                print(f"{kind:<8}{processes:>4} processes, TTL {ttl:>4} s{counts}", flush=True)
    figures.record("growth", {"readers": READERS, "rows": rows})


def simulate(readers: int, processes: int, kind: str, ttl: int, sample: int) -> float:
    """Calls to IdentityX a minute."""
    from django.test import override_settings

    sample = min(sample, readers)
    share = sample / readers
    entries = 10**9 if kind == SHARED else max(1, round(LOCMEM_ENTRIES * processes * share))
    cache = {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "growth",
        "OPTIONS": {"MAX_ENTRIES": entries},
    }
    with override_settings(
        CACHES={"default": cache},
        IDENTITYX_VERIFICATION_TTL=ttl,
        IDENTITYX_LOCAL_SIZE=max(1, round(LOCAL_SIZE * share)),
    ):
        return _minutes(sample, processes, kind) / share


def _minutes(readers: int, processes: int, kind: str) -> float:
    from django.core.cache import cache

    from django_identityx.service import Gate
    from django_identityx.verification import Engine, Lifetimes

    cache.clear()
    clock, chance, calls = Clock(), random.Random(1), list[bytes]()
    way, lifetimes = Gate(8, clock), Lifetimes.from_settings()
    engines: list[Engine[str]] = [
        # Keys in the cache begin with the name, so that a name alone is a cache alone.
        Engine(kind if kind == SHARED else f"{kind}{n}", lifetimes, way=way, clock=clock)
        for n in range(processes)
    ]
    began, before = clock.now, 0
    while clock.now < began + 3 * VISIT * 60:
        clock.now += chance.expovariate(readers / 60)
        reader = chance.randrange(readers)
        # One who goes makes place for the next; they don't all go together.
        visit = int((clock.now - began) / 60 / VISIT + reader / readers)
        key = hashlib.sha256(f"{reader} {visit}".encode()).digest()
        chance.choice(engines).find(Asking(key, calls))
        if clock.now < began + VISIT * 60:
            before = len(calls)
    return (len(calls) - before) / (2 * VISIT)


if __name__ == "__main__":
    main()
