"""Who is there, by the session: what a verdict, or the lack of one, means for it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpRequest

from .. import applications, audit, verification
from ..applications import ANY_ORGANIZATION, Application
from ..conf import conf
from ..credentials import Credential, check_claims
from ..exceptions import IdentityXError, Rejected, Unavailable
from ..users import ApiTokenUser, AppUser, OrgUser
from ..verification import Verdict
from . import rows
from .ending import revoke_and_tell
from .held import KEY, Held, app_id_of, fields, held_in, read
from .loading import aload, load

logger = logging.getLogger("django_identityx")

ROLES = frozenset({"Owner", "Administrator"})  # who may act for a reader
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(slots=True)
class Acted(Verdict):
    """A verdict about a reader for whom ``actor`` acts, by a verdict about them."""

    actor: OrgUser | None = None


def may_act(user: object, application: Application) -> TypeGuard[OrgUser]:
    """Whether ``user`` may act for readers: by role in our organization, and in person.

    Where no one organization is ours, nobody may. Raises `Unavailable` or `ConfigurationError`.
    """
    if not isinstance(user, OrgUser) or isinstance(user, ApiTokenUser):
        return False
    organization = verification.organization_of(application)
    return organization != ANY_ORGANIZATION and user.role_in(organization) in ROLES


def is_powerful(loaded: Any) -> bool:
    """Whether a site's user has powers that IdentityX does not know of: they are not lent.

    Staff or a superuser, as far as the user model knows such.
    """
    return bool(getattr(loaded, "is_staff", False) or getattr(loaded, "is_superuser", False))


def get_user(request: HttpRequest) -> AppUser | OrgUser | AnonymousUser:
    """Return the verified user of the session, or ``AnonymousUser``.

    Somebody whom ``IDENTITYX_USER_LOADER`` does not admit is nobody. Raises `Unavailable` or
    `ConfigurationError` where IdentityX gives no verdict: that is not "signed out".
    """
    verdict, _ = admitted(request)
    return AnonymousUser() if verdict is None else verdict.user


async def aget_user(request: HttpRequest) -> AppUser | OrgUser | AnonymousUser:
    """`get_user` in an async view: needs no thread where the verdict is known."""
    verdict, _ = await aadmitted(request)
    return AnonymousUser() if verdict is None else verdict.user


def admitted(request: HttpRequest, max_age: float | None = None) -> tuple[Verdict | None, Any]:
    """`get_verdict`, and what the site's loader makes of the person; twice None for nobody."""
    verdict = get_verdict(request, max_age)
    if verdict is None:
        return None, None
    try:
        return verdict, load(verdict.user, request=request, fresh=verdict.fresh)
    except Rejected:
        return None, None


async def aadmitted(
    request: HttpRequest, max_age: float | None = None
) -> tuple[Verdict | None, Any]:
    """`admitted` in an async view."""
    verdict = await aget_verdict(request, max_age)
    if verdict is None:
        return None, None
    try:
        return verdict, await aload(verdict.user, request=request, fresh=verdict.fresh)
    except Rejected:
        return None, None


def stricter_age(request: HttpRequest, max_age: float | None = None) -> float | None:
    """The greatest age of a verdict: ``max_age``, and for unsafe methods the setting's."""
    if request.method in SAFE_METHODS:
        return max_age
    ages = [age for age in (max_age, conf.UNSAFE_METHODS_MAX_AGE) if age is not None]
    return min(ages, default=None)


def get_verdict(request: HttpRequest, max_age: float | None = None) -> Verdict | None:
    """What `get_user` returns, with its freshness and before the loader; None for nobody.

    A credential that IdentityX rejects ends the session, and so do its absolute age and a sign-in
    that was ended from elsewhere; these two revoke the credential as well.
    """
    held = held_in(request)
    if held is None:
        return None
    outcome: Verdict | IdentityXError
    try:
        here = applications.current(request)
        outcome = verification.check(held.credential, application=here, max_age=max_age)
        if _is_plain(held, outcome):
            return outcome
    except (Rejected, Unavailable) as error:
        outcome = error
    return _settle(request, held, outcome, max_age)


async def aget_verdict(request: HttpRequest, max_age: float | None = None) -> Verdict | None:
    """`get_verdict` in an async view: a thread is needed only where something is to be written."""
    if hasattr(request, "session"):
        await request.session.aget(KEY)  # from here on it is in memory
    here = await applications.acurrent(request)
    held = held_in(request)
    if held is None:
        return None
    outcome: Verdict | IdentityXError
    try:
        outcome = await verification.acheck(held.credential, application=here, max_age=max_age)
        if _is_plain(held, outcome):
            return outcome
    except (Rejected, Unavailable) as error:
        outcome = error
    return await sync_to_async(_settle)(request, held, outcome, max_age)


