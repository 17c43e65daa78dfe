"""Telling others how verifications went: ``IDENTITYX_METRICS`` and two signals.

``IDENTITYX_METRICS`` names ``f(outcome, seconds)``, called after every verification. ``outcome``
is one of

- ``local``, ``shared``: a verdict was at hand, in the process or in the shared cache;
- ``asked``, ``coalesced``: IdentityX was asked, by this request or by another at the same time;
- ``stale``: IdentityX could not be asked, and an older verdict served;
- ``rejected``, ``limited``: no user came of it, by IdentityX's word or the limit of an address;
- ``unreachable``, ``failing``: IdentityX was asked, and the exchange failed, or it told of an
  outage; ``left_alone``: it wasn't, because that had just happened several times;
- ``queue_full``: it wasn't asked, because as many calls as may be were under way;
- ``unclear``, ``misconfigured``: an answer that is not understood; a setting is wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.utils.module_loading import import_string

from .. import signals
from ..exceptions import Busy, ConfigurationError, Failing, LeftAlone, Unclear, Unreachable
from ..process import Clock, Seldom

logger = logging.getLogger("django_identityx")

LOCAL, SHARED, ASKED, COALESCED = "local", "shared", "asked", "coalesced"
STALE, REJECTED, LIMITED, UNAVAILABLE = "stale", "rejected", "limited", "unavailable"
_REASONS = {
    Unreachable: "unreachable",
    Failing: "failing",
    LeftAlone: "left_alone",
    Busy: "queue_full",
    Unclear: "unclear",
    ConfigurationError: "misconfigured",
}

SIGNAL_EVERY = 1.0  # seconds
LOG_EVERY = 60.0


def reason_of(error: Exception) -> str:
    """What people have to act on, in a word."""
    return next((_REASONS[c] for c in type(error).__mro__ if c in _REASONS), UNAVAILABLE)


class Reporter:
    """Reports outcomes; a receiver that fails is logged and harms nothing."""

    def __init__(self, path: str | None, clock: Clock) -> None:
        self._clock = clock
        self._may_signal = Seldom(SIGNAL_EVERY, clock)
        self._may_log = Seldom(LOG_EVERY, clock)
        self.hook: Callable[[str, float], object] | None = None
        if path is not None:
            try:
                self.hook = import_string(path)
            except Exception:
                logger.exception("IDENTITYX_METRICS can't be imported: nothing is measured.")

    def tell(self, outcome: str, started: float) -> None:
        """Report an outcome of what began at ``started`` (monotonic seconds)."""
        if self.hook is None:
            return
        try:
            self.hook(outcome, self._clock.monotonic() - started)
        except Exception:
            if self._may_log():
                logger.exception("IDENTITYX_METRICS failed.")

    def unavailable(self, error: Exception) -> None:
        """Send ``service_unavailable``, at most once a second."""
        if self._may_signal():
            public = next(c for c in type(error).__mro__ if not c.__name__.startswith("_"))
            signals.service_unavailable.send_robust(sender=public, reason=reason_of(error))
