"""How a verdict is found: in the process, in the shared cache, or by asking IdentityX once.

A hit is served by its digest alone: only what passed the reading of its token got in, and nothing
stays longer than its token, its TTL and the copy's own time allow. Everything else takes the long
way: refusals, one flight a token, the shared cache, claims, a slot, the breaker.
"""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from .. import audit
from ..credentials import LEEWAY, Credential, check_claims, check_form
from ..exceptions import Busy, ConfigurationError, Rejected, Unavailable
from ..process import Clock
from ..ratelimits import LimitExceeded
from ..ratelimits.counters import Bucket
from .caching import Shared
from .flights import Flight, Flights
from .localcache import Entry
from .memory import Memory
from .metrics import (
    ASKED,
    COALESCED,
    LIMITED,
    LOCAL,
    REJECTED,
    SHARED,
    STALE,
    UNAVAILABLE,
    Reporter,
)
from .options import Options
from .suspects import Suspects
from .upstream import Upstream
from .verdicts import Kept, Verdict

Client = Callable[[], Bucket | None]  # whom rejections count for; called only where it matters


@dataclass(slots=True)
class Query:
    """One request's wish for a verdict."""

    key: bytes
    credential: Credential
    app_id: str | None
    max_age: float | None
    client: Client | None
    arrived: float  # seconds since the epoch
    expires: float | None = None  # the token's ``exp``, leeway included

    def accepts(self, verdict: Verdict) -> bool:
        """Whether the verdict is as young as was asked for."""
        if self.max_age is None:
            return True
        return verdict.fresh and verdict.verified_at > self.arrived - self.max_age


