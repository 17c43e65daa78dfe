"""Single use of a link: every store, every outcome, and many at once."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings

from django_identityx.exceptions import Unavailable, Unreachable
from django_identityx.signin.claim_stores import CacheStore, TableStore, store
from django_identityx.signin.claims import MAX_REPEATS, REPEAT, Claim, Outcome

from .processes import REDIS, run_at_once, site

TAKEN, REPEATED, REFUSED = Outcome.TAKEN, Outcome.REPEATED, Outcome.REFUSED
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"


def claim(token: str = "a-token", mark: str = "", *, age: float = 3600) -> Claim:
    return Claim(token, mark, time.time() + age)


@pytest.fixture(params=["table", "local memory", "redis"])
def kind(request: pytest.FixtureRequest, settings) -> Iterator[str]:
    """Each kind of store, chosen as a site would: by what there is."""
    if request.param == "table":
        request.getfixturevalue("db")
        yield request.param
        return
    settings.INSTALLED_APPS = [a for a in settings.INSTALLED_APPS if not a.endswith(".sessions")]
    cache = {"BACKEND": LOCMEM}
    if request.param == "redis":
        if not REDIS:
            pytest.skip("IDENTITYX_TEST_REDIS_URL is not set")
        backend = "django.core.cache.backends.redis.RedisCache"
        cache = {"BACKEND": backend, "LOCATION": REDIS}
    settings.CACHES = {"default": {**cache, "KEY_PREFIX": secrets.token_hex(8)}}
    yield request.param


class TestEveryStore:
    def test_it_is_the_one(self, kind: str) -> None:
        assert isinstance(store(), TableStore if kind == "table" else CacheStore)

    def test_once(self, kind: str) -> None:
        assert claim().take() is TAKEN
        assert claim().take() is REFUSED
        assert claim("another").take() is TAKEN

    def test_the_same_browser_may_repeat(self, kind: str) -> None:
        first, second = claim(mark="m"), claim(mark="m")
        assert first.take() is TAKEN
        assert first.complete("session-1")
        assert second.take() is REPEATED
        assert second.first_session == "session-1"

    def test_nobody_else_may(self, kind: str) -> None:
        assert claim(mark="m").take() is TAKEN
        assert claim(mark="n").take() is REFUSED
        assert claim(mark="").take() is REFUSED

    def test_no_mark_is_nobodys(self, kind: str) -> None:
        assert claim(mark="").take() is TAKEN
        assert claim(mark="").take() is REFUSED

    def test_a_minute_long(self, kind: str) -> None:
        first = claim(mark="m")
        assert first.take() is TAKEN
        for age, outcome in ((REPEAT - 5, REPEATED), (REPEAT + 5, REFUSED)):
            text = store().get(first._key)
            mark, _, *others = text.split(":")
            older = ":".join([mark, str(int(time.time() - age)), *others])
            assert store().swap(first._key, text, older, first._expires_at)
            assert claim(mark="m").take() is outcome

    def test_not_without_end(self, kind: str) -> None:
        outcomes = [claim(mark="m").take() for _ in range(MAX_REPEATS + 3)]
        assert outcomes == [TAKEN, *[REPEATED] * MAX_REPEATS, REFUSED, REFUSED]

    def test_the_later_press_holds_it(self, kind: str) -> None:
        first, second = claim(mark="m"), claim(mark="m")
        assert (first.take(), first.is_held()) == (TAKEN, True)
        assert second.take() is REPEATED
        assert (first.is_held(), second.is_held()) == (False, True)
        assert not first.complete("session-1")
        assert second.complete("session-2")
        third = claim(mark="m")
        assert third.take() is REPEATED
        assert third.first_session == "session-2"

    def test_released(self, kind: str) -> None:
        first = claim()
        assert first.take() is TAKEN
        first.release()
        assert claim().take() is TAKEN
        first.release()  # not ours any more
        assert claim().take() is REFUSED

    def test_a_first_press_that_fails_does_not_free_the_second(self, kind: str) -> None:
        first, second = claim(mark="m"), claim(mark="m")
        assert first.take() is TAKEN
        assert second.take() is REPEATED
        assert second.complete("session-2")
        first.release()
        assert claim(mark="thief").take() is REFUSED

    def test_a_repeat_that_fails_does_not_free_the_link(self, kind: str) -> None:
        first, second = claim(mark="m"), claim(mark="m")
        assert first.take() is TAKEN
        assert first.complete("session-1")
        assert second.take() is REPEATED
        second.release()
        assert claim(mark="thief").take() is REFUSED
        again = claim(mark="m")
        assert again.take() is REPEATED
        assert again.first_session == "session-1"

    def test_what_it_does_not_understand_is_no_yes(self, kind: str) -> None:
        for number, text in enumerate(["", "x", "a:b:c:d:e", ":1:\u00b2:c:", "::::", ":::::::"]):
            mine = claim(f"token-{number}", "m")
            assert store().add(mine._key, text, time.time() + 60)
            assert mine.take() is REFUSED

    def test_keys_fit_and_tell_nothing(self, kind: str) -> None:
        mine = claim("a-token", "a-mark")
        assert mine.take() is TAKEN
        assert len(mine._key) == 40
        with override_settings(SECRET_KEY="another"):
            assert claim("a-token", "a-mark")._key != mine._key
        text = store().get(mine._key)
        assert "token" not in text
        assert "mark" not in text

    def test_a_change_of_the_secret_key_frees_nothing(self, kind: str, settings) -> None:
        assert claim(mark="m").take() is TAKEN
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
        assert claim(mark="m").take() is REFUSED
        assert claim("another", "m").take() is TAKEN

    def test_swap_takes_place_once(self, kind: str) -> None:
        until = time.time() + 60
        assert store().add("k", "1", until)
        assert not store().swap("k", "2", "3", until)
        assert store().swap("k", "1", "2", until)
        assert not store().swap("k", "1", "3", until)
        assert store().get("k") == "2"
        assert store().swap("k", "2", None, until)
        assert store().get("k") is None


@pytest.mark.django_db
class TestTable:
    @pytest.mark.parametrize("use_tz", [True, False])
    def test_rows_expire_with_the_link(self, settings, use_tz: bool) -> None:
        settings.USE_TZ = use_tz
        mine = claim(age=1800)
        assert mine.take() is TAKEN
        row = Session.objects.get(session_key=mine._key)
        left = row.expire_date.timestamp() - datetime.now(UTC).timestamp()
        assert 1750 < left <= 1801
        assert claim().take() is REFUSED

    def test_clearsessions_leaves_live_ones(self) -> None:
        assert claim("old", age=-5).take() is TAKEN
        assert claim("new").take() is TAKEN
        SessionStore.clear_expired()
        assert claim("old").take() is TAKEN
        assert claim("new").take() is REFUSED

    def test_a_claim_is_no_session(self) -> None:
        mine = claim(mark="m")
        assert mine.take() is TAKEN
        assert mine.complete("session-1")
        assert dict(SessionStore(mine._key).items()) == {}
        assert claim(mark="n").take() is REFUSED

    def test_a_refusal_breaks_no_transaction(self) -> None:
        assert claim().take() is TAKEN
        assert claim().take() is REFUSED
        assert Session.objects.count() == 1

    @pytest.mark.parametrize("method", ["take", "is_held", "complete", "release"])
    def test_a_table_that_is_gone_tells_nothing(self, method: str) -> None:
        mine = claim()
        assert mine.take() is TAKEN
        assert isinstance(store(), TableStore)
        with connection.cursor() as cursor:  # the test's transaction brings it back
            cursor.execute("ALTER TABLE django_session RENAME TO elsewhere")
        with pytest.raises(Unavailable):
            getattr(mine, method)(*(["s"] if method == "complete" else []))


class Mute(LocMemCache):
    """A client that can't say whether it has added anything."""

    def add(self, *args, **kwargs) -> None:
        """Nothing is known."""


