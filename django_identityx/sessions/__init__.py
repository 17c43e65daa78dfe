"""IdentityX's people in Django's sessions: `login`, `logout` and `get_user`, as Django names them.

The session keeps the credential on the server, a name to greet with, and its application. Each
request asks ``verification`` whether the credential is still good, so that a logout elsewhere ends
the session; trouble at IdentityX never does, and for some hours the session's last verdict serves
whoever only reads. Each sign-in is a row, which no page looks at: a renewal every ten minutes does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in as django_user_logged_in
from django.contrib.auth.signals import user_logged_out as django_user_logged_out
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from .. import applications, audit, verification
from ..addresses import Visitor, visitor
from ..applications import Application
from ..client import IdentityXClient
from ..conf import conf
from ..credentials import Credential, TokenType, check_claims, read_claims
from ..exceptions import IdentityXError, Rejected, Unavailable
from ..models import SignIn
from ..users import AppUser, IdentityXUser, OrgUser
from ..verification import Verdict
from . import held as _held
from . import rows
from .held import KEY, Held
from .loading import aload, load

__all__ = [
    "KEY",
    "SAFE_METHODS",
    "aget_user",
    "aget_verdict",
    "aload",
    "alogin",
    "alogout",
    "connect",
    "end_sign_in",
    "fresh",
    "get_credential",
    "get_hint",
    "get_user",
    "get_verdict",
    "holds_somebody",
    "is_same_person",
    "load",
    "login",
    "logout",
    "logout_everywhere",
    "revoke",
    "sign_ins",
]

logger = logging.getLogger("django_identityx")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
DENIED_AFTER_FAILED_REVOCATION = 30 * 24 * 3600  # seconds


# --- signing in and out -------------------------------------------------------------------------


def login(
    request: HttpRequest,
    user: AppUser | OrgUser,
    credential: Credential,
    *,
    login_source: str | None = None,
    additional_context: Mapping[str, Any] | None = None,
) -> None:
    """Establish a session for ``user``, in Django's order: key, data, CSRF token, signal.

    A session of somebody else, a Django user included, is flushed: ask before. The credential that
    it held is revoked. ``login_source`` and ``additional_context`` go into the signal.

    Raises `ImproperlyConfigured` where the session would travel to the browser, and `Unavailable`
    where the sign-in can't be written down.
    """
    if isinstance(request.session, SignedCookies):
        raise ImproperlyConfigured(
            "Sessions in signed cookies would hand IdentityX tokens to the browser: "
            "choose another SESSION_ENGINE."
        )
    if credential.token_type is TokenType.ORG_USER_API_TOKEN:
        raise ValueError("An API token can't be ended, so it does not go into a session.")
    held = _held.read(request.session)
    if not is_same_person(request, user):
        request.session.flush()
    request.session.cycle_key()
    now = time.time()
    app_id = applications.current(request).app_id or ""
    if held is not None:
        rows.drop(held.row)
    request.session[KEY] = {
        "type": credential.token_type.value,
        "token": credential.token,
        "identity": list(user.identity),
        "app": app_id,
        "hint": user.name or user.email,
        "at": now,
        "row": rows.write(request, user.identity, app_id),
        **_held.fields(user, now, now),
    }
    if held is not None and held.credential != credential:
        _revoke(held.credential, visitor(request))
    _attach(request, user)
    rotate_token(request)
    logger.debug("login: %s signed in", user.kind)
    audit.user_logged_in(
        request, user, login_source=login_source, additional_context=additional_context or {}
    )


def logout(request: HttpRequest, *, everywhere: bool = False) -> bool:
    """End the session whatever IdentityX says, and the credential there and here.

    ``everywhere`` ends this person's other sessions on this site, too. Returns whether all that
    was to end has ended: a session whose store does not answer goes on, and its row with it.
    IdentityX answers before it has deleted a token, and may be down: so the token stays denied
    here for longer than any verdict can live, and for 30 days if the revocation failed.
    """
    held = _held.read(request.session)
    user = _known_user(request)
    all_ended = True
    if held is not None and everywhere:
        others = [row for row in rows.of(held.identity, held.app_id) if row.pk != held.row]
        all_ended = _end_rows(others, request)
    request.session.pop(KEY, None)
    if auth.SESSION_KEY in request.session:
        auth.logout(request)
    else:
        request.session.flush()
    _attach(request, None)
    if held is not None:
        rows.drop(held.row)
        _revoke_and_tell(held, request, user)
    return all_ended


def logout_everywhere(user: IdentityXUser, *, application: Application | None = None) -> bool:
    """End all sessions of ``user`` on this site, now; in ``application`` only, or in all.

    Returns whether all of them have ended: see `logout`.
    """
    app_id = None if application is None else application.app_id or ""
    return _end_rows(rows.of(user.identity, app_id))


async def alogin(
    request: HttpRequest, user: AppUser | OrgUser, credential: Credential, **options: Any
) -> None:
    """`login` off the event loop."""
    await sync_to_async(login)(request, user, credential, **options)


async def alogout(request: HttpRequest, *, everywhere: bool = False) -> bool:
    """`logout` off the event loop."""
    return await sync_to_async(logout)(request, everywhere=everywhere)


# --- who is there -------------------------------------------------------------------------------


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
    held = _current(request)
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
    held = _current(request)
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


def get_credential(request: HttpRequest) -> Credential | None:
    """The credential that the session holds, unverified."""
    held = _current(request)
    return None if held is None else held.credential


def get_hint(request: HttpRequest) -> str:
    """The name stored at sign-in, for greeting; empty for nobody. Never for authorization."""
    held = _current(request)
    return "" if held is None else held.hint


def is_same_person(request: HttpRequest, user: AppUser | OrgUser) -> bool:
    """Whether the session may be kept for ``user``: it is theirs already, or nobody's.

    A Django user in the session counts as another person, unless it is the very one that the
    site's loader gives for ``user``.
    """
    held = _held.read(request.session)
    if held is not None and held.identity != user.identity:
        return False
    return auth.SESSION_KEY not in request.session or _is_row_of(auth.get_user(request), user)


def holds_somebody(request: HttpRequest) -> bool:
    """Whether anybody, a Django user included, is signed in here; asks nobody."""
    return auth.SESSION_KEY in request.session or _held.read(request.session) is not None


# --- devices ------------------------------------------------------------------------------------


def sign_ins(request: HttpRequest) -> list[tuple[SignIn, bool]]:
    """The person's sign-ins to this application, and whether each is the one of ``request``.

    Asks nobody who that person is: see to it before. Rows whose session has ended are removed.
    """
    held = _current(request)
    if held is None:
        return []
    known = []
    for row in rows.of(held.identity, held.app_id):
        if row.pk != held.row and rows.is_gone(row):
            rows.drop(row.pk)
        else:
            known.append((row, row.pk == held.row))
    return known


def end_sign_in(request: HttpRequest, pk: int) -> bool:
    """End one of the person's other sign-ins; False where its session's store does not answer.

    One that is not theirs, or has ended before, is left alone.
    """
    held = _current(request)
    if held is None:
        return True
    mine = rows.of(held.identity, held.app_id)
    return _end_rows([row for row in mine if row.pk == pk != held.row], request)


def _end_rows(ending: Iterable[SignIn], request: HttpRequest | None = None) -> bool:
    """End sessions first, which takes no time, then their tokens; whether all have ended."""
    ended, all_ended = [], True
    for row in ending:
        try:
            held = rows.held_by(row)
            if held is not None:
                verification.deny(held.credential)
            rows.end_session(row)
        except rows.NotEnded:
            all_ended = False
            audit.sign_out_failed(request, row.kind, row.identity_id)
        else:
            if held is not None:
                ended.append(held)
    answers = True
    for held in ended:
        answers = _revoke_and_tell(held, request, asking=answers)
    return all_ended


# --- verdicts -----------------------------------------------------------------------------------


def _current(request: HttpRequest) -> Held | None:
    """Whoever signed in to this application; a session of another one is nobody's."""
    session = getattr(request, "session", None)
    held = None if session is None else _held.read(session)
    if held is None or not held.is_of(applications.current(request)):
        return None
    return held


