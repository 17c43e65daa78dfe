"""What processes share of verdicts: ends, what was under way then, foreign data, and trouble."""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any

import pytest
from django.core.cache import cache, caches

from django_identityx.conf import conf
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import Rejected, Unavailable
from django_identityx.sandbox import DAILY_APP_ID, WEEKLY_APP_ID, Sandbox
from django_identityx.service import Gate
from django_identityx.testing import credential
from django_identityx.verification import Verifier, check, deny, forget, verify

from .crowd import FOR_EVER, crowd, under_way
from .leaks import assert_no_secret
from .simulated_clock import SimulatedClock
from .troubled_caches import Hanging

READER = "reader@example.net"
TROUBLED = [
    "tests.cache_backends.Down",
    "tests.troubled_caches.Ignoring",
    "tests.cache_backends.Swallowing",
    "no.such.Backend",
]


def backend(settings: Any, path: str) -> None:
    settings.CACHES = {"default": {"BACKEND": path, "LOCATION": secrets.token_hex(4)}}


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def reader(sandbox: Sandbox, settings: Any) -> Credential:
    settings.IDENTITYX_AUTHORIZATION_FORMAT = "plain"
    backend(settings, "tests.cache_backends.Remote")
    return credential(sandbox, READER)


def process(clock: SimulatedClock) -> Verifier:
    return Verifier(clock, Gate(conf.MAX_VERIFICATIONS, clock))


def entries(kind: str) -> list[str]:
    """The keys of verdicts ("v"), marks ("m") or locks ("l")."""
    keys = [key.split(":", 2)[2] for key in caches["default"].keys]
    return [key for key in keys if key.startswith(f"identityx:{kind}:")]


def refuses(verifier: Verifier, token: Credential) -> bool:
    try:
        verifier.check(token)
    except Rejected:
        return True
    return False


# --- ends ---------------------------------------------------------------------------------------


def test_a_denial_lasts_its_time(reader: Credential, clock: SimulatedClock) -> None:
    assert process(clock).deny(reader, 100)
    clock.advance(99)
    assert refuses(process(clock), reader)
    clock.advance(2)
    assert not refuses(process(clock), reader)


def test_nothing_shortens_a_denial(reader: Credential, clock: SimulatedClock) -> None:
    one = process(clock)
    assert one.deny(reader, 1000)
    assert one.deny(reader, 10)
    one.forget(reader)
    clock.advance(500)
    assert refuses(one, reader)
    assert refuses(process(clock), reader)


def test_a_denial_can_be_prolonged(reader: Credential, clock: SimulatedClock) -> None:
    one = process(clock)
    one.deny(reader, 10)
    assert one.deny(reader, 1000)
    clock.advance(500)
    assert refuses(one, reader)
    assert refuses(process(clock), reader)


