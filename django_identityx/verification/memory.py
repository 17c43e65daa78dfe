"""What is remembered of tokens, in the process and in the shared cache, and for how long.

All bounds on the life of a verdict are here: fresh for ``IDENTITYX_VERIFICATION_TTL`` after its
question, in a copy of the process for ``IDENTITYX_LOCAL_TTL`` after the shared cache was looked at,
stale for ``IDENTITYX_STALE_IF_ERROR`` beyond, and never longer than the token's own ``exp``.
"""

from __future__ import annotations

from ..exceptions import Rejected
from ..process import Clock
from ..users import AppUser, OrgUser
from .caching import Shared, SharedVerdicts
from .flights import Flight, Flights
from .localcache import Entry, LocalVerdicts, Refusals
from .options import Options
from .verdicts import Kept, Verdict

REFRESH_AFTER = 0.8  # of a verdict's life
MARGIN = 3600  # seconds that an end is remembered beyond any verdict


class Memory:
    """Both tiers, and the refusals of this process. Keys are digests."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._rejected = Refusals(options.local_size)
        self._denied = Refusals(options.local_size)
        self.local = LocalVerdicts(options.local_size)
        self.shared = SharedVerdicts(options.cache, options.longest_life, clock)

    # --- recalling --------------------------------------------------------------------------

    def refuse_known(self, key: bytes) -> None:
        """Raise `Rejected` for what was denied here, or rejected a moment ago."""
        now = self._clock.monotonic()
        reason = self._denied.get(key, now) or self._rejected.get(key, now)
        if reason is not None:
            raise Rejected(reason)

    def look(self, key: bytes) -> Shared:
        """What the shared tier knows; `Rejected` for what was denied by any process."""
        shared = self.shared.read(key)
        if shared.is_denied:
            self.local.drop(key)
            raise Rejected("revoked")
        return shared

    def wait_for_other(self, key: bytes) -> Shared:
        """`look` until the process that is asking has its verdict, or has given up."""

        def is_enough(shared: Shared) -> bool:
            return shared.is_denied or (shared.kept is not None and self.is_fresh(shared.kept))

        shared = self.shared.wait_for_other(key, is_enough)
        if shared.is_denied:
            raise Rejected("revoked")
        return shared

    def last_known(self, key: bytes, shared: Shared) -> Kept | None:
        """The newest verdict that no purge has ended: it may have to serve in an outage."""
        if shared.kept is not None or not shared.is_available:
            return shared.kept
        entry = self.local.get(key)  # the shared tier may have thrown it out
        return entry.kept if entry and entry.kept.generation == shared.generation else None

    def admitted(self, key: bytes, kept: Kept) -> Verdict:
        """The verdict, if its user may come in; `Rejected` otherwise."""
        if self._is_refused(kept.verdict.user):
            self._remember_rejection(key, "banned")
            raise Rejected("banned")
        return kept.verdict

    def is_fresh(self, kept: Kept) -> bool:
        return self._is_younger(kept, self._options.ttl)

    def is_due(self, kept: Kept) -> bool:
        """Whether it is time to refresh it ahead."""
        return not self._is_younger(kept, self._options.ttl * REFRESH_AFTER)

    def may_serve_stale(self, kept: Kept) -> bool:
        return self._is_younger(kept, self._options.longest_life)

    # --- keeping ----------------------------------------------------------------------------

    def keep(
        self, key: bytes, kept: Kept, *, flights: Flights, flight: Flight, looked_at: float
    ) -> bool:
        """Keep a copy in the process unless ``flight`` was purged; say whether it wasn't.

        ``looked_at`` is when the shared cache was looked at (monotonic seconds), before which
        nothing is known of ends that other processes decided.
        """
        options = self._options
        if not (options.local_ttl and options.ttl) or self._is_refused(kept.verdict.user):
            return not flight.was_purged
        to_monotonic = self._clock.monotonic() - self._clock.time()
        asked_at = kept.verdict.verified_at + to_monotonic
        until = min(looked_at + options.local_ttl, asked_at + options.ttl)
        if kept.expires is not None:
            until = min(until, kept.expires + to_monotonic)
        entry = Entry(kept, until, min(until, asked_at + options.ttl * REFRESH_AFTER))
        return flights.keep(flight, lambda: self.local.put(key, entry))

    def keep_new(
        self, key: bytes, kept: Kept, *, flights: Flights, flight: Flight, looked_at: float
    ) -> None:
        """`keep` what IdentityX has just said, in both tiers."""
        self._rejected.drop(key)
        is_kept = self.keep(key, kept, flights=flights, flight=flight, looked_at=looked_at)
        if is_kept and self._options.ttl:
            self.shared.write(key, kept)

    def learn(self, key: bytes, rejected: Rejected, *, had_verdict: bool) -> None:
        """Remember what IdentityX has refused; a token that it accepted before ends everywhere.

        Others write nothing that is shared: strangers can make as many as they like.
        """
        if type(rejected) is not Rejected:
            return
        self._remember_rejection(key, rejected.reason)
        if had_verdict:
            self.shared.purge(key, self._options.longest_life + MARGIN)
        self.local.drop(key)

    # --- ending -----------------------------------------------------------------------------

    def forget(self, key: bytes) -> None:
        self._rejected.drop(key)
        self.shared.purge(key, self._options.longest_life + MARGIN)
        self.local.drop(key)

    def deny(self, key: bytes, seconds: float | None) -> bool:
        """Refuse for ``seconds``, by default beyond any verdict; whether the cache took it."""
        if seconds is None:
            seconds = self._options.longest_life + MARGIN
        self._denied.put(key, "revoked", self._clock.monotonic() + seconds)
        is_shared = self.shared.deny(key, seconds)
        self.local.drop(key)
        return is_shared

    def _remember_rejection(self, key: bytes, reason: str) -> None:
        if self._options.rejection_ttl:
            until = self._clock.monotonic() + self._options.rejection_ttl
            self._rejected.put(key, reason, until)

    def _is_refused(self, user: AppUser | OrgUser) -> bool:
        return self._options.refuse_banned and isinstance(user, AppUser) and user.banned

    def _is_younger(self, kept: Kept, seconds: float) -> bool:
        now = self._clock.time()
        has_expired = kept.expires is not None and now > kept.expires
        return now < kept.verdict.verified_at + seconds and not has_expired