class TestCache:
    @pytest.fixture(autouse=True)
    def _no_table(self, settings) -> None:
        settings.INSTALLED_APPS = [
            a for a in settings.INSTALLED_APPS if not a.endswith(".sessions")
        ]

    def use(self, settings, backend: str) -> None:
        settings.CACHES = {"default": {"BACKEND": backend}}

    @pytest.mark.parametrize("backend", ["dummy.DummyCache", "filebased.FileBasedCache"])
    def test_what_adds_not_atomically_is_refused(self, settings, backend: str) -> None:
        self.use(settings, f"django.core.cache.backends.{backend}")
        with pytest.raises(ImproperlyConfigured, match="single-use"):
            claim().take()

    @pytest.mark.parametrize("method", ["take", "is_held", "complete", "release"])
    def test_down_is_never_probably_fine(self, settings, method: str) -> None:
        self.use(settings, "tests.cache_backends.Down")
        with pytest.raises(Unreachable) as raised:
            getattr(claim(), method)(*(["s"] if method == "complete" else []))
        assert "password" not in str(raised.value)
        assert raised.value.__suppress_context__

    def test_an_add_without_an_answer_is_no_yes(self, settings) -> None:
        self.use(settings, "tests.test_claims.Mute")
        with pytest.raises(Unreachable):
            claim().take()

    def test_errors_that_a_client_hides_let_nobody_in(self, settings) -> None:
        self.use(settings, "tests.cache_backends.Swallowing")
        assert claim().take() is REFUSED

    def test_the_named_cache(self, settings) -> None:
        settings.IDENTITYX_CACHE = "other"
        settings.CACHES = {
            "default": {"BACKEND": "tests.cache_backends.Down"},
            "other": {"BACKEND": LOCMEM, "KEY_PREFIX": secrets.token_hex(8)},
        }
        assert claim().take() is TAKEN
        assert claim().take() is REFUSED


