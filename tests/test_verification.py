"""Verification against a real IdentityX over HTTP: tiers, flights, outages, ends."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import statistics
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache

from django_identityx import process as process_state
from django_identityx import signals
from django_identityx.applications import Application
from django_identityx.conf import conf
from django_identityx.credentials import LEEWAY, Credential, TokenType
from django_identityx.exceptions import (
    Busy,
    ConfigurationError,
    Malformed,
    Rejected,
    Unavailable,
    Unclear,
)
from django_identityx.ratelimits import Bucket, LimitExceeded, Rate
from django_identityx.sandbox import DAILY_APP_ID, WEEKLY_APP_ID, Sandbox
from django_identityx.service import Gate
from django_identityx.service.gates import FAILURES, FIRST_PAUSE
from django_identityx.testing import credential
from django_identityx.users import AppUser, OrgUser
from django_identityx.verification import (
    Verifier,
    averify,
    check,
    deny,
    forget,
    places,
    remember,
    verify,
)

from . import faulty_server as wire
from .crowd import FOR_EVER, crowd, under_way, wait_until
from .faulty_server import FaultyServer
from .leaks import assert_no_secret, logged, text_of
from .simulated_clock import SimulatedClock

READER = "reader@example.net"


@pytest.fixture
def shared_cache(settings: Any) -> None:
    """A cache that is no local memory, so that processes could share it."""
    settings.CACHES = {
        "default": {
            "BACKEND": "tests.cache_backends.Remote",
            "LOCATION": secrets.token_hex(4),
        }
    }


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def reader(sandbox: Sandbox) -> Credential:
    """A reader's credential; that the dialect is plain has been learned."""
    verify(credential(sandbox, "staff@example.org"))
    return credential(sandbox, READER)


def process(clock: SimulatedClock) -> Verifier:
    """What another process, or this one, has in memory."""
    return Verifier(clock, Gate(conf.MAX_VERIFICATIONS, clock))


def asked(sandbox: Sandbox) -> int:
    return sandbox.count("activeAppUser") + sandbox.count("activeUser")


