"""Single use of a link: every outcome, and many at once."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from django_identityx import models, process
from django_identityx.applications import Application
from django_identityx.credentials import LEEWAY
from django_identityx.exceptions import Busy, Unavailable
from django_identityx.signin.claims import MAX_REPEATS, OUTLIVES, REPEAT, Claim, Outcome
from django_identityx.signin.links import Link, LinkKind

from .processes import run_at_once, site

TAKEN, REPEATED, REFUSED = Outcome.TAKEN, Outcome.REPEATED, Outcome.REFUSED
FAR = 4102444800.0  # 2100


def link(token: str = "a-token", *, age: float = 0, app_id: str = "an-app") -> Link:
    """A link that is ``age`` seconds old."""
    return Link(
        LinkKind.APP_USER, token, "reader@example.net", Application(app_id), time.time() - age, FAR
    )


def claim(
    token: str = "a-token", mark: str = "", *, age: float = 0, app_id: str = "an-app"
) -> Claim:
    return Claim(link(token, age=age, app_id=app_id), mark)


def held_by(mine: Claim) -> str:
    return str(models.Claim.objects.get(digest=mine._key).holder)


pytestmark = pytest.mark.django_db


class TestTheRules:
    def test_once(self) -> None:
        assert claim().take() is TAKEN
        assert claim().take() is REFUSED
        assert claim("another").take() is TAKEN

    def test_what_identityx_takes_once_waits_for_the_first_press(self) -> None:
        change = replace(link(), kind=LinkKind.CHANGE_EMAIL, old_email="old@example.net")
        first, second = Claim(change, "m"), Claim(change, "m")
        assert first.take() is TAKEN
        with pytest.raises(Busy):
            second.take()
        assert first.is_held()
        assert first.complete("session-1")
        assert second.take() is REPEATED
        assert second.first_session == "session-1"
        assert Claim(change, "another").take() is REFUSED

    def test_the_same_browser_may_repeat(self) -> None:
        first, second = claim(mark="m"), claim(mark="m")
        assert first.take() is TAKEN
        assert first.complete("session-1")
        assert second.take() is REPEATED
        assert second.first_session == "session-1"

    def test_nobody_else_may(self) -> None:
        assert claim(mark="m").take() is TAKEN
        assert claim(mark="n").take() is REFUSED
        assert claim(mark="").take() is REFUSED

    def test_no_mark_is_nobodys(self) -> None:
        assert claim(mark="").take() is TAKEN
        assert claim(mark="").take() is REFUSED

    def test_a_minute_long(self) -> None:
        first = claim(mark="m")
        assert first.take() is TAKEN
        for age, outcome in ((REPEAT - 5, REPEATED), (REPEAT + 5, REFUSED)):
            mark, _, *others = held_by(first).split(":")
            older = ":".join([mark, str(int(time.time() - age)), *others])
            models.Claim.objects.update(holder=older)
            assert claim(mark="m").take() is outcome

    def test_not_without_end(self) -> None:
        outcomes = [claim(mark="m").take() for _ in range(MAX_REPEATS + 3)]
        assert outcomes == [TAKEN, *[REPEATED] * MAX_REPEATS, REFUSED, REFUSED]

    def test_the_later_press_holds_it(self) -> None:
        first, second = claim(mark="m"), claim(mark="m")
        assert (first.take(), first.is_held()) == (TAKEN, True)
        assert second.take() is REPEATED
        assert (first.is_held(), second.is_held()) == (False, True)
        assert not first.complete("session-1")
        assert second.complete("session-2")
        third = claim(mark="m")
        assert third.take() is REPEATED
        assert third.first_session == "session-2"

    def test_released(self) -> None:
        first = claim()
        assert first.take() is TAKEN
        first.release()
        assert claim().take() is TAKEN
        first.release()  # not ours any more
        assert claim().take() is REFUSED

    def test_a_first_press_that_fails_does_not_free_the_second(self) -> None:
        first, second = claim(mark="m"), claim(mark="m")
        assert first.take() is TAKEN
        assert second.take() is REPEATED
        assert second.complete("session-2")
        first.release()
        assert claim(mark="thief").take() is REFUSED

    def test_a_repeat_that_fails_does_not_free_the_link(self) -> None:
        first, second = claim(mark="m"), claim(mark="m")
        assert first.take() is TAKEN
        assert first.complete("session-1")
        assert second.take() is REPEATED
        second.release()
        assert claim(mark="thief").take() is REFUSED
        again = claim(mark="m")
        assert again.take() is REPEATED
        assert again.first_session == "session-1"

    def test_what_it_does_not_understand_is_no_yes(self) -> None:
        for number, text in enumerate(["", "x", "a:b:c:d:e", ":1:\u00b2:c:", "::::", ":::::::"]):
            mine = claim(f"token-{number}", "m")
            models.Claim.objects.create(
                digest=mine._key, holder=text, expires_at=timezone.now() + timedelta(minutes=1)
            )
            assert mine.take() is REFUSED

    def test_keys_fit_and_tell_nothing(self) -> None:
        mine = claim("a-token", "a-mark")
        assert mine.take() is TAKEN
        assert len(mine._key) == 64
        with override_settings(SECRET_KEY="another"):
            assert claim("a-token", "a-mark")._key != mine._key
        text = held_by(mine)
        assert "token" not in text
        assert "mark" not in text

    def test_a_change_of_the_secret_key_frees_nothing(self, settings) -> None:
        assert claim(mark="m").take() is TAKEN
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
        assert claim(mark="m").take() is REFUSED
        assert claim("another", "m").take() is TAKEN

    def test_a_claim_of_one_application_is_none_of_another(self) -> None:
        assert claim(app_id="one").take() is TAKEN
        assert claim(app_id="two").take() is TAKEN
        assert claim(app_id="one").take() is REFUSED


class TestRows:
    @pytest.mark.parametrize("use_tz", [True, False])
    def test_they_outlive_the_link(self, settings, use_tz: bool) -> None:
        settings.USE_TZ = use_tz
        settings.IDENTITYX_LINK_MAX_AGE = 3600
        mine = claim(age=1800)
        assert mine.take() is TAKEN
        left = models.Claim.objects.get().expires_at.timestamp() - time.time()
        assert 1800 < left <= 1800 + LEEWAY + 1
        assert claim(age=1800).take() is REFUSED

    def test_their_time_over_they_go_when_the_next_comes(self) -> None:
        assert claim("old", age=2 * OUTLIVES).take() is TAKEN
        assert claim("used", age=100).take() is TAKEN
        assert claim("new").take() is TAKEN
        assert models.Claim.objects.count() == 2
        assert claim("used").take() is REFUSED

    def test_neither_sessions_nor_caches_have_a_part_in_it(self) -> None:
        assert claim().take() is TAKEN
        Session.objects.all().delete()
        cache.clear()
        process.reset()
        assert claim().take() is REFUSED

    def test_a_refusal_breaks_no_transaction(self) -> None:
        assert claim().take() is TAKEN
        assert claim().take() is REFUSED
        assert models.Claim.objects.count() == 1

    @pytest.mark.parametrize("method", ["take", "is_held", "complete", "release"])
    def test_a_table_that_is_gone_tells_nothing(self, method: str) -> None:
        mine = claim()
        assert mine.take() is TAKEN
        with connection.cursor() as cursor:  # the test's transaction brings it back
            cursor.execute("ALTER TABLE django_identityx_claim RENAME TO elsewhere")
        with pytest.raises(Unavailable):
            getattr(mine, method)(*(["s"] if method == "complete" else []))


@pytest.mark.slow
class TestAtOnce:
    @pytest.mark.parametrize(("where", "number"), [("sqlite", 40), ("postgres", 1000)])
    def test_many_claims_from_four_processes(self, where: str, number: int, tmp_path: Path) -> None:
        token = secrets.token_hex(8)
        said = run_at_once(site(where, tmp_path), _CLAIMANTS, token, str(number // 40))
        outcomes = Counter(said.split())
        assert outcomes["taken"] == 1, outcomes
        assert outcomes.total() == number
        assert outcomes["refused"] + outcomes["untold"] == number - 1


_CLAIMANTS = """
import sys, threading, time
import django
django.setup()
from django.db import connections
from django_identityx.applications import Application
from django_identityx.signin.claims import Claim
from django_identityx.signin.links import Link, LinkKind
from django_identityx.exceptions import Busy, Unavailable
start, token, turns, outcomes = float(sys.argv[1]), sys.argv[2], int(sys.argv[3]), []
def work():
    time.sleep(max(0, start - time.time()))
    for _ in range(turns):
        try:
            app = Application(None)
            link = Link(LinkKind.ORG_USER, token, "a@b.example", app, start, start + 600)
            outcomes.append(Claim(link, "").take().value)
        except Unavailable:
            outcomes.append("untold")
    connections.close_all()
threads = [threading.Thread(target=work) for _ in range(10)]
[t.start() for t in threads], [t.join() for t in threads]
print(*outcomes)
"""
