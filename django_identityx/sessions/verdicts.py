"""Who is there, by the session: what a verdict, or the lack of one, means for it."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpRequest

from .. import applications, audit, verification
from ..conf import conf
from ..credentials import Credential, check_claims
from ..exceptions import IdentityXError, Rejected, Unavailable
from ..users import AppUser, OrgUser
from ..verification import Verdict
from . import rows
from .actors import Acted, is_powerful, may_act
from .ending import revoke_and_tell
from .held import KEY, Held, current, fields, read
from .loading import aload, load

logger = logging.getLogger("django_identityx")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def get_user(request: HttpRequest) -> AppUser | OrgUser | AnonymousUser:
    """Return the verified user of the session, or ``AnonymousUser``.

    Somebody whom ``IDENTITYX_USER_LOADER`` does not admit is nobody. Raises `Unavailable` or
    `ConfigurationError` where IdentityX gives no verdict: that is not "signed out".
    """
    verdict = get_verdict(request)
    if verdict is None:
        return AnonymousUser()
    try:
        load(verdict.user, request=request, fresh=verdict.fresh)
    except Rejected:
        return AnonymousUser()
    return verdict.user


async def aget_user(request: HttpRequest) -> AppUser | OrgUser | AnonymousUser:
    """`get_user` in an async view: needs no thread where the verdict is known."""
    verdict = await aget_verdict(request)
    if verdict is None:
        return AnonymousUser()
    try:
        await aload(verdict.user, request=request, fresh=verdict.fresh)
    except Rejected:
        return AnonymousUser()
    return verdict.user


def get_verdict(request: HttpRequest, max_age: float | None = None) -> Verdict | None:
    """What `get_user` returns, with its freshness and before the loader; None for nobody.

    A credential that IdentityX rejects ends the session, and so do its absolute age and a sign-in
    that was ended from elsewhere; these two revoke the credential as well.
    """
    held = current(request)
    if held is None:
        return None
    outcome: Verdict | IdentityXError
    try:
        here = applications.current(request)
        outcome = verification.check(held.credential, application=here, max_age=max_age)
    except (Rejected, Unavailable) as error:
        outcome = error
    now = time.time()
    if _is_plain(held, outcome, now):
        return outcome  # type: ignore[return-value]
    return _settle(request, held, outcome, max_age, now)


async def aget_verdict(request: HttpRequest, max_age: float | None = None) -> Verdict | None:
    """`get_verdict` in an async view: a thread is needed only where something is to be written."""
    if hasattr(request, "session"):
        await request.session.aget(KEY)  # from here on it is in memory
    here = await applications.acurrent(request)
    held = current(request)
    if held is None:
        return None
    outcome: Verdict | IdentityXError
    try:
        outcome = await verification.acheck(held.credential, application=here, max_age=max_age)
    except (Rejected, Unavailable) as error:
        outcome = error
    now = time.time()
    if _is_plain(held, outcome, now):
        return outcome  # type: ignore[return-value]
    return await sync_to_async(_settle)(request, held, outcome, max_age, now)


def refresh(request: HttpRequest, user: AppUser) -> None:
    """Take over what the person of the session has changed: the greeting, and the snapshot."""
    held = current(request)
    if held is not None and held.identity == user.identity:
        now = time.time()
        told = fields(replace(user, profile=None), now, held.data.get("renewed", 0))
        request.session[KEY] = {**held.data, "hint": user.name or user.email, **told}


def get_credential(request: HttpRequest) -> Credential | None:
    """The credential that the session holds, unverified."""
    held = current(request)
    return None if held is None else held.credential


def get_identity(request: HttpRequest) -> tuple[str, str, str] | None:
    """Kind, application and id of who signed in, as the session knows them: unverified."""
    held = current(request)
    return None if held is None else held.identity


def get_hint(request: HttpRequest) -> str:
    """The name stored at sign-in, for greeting; empty for nobody. Never for authorization."""
    held = current(request)
    return "" if held is None else held.hint


def get_actor_hint(request: HttpRequest) -> str:
    """The name of who acts here for a reader; empty where nobody does. Asks nobody."""
    held = current(request)
    actor = None if held is None else held.actor
    return "" if actor is None else actor.hint


def fresh(credential: Credential, verdict: Verdict) -> Credential:
    """``credential`` as ``request.auth``: with the verdict's freshness."""
    return credential if verdict.fresh else replace(credential, fresh=False)


def _is_plain(held: Held, outcome: Verdict | IdentityXError, now: float) -> bool:
    """Whether ``outcome`` is what most requests see: the verdict as it is, nothing to write."""
    return (
        isinstance(outcome, Verdict)
        and outcome.user.identity == held.identity
        and not held.is_due(now)
        and not _is_too_old(held, now)
        and "actor" not in held.data
    )


