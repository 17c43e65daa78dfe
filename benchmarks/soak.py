"""Minutes of threads and processes at work while IdentityX has one accident after another.

    python benchmarks/soak.py [--minutes 2.5] [--processes 4] [--threads 8] [--seed 1]

Each verdict is held against what is known of its token. Wrong is: accepted though revoked, ended
or expired longer ago than the bounds allow; rejected though valid; somebody let in whom IdentityX
never knew, or as somebody else. Prints what happened, and exits with 1 if anything was wrong.

The processes share a Redis of their own, or nothing but IdentityX where Debian's package is
missing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import servers
import site_settings

TTL, LOCAL_TTL, STALE = 2.0, 0.5, 3.0
SLACK = 0.1  # seconds between a look at the clock and what it was for
PEOPLE = ("reader@example.net", "subscriber@example.net", "staff@example.org")
WINDOW = 60  # tokens in use at the same time
PAUSE = 0.01  # seconds between two requests of a thread, on average
LATENCY = 0.03  # seconds of a verification, so that some are under way when something ends

# Accidents, twice as often none. Hanging is longer than the timeout.
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("html502", {}),
    ("drop", {}),
    ("hang", {"seconds": 3}),
    ("slow", {"seconds": 0.2}),
    ("inner", {"service": "token"}),
    ("inner", {"service": "user"}),
    ("inner", {"message": "A message that nobody has seen before."}),
    ("blocked", {}),
]


@dataclass
class World:
    """What all processes know of the tokens; times are seconds since the epoch, 0 is never.

    ``may_end`` is when a token could first be rejected, ``has_ended`` when IdentityX surely
    rejects it, ``denied`` when this site surely does, ``forgotten`` when a process last began to
    forget it, ``has_forgotten`` when it had.
    """

    tokens: list[str]
    emails: list[str]
    strangers: list[str]
    may_end: Any
    has_ended: Any
    denied: Any
    forgotten: Any
    has_forgotten: Any
    first: Any  # index of the first token in use
    stop: Any


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=2.5)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    seconds = options.minutes * 60
    print(f"seed {options.seed}, {seconds:.0f} s", flush=True)
    with servers.sandbox(LATENCY) as sandbox, servers.redis() as redis_url:
        spawn = multiprocessing.get_context("spawn")
        world = make_world(sandbox, spawn, chance, int(seconds * 10) + WINDOW)
        results = spawn.Queue()
        workers = [
            spawn.Process(
                target=work,
                args=(sandbox.url, redis_url, vars(world), options.threads, chance.random()),
                kwargs={"results": results},
                daemon=True,
            )
            for _ in range(options.processes)
        ]
        for worker in workers:
            worker.start()
        faults = make_trouble(sandbox, world, chance, seconds)
        sandbox.call("clear_fault")
        world.stop.set()
        counts: Counter[str] = Counter()
        wrong: list[str] = []
        for _ in workers:
            their_counts, their_wrong = results.get(timeout=60)
            counts += their_counts
            wrong += their_wrong
        for worker in workers:
            worker.join(10)
    print(f"accidents: {dict(faults)}")
    for outcome, number in counts.most_common():
        print(f"{outcome:<32}{number:>12,}")
    print(f"{'WRONG':<32}{len(wrong):>12,}")
    for line in wrong[:20]:
        print("   ", line)
    return 1 if wrong or not counts["accepted, fresh"] else 0


def make_world(sandbox: Any, spawn: Any, chance: random.Random, number: int) -> World:
    from django_identityx.sandbox.tokens import peek

    emails = [chance.choice(PEOPLE) for _ in range(number)]
    tokens = [sandbox.call("app_user_token", email) for email in emails]
    may_end = spawn.Array("d", number, lock=False)
    has_ended = spawn.Array("d", number, lock=False)
    for index in range(0, number, 10):  # each tenth expires by itself
        moment = int(time.time() + index / 10 + chance.uniform(2, 8))
        tokens[index] = sandbox.call("sign", {**peek(tokens[index]), "exp": moment})
        may_end[index], has_ended[index] = moment - 1, moment + 1
    stranger = {"sub": "app-user-auth", "iss": site_settings.APP_ID, "aud": PEOPLE[0], "iat": 1}
    strangers = [
        sandbox.call("sign", {**stranger, "jti": f"unknown-{index}"}, None, key)
        for index in range(200)
        for key in (None, b"another key")
    ]
    return World(
        tokens,
        emails,
        strangers,
        may_end,
        has_ended,
        denied=spawn.Array("d", number, lock=False),
        forgotten=spawn.Array("d", number, lock=False),
        has_forgotten=spawn.Array("d", number, lock=False),
        first=spawn.Value("i", 0),
        stop=spawn.Event(),
    )


def make_trouble(sandbox: Any, world: World, chance: random.Random, seconds: float) -> Counter[str]:
    """Flip between accidents, end tokens at IdentityX, and bring in new ones."""
    faults: Counter[str] = Counter()
    began = time.monotonic()
    flip_at = 0.0
    while (passed := time.monotonic() - began) < seconds:
        world.first.value = int(passed * 10)
        if passed >= flip_at:
            mode, options = chance.choice([*FAULTS, *[("none", {})] * 2 * len(FAULTS)])
            sandbox.call("set_fault", mode, **options)
            faults[mode] += 1
            flip_at = passed + chance.uniform(0.2, 3)
        index = world.first.value + chance.randrange(WINDOW)
        if index % 10 and not world.may_end[index]:
            world.may_end[index] = time.time()
            sandbox.call("revoke", world.tokens[index])
            world.has_ended[index] = time.time()
        time.sleep(0.15)
    return faults


# --- in the worker processes ------------------------------------------------------------------


def work(
    url: str, redis_url: str | None, fields: dict[str, Any], threads: int, seed: float, results: Any
) -> None:
    world = World(**fields)
    site_settings.configure(
        url,
        redis_url,
        IDENTITYX_CACHE="default" if redis_url is None else "redis",
        IDENTITYX_VERIFICATION_TTL=TTL,
        IDENTITYX_LOCAL_TTL=LOCAL_TTL,
        IDENTITYX_STALE_IF_ERROR=STALE,
        IDENTITYX_REJECTION_TTL=1,
        IDENTITYX_TIMEOUT=(0.5, 0.5),
    )
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    lock = threading.Lock()

    def run(number: int) -> None:
        mine: Counter[str] = Counter()
        chance = random.Random(seed + number)
        while not world.stop.is_set():
            time.sleep(chance.uniform(0, 2 * PAUSE))
            try:
                line = act(world, chance, mine, shares_ends=redis_url is not None)
            except Exception as error:
                line = f"an error of no kind of ours: {error!r}"
            if line:
                with lock:
                    wrong.append(line)
        with lock:
            counts.update(mine)

    crew = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    results.put((counts, wrong))


def act(
    world: World, chance: random.Random, counts: Counter[str], *, shares_ends: bool
) -> str | None:
    """Verify one token, now and then end one; say what was wrong with the verdict."""
    from django_identityx.credentials import Credential, TokenType
    from django_identityx.exceptions import ConfigurationError, Rejected, Unavailable
    from django_identityx.verification import check, deny, forget

    is_stranger = chance.random() < 0.1
    index = world.first.value + min(int(chance.expovariate(0.1)), WINDOW - 1)
    token = chance.choice(world.strangers) if is_stranger else world.tokens[index]
    credential = Credential(TokenType.APP_USER, token)
    what, began = chance.random(), time.time()
    if not is_stranger and what < 0.0008:
        world.may_end[index] = min(world.may_end[index] or began, began)
        if deny(credential) and shares_ends:
            world.denied[index] = time.time()
        counts["denied by this site"] += 1
        return None
    if what < 0.008:
        forget(credential)
        if not is_stranger and shares_ends:
            world.forgotten[index], world.has_forgotten[index] = began, time.time()
        counts["forgotten"] += 1
        return None
    max_age = chance.choice([0, 0.5]) if what < 0.017 else None
    try:
        verdict = check(credential, max_age=max_age)
    except Rejected as rejected:
        counts["rejected" if not is_stranger else "strangers rejected"] += 1
        if is_stranger or ((may_end := world.may_end[index]) and time.time() >= may_end - SLACK):
            return None
        return f"rejected though valid ({rejected.reason})"
    except (Unavailable, ConfigurationError) as error:
        counts[f"unavailable: {type(error).__name__}"] += 1
        return None
    counts["accepted, fresh" if verdict.fresh else "accepted, stale"] += 1
    if is_stranger:
        return "a stranger was let in"
    if verdict.user.email != world.emails[index]:
        return "let in as somebody else"
    return wrong_with(world, index, verdict, began, max_age)


def wrong_with(
    world: World, index: int, verdict: Any, began: float, max_age: float | None
) -> str | None:
    age = began - verdict.verified_at
    has_ended, denied = world.has_ended[index], world.denied[index]
    forgotten, has_forgotten = world.forgotten[index], world.has_forgotten[index]
    if max_age is not None and (age > max_age + SLACK or not verdict.fresh):
        return f"older than was asked for: {age:.2f} s"
    if age > TTL + (0 if verdict.fresh else STALE) + SLACK:
        return f"a verdict {age:.2f} s old, fresh: {verdict.fresh}"
    if has_ended and verdict.verified_at > has_ended + SLACK:
        return "accepted though IdentityX had ended it before it was asked"
    if denied and began > denied + LOCAL_TTL + SLACK:
        return f"accepted {began - denied:.2f} s after this site ended it"
    is_older = has_forgotten >= forgotten > verdict.verified_at + SLACK
    if is_older and began > has_forgotten + LOCAL_TTL + SLACK:
        return f"a verdict came back {began - has_forgotten:.2f} s after it was forgotten"
    return None


if __name__ == "__main__":
    sys.exit(main())