def _is_plain(held: Held, outcome: Verdict | IdentityXError, now: float) -> bool:
    """Whether ``outcome`` is what most requests see: the verdict as it is, nothing to write."""
    return (
        isinstance(outcome, Verdict)
        and outcome.user.identity == held.identity
        and not held.is_due(now)
        and not _is_too_old(held, now)
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
        return _from_snapshot(request, held, outcome, max_age, now)
    if not isinstance(outcome, Verdict) or outcome.user.identity != held.identity:
        reason = getattr(outcome, "reason", "the token is somebody else's")
        logger.debug("session: ended, %s", reason)
        _end(request, held)
        return None
    if held.is_due(now) and outcome.fresh and not _renew(request, held, outcome, now):
        logger.debug("session: ended, its sign-in was ended from elsewhere")
        _end(request, held, revoking=True)
        return None
    return outcome


def _from_snapshot(
    request: HttpRequest, held: Held, error: Unavailable, max_age: float | None, now: float
) -> Verdict | None:
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
        logger.debug("session: ended, %s", rejected.reason)
        _end(request, held)
        return None
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
    fields = _held.fields(verdict.user, verdict.verified_at, now)
    request.session[KEY] = {**held.data, "app": app_id, "row": row, **fields}
    return True


def _end(request: HttpRequest, held: Held, *, revoking: bool = False) -> None:
    """Sign out locally; a Django user who shares the session keeps it."""
    if auth.SESSION_KEY in request.session:
        request.session.pop(KEY, None)
    else:
        request.session.flush()
    rows.drop(held.row)
    if revoking:
        _revoke_and_tell(held, request)
    else:
        audit.user_logged_out(request, None, revoked=True, denied=True, identity=held.identity)


def _is_too_old(held: Held, now: float) -> bool:
    age = conf.SESSION_AGE
    return age is not None and now - held.data["at"] > age


# --- Django's own sign-in -----------------------------------------------------------------------


def connect() -> None:
    """See to it that one browser is one person, where Django's own functions sign in or out too."""
    django_user_logged_in.connect(_django_logged_in, dispatch_uid="django_identityx.sessions")
    django_user_logged_out.connect(_django_logged_out, dispatch_uid="django_identityx.sessions")


def _django_logged_in(
    sender: Any, request: HttpRequest | None, user: Any = None, **kwargs: Any
) -> None:
    """End the session of another person whom Django's user signs in beside."""
    held = _in_session(request)
    if request is None or held is None:
        return
    snapshot = held.snapshot()
    if snapshot is None or not _is_row_of(user, snapshot[0]):
        _leave(request, held)


def _django_logged_out(sender: Any, request: HttpRequest | None, **kwargs: Any) -> None:
    """Revoke what a session held when Django's own ``logout()`` is about to flush it."""
    held = _in_session(request)
    if request is not None and held is not None:
        _leave(request, held)


def _leave(request: HttpRequest, held: Held) -> None:
    user = _known_user(request)
    request.session.pop(KEY, None)
    rows.drop(held.row)
    details = getattr(request, "identityx", None)
    if details is not None:
        details.forget()  # request.user is Django's from here on
    _revoke_and_tell(held, request, user)


def _in_session(request: HttpRequest | None) -> Held | None:
    session = getattr(request, "session", None)
    return None if session is None else _held.read(session)


def _is_row_of(row: Any, user: AppUser | OrgUser) -> bool:
    """Whether the site's loader gives ``row`` for ``user``: then they are one person."""
    try:
        return bool(load(user, fresh=False) == row)
    except Rejected:
        return False


# --- ending credentials -------------------------------------------------------------------------


def revoke(credential: Credential, on_behalf_of: Visitor | None = None) -> bool:
    """End a credential that is in no session; whether IdentityX confirmed it."""
    return _revoke(credential, on_behalf_of or Visitor())[0]


def _revoke(
    credential: Credential, on_behalf_of: Visitor, *, asking: bool = True
) -> tuple[bool, bool]:
    """End ``credential``: (IdentityX confirmed it, it is denied here)."""
    denied = verification.deny(credential)
    try:
        if not asking:
            raise Unavailable("IdentityX did not answer a moment ago.")
        client = IdentityXClient.from_settings(app_id=_app_id_of(credential), visitor=on_behalf_of)
        if credential.token_type is TokenType.APP_USER:
            client.logout_app_user(credential.token)
        else:
            client.user_logout(credential)
    except Rejected:
        return True, denied  # it had ended before
    except IdentityXError:
        denied = verification.deny(credential, seconds=DENIED_AFTER_FAILED_REVOCATION)
        return False, denied
    return True, denied


def _app_id_of(credential: Credential) -> str | None:
    """The application that a reader's token is of by its own word: enough to end it there."""
    if credential.token_type is not TokenType.APP_USER:
        return None
    try:
        return read_claims(credential.token).iss or None
    except Rejected:
        return None


def _revoke_and_tell(
    held: Held,
    request: HttpRequest | None,
    user: AppUser | OrgUser | None = None,
    *,
    asking: bool = True,
) -> bool:
    """Revoke what a session held, and write down that it ended; whether IdentityX answered."""
    on_behalf_of = Visitor() if request is None else visitor(request)
    revoked, denied = _revoke(held.credential, on_behalf_of, asking=asking)
    audit.user_logged_out(request, user, revoked=revoked, denied=denied, identity=held.identity)
    return revoked


# --- the request --------------------------------------------------------------------------------


def _known_user(request: HttpRequest) -> AppUser | OrgUser | None:
    """The user if this request has verified one already: logging out asks for no verdict."""
    details = getattr(request, "identityx", None)
    return details.known_user if details is not None else None


def _attach(request: HttpRequest, user: AppUser | OrgUser | None) -> None:
    details = getattr(request, "identityx", None)
    if details is not None:
        details.attach(user)


def fresh(credential: Credential, verdict: Verdict) -> Credential:
    """``credential`` as ``request.auth``: with the verdict's freshness."""
    return credential if verdict.fresh else replace(credential, fresh=False)