def _settle(
    request: HttpRequest,
    held: Held,
    outcome: Verdict | IdentityXError,
    max_age: float | None,
    now: float,
) -> Verdict | None:
    """What an answer about the credential means for the session."""
    if _is_too_old(held, now):
        logger.debug("session: ended, it has reached IDENTITYX_SESSION_AGE")
        _end(request, held, revoking=True)
        return None
    if isinstance(outcome, Unavailable):
        outcome = _from_snapshot(request, held, outcome, max_age, now)
    if not isinstance(outcome, Verdict) or outcome.user.identity != held.identity:
        reason = getattr(outcome, "reason", "the token is somebody else's")
        logger.debug("session: ended, %s", reason)
        _end(request, held)
        return None
    if held.is_due(now) and outcome.fresh and not _renew(request, held, outcome, now):
        logger.debug("session: ended, its sign-in was ended from elsewhere")
        _end(request, held, revoking=True)
        return None
    if (actor := held.actor) is None:
        return outcome
    return _with_actor(request, held, actor, outcome, max_age, now)


def _with_actor(
    request: HttpRequest,
    held: Held,
    actor: Held,
    verdict: Verdict,
    max_age: float | None,
    now: float,
) -> Acted | None:
    """``verdict``, if who acts may still do so; else acting ends, and the session with it."""
    try:
        about_actor = _verdict_on_actor(request, actor, max_age, now)
        if is_powerful(load(verdict.user, request=request, fresh=verdict.fresh)):
            raise Rejected("has_powers")
    except Rejected as rejected:
        logger.debug("session: ended, acting for this person: %s", rejected.reason)
        _end(request, held, revoking=True)
        return None
    user, fresh = about_actor.user, verdict.fresh and about_actor.fresh
    return Acted(
        verdict.user,
        verdict.verified_at,
        fresh=fresh,
        actor=user if isinstance(user, OrgUser) else None,
    )


def _verdict_on_actor(
    request: HttpRequest, actor: Held, max_age: float | None, now: float
) -> Verdict:
    """As for a session of their own, which waits for them; raises `Rejected`."""
    here, session = applications.current(request), rows.waiting(actor)
    own = None if session is None else read(session)
    if own is None or _is_too_old(own, now):
        raise Rejected("revoked")
    try:
        verdict = verification.check(own.credential, application=here, max_age=max_age)
    except Unavailable as error:
        outcome = _from_snapshot(request, own, error, max_age, now)
        if isinstance(outcome, Rejected):
            raise outcome from error
        verdict = outcome
    if verdict.user.identity != own.identity or not may_act(verdict.user, here):
        raise Rejected("may_not_act")
    return verdict


def _from_snapshot(
    request: HttpRequest, held: Held, error: Unavailable, max_age: float | None, now: float
) -> Verdict | Rejected:
    """The session's last verdict for whoever only reads; else ``error`` is raised."""
    snapshot = held.snapshot()
    if snapshot is None or max_age is not None or request.method not in SAFE_METHODS:
        logger.debug("session: no verdict, and no older one may serve")
        raise error
    user, verified_at = snapshot
    if not verified_at <= now < verified_at + conf.SESSION_STALE_IF_ERROR:
        logger.debug("session: no verdict, and the last one is too old")
        raise error
    try:
        check_claims(held.credential, held.app_id or None, now)
    except Rejected as rejected:
        return rejected
    logger.debug("session: no verdict, the last one serves")
    return Verdict(user, verified_at, fresh=False)


def _renew(request: HttpRequest, held: Held, verdict: Verdict, now: float) -> bool:
    """Write snapshot and sign-in again; False where the sign-in is gone."""
    app_id = applications.current(request).app_id or ""
    try:
        row = rows.renew(request, held, app_id)
    except DatabaseError:
        logger.warning("A sign-in could not be written down again: the database is in trouble.")
        return True
    if row is None:
        return False
    renewed = fields(verdict.user, verdict.verified_at, now)
    request.session[KEY] = {**held.data, "app": app_id, "row": row, **renewed}
    return True


def _end(request: HttpRequest, held: Held, *, revoking: bool = False) -> None:
    """Sign out locally; a Django user who shares the session keeps it."""
    if auth.SESSION_KEY in request.session:
        request.session.pop(KEY, None)
    else:
        request.session.flush()
    rows.drop(held.row)
    if revoking or held.actor is not None:
        revoke_and_tell(held, request)
    else:
        audit.user_logged_out(request, None, revoked=True, denied=True, identity=held.identity)


def _is_too_old(held: Held, now: float) -> bool:
    age = conf.SESSION_AGE
    return age is not None and now - held.data["at"] > age
