"""How an answer is found: in the process, in the shared cache, or by asking IdentityX once.

Whoever finds nothing in the process boards a flight; its leader looks at the shared cache and, if
need be, asks. What it brings is kept in the process only if nothing was dropped there since the
look began. Refreshes ahead of time and demanded ages are flights under names of their own.

Fresh for ``Lifetimes.fresh`` after its question, in a copy of the process for ``local`` after the
shared cache was looked at, stale for ``stale`` beyond, and never longer than its own expiry.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from ..conf import conf
from ..exceptions import (
    ConfigurationError,
    IdentityXError,
    LeftAlone,
    Malformed,
    NoVerdict,
    Rejected,
    Unreachable,
)
from ..process import BoundedMap, Clock
from ..service import VERIFICATION, Gate, gate
from .flights import Flight, Flights
from .metrics import ASKED, COALESCED, LOCAL, SHARED, STALE
from .tier import Look, Tier
from .verdict import Lifetimes, Question, Verdict

T = TypeVar("T")
Found = tuple[str, Verdict]  # how it was found, and what

REFRESH_AFTER = 0.8  # of an answer's life
PATIENCE = 1.0  # seconds for which who has an older answer follows another's question
MARGIN = 3600  # seconds that an end is remembered beyond any answer
_DEMANDED, _AHEAD = b"demanded", b"ahead"  # of flights


class Engine(Generic[T]):
    """The answers of one process to one kind of question. Safe to share between threads.

    ``name`` is part of the keys in the shared cache; ``on_trouble`` is told of what a stale answer
    covers. By default it asks through the process's gate to the endpoint of the settings.
    """

    def __init__(
        self,
        name: str,
        lifetimes: Lifetimes,
        *,
        on_trouble: Callable[[Exception], None] = lambda error: None,
        way: Gate | None = None,
        clock: Clock = time,
    ) -> None:
        self._lifetimes = lifetimes
        self._young = lifetimes.fresh * REFRESH_AFTER  # seconds in which nobody asks ahead
        self._gate = way or gate(conf.API_URL)
        self._longest_flight = 2 * sum(conf.TIMEOUT)  # the dialect may take a second exchange
        self._on_trouble = on_trouble
        self._clock = clock
        size = conf.LOCAL_SIZE
        self._local: BoundedMap[bytes, Verdict] = BoundedMap(size)
        # Places of their own, so that a flood of bad tokens pushes out nothing but bad tokens.
        self._rejected: BoundedMap[bytes, tuple[str, float]] = BoundedMap(size)
        self._denied: BoundedMap[bytes, tuple[str, float]] = BoundedMap(size)
        self._tier: Tier[T] = Tier(f"identityx:{name}", lifetimes.longest, clock)
        self._flights = Flights()
        self._lock = threading.Lock()
        self._drops = 0  # how often something was dropped: what was under way then is not kept
        self.recall = self._local.get  # the copy in the process, past its time or not

    # --- finding ----------------------------------------------------------------------------

    def find(self, question: Question[T], max_age: float | None = None) -> Found:
        """The answer to ``question``, at most ``max_age`` seconds old; 0 asks.

        Raises what the question raises, `Rejected` for what was denied, and `Unavailable`. A stale
        answer meets no ``max_age``.
        """
        started, key = self._clock.monotonic(), question.key
        age = self._lifetimes.fresh if max_age is None else min(max_age, self._lifetimes.fresh)
        after = self._ago(age)
        kept = self._local.get(key)
        if kept is not None and started < kept.until and kept.verified_at > after:
            if started < kept.refresh_at:
                return LOCAL, kept
            kept.refresh_at = kept.until  # one request is enough
            return self._refresh(question, kept, LOCAL)
        name = key if max_age is None else _DEMANDED + key
        while True:
            flight, is_leader = self._flights.board(name)
            if is_leader:
                try:
                    outcome, verdict = self._lead(question, after, is_demand=max_age is not None)
                    flight.verdict = verdict
                except IdentityXError as error:
                    flight.error = error
                    raise
                finally:
                    self._flights.land(name, flight)
                if outcome is SHARED and not self._is_from(verdict, self._ago(self._young)):
                    return self._refresh(question, verdict, SHARED)
                return outcome, verdict
            # Who has an answer that may serve does not follow a slow leader to the end.
            has_old = kept is not None and self._may_serve(kept)
            patience = PATIENCE if has_old and max_age is None else self._longest_flight
            trouble = self._trouble_with(flight, started + patience)
            if trouble is not None:
                return self._do_without(question, after, trouble, is_demand=max_age is not None)
            landed = flight.verdict
            if landed is not None and (max_age is None or landed.verified_at > after):
                self._refuse_known(key)
                return COALESCED if landed.fresh else STALE, landed

    def answer(self, question: Question[T]) -> T:
        """`find`, for whom the answer alone is enough."""
        value: T = self.find(question)[1].value
        return value

    def _lead(
        self,
        question: Question[T],
        after: float,
        *,
        is_demand: bool = False,
        early: Found | None = None,
    ) -> Found:
        """Look at the shared cache, and ask if nothing there is from ``after`` or younger.

        ``early`` is what serves on if it comes to nothing: this goes ahead of time.
        """
        key, drops, looked_at = question.key, self._drops, self._clock.monotonic()
        kept = self._local.get(key)  # of a flight that has landed since
        if kept is not None and looked_at < kept.until and kept.verified_at > after:
            return COALESCED, kept
        self._refuse_known(key)
        look = self._look(question)
        if look.verdict is not None and self._is_from(look.verdict, after):
            self._keep(key, look.verdict, drops, looked_at)
            return SHARED, look.verdict
        old = early[1] if early else self._last_known(key, look)
        expires = question.prepare(is_known=old is not None)
        lock = None
        try:
            # Before the lock, which takes two trips to the shared cache.
            self._gate.refuse_early(VERIFICATION, is_known=old is not None)
            lock = None if is_demand else self._tier.lock(key)
            if lock is False and early:
                return early
            if lock is False:
                look = self._wait_for_other(question, after)
                if look.verdict is not None and self._is_from(look.verdict, after):
                    self._keep(key, look.verdict, drops, looked_at)
                    return COALESCED, look.verdict
            with self._gate.call(VERIFICATION, is_known=old is not None):
                asked_at = self._clock.time()
                value = question.ask()
            verdict = Verdict(value, asked_at, True, expires, look.generation)
            self._store(question, verdict, drops, looked_at)
        except Rejected as rejected:
            self._learn(key, rejected, had_answer=old is not None)
            raise
        except NoVerdict as error:
            if early and self._is_from(early[1], self._ago(self._lifetimes.fresh)):
                return early  # nobody has to hear of it yet
            return STALE, self._stale(old, error, is_demand=is_demand)
        finally:
            if lock:
                self._tier.unlock(key, looked_at)
        self._refuse_known(key)  # it may have ended meanwhile
        return ASKED, verdict

    def _refresh(self, question: Question[T], old: Verdict, outcome: str) -> Found:
        """Ask ahead of time if nobody else does; ``old`` serves on if it comes to nothing."""
        name = _AHEAD + question.key
        flight, is_leader = self._flights.board(name)
        if not is_leader:
            return outcome, old
        try:
            if not self._gate.is_closed(VERIFICATION):
                return outcome, old
            return self._lead(question, self._ago(self._young), early=(outcome, old))
        finally:
            self._flights.land(name, flight)

    # --- following --------------------------------------------------------------------------

    def _trouble_with(self, flight: Flight, deadline: float) -> NoVerdict | None:
        """Wait for a flight that somebody else leads; what kept it from an answer, if trouble.

        Raises its rejection. What concerned its leader alone is nothing to those who follow.
        """
        if not self._gate.is_closed(VERIFICATION):
            return LeftAlone("IdentityX is being left alone.", retry_after=1)
        if not flight.wait(deadline - self._clock.monotonic()):
            return Unreachable("IdentityX has not answered yet.", retry_after=1)
        error = flight.error
        if isinstance(error, Rejected) and not isinstance(error, Malformed):
            raise copy.copy(error)  # a traceback is one thread's
        return copy.copy(error) if isinstance(error, NoVerdict) else None

    def _do_without(
        self,
        question: Question[T],
        after: float,
        error: NoVerdict,
        *,
        is_demand: bool,
    ) -> Found:
        """Do with what is known, or raise ``error``: asking was tried, or is being tried."""
        self._refuse_known(question.key)
        look = self._look(question)
        if look.verdict is not None and self._is_from(look.verdict, after):
            return SHARED, look.verdict
        old = self._last_known(question.key, look)
        return STALE, self._stale(old, error, is_demand=is_demand)

    # --- recalling --------------------------------------------------------------------------

    def _look(self, question: Question[T]) -> Look:
        """What the shared tier knows; `Rejected` for what was denied by any process."""
        return self._refuse_denied(question.key, self._tier.look(question))

    def _wait_for_other(self, question: Question[T], after: float) -> Look:
        """`_look` until the process that is asking has its answer, or has given up."""
        look = self._tier.wait_for_other(question, lambda found: self._is_from(found, after))
        return self._refuse_denied(question.key, look)

    def _refuse_denied(self, key: bytes, look: Look) -> Look:
        if look.is_denied:
            self._drop(key)
            raise Rejected("revoked")
        return look

    def _refuse_known(self, key: bytes) -> None:
        """Raise `Rejected` for what was denied here, or rejected a moment ago."""
        for refusals in (self._denied, self._rejected):
            refusal = refusals.get(key)
            if refusal is not None and self._clock.monotonic() < refusal[1]:
                raise Rejected(refusal[0])

    def _last_known(self, key: bytes, look: Look) -> Verdict | None:
        """The newest answer that no purge has ended: it may have to serve in an outage.

        The process's own where the shared cache has lost it, or is down itself.
        """
        kept = self._local.get(key)
        if look.verdict is not None or kept is None:
            return look.verdict
        return kept if not look.is_available or kept.generation == look.generation else None

    def _stale(self, old: Verdict | None, error: NoVerdict, *, is_demand: bool) -> Verdict:
        """``old`` while it may serve; it meets no demand, and hides no wrong setting."""
        if is_demand or isinstance(error, ConfigurationError):
            raise error
        if old is None or not self._may_serve(old):
            raise error
        self._on_trouble(error)
        return replace(old, fresh=False, admitted=None)

    def _may_serve(self, verdict: Verdict) -> bool:
        """Whether it may, in an outage."""
        return self._is_from(verdict, self._ago(self._lifetimes.longest))

    def _is_from(self, verdict: Verdict, after: float) -> bool:
        """Whether it is no older than that (epoch seconds), and its token has not expired."""
        has_expired = verdict.expires is not None and self._clock.time() > verdict.expires
        return verdict.verified_at > after and not has_expired

    def _ago(self, seconds: float) -> float:
        return self._clock.time() - seconds

    # --- keeping ----------------------------------------------------------------------------

    def store(self, question: Question[T], value: T) -> None:
        """Keep an answer that came by another way, just now, like any other.

        Raises `Rejected` for what was denied meanwhile.
        """
        _, until = self._denied.get(question.key) or ("", 0.0)
        if self._clock.monotonic() < until:
            raise Rejected("revoked")
        drops, looked_at, now = self._drops, self._clock.monotonic(), self._clock.time()
        expires = question.prepare(is_known=True)
        look = self._look(question)
        verdict = Verdict(value, now, True, expires, look.generation)
        self._store(question, verdict, drops, looked_at)

    def _store(self, question: Question[T], verdict: Verdict, drops: int, looked_at: float) -> None:
        self._rejected.drop(question.key)
        self._keep(question.key, verdict, drops, looked_at)
        if self._lifetimes.fresh:
            self._tier.write(question, verdict)

    def _keep(self, key: bytes, verdict: Verdict, drops: int, looked_at: float) -> None:
        """Keep a copy in the process, unless one was dropped since ``drops`` was read.

        ``looked_at`` is when the shared cache was looked at (monotonic seconds), before which
        nothing is known of ends that other processes decided.
        """
        lifetimes = self._lifetimes
        if lifetimes.local:
            to_monotonic = self._clock.monotonic() - self._clock.time()
            asked_at = verdict.verified_at + to_monotonic
            verdict.until = min(looked_at + lifetimes.local, asked_at + lifetimes.fresh)
            if verdict.expires is not None:
                verdict.until = min(verdict.until, verdict.expires + to_monotonic)
            verdict.refresh_at = min(verdict.until, asked_at + self._young)
        with self._lock:
            if drops == self._drops:
                self._local.put(key, verdict)

    def _learn(self, key: bytes, rejected: Rejected, *, had_answer: bool) -> None:
        """Remember what IdentityX has refused; a token that it accepted before ends everywhere.

        Others write nothing that is shared: strangers can make as many as they like.
        """
        if type(rejected) is not Rejected:
            return
        self._rejected.put(
            key, (rejected.reason, self._clock.monotonic() + self._lifetimes.rejected)
        )
        if had_answer:
            self._tier.purge(key, self._lifetimes.longest + MARGIN)
            self._drop(key)

    # --- ending -----------------------------------------------------------------------------

    def forget(self, key: bytes) -> None:
        """Drop what is remembered, everywhere: the next request asks."""
        self._rejected.drop(key)
        self._tier.purge(key, self._lifetimes.longest + MARGIN)
        self._drop(key)

    def deny(self, key: bytes, seconds: float | None = None) -> bool:
        """Refuse for ``seconds``, by default beyond any answer; say whether the cache took it."""
        if seconds is None:
            seconds = self._lifetimes.longest + MARGIN
        until = self._clock.monotonic() + seconds
        with self._lock:
            _, before = self._denied.get(key) or ("", until)
            self._denied.put(key, ("revoked", max(before, until)))
        is_shared = self._tier.deny(key, seconds)
        self._drop(key)
        return is_shared

    def _drop(self, key: bytes) -> None:
        # After the shared tier, so that what was read there before can't be kept any more.
        with self._lock:
            self._drops += 1
            self._local.drop(key)
        self._flights.close(key, _DEMANDED + key, _AHEAD + key)