class TestAtOnce:
    def test_200_threads(self, settings) -> None:
        settings.INSTALLED_APPS = [
            a for a in settings.INSTALLED_APPS if not a.endswith(".sessions")
        ]
        for mark in ("", "the-same"):
            claimants = [claim(f"token-{mark}", mark) for _ in range(200)]
            outcomes = Counter(_at_once([c.take for c in claimants]))
            assert outcomes[TAKEN] == 1
            assert outcomes[REPEATED] <= (MAX_REPEATS if mark else 0)
            assert outcomes.total() == 200
            assert sum(c._mine != "" and c.is_held() for c in claimants) == 1

    @pytest.mark.parametrize(
        ("where", "number"), [("sqlite", 40), ("postgres", 1000), ("redis", 1000)]
    )
    def test_many_claims_from_four_processes(self, where: str, number: int, tmp_path: Path) -> None:
        token = secrets.token_hex(8)
        said = run_at_once(site(where, tmp_path), _CLAIMANTS, token, str(number // 40))
        outcomes = Counter(said.split())
        assert outcomes["taken"] == 1, outcomes
        assert outcomes.total() == number
        assert outcomes["refused"] + outcomes["untold"] == number - 1


def _at_once(calls: list) -> list:
    barrier = threading.Barrier(len(calls))
    results: list = []

    def run(call) -> None:
        barrier.wait()
        results.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


_CLAIMANTS = """
import sys, threading, time
import django
django.setup()
from django.db import connections
from django_identityx.signin.claims import Claim
from django_identityx.exceptions import Unavailable
start, token, turns, outcomes = float(sys.argv[1]), sys.argv[2], int(sys.argv[3]), []
def work():
    time.sleep(max(0, start - time.time()))
    for _ in range(turns):
        try:
            outcomes.append(Claim(token, "", start + 600).take().value)
        except Unavailable:
            outcomes.append("untold")
    connections.close_all()
threads = [threading.Thread(target=work) for _ in range(10)]
[t.start() for t in threads], [t.join() for t in threads]
print(*outcomes)
"""
