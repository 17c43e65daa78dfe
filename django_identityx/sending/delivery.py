"""One link on its way to IdentityX, behind the answer that can't wait for it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from .. import audit
from ..exceptions import (
    Busy,
    Failing,
    IdentityXError,
    NotConnected,
    NotFound,
    OperationFailed,
    Unavailable,
)

logger = logging.getLogger("django_identityx")

PAUSES = [0.3, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0]  # seconds between the tries: a minute in all

# What is told of an error: of the first kind that it is.
_REASONS = {
    Unavailable: "unavailable",
    NotFound: "unknown_user",
    OperationFailed: "refused",
    IdentityXError: "misconfigured",
}


class Delivery:
    """Each call is a try; what came of it is told in the audit log.

    Tried again is only what IdentityX reported as failed, or never got: nothing is sent twice.
    """

    def __init__(self, send: Callable[[], None], kind: str, digest: str, address: str) -> None:
        self._send = send
        self._told = kind, digest, address
        self._pauses = iter(PAUSES)

    def __call__(self, last: bool) -> float | None:
        """Try, and return the seconds until the next try, or None where all is said and done."""
        try:
            self._send()
        except IdentityXError as error:
            may_go_again = isinstance(error, Failing | Busy | NotConnected) and not last
            pause = next(self._pauses, None) if may_go_again else None
            if pause is not None:
                logger.debug("A login link waits %s s for another try.", pause)
                return pause
            reason = next(word for kind, word in _REASONS.items() if isinstance(error, kind))
        else:
            audit.login_link_delivered(*self._told)
            return None
        if reason in {"unavailable", "misconfigured"}:
            logger.error("A login link could not be sent (%s).", reason)
        kind, digest, address = self._told
        audit.login_link_not_sent(kind, digest, reason, address)
        return None