def test_a_mark_that_got_lost_costs_a_question_only(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    process(clock).forget(reader)
    process(clock).check(reader)
    asked = sandbox.count("activeAppUser")
    cache.delete(*entries("m"))
    process(clock).check(reader)
    assert sandbox.count("activeAppUser") == asked + 1


def test_no_token_and_no_person_in_a_key(reader: Credential) -> None:
    verify(reader)
    assert len(entries("v")) == 1
    deny(reader)
    keys = caches["default"].keys
    assert len(keys) == 1  # the denial ended the verdict
    assert all(key.split(":", 2)[2].startswith("identityx:") for key in keys)
    assert_no_secret("\n".join(keys), reader.token)


def test_who_asks_ahead_leaves_it_to_another_process(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    first = one.check(reader)
    (key,) = entries("v")
    cache.set(key.replace(":v:", ":l:"), 1, 60)  # as another process does that asks
    clock.advance(conf.VERIFICATION_TTL * 0.9)
    asked = sandbox.count("activeAppUser")
    assert one.check(reader) == first
    assert process(clock).check(reader).verified_at == first.verified_at
    assert sandbox.count("activeAppUser") == asked


def test_every_entry_has_an_end(reader: Credential) -> None:
    verify(reader)
    ends = caches["default"].memory._expire_info.values()
    assert list(ends) == [pytest.approx(time.time() + conf.STALE_IF_ERROR, abs=400)]
    deny(reader)
    assert all(end is not None for end in ends)


# --- several processes that ask -----------------------------------------------------------------


def test_one_process_asks_for_all(sandbox: Sandbox, reader: Credential) -> None:
    sandbox.set_fault("slow", seconds=0.1)
    verifiers = [Verifier() for _ in range(4)]
    results = crowd(16, lambda index: verifiers[index % 4].check(reader).user.email)
    assert results == [READER] * 16
    assert sandbox.count("activeAppUser") == 1


@pytest.mark.parametrize("name", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_no_locks_where_nobody_else_sees_them(
    sandbox: Sandbox, reader: Credential, settings: Any, name: str
) -> None:
    backend(settings, f"django.core.cache.backends.{name}")
    sandbox.set_fault("slow", seconds=0.2)
    verifiers = [Verifier() for _ in range(2)]
    assert crowd(2, lambda index: verifiers[index].check(reader).user.email) == [READER] * 2
    assert sandbox.count("activeAppUser") == 2


# --- what is in the cache -----------------------------------------------------------------------


@pytest.mark.parametrize("foreign", [1, "text", b"\x80", ["v", 1], {"v": 1}, {"v": 2, "gen": 1}])
def test_foreign_data_is_a_miss(
    sandbox: Sandbox,
    reader: Credential,
    clock: SimulatedClock,
    foreign: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    verify(reader)
    forget(reader)
    verify(reader)
    for key in caches["default"].keys:
        cache.set(key.split(":", 2)[2], foreign, 100)
    for _ in range(2):
        assert process(clock).check(reader).user.email == READER
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert process(clock).deny(reader)
    assert refuses(process(clock), reader)


def changes(packed: dict[str, Any]) -> list[Any]:
    """Variants of a packed verdict, none of which is one."""
    kind, fields = packed["value"]
    return [
        {},
        {"v": packed["v"]},
        {**packed, "v": packed["v"] + 1},
        {**packed, "at": "now"},
        {**packed, "at": True},
        {**packed, "exp": "never"},
        {**packed, "gen": None},
        {**packed, "gen": "another"},
        *(
            {**packed, "value": value}
            for value in (
                None,
                [],
                "text",
                ["Admin", fields],
                [[], fields],
                ["OrgUser", fields],
                ["OrgUser", [*fields[:4], "", []]],  # whole, and of another kind
                [kind, []],
                [kind, fields[:-1]],
                [kind, [*fields, 1]],
                [kind, [None, *fields[1:]]],
                [kind, ["", *fields[1:]]],
                [kind, [WEEKLY_APP_ID if value == DAILY_APP_ID else value for value in fields]],
                [kind, [*fields[:-1], [["too", "many", "values"]]]],
                [kind, "x" * len(fields)],
            )
        ),
    ]


def test_nothing_but_a_verdict_about_this_credential_counts(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    process(clock).check(reader)
    (key,) = entries("v")
    packed = cache.get(key)
    for changed in changes(packed):
        cache.set(key, changed)
        asked = sandbox.count("activeAppUser")
        assert process(clock).check(reader).user.email == READER, changed
        assert sandbox.count("activeAppUser") == asked + 1, changed
    cache.set(key, packed)
    process(clock).check(reader)
    assert sandbox.count("activeAppUser") == asked + 1


def test_it_is_plain_and_small(sandbox: Sandbox, reader: Credential) -> None:
    import json
    import pickle

    verify(reader)
    verify(credential(sandbox, "owner@example.com", TokenType.ORG_USER))
    for key in entries("v"):
        packed = cache.get(key)
        assert json.loads(json.dumps(packed)) == packed
        assert b"django_identityx" not in pickle.dumps(packed)
        assert len(pickle.dumps(packed)) < 1024


# --- trouble ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TROUBLED)
def test_a_cache_in_trouble_is_a_miss(
    sandbox: Sandbox, reader: Credential, settings: Any, path: str
) -> None:
    backend(settings, path)
    for _ in range(3):
        assert check(reader, max_age=0).user.email == READER
        assert check(reader).user.email == READER
        forget(reader)
    assert deny(reader) is False
    with pytest.raises(Rejected):
        verify(reader)


def test_a_cache_that_hangs_is_paid_for_once(
    sandbox: Sandbox, reader: Credential, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 0
    backend(settings, "tests.troubled_caches.Hanging")
    monkeypatch.setattr(Hanging, "seconds", 0.1)
    monkeypatch.setattr(Hanging, "calls", 0)
    for _ in range(9):
        assert verify(reader).email == READER
    assert Hanging.calls == 1


@pytest.mark.parametrize("path", TROUBLED[:2])
def test_people_known_to_the_process_outlive_both_going_down(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, settings: Any, path: str
) -> None:
    known = [credential(sandbox, READER) for _ in range(120)]
    one = process(clock)
    for token in known:
        one.check(token)
    settings.CACHES["default"]["BACKEND"] = path
    caches["default"].__class__  # noqa: B018 - the connection that is there is kept
    del caches["default"]
    clock.advance(61)
    sandbox.set_fault("html502")
    verdicts = [one.check(token) for token in known]
    assert not any(verdict.fresh for verdict in verdicts)
    assert {verdict.user.email for verdict in verdicts} == {READER}
    with pytest.raises(Unavailable):
        one.check(credential(sandbox, READER))
    clock.advance(301)
    with pytest.raises(Unavailable):
        one.check(known[0])


def test_the_shared_cache_alone_going_down_costs_nobody_anything(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 0.01
    known = [credential(sandbox, READER) for _ in range(60)]
    for token in known:
        verify(token)
    settings.CACHES["default"]["BACKEND"] = "tests.cache_backends.Down"
    del caches["default"]
    sandbox.set_fault("slow", seconds=0.02)
    time.sleep(0.02)
    results = crowd(30, lambda index: [check(token) for token in known[index::30]])
    assert not [result for result in results if isinstance(result, Exception)]


@pytest.mark.slow
def test_whoever_follows_a_slow_leader_gets_what_may_serve(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    settings.IDENTITYX_VERIFICATION_TTL = 0.2
    settings.IDENTITYX_TIMEOUT = (FOR_EVER, FOR_EVER)
    verify(reader)
    time.sleep(0.21)
    with under_way(sandbox, lambda: check(reader)) as leader:
        assert not any(verdict.fresh for verdict in crowd(7, lambda _: check(reader)))
        assert not leader.done()  # nobody waits for the end of it
    assert leader.result().fresh