class Verifier:
    """The verdicts of one process."""

    def __init__(self, options: Options, clock: Clock = time) -> None:
        self._clock = clock
        self._monotonic = clock.monotonic
        self._options = options
        self._memory = Memory(options, clock)
        self._get = self._memory.local.get
        self._upstream = Upstream(options, clock)
        self._flights = Flights()
        self._refreshes = Flights()
        self._suspects = Suspects(clock)
        self._report = Reporter(options.metrics, clock)

    def check(
        self,
        credential: Credential,
        app_id: str | None = None,
        max_age: float | None = None,
        client: Client | None = None,
    ) -> Verdict:
        started = self._monotonic()
        app_id = app_id or self._options.app_id
        key = self.key(credential, app_id)
        entry = self._get(key)
        if entry is not None and started < entry.refresh_at and max_age is None:
            if self._report.hook is not None:
                self._report.tell(LOCAL, started)
            return entry.verdict
        query = Query(key, credential, app_id, max_age, client, self._clock.time())
        outcome = UNAVAILABLE
        try:
            outcome, verdict = self._find(query, entry, started)
        except Rejected as rejected:
            outcome = REJECTED
            self._count(query, rejected)
            raise
        except LimitExceeded:
            outcome = LIMITED
            raise
        except (Unavailable, ConfigurationError) as error:
            self._report.unavailable(error)
            raise
        finally:
            self._report.tell(outcome, started)
        return verdict

    def forget(self, credential: Credential, app_id: str | None = None) -> None:
        key = self.key(credential, app_id or self._options.app_id)
        self._memory.forget(key)
        self._purge(key)

    def deny(
        self, credential: Credential, app_id: str | None = None, seconds: float | None = None
    ) -> bool:
        key = self.key(credential, app_id or self._options.app_id)
        is_shared = self._memory.deny(key, seconds)
        self._purge(key)
        return is_shared

    def key(self, credential: Credential, app_id: str | None) -> bytes:
        """A digest over endpoint, application, kind and token."""
        parts = (self._options.url, app_id or "", credential.token_type, credential.token)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()

    def _purge(self, key: bytes) -> None:
        # After the shared tier, so that what was read there before can't be kept any more.
        self._refreshes.purge(key)
        self._flights.purge(key)
        self._memory.local.drop(key)

    # --- finding ----------------------------------------------------------------------------

    def _find(self, query: Query, entry: Entry | None, started: float) -> tuple[str, Verdict]:
        if entry is not None and started < entry.until and query.accepts(entry.verdict):
            if started < entry.refresh_at:
                return LOCAL, entry.verdict
            entry.refresh_at = entry.until  # one request is enough
            return self._refresh(query, entry.kept, LOCAL)
        check_form(query.credential.token)
        landings, looked_at = self._flights.landings, self._monotonic()
        shared, kept = self._look(query, self._flights.glance(), looked_at)
        if kept is not None:
            if self._memory.is_due(kept):
                return self._refresh(query, kept, SHARED)
            return SHARED, kept.verdict
        deadline = started + 2 * self._options.timeout  # the dialect may take a second exchange
        while True:
            flight, is_leader = self._flights.board(query.key)
            if is_leader:
                with self._flights.leading(query.key, flight):
                    if landings == self._flights.landings:
                        outcome, kept = self._lead(query, flight, shared, looked_at)
                    else:  # what we saw may be out of date
                        outcome, kept = self._lead_anew(query, flight)
                    flight.verdict = kept.verdict
                return outcome, kept.verdict
            if not self._upstream.breaker.is_closed:
                error = Busy("IdentityX is being left alone.", retry_after=1)
                return self._find_without_asking(query, error)
            if not flight.wait(deadline - self._monotonic()):
                raise Busy("A verification takes too long.", retry_after=1)
            if isinstance(flight.error, Rejected):
                raise copy.copy(flight.error)  # a traceback is one thread's
            if isinstance(flight.error, Unavailable | ConfigurationError):
                return self._find_without_asking(query, copy.copy(flight.error))
            if flight.verdict is not None and query.accepts(flight.verdict):
                self._memory.refuse_known(query.key)
                return COALESCED, flight.verdict

    def _read_claims(self, query: Query) -> None:
        claims = check_claims(query.credential, query.app_id, query.arrived)
        query.expires = None if claims.exp is None else claims.exp + LEEWAY

    def _look(self, query: Query, flight: Flight, looked_at: float) -> tuple[Shared, Kept | None]:
        """The shared tier, and its verdict if that will do: then a copy of it is kept."""
        memory, key = self._memory, query.key
        memory.refuse_known(key)
        shared = memory.look(key)
        kept = self._fit(query, shared)
        if kept is not None:
            memory.admitted(key, kept)
            memory.keep(key, kept, flights=self._flights, flight=flight, looked_at=looked_at)
        return shared, kept

    def _lead_anew(self, query: Query, flight: Flight) -> tuple[str, Kept]:
        looked_at = self._monotonic()
        entry = self._get(query.key)
        if entry is not None and looked_at < entry.until and query.accepts(entry.verdict):
            return COALESCED, entry.kept
        shared, kept = self._look(query, flight, looked_at)
        return (SHARED, kept) if kept else self._lead(query, flight, shared, looked_at)

    def _lead(
        self, query: Query, flight: Flight, shared: Shared, looked_at: float
    ) -> tuple[str, Kept]:
        memory, key = self._memory, query.key
        self._read_claims(query)
        old = memory.last_known(key, shared)
        if old is None:
            self._hold_back(query)
        try:
            outcome, kept = self._ask_once(query, flight, shared, looked_at, is_known=bool(old))
        except Unavailable as error:
            return STALE, self._stale(query, old, error)
        except Rejected as rejected:
            memory.learn(key, rejected, had_verdict=old is not None)
            raise
        memory.refuse_known(key)  # it may have ended meanwhile
        memory.admitted(key, kept)
        return outcome, kept

    def _find_without_asking(
        self, query: Query, error: Unavailable | ConfigurationError
    ) -> tuple[str, Verdict]:
        """Do with what is known, or raise ``error``: asking was tried, or is being tried.

        Whoever tried may have wanted a younger verdict than this query does.
        """
        self._memory.refuse_known(query.key)
        shared = self._memory.look(query.key)
        if (kept := self._fit(query, shared)) is not None:
            return SHARED, self._memory.admitted(query.key, kept)
        if isinstance(error, ConfigurationError):
            raise error
        old = self._memory.last_known(query.key, shared)
        return STALE, self._stale(query, old, error).verdict

    def _fit(self, query: Query, shared: Shared) -> Kept | None:
        """The shared tier's verdict, if it is fresh and as young as was asked for."""
        kept = shared.kept
        if kept is not None and self._memory.is_fresh(kept) and query.accepts(kept.verdict):
            return kept
        return None

    def _stale(self, query: Query, old: Kept | None, error: Unavailable) -> Kept:
        """``old`` while it may serve; a demanded age is never met by it."""
        if old is None or query.max_age is not None or not self._memory.may_serve_stale(old):
            raise error
        self._memory.admitted(query.key, old)
        self._report.unavailable(error)
        return old.as_stale()

    # --- asking -----------------------------------------------------------------------------

    def _ask_once(
        self, query: Query, flight: Flight, shared: Shared, looked_at: float, *, is_known: bool
    ) -> tuple[str, Kept]:
        """Ask IdentityX, or wait for the process that is asking already."""
        memory, key = self._memory, query.key
        with self._upstream.slots.one(is_known=is_known):
            self._upstream.breaker.check()
            lock = memory.shared.lock(key) if query.max_age is None else None
            if lock is False:
                shared = memory.wait_for_other(key)
                if (found := self._fit(query, shared)) is not None:
                    memory.keep(
                        key, found, flights=self._flights, flight=flight, looked_at=looked_at
                    )
                    return COALESCED, found
            try:
                kept = self._ask(query, shared.generation)
                memory.keep_new(
                    key, kept, flights=self._flights, flight=flight, looked_at=looked_at
                )
                return ASKED, kept
            finally:
                if lock:
                    memory.shared.unlock(key, looked_at)

    def _refresh(self, query: Query, old: Kept, outcome: str) -> tuple[str, Verdict]:
        """Ask ahead of time if nobody else does; ``old`` serves on if it comes to nothing."""
        memory, key = self._memory, query.key
        flight, is_leader = self._refreshes.board(key)
        if not is_leader:
            return outcome, memory.admitted(key, old)
        with self._refreshes.leading(key, flight):
            if not self._upstream.breaker.is_closed:
                return outcome, memory.admitted(key, old)
            self._read_claims(query)
            looked_at = self._monotonic()
            shared = memory.look(key)
            if (newer := shared.kept) is not None and not memory.is_due(newer):
                memory.keep(key, newer, flights=self._refreshes, flight=flight, looked_at=looked_at)
                return SHARED, memory.admitted(key, newer)
            lock = memory.shared.lock(key)
            if lock is False:
                return outcome, memory.admitted(key, old)
            try:
                with self._upstream.slots.one(is_known=True):
                    kept = self._ask(query, shared.generation)
                memory.keep_new(
                    key, kept, flights=self._refreshes, flight=flight, looked_at=looked_at
                )
            except Rejected as rejected:
                memory.learn(key, rejected, had_verdict=True)
                raise
            except (Unavailable, ConfigurationError) as error:
                if memory.is_fresh(old):  # it was early: nobody has to hear of it yet
                    return outcome, memory.admitted(key, old)
                if isinstance(error, ConfigurationError):
                    raise
                return STALE, self._stale(query, old, error).verdict
            finally:
                if lock:
                    memory.shared.unlock(key, looked_at)
            memory.refuse_known(key)
            return ASKED, memory.admitted(key, kept)

    def _ask(self, query: Query, generation: str) -> Kept:
        asked_at = self._clock.time()
        user = self._upstream.ask(query.credential, query.app_id)
        return Kept(Verdict(user, asked_at), query.expires, generation)

    # --- counting ---------------------------------------------------------------------------

    def _hold_back(self, query: Query) -> None:
        """Raise `LimitExceeded` for an address that brought too many rejected tokens."""
        bucket = query.client() if query.client is not None else None
        if bucket is not None:
            self._suspects.check(bucket)

    def _count(self, query: Query, rejected: Rejected) -> None:
        audit.token_rejected(rejected.reason, query.credential.token_type.value)
        if query.client is not None and type(rejected) is Rejected:
            bucket = query.client()
            if bucket is not None:
                self._suspects.add(bucket, query.key)