def refresh(request: HttpRequest, user: AppUser) -> None:
    """Take over what the person of the session has changed: the greeting, and the snapshot."""
    held = held_in(request)
    if held is not None and held.identity == user.identity:
        now = time.time()
        told = fields(replace(user, profile=None), now, held.data.get("renewed", 0))
        request.session[KEY] = {**held.data, "hint": user.name or user.email, **told}


def as_auth(credential: Credential, verdict: Verdict) -> Credential:
    """``credential`` as ``request.auth``: with the verdict's freshness."""
    return credential if verdict.fresh else replace(credential, fresh=False)


def _is_plain(held: Held, verdict: Verdict) -> bool:
    """Whether this is what most requests see: the verdict as it is, nothing to write."""
    now = time.time()
    return (
        verdict.user.identity == held.identity
        and not held.is_due(now)
        and not held.is_too_old(now)
        and "actor" not in held.data
    )


def _settle(
    request: HttpRequest, held: Held, outcome: Verdict | IdentityXError, max_age: float | None
) -> Verdict | None:
    """What an answer about the credential means for the session."""
    now = time.time()
    if held.is_too_old(now):
        _end(request, held, "it has reached IDENTITYX_SESSION_AGE", revoking=True)
        return None
    try:
        verdict = _verdict_on(request, held, outcome, max_age)
        if held.is_due(now) and verdict.fresh and not _renew(request, held, verdict, now):
            _end(request, held, "its sign-in was ended from elsewhere", revoking=True)
            return None
        if (actor := held.actor) is None:
            return verdict
        # Who acts must still be one who may; else acting ends, and the session with it.
        about_actor = _verdict_on_actor(request, actor, max_age)
        if is_powerful(load(verdict.user, request=request, fresh=verdict.fresh)):
            raise Rejected("has_powers")
    except Rejected as rejected:
        _end(request, held, rejected.reason)
        return None
    user, fresh = about_actor.user, verdict.fresh and about_actor.fresh
    assert isinstance(user, OrgUser)  # noqa: S101 - may_act says so
    return Acted(verdict.user, verdict.verified_at, fresh=fresh, actor=user)


def _verdict_on(
    request: HttpRequest, held: Held, outcome: Verdict | IdentityXError, max_age: float | None
) -> Verdict:
    """What ``outcome`` says of the person; in an outage the last verdict, for who only reads."""
    if isinstance(outcome, Unavailable):
        outcome = _from_snapshot(request, held, outcome, max_age)
    if not isinstance(outcome, Verdict):
        raise outcome
    if outcome.user.identity != held.identity:
        raise Rejected("wrong_person", "The token is somebody else's.")
    return outcome


def _verdict_on_actor(request: HttpRequest, actor: Held, max_age: float | None) -> Verdict:
    """As for a session of their own, which waits for them; raises `Rejected`."""
    here, session = applications.current(request), rows.waiting(actor)
    own = None if session is None else read(session)
    if own is None or own.is_too_old(time.time()):
        raise Rejected("revoked")
    outcome: Verdict | IdentityXError
    try:
        outcome = verification.check(own.credential, application=here, max_age=max_age)
    except Unavailable as error:
        outcome = error
    verdict = _verdict_on(request, own, outcome, max_age)
    if not may_act(verdict.user, here):
        raise Rejected("may_not_act")
    return verdict


def _from_snapshot(
    request: HttpRequest, held: Held, error: Unavailable, max_age: float | None
) -> Verdict:
    """The session's last verdict for whoever only reads; else ``error`` is raised."""
    now, snapshot = time.time(), None
    if max_age is None and request.method in SAFE_METHODS:
        snapshot = held.snapshot()
    if snapshot is None or not snapshot[1] <= now < snapshot[1] + conf.SESSION_STALE_IF_ERROR:
        logger.debug("session: no verdict, and no older one may serve")
        raise error
    check_claims(held.credential, held.app_id or None, now)
    logger.debug("session: no verdict, the last one serves")
    return Verdict(*snapshot, fresh=False)


def _renew(request: HttpRequest, held: Held, verdict: Verdict, now: float) -> bool:
    """Write snapshot and sign-in again; False where the sign-in is gone."""
    try:
        row = rows.renew(request, held)
    except DatabaseError:
        logger.warning("A sign-in could not be written down again: the database is in trouble.")
        return True
    if row is None:
        return False
    renewed = fields(verdict.user, verdict.verified_at, now)
    request.session[KEY] = {**held.data, "app": app_id_of(request), "row": row, **renewed}
    return True


def _end(request: HttpRequest, held: Held, why: str, *, revoking: bool = False) -> None:
    """Sign out locally; a Django user who shares the session keeps it."""
    logger.debug("session: ended, %s", why)
    if auth.SESSION_KEY in request.session:
        request.session.pop(KEY, None)
    else:
        request.session.flush()
    rows.drop(held.row)
    if revoking or held.actor is not None:
        revoke_and_tell(held, request)
    else:
        audit.user_logged_out(request, None, revoked=True, denied=True, identity=held.identity)