class Asked:
    """How many questions reached IdentityX within the block."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def __enter__(self) -> Asked:
        self.before = asked(self.sandbox)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.count = asked(self.sandbox) - self.before


# --- tiers --------------------------------------------------------------------------------------


def test_a_verdict_is_remembered_for_its_ttl(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    first = one.check(reader)
    assert first.user.email == READER
    assert first.verified_at == clock.time()
    for _ in range(40):
        with Asked(sandbox) as questions:
            again = one.check(reader)
        assert again == first
        assert questions.count == 0
        clock.advance(1)  # copies of the process end, the shared verdict doesn't
    clock.advance(21)
    with Asked(sandbox) as questions:
        assert one.check(reader).verified_at == clock.time()
    assert questions.count == 1


def test_the_shared_tier_serves_other_processes(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    first = process(clock).check(reader)
    with Asked(sandbox) as questions:
        assert process(clock).check(reader) == first
    assert questions.count == 0


def test_without_the_process_s_tier(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 0
    one = process(clock)
    one.check(reader)
    with Asked(sandbox) as questions:
        one.check(reader)
    assert questions.count == 0
    process(clock).forget(reader)
    with Asked(sandbox) as questions:
        one.check(reader)
    assert questions.count == 1


def test_ttl_0_asks_every_time(sandbox: Sandbox, reader: Credential, settings: Any) -> None:
    settings.IDENTITYX_VERIFICATION_TTL = 0
    with Asked(sandbox) as questions:
        for _ in range(3):
            verify(reader)
    assert questions.count == 3
    sandbox.set_fault("html502")
    with pytest.raises(Unavailable):
        verify(reader)


def test_with_a_cache_that_keeps_nothing(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, settings: Any
) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    one = process(clock)
    one.check(reader)
    with Asked(sandbox) as questions:
        one.check(reader)
    assert questions.count == 0
    clock.advance(5)
    with Asked(sandbox) as questions:
        one.check(reader)
    assert questions.count == 1


@pytest.mark.parametrize("email", ["owner@example.com", "guest@example.com"])
@pytest.mark.parametrize("kind", [TokenType.ORG_USER, TokenType.ORG_USER_API_TOKEN])
def test_staff_come_back_from_both_tiers_as_they_were(
    sandbox: Sandbox, clock: SimulatedClock, email: str, kind: TokenType
) -> None:
    known = credential(sandbox, email, kind)
    first = process(clock).check(known).user
    second = process(clock).check(known).user
    assert type(second) is type(first)
    assert vars(second) == vars(first)


def test_s02_kind_and_application_are_bound(sandbox: Sandbox, reader: Credential) -> None:
    verify(reader)
    for kind in (TokenType.ORG_USER, TokenType.ORG_USER_API_TOKEN):
        with pytest.raises(Malformed) as caught:
            verify(Credential(kind, reader.token))
        assert caught.value.reason == "wrong_kind"
    with pytest.raises(Malformed) as caught:
        verify(reader, app_id=WEEKLY_APP_ID)
    assert caught.value.reason == "wrong_application"
    assert verify(reader, app_id=DAILY_APP_ID).email == READER


def test_s02_another_endpoint_s_verdict_is_none_of_ours(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    verify(reader)
    settings.IDENTITYX_API_URL = "http://127.0.0.1:9/graphql"
    with pytest.raises(Unavailable):
        verify(reader)


def test_a_verdict_does_not_outlive_its_token(sandbox: Sandbox, clock: SimulatedClock) -> None:
    token = credential(sandbox, READER).token
    claims = _claims(token) | {"exp": int(clock.time()) + 2}
    mortal = Credential(TokenType.APP_USER, sandbox.sign(claims))
    one = process(clock)
    assert one.check(mortal).user.email == READER
    other = process(clock)
    clock.advance(2 + LEEWAY - 2)
    assert one.check(mortal, None, None)
    clock.advance(3)
    sandbox.set_fault("html502")  # not even stale
    for verifier in (one, other):
        with pytest.raises(Malformed) as caught:
            verifier.check(mortal)
        assert caught.value.reason == "expired"


def test_memory_in_the_process_is_bounded(
    sandbox: Sandbox, clock: SimulatedClock, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_SIZE = 2
    one = process(clock)
    people = [credential(sandbox, email) for email in (READER, "subscriber@example.net")]
    for each in (*people, credential(sandbox, "staff@example.org")):
        one.check(each)
    cache.clear()
    with Asked(sandbox) as questions:
        one.check(people[1])
    assert questions.count == 0
    with Asked(sandbox) as questions:
        one.check(people[0])
    assert questions.count == 1


def test_banned_readers(sandbox: Sandbox, settings: Any) -> None:
    banned = credential(sandbox, "banned@example.net")
    assert verify(banned).email == "banned@example.net"
    settings.IDENTITYX_REFUSE_BANNED = True
    for _ in range(3):
        with pytest.raises(Rejected) as caught:
            verify(banned)
        assert caught.value.reason == "banned"
    sandbox.set_fault("html502")
    process_state.reset()
    with pytest.raises(Rejected):
        verify(banned)


def test_odd_credentials(sandbox: Sandbox) -> None:
    for token in ("", "\udc80", "a.b", "é.é.é", "x" * 10_000, "a.b.c"):
        with pytest.raises(Malformed):
            verify(Credential(TokenType.APP_USER, token))
    assert asked(sandbox) == 0


# --- single flight ------------------------------------------------------------------------------


def test_64_threads_and_one_new_token_are_one_question(
    sandbox: Sandbox, reader: Credential
) -> None:
    sandbox.set_fault("slow", seconds=0.1)
    with Asked(sandbox) as questions:
        results = crowd(64, lambda _: verify(reader))
    assert {result.email for result in results} == {READER}
    assert questions.count == 1


@pytest.mark.parametrize("setting", ["LOCAL_TTL", "REJECTION_TTL"])
def test_64_threads_and_one_bad_token(
    sandbox: Sandbox, reader: Credential, settings: Any, setting: str
) -> None:
    setattr(settings, f"IDENTITYX_{setting}", 0)
    sandbox.revoke(reader.token)
    sandbox.set_fault("slow", seconds=0.2)
    with Asked(sandbox) as questions:
        results = crowd(64, lambda _: verify(reader))
    assert {result.reason for result in results} == {"revoked"}
    assert len({id(result) for result in results}) == 64
    assert questions.count == 1


def test_64_threads_in_an_outage_are_one_timeout(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    settings.IDENTITYX_TIMEOUT = (0.5, 0.5)
    sandbox.set_fault("hang", seconds=FOR_EVER)
    with Asked(sandbox) as questions:
        results = crowd(64, lambda _: verify(reader))
    assert all(isinstance(result, Unavailable) for result in results)
    assert questions.count < FAILURES  # those who came late, on a machine that is busy, ask once


def test_whoever_waits_goes_when_the_leader_is_interrupted(
    sandbox: Sandbox, reader: Credential
) -> None:
    begun = threading.Event()

    def end() -> None:
        begun.set()
        time.sleep(0.1)  # until the others wait
        raise SystemExit

    def act(index: int) -> str:
        if index:
            assert begun.wait(FOR_EVER)
            return verify(reader).email
        with pytest.raises(SystemExit):
            check(reader, client=end)
        return "interrupted"

    assert crowd(4, act) == ["interrupted", READER, READER, READER]


# --- rejections ---------------------------------------------------------------------------------


def test_a_rejection_is_remembered_for_its_ttl(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    sandbox.revoke(reader.token)
    one = process(clock)
    with Asked(sandbox) as questions:
        for _ in range(10):
            with pytest.raises(Rejected, match="no longer valid"):
                one.check(reader)
            clock.advance(0.9)
    assert questions.count == 1
    clock.advance(2)
    with Asked(sandbox) as questions, pytest.raises(Rejected):
        one.check(reader)
    assert questions.count == 1


def test_rejections_write_nothing_that_is_shared(
    sandbox: Sandbox, shared_cache: None, reader: Credential
) -> None:
    from django.core.cache import caches

    before = set(caches["default"].keys)
    for number in range(20):
        with pytest.raises(Rejected):
            verify(random_token(sandbox, number))
    assert set(caches["default"].keys) == before


def test_a_flood_pushes_out_no_good_verdict(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_SIZE = 3
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 3},
        }
    }
    verify(reader)
    for number in range(10):
        with pytest.raises(Rejected):
            verify(random_token(sandbox, number))
    with Asked(sandbox) as questions:
        verify(reader)
    assert questions.count == 0


def test_trouble_is_never_remembered_as_a_rejection(sandbox: Sandbox, reader: Credential) -> None:
    for mode, options in [
        ("html502", {}),
        ("inner", {"service": "token"}),
        ("inner", {"message": "Something new."}),
        ("blocked", {}),
    ]:
        sandbox.set_fault(mode, **options)
        with pytest.raises((Unavailable, ConfigurationError)):
            verify(reader)
    sandbox.clear_fault()
    process_state.reset()
    assert verify(reader).email == READER


def test_a_token_that_is_rejected_now_ends_in_other_processes_too(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one, other = process(clock), process(clock)
    one.check(reader)
    other.check(reader)
    sandbox.revoke(reader.token)
    with pytest.raises(Rejected):
        one.check(reader, max_age=0)
    other.check(reader)  # its copy
    clock.advance(5)
    with pytest.raises(Rejected):
        other.check(reader)


# --- stale if error -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["html502", "drop", "inner"])
def test_a_verdict_serves_on_in_an_outage(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, mode: str
) -> None:
    one = process(clock)
    first = one.check(reader)
    sandbox.set_fault(mode)
    clock.advance(59.9)
    assert one.check(reader).fresh
    for _ in range(10):
        clock.advance(29)
        stale = one.check(reader)
        assert not stale.fresh
        assert (stale.user, stale.verified_at) == (first.user, first.verified_at)
        assert not process(clock).check(reader).fresh
    clock.advance(11)
    with pytest.raises(Unavailable) as caught:
        one.check(reader)
    assert caught.value.retry_after >= 1


def test_nobody_new_gets_in(sandbox: Sandbox, reader: Credential, clock: SimulatedClock) -> None:
    one = process(clock)
    one.check(reader)
    sandbox.set_fault("html502")
    with pytest.raises(Unavailable):
        one.check(credential(sandbox, "subscriber@example.net"))


def test_an_unknown_message_may_be_survived(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    one.check(reader)
    clock.advance(61)
    sandbox.set_fault("inner", message="Something new.")
    with Asked(sandbox) as questions:
        for _ in range(2 * FAILURES):
            assert not one.check(reader).fresh
    assert questions.count == 2 * FAILURES
    with pytest.raises(Unclear):
        one.check(credential(sandbox, "subscriber@example.net"))


def test_a_refused_application_lets_nobody_in(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    one.check(reader)
    clock.advance(61)
    sandbox.set_fault("blocked")
    with pytest.raises(ConfigurationError):
        one.check(reader)


def test_a_revoked_token_is_not_revived_by_an_outage(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    one.check(reader)
    sandbox.revoke(reader.token)
    clock.advance(61)
    with pytest.raises(Rejected):
        one.check(reader)
    sandbox.set_fault("html502")
    clock.advance(11)
    for verifier in (one, process(clock)):
        with pytest.raises(Unavailable):
            verifier.check(reader)


def test_what_the_cache_lost_serves_from_the_process(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    one.check(reader)
    cache.clear()
    clock.advance(61)
    sandbox.set_fault("html502")
    assert not one.check(reader).fresh


@pytest.fixture
def told() -> Iterator[list[str]]:
    reasons: list[str] = []

    def receiver(reason: str, **kwargs: Any) -> None:
        reasons.append(reason)

    signals.service_unavailable.connect(receiver)
    yield reasons
    signals.service_unavailable.disconnect(receiver)


def test_the_signal_comes_once_a_second(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, told: list[str]
) -> None:
    one = process(clock)
    one.check(reader)
    clock.advance(61)
    sandbox.set_fault("html502")
    for _ in range(20):
        one.check(reader)
        clock.advance(0.1)
    assert len(told) == 2
    assert told[0] == "unreachable"
    clock.advance(1)
    with pytest.raises(Unavailable):
        one.check(credential(sandbox, "subscriber@example.net"))
    assert len(told) == 3


def test_rejections_are_told(sandbox: Sandbox, reader: Credential) -> None:
    heard: list[tuple[str, str]] = []

    def receiver(reason: str, token_type: str, **kwargs: Any) -> None:
        heard.append((reason, token_type))

    sandbox.revoke(reader.token)
    signals.token_rejected.connect(receiver)
    try:
        for token in (reader.token, "no.jwt", reader.token):
            with pytest.raises(Rejected):
                verify(Credential(TokenType.APP_USER, token))
    finally:
        signals.token_rejected.disconnect(receiver)
    assert heard == [(reason, "AppUser") for reason in ("revoked", "malformed", "revoked")]


# --- the breaker --------------------------------------------------------------------------------


def test_an_outage_costs_a_few_questions_then_one_now_and_then(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    one.check(reader)
    clock.advance(61)
    sandbox.set_fault("inner", service="token")
    with Asked(sandbox) as questions:
        for _ in range(50):
            assert not one.check(reader).fresh
    assert questions.count == FAILURES
    with pytest.raises(Busy) as caught:
        one.check(credential(sandbox, "subscriber@example.net"))
    assert caught.value.retry_after == FIRST_PAUSE
    clock.advance(FIRST_PAUSE)
    with Asked(sandbox) as questions:
        for _ in range(50):
            assert not one.check(reader).fresh
    assert questions.count == 1
    sandbox.clear_fault()
    clock.advance(2 * FIRST_PAUSE)
    assert one.check(reader).fresh


def test_nobody_waits_for_the_probe(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, settings: Any
) -> None:
    settings.IDENTITYX_TIMEOUT = (FOR_EVER, FOR_EVER)
    one = process(clock)
    one.check(reader)
    clock.advance(61)
    sandbox.set_fault("html502")
    for _ in range(FAILURES):
        one.check(reader)
    clock.advance(FIRST_PAUSE)
    with under_way(sandbox, lambda: one.check(reader)) as probe:
        for _ in range(15):
            assert not one.check(reader).fresh
        assert not probe.done()
    assert probe.result().fresh


def test_strangers_cannot_open_it(sandbox: Sandbox, reader: Credential) -> None:
    for number in range(3 * FAILURES):
        with pytest.raises(Rejected):
            verify(random_token(sandbox, number))
    assert verify(reader).email == READER


# --- freshness on demand ------------------------------------------------------------------------


def test_max_age(sandbox: Sandbox, reader: Credential, clock: SimulatedClock) -> None:
    one = process(clock)
    one.check(reader)
    clock.advance(3)
    with Asked(sandbox) as questions:
        one.check(reader, max_age=4)
    assert questions.count == 0
    with Asked(sandbox) as questions:
        assert one.check(reader, max_age=2).verified_at == clock.time()
    assert questions.count == 1
    with Asked(sandbox) as questions:
        one.check(reader, max_age=2)
    assert questions.count == 0


def test_max_age_0_asks_and_teaches_the_others(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    with Asked(sandbox) as questions:
        for _ in range(3):
            one.check(reader, max_age=0)
        one.check(reader)
    assert questions.count == 3


def test_max_age_is_met_by_no_stale_verdict(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    one.check(reader)
    clock.advance(61)
    sandbox.set_fault("html502")
    assert not one.check(reader).fresh
    for age in (0, 100, 1000):
        with pytest.raises(Unavailable):
            one.check(reader, max_age=age)


def test_max_age_0_never_takes_an_answer_to_an_older_question(
    sandbox: Sandbox, reader: Credential
) -> None:
    sandbox.set_fault("slow", seconds=0.2)
    moments: list[float] = []

    def late(index: int) -> None:
        time.sleep(0.02 * index)
        arrived = time.time()
        moments.append(check(reader, max_age=0).verified_at - arrived)

    with Asked(sandbox) as questions:
        assert crowd(8, late) == [None] * 8
    assert min(moments) >= 0
    assert 2 <= questions.count < 8  # one for the first, one for all who came meanwhile


@pytest.mark.slow
def test_who_has_no_answer_yet_waits_for_another_s_question(
    sandbox: Sandbox, reader: Credential
) -> None:
    asked = sandbox.count("activeAppUser")
    sandbox.set_fault("slow", seconds=1.5)  # longer than who has an old one waits

    def late(index: int) -> str:
        time.sleep(0.1 * index)
        return check(reader).user.email

    assert crowd(2, late) == [READER] * 2
    assert sandbox.count("activeAppUser") == asked + 1


@pytest.mark.parametrize("mode", ["hang", "blocked"])
def test_a_demand_that_fails_takes_nobody_along(
    sandbox: Sandbox, reader: Credential, settings: Any, mode: str
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 0
    first = check(reader)
    settings.IDENTITYX_TIMEOUT = (0.3, 0.3)
    sandbox.set_fault("hang", seconds=5) if mode == "hang" else sandbox.set_fault("blocked")

    def act(index: int) -> Any:
        if index == 0:
            return check(reader, max_age=0)
        time.sleep(0.1)
        return check(reader)

    demanding, *others = crowd(4, act)
    assert isinstance(demanding, Unavailable | ConfigurationError)
    assert others == [first] * 3


# --- ends ---------------------------------------------------------------------------------------


def test_forget_makes_the_next_request_ask(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one, other = process(clock), process(clock)
    one.check(reader)
    other.check(reader)
    one.forget(reader)
    with Asked(sandbox) as questions:
        one.check(reader)
    assert questions.count == 1
    clock.advance(5)
    with Asked(sandbox) as questions:
        other.check(reader)
    assert questions.count == 0  # it takes the new verdict


def test_other_processes_lose_their_copies_within_the_local_ttl(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one, other = process(clock), process(clock)
    other.check(reader)
    one.deny(reader)
    other.check(reader)
    clock.advance(5)
    for verifier in (one, other, process(clock)):
        for _ in range(2):
            with pytest.raises(Rejected, match="no longer valid"):
                verifier.check(reader)


def test_forget_also_forgets_a_rejection(sandbox: Sandbox, reader: Credential) -> None:
    token = sandbox.app_user_token(READER)
    sandbox.revoke(token)
    known = Credential(TokenType.APP_USER, token)
    with pytest.raises(Rejected):
        verify(known)
    forget(known)
    with Asked(sandbox) as questions, pytest.raises(Rejected):
        verify(known)
    assert questions.count == 1


def test_what_was_denied_is_not_remembered_again(sandbox: Sandbox, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    known = Credential(TokenType.APP_USER, sandbox.app_user_token(READER))
    user = verify(known)
    deny(known)
    with pytest.raises(Rejected):
        remember(known, user)
    with pytest.raises(Rejected):
        verify(known)


def test_a_denied_token_is_refused_whatever_identityx_says(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    one = process(clock)
    one.check(reader)
    assert one.deny(reader)
    with Asked(sandbox) as questions:
        for max_age in (None, 0):
            with pytest.raises(Rejected):
                one.check(reader, max_age=max_age)
    assert questions.count == 0
    clock.advance(60 + 300 + 3500)
    for verifier in (one, process(clock)):
        with pytest.raises(Rejected):
            verifier.check(reader)
    one.forget(reader)
    with pytest.raises(Rejected):
        one.check(reader)


def test_a_denial_holds_in_the_process_when_the_cache_is_down(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.cache_backends.Down"}}
    verify(reader)
    assert deny(reader, seconds=30 * 24 * 3600) is False
    with pytest.raises(Rejected):
        verify(reader)


@pytest.mark.parametrize("max_age", [None, 0])
def test_a_verdict_under_way_during_a_purge_does_not_come_back(
    sandbox: Sandbox, reader: Credential, shared_cache: None, max_age: float | None
) -> None:
    with under_way(sandbox, lambda: verify(reader, max_age=max_age)) as verified:
        forget(reader)
    assert verified.result().email == READER
    for _ in range(2):
        with Asked(sandbox) as questions:
            verify(reader)
        assert questions.count == 1
        process_state.reset()
        forget(reader)


def test_a_verdict_under_way_during_a_logout_is_refused(
    sandbox: Sandbox, reader: Credential
) -> None:
    with under_way(sandbox, lambda: crowd(4, lambda _: verify(reader))) as verified:
        assert deny(reader) is True
    assert [type(result) for result in verified.result()] == [Rejected] * 4


# --- refreshing ahead ---------------------------------------------------------------------------


@pytest.mark.parametrize("local_ttl", [0, 5, 60])
def test_it_is_refreshed_in_the_last_fifth_of_its_life(
    sandbox: Sandbox,
    reader: Credential,
    clock: SimulatedClock,
    shared_cache: None,
    settings: Any,
    local_ttl: float,
) -> None:
    settings.IDENTITYX_LOCAL_TTL = local_ttl
    one = process(clock)
    one.check(reader)
    clock.advance(47.9)
    with Asked(sandbox) as questions:
        one.check(reader)
    assert questions.count == 0
    clock.advance(0.2)
    with Asked(sandbox) as questions:
        for _ in range(5):
            verdict = one.check(reader)
    assert questions.count == 1
    assert verdict.verified_at == clock.time()
    with Asked(sandbox) as questions:
        assert process(clock).check(reader) == verdict
    assert questions.count == 0


def test_others_go_on_with_the_old_one_meanwhile(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 60
    settings.IDENTITYX_TIMEOUT = (FOR_EVER, FOR_EVER)
    one = process(clock)
    one.check(reader)
    clock.advance(49)
    with (
        Asked(sandbox) as questions,
        under_way(sandbox, lambda: one.check(reader)) as refresh,
    ):
        for _ in range(15):
            assert one.check(reader).verified_at < clock.time()
        assert not refresh.done()
    assert refresh.result().verified_at == clock.time()
    assert questions.count == 1


@pytest.mark.parametrize("mode", ["html502", "blocked"])
def test_a_refresh_that_fails_changes_nothing(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, mode: str
) -> None:
    one = process(clock)
    one.check(reader)
    clock.advance(49)
    sandbox.set_fault(mode)
    verdict = one.check(reader)
    assert verdict.fresh
    clock.advance(12)
    sandbox.clear_fault()
    assert one.check(reader).verified_at == clock.time()


def test_a_refresh_that_is_rejected_ends_it(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 60
    one = process(clock)
    one.check(reader)
    sandbox.revoke(reader.token)
    clock.advance(49)
    for verifier in (one, one, process(clock)):
        with pytest.raises(Rejected):
            verifier.check(reader)


def test_one_process_refreshes_for_all(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, settings: Any
) -> None:
    settings.IDENTITYX_LOCAL_TTL = 60
    processes = [process(clock) for _ in range(4)]
    for one in processes:
        one.check(reader)
    clock.advance(49)
    with Asked(sandbox) as questions:
        for one in processes:
            assert one.check(reader).verified_at == clock.time()
    assert questions.count == 1


# --- floods -------------------------------------------------------------------------------------


def test_verifications_under_way_are_bounded(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    settings.IDENTITYX_MAX_VERIFICATIONS = 4
    settings.IDENTITYX_TIMEOUT = (FOR_EVER, FOR_EVER)
    verify(reader)
    sent_away: list[Busy] = []

    def act(index: int) -> None:
        try:
            verify(random_token(sandbox, index))
        except Busy as busy:
            sent_away.append(busy)
            raise

    with (
        Asked(sandbox) as questions,
        under_way(sandbox, lambda: crowd(12, act)) as strangers,
    ):
        wait_until(lambda: len(sent_away) == 9)
        verify(reader)
        assert not strangers.done()
    assert questions.count == 3  # of four, one is kept for those who were good before
    assert sorted(type(result).__name__ for result in strangers.result()) == (
        ["Busy"] * 9 + ["Rejected"] * 3
    )
    assert {busy.retry_after for busy in sent_away} == {1}


def test_an_address_with_many_rejections_waits(sandbox: Sandbox, reader: Credential) -> None:
    client = lambda: [Bucket("reject-address", "a", (Rate(3, 60),))]  # noqa: E731
    verify(reader)
    for number in range(3):
        for _ in range(5):
            with pytest.raises(Rejected):
                check(random_token(sandbox, number), client=client)
    with Asked(sandbox) as questions:
        with pytest.raises(LimitExceeded) as caught:
            check(random_token(sandbox, 3), client=client)
        with pytest.raises(Rejected):
            check(random_token(sandbox, 0), client=client)  # known without asking
        assert check(reader, client=client).user.email == READER
        assert check(reader, client=client).user.email == READER
    assert 55 <= caught.value.wait <= 61
    assert questions.count == 0
    with pytest.raises(Rejected):
        check(random_token(sandbox, 3), client=lambda: ())
    with pytest.raises(Rejected):
        check(
            random_token(sandbox, 4), client=lambda: [Bucket("reject-address", "b", (Rate(3, 60),))]
        )


def test_what_one_token_is_for_another_address_is_not_held_against_it(
    sandbox: Sandbox, reader: Credential
) -> None:
    blocked = Bucket("reject-address", "blocked", (Rate(1, 60),))
    with pytest.raises(Rejected):
        check(random_token(sandbox, 1), client=lambda: [blocked])
    sandbox.set_fault("slow", seconds=0.1)
    results = crowd(
        8, lambda index: check(reader, client=(lambda: [blocked]) if index % 2 else tuple)
    )
    assert not any(isinstance(result, LimitExceeded) for result in results[::2])


# --- sign-ins -----------------------------------------------------------------------------------


def test_what_a_sign_in_told_is_kept_like_any_other_verdict(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    user = verify(reader)
    new = credential(sandbox, READER)
    one = process(clock)
    with Asked(sandbox) as questions:
        one.remember(new, user)
        for verifier in (one, process(clock)):
            verdict = verifier.check(new)
            assert (verdict.user, verdict.fresh, verdict.verified_at) == (user, True, clock.time())
        clock.advance(59)
        assert process(clock).check(new).user.email == READER
    assert questions.count == 1  # ahead of time, as for any other
    one.deny(new)
    with pytest.raises(Rejected):
        one.check(new)


def test_what_a_sign_in_of_staff_told_is_not_enough(sandbox: Sandbox) -> None:
    known = credential(sandbox, "owner@example.com", TokenType.ORG_USER)
    remember(known, OrgUser("1", "owner@example.com"))
    assert verify(known).memberships


def test_a_sign_out_during_the_sign_in_counts(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock
) -> None:
    user = verify(reader)
    one, other = process(clock), process(clock)
    other.deny(reader)
    with pytest.raises(Rejected):
        one.remember(reader, user)
    with pytest.raises(Rejected):
        one.check(reader)


# --- applications -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(TokenType))
def test_a_denial_reaches_every_application(
    sandbox: Sandbox, clock: SimulatedClock, kind: TokenType
) -> None:
    """Signing out counts whatever ``app_id`` a view verifies for."""
    email = READER if kind is TokenType.APP_USER else "owner@example.com"
    known = credential(sandbox, email, kind)
    everywhere = [{}, {"app_id": DAILY_APP_ID}]
    if kind is not TokenType.APP_USER:
        everywhere += [{"app_id": WEEKLY_APP_ID}, {"application": Application(WEEKLY_APP_ID)}]
    one = process(clock)
    for options in everywhere:
        one.check(known, **options)
    assert one.deny(known)
    for verifier in (one, process(clock)):
        for options in everywhere:
            for max_age in (None, 0):
                with pytest.raises(Rejected, match="no longer valid"):
                    verifier.check(known, max_age=max_age, **options)


def test_a_denial_is_of_one_endpoint_kind_and_token(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, settings: Any
) -> None:
    one = process(clock)
    one.check(reader)
    assert one.deny(reader)
    one.check(credential(sandbox, READER))
    for kind in (TokenType.ORG_USER, TokenType.ORG_USER_API_TOKEN):
        with pytest.raises(Malformed) as refused:
            one.check(Credential(kind, reader.token))
        assert refused.value.reason == "wrong_kind"
    with FaultyServer(wire.graphql({"activeAppUser": {"id": "1", "email": READER}})) as other:
        settings.IDENTITYX_API_URL = other.url
        process(clock).check(reader)


def test_a_crowd_of_two_applications(sandbox: Sandbox, reader: Credential) -> None:
    """Whoever follows a leader of another application gets an answer of their own."""
    sandbox.set_fault("slow", seconds=0.1)
    ids = [DAILY_APP_ID, WEEKLY_APP_ID]
    results = crowd(16, lambda index: verify(reader, app_id=ids[index % 2]))
    assert [result.email for result in results[::2]] == [READER] * 8
    assert {result.reason for result in results[1::2]} == {"wrong_application"}


# --- coroutines ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_averify(sandbox: Sandbox, reader: Credential) -> None:
    """A hit hops no thread, and a miss holds nobody up."""
    threads = set()

    def seen() -> None:
        threads.add(threading.current_thread())

    async def visit() -> list[float]:
        sandbox.set_fault("slow", seconds=3)
        slow = [asyncio.create_task(averify(credential(sandbox, READER))) for _ in range(50)]
        await asyncio.sleep(0.05)
        times = []
        for _ in range(20):
            began = time.monotonic()
            assert (await averify(reader)).email == READER
            await sync_to_async(seen)()
            times.append(time.monotonic() - began)
            await asyncio.sleep(0.005)
        await asyncio.gather(*slow, return_exceptions=True)
        return times

    verify(reader)
    # The median: a worker beside this one may take the processor for a while.
    assert statistics.median(asyncio.run(visit())) < 1

    async def hit() -> None:
        before = threading.active_count()
        coroutine = averify(reader)
        with pytest.raises(StopIteration) as stopped:
            coroutine.send(None)  # it ends without giving the loop a turn
        assert stopped.value.value.email == READER
        assert threading.active_count() == before

    asyncio.run(hit())
    with pytest.raises(Malformed):
        asyncio.run(averify(Credential(TokenType.APP_USER, "no.jwt")))


# --- crowds of many -----------------------------------------------------------------------------


def test_200_people_after_a_restart(sandbox: Sandbox, settings: Any) -> None:
    """32 threads, a service that needs 20 ms: nobody is sent away."""
    people = [credential(sandbox, READER) for _ in range(200)]
    answer = wire.graphql({"activeAppUser": {"id": "1", "email": READER}})

    def slowly(received: Any) -> Any:
        time.sleep(0.02)
        return answer

    with FaultyServer(wire.by(slowly)) as server:
        settings.IDENTITYX_API_URL = server.url
        results = crowd(32, lambda index: [verify(token).email for token in people[index::32]])
    assert not [result for result in results if isinstance(result, Exception)]
    assert sum(len(result) for result in results) == 200


def test_demands_of_one_person_take_at_most_two_places(
    sandbox: Sandbox, reader: Credential
) -> None:
    verify(reader)
    sandbox.set_fault("slow", seconds=0.2)
    taken: list[int] = []
    served: list[int] = []

    def act(index: int) -> None:
        if index == 0:
            while len(served) < 15:
                taken.append(places().taken)
                time.sleep(0.01)
        else:
            try:
                time.sleep(0.005 * index)
                verify(reader, max_age=0)
            finally:
                served.append(index)

    assert crowd(16, act) == [None] * 16
    assert 1 <= max(taken) <= 2


# --- the log ------------------------------------------------------------------------------------


def test_each_decision_leaves_a_line(
    sandbox: Sandbox, reader: Credential, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "django_identityx")
    one = process(clock)
    one.check(reader)
    one.check(reader, max_age=10)
    with pytest.raises(Malformed):
        one.check(reader, app_id=WEEKLY_APP_ID)
    sandbox.set_fault("html502")
    with pytest.raises(Unavailable):
        one.check(reader, max_age=0)
    one.deny(reader)
    with pytest.raises(Rejected):
        one.check(reader)
    lines = [r.message for r in caplog.records if r.message.startswith("Verification of")]
    assert [line.rpartition(" ")[2] for line in lines] == [
        "asked.",
        "local.",
        "wrong_application.",
        "unreachable.",
        "revoked.",
    ]
    assert_no_secret(logged(caplog), reader.token)


# --- secrets, forks -----------------------------------------------------------------------------


def test_s19_no_token_anywhere(
    sandbox: Sandbox, reader: Credential, caplog: pytest.LogCaptureFixture, shared_cache: None
) -> None:
    from django.core.cache import caches

    caplog.set_level(logging.DEBUG)
    errors: list[str] = [repr(reader), repr(check(reader))]
    sandbox.revoke(reader.token)
    for fault in (None, "html502", "inner", "blocked", "drop"):
        sandbox.set_fault(fault or "none")
        with pytest.raises((Rejected, Unavailable, ConfigurationError)) as caught:
            verify(reader, max_age=0)
        errors.append(text_of(caught.value))
        process_state.reset()
    deny(reader)
    cached = [str((key, caches["default"].memory._cache[key])) for key in caches["default"].keys]
    assert_no_secret("\n".join([*errors, *cached, logged(caplog)]), reader.token)


def test_a_fork_inherits_nothing(sandbox: Sandbox, reader: Credential) -> None:
    """Verify once, fork four children: each asks for itself, and no answer is another's."""
    people = [READER, "subscriber@example.net", "staff@example.org", "unverified@example.net"]
    known = [credential(sandbox, email) for email in people]
    verify(reader)
    sandbox.set_fault("slow", seconds=FOR_EVER, times=1)
    before = asked(sandbox)
    other = threading.Thread(target=verify, args=(known[1],))
    other.start()  # and nobody will ever land it in a child
    wait_until(lambda: asked(sandbox) > before)

    def child(index: int) -> int:
        wrong = 0
        for number in range(20):
            person = (index + number) % 4
            user = verify(known[person], max_age=0 if number else None)
            wrong += not isinstance(user, AppUser) or user.email != people[person]
        return wrong

    pids = []
    for index in range(4):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
            pid = os.fork()
        if pid == 0:
            try:
                os._exit(child(index))
            finally:
                os._exit(99)
        pids.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0, 0, 0, 0]
    sandbox.clear_fault()
    other.join()


