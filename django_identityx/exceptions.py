"""What can go wrong, by who is at fault.

::

    IdentityXError
    ├── Rejected                the bearer: this credential or link is not (or no longer) good
    │   └── Malformed           ... which shows without asking IdentityX
    ├── NoVerdict               nothing is known about the credential; 503 with ``retry_after``
    │   ├── ConfigurationError  the site: a setting that IdentityX refuses or that is missing
    │   └── Unavailable         IdentityX or the way to it
    │       ├── Unreachable     timeout, 5xx, not JSON, an answer of another shape
    │       │   └── NotConnected  ... or no connection, so that nothing has arrived there
    │       ├── Failing         IdentityX answers and reports an outage, or asks for fewer calls
    │       ├── Unclear         an answer that this package does not know; says nothing of others
    │       └── Busy            not asked at all: too many calls are under way
    │           └── LeftAlone   ... or it failed a moment ago, and is given a rest
    └── OperationFailed         the call: IdentityX understood it and said no
        ├── NotFound            no such user, application, ...
        ├── InvalidInput        a value was refused
        └── NotAllowed          the person is known and may not do this (also: PermissionDenied)

Accepted, rejected, no verdict: none of the three ever stands for another.
No text of these carries a token: IdentityX echoes inputs in some of its messages, so the texts
are ours, and ``InvalidInput.detail`` is redacted.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class IdentityXError(Exception):
    """Base of everything that this package raises on its own account."""


class Rejected(IdentityXError):
    """A definite no about one credential or link.

    ``reason`` is one of ``malformed``, ``expired``, ``revoked``, ``wrong_kind``,
    ``wrong_application``, ``wrong_organization``, ``user_gone``, ``invalid``,
    ``banned``, ``too_old``. Its text is in the language of whoever reads it.
    """

    def __init__(self, reason: str, message: str | Promise = "") -> None:
        super().__init__(message or _REASONS.get(reason, _("The credential is not valid.")))
        self.reason = reason

    def __reduce__(self) -> tuple[type[Rejected], tuple[str, str]]:
        return type(self), (self.reason, str(self))


class Malformed(Rejected):
    """A credential that is refused by its form or its claims, without any upstream call."""


class NoVerdict(IdentityXError):
    """Neither a yes nor a no. ``retry_after`` is in whole seconds, at least one."""

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = max(1, retry_after)


class ConfigurationError(NoVerdict):
    """A setting is missing, or IdentityX refuses what it says."""

    def __init__(self, message: str, *, retry_after: int = 60) -> None:
        super().__init__(message, retry_after=retry_after)


class Unavailable(NoVerdict):
    """No verdict could be had."""


class Unreachable(Unavailable):
    """The exchange itself failed."""


class NotConnected(Unreachable):
    """There was no connection: IdentityX has not got what was to be sent."""


class Failing(Unavailable):
    """IdentityX reports an outage of one of its inner services, or has too much to do."""


class Unclear(Unavailable):
    """An answer about this one call that is neither a yes nor a known no."""


class Busy(Unavailable):
    """Not asked: too many calls are under way."""


class LeftAlone(Busy):
    """Not asked: IdentityX has failed several times in a row, and is given a rest."""


class OperationFailed(IdentityXError):
    """IdentityX refused an operation. ``code`` is its ``extensions.code``."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class NotFound(OperationFailed):
    """What the operation names does not exist."""


class InvalidInput(OperationFailed):
    """A value was refused.

    ``detail`` is IdentityX's reason, redacted; one line a problem. ``fields`` has the same lines by
    IdentityX's names of the fields, and under ``__all__`` those that name none.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        detail: str = "",
        fields: dict[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.detail = detail
        self.fields = fields or {}


class NotAllowed(OperationFailed):
    """The credential is good, and its person may not do this."""


PermissionDenied = NotAllowed  # its name in 0.1.0


_REASONS = {
    "malformed": _("The credential is malformed."),
    "expired": _("The token has expired."),
    "revoked": _("The token is no longer valid."),
    "wrong_kind": _("The token is of another kind."),
    "wrong_application": _("The token belongs to another application."),
    "wrong_organization": _("This account does not belong to this organization."),
    "user_gone": _("The user of this token no longer exists."),
    "invalid": _("The token is not valid."),
    "banned": _("This account is blocked."),
    "too_old": _("The link is too old."),
}
