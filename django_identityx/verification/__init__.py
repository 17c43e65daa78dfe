"""The one place that decides whom a token belongs to.

Accepted (a user), rejected (`Rejected`) or unavailable (`Unavailable`): a verdict comes from
IdentityX, is remembered under a digest for ``IDENTITYX_VERIFICATION_TTL``, and trouble is never
remembered as a rejection.
"""

from __future__ import annotations

from ..credentials import Credential
from ..process import PerProcess
from ..users import AppUser, OrgUser
from .options import Options
from .verdicts import Verdict
from .verifier import Client, Verifier

__all__ = ["Verdict", "check", "deny", "forget", "verify"]

_verifier: PerProcess[Verifier] = PerProcess(lambda: Verifier(Options.from_settings()))


def verify(
    credential: Credential, *, app_id: str | None = None, max_age: float | None = None
) -> AppUser | OrgUser:
    """Return the user whom ``credential`` belongs to.

    ``app_id`` is the application that an AppUser must belong to, ``IDENTITYX_APP_ID`` by default;
    ``max_age`` the greatest age of a verdict in seconds (0 asks IdentityX), for which no stale
    one serves.

    Raises `Rejected` (of which `Malformed` costs no call), `Unavailable` or `ConfigurationError`.
    """
    return _verifier().check(credential, app_id, max_age).user


def check(
    credential: Credential,
    *,
    app_id: str | None = None,
    max_age: float | None = None,
    client: Client | None = None,
) -> Verdict:
    """`verify`, with what is known about the verdict beside the user.

    ``client`` tells whom a rejection counts for (the limit ``reject-address``). It is called only
    where IdentityX would have to be asked about an unknown token, and then `LimitExceeded` may be
    raised instead.
    """
    return (_verifier.value or _verifier()).check(credential, app_id, max_age, client)


def forget(credential: Credential, *, app_id: str | None = None) -> None:
    """Drop what is remembered about ``credential``: the next request asks IdentityX."""
    _verifier().forget(credential, app_id)


def deny(
    credential: Credential, *, app_id: str | None = None, seconds: float | None = None
) -> bool:
    """Refuse ``credential`` from now on, whatever IdentityX still says of it.

    For ``seconds``, by default longer than an old verdict could live anywhere. Returns whether the
    shared cache took it; other processes follow within ``IDENTITYX_LOCAL_TTL``.
    """
    return _verifier().deny(credential, app_id, seconds)
