"""The one place that decides whom a token belongs to.

Accepted (a user), rejected (`Rejected`) or unavailable (`Unavailable`): a verdict comes from
IdentityX, is remembered under a digest for ``IDENTITYX_VERIFICATION_TTL``, and trouble is never
remembered as a rejection.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from .caching import VerdictCache, key_of
from .client import IdentityXClient
from .conf import conf
from .credentials import Credential, TokenType, check_claims
from .exceptions import OperationFailed, Rejected, Unclear
from .users import AppUser, OrgUser


@dataclass(frozen=True)
class Verdict:
    """Whom a token belongs to, when IdentityX said so, and whether that is still fresh."""

    user: AppUser | OrgUser
    verified_at: float  # seconds since the epoch
    fresh: bool = True


def verify(
    credential: Credential, *, app_id: str | None = None, max_age: float | None = None
) -> AppUser | OrgUser:
    """Return the user whom ``credential`` belongs to.

    ``app_id`` is the application that an AppUser must belong to, ``IDENTITYX_APP_ID`` by default;
    ``max_age`` the greatest age of a verdict in seconds (0 asks IdentityX).

    Raises `Rejected` (of which `Malformed` costs no call), `Unavailable` or `ConfigurationError`.
    """
    return check(credential, app_id=app_id, max_age=max_age).user


def check(
    credential: Credential, *, app_id: str | None = None, max_age: float | None = None
) -> Verdict:
    """`verify`, with what is known about the verdict beside the user."""
    app_id = app_id or conf.APP_ID
    check_claims(credential, app_id)
    key = key_of(credential, app_id)
    cache = VerdictCache()
    if cache.is_denied(key):
        raise Rejected("revoked")
    found = cache.get(key)
    if found is not None and (max_age is None or time.time() - found.verified_at <= max_age):
        return _admitted(found)
    client = IdentityXClient.from_settings(app_id=app_id)
    try:
        user = (
            client.active_app_user(credential)
            if credential.token_type is TokenType.APP_USER
            else client.active_user(credential)
        )
    except OperationFailed as error:
        raise Unclear("IdentityX gave no verdict about the credential.") from error
    verdict = Verdict(user, time.time())
    cache.set(key, verdict)
    return _admitted(verdict)


def forget(credential: Credential, *, app_id: str | None = None) -> None:
    """Drop what is remembered about ``credential``: the next request asks IdentityX."""
    VerdictCache().delete(key_of(credential, app_id or conf.APP_ID))


def deny(
    credential: Credential, *, app_id: str | None = None, seconds: float | None = None
) -> bool:
    """Refuse ``credential`` from now on, whatever IdentityX still says of it.

    For ``seconds``, by default as long as an old verdict could live anywhere. Returns whether the
    shared cache took it.
    """
    key = key_of(credential, app_id or conf.APP_ID)
    cache = VerdictCache()
    cache.delete(key)
    if seconds is None:
        seconds = conf.VERIFICATION_TTL + conf.STALE_IF_ERROR + 3600
    return cache.deny(key, seconds)


def _admitted(verdict: Verdict) -> Verdict:
    if conf.REFUSE_BANNED and isinstance(verdict.user, AppUser) and verdict.user.banned:
        raise Rejected("banned")
    return verdict