def test_a_change_of_settings_begins_anew(
    sandbox: Sandbox, reader: Credential, settings: Any
) -> None:
    settings.IDENTITYX_REFUSE_BANNED = False
    banned = credential(sandbox, "banned@example.net")
    verify(banned)
    settings.IDENTITYX_REFUSE_BANNED = True
    with pytest.raises(Rejected):
        verify(banned)


@pytest.mark.parametrize(
    "trouble", [wire.cut_json(), wire.reset(), wire.failed("activeAppUser", "undefined")]
)
def test_trouble_on_the_wire_is_unavailable(
    sandbox: Sandbox, reader: Credential, settings: Any, trouble: Any
) -> None:
    with FaultyServer(trouble) as server:
        settings.IDENTITYX_API_URL = server.url
        for _ in range(FAILURES):
            with pytest.raises(Unavailable):
                verify(reader)
        with pytest.raises(Busy):
            verify(reader)


def random_token(sandbox: Sandbox, number: int) -> Credential:
    claims = {"sub": "app-user-auth", "iss": DAILY_APP_ID, "jti": f"unknown-{number}", "iat": 1}
    return Credential(TokenType.APP_USER, sandbox.sign({**claims, "aud": READER}))


def _claims(token: str) -> dict[str, Any]:
    from django_identityx.sandbox.tokens import peek

    return dict(peek(token))
