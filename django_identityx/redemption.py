"""From a login link to a session: claim it, exchange it, make sure, sign in."""

from __future__ import annotations

import contextlib
from importlib import import_module

from django.conf import settings
from django.http import HttpRequest

from . import audit, sessions, verification
from .addresses import visitor
from .claims import Claim, Outcome
from .client import IdentityXClient
from .conf import conf
from .credentials import Credential, check_claims
from .exceptions import IdentityXError, OperationFailed, Rejected, Unavailable, Unclear
from .links import Link, LinkKind
from .users import AppUser, OrgUser


def redeem(request: HttpRequest, link: Link, mark: str) -> AppUser | OrgUser:
    """Sign the person of ``link`` in; ``mark`` is the id of the browser's mark, or empty.

    Raises `Rejected` (``used`` where the link was taken before), `Unavailable` or
    `ConfigurationError`. The link stays good unless it led to a session.
    """
    claim = Claim(link.token, mark, link.expires_at)
    try:
        outcome = claim.take()
        if outcome is Outcome.REFUSED:
            raise Rejected("used", "This link has been used.")
        try:
            user, credential = _exchange(request, link)
            sessions.login(request, user, credential)
            request.session.save()
        except BaseException:
            if outcome is Outcome.TAKEN:
                claim.release()
            raise
    except (Rejected, Unavailable) as error:
        reason = error.reason if isinstance(error, Rejected) else "unavailable"
        audit.login_failed(request, reason, kind=link.kind.token_type.value)
        raise
    if outcome is Outcome.REPEATED:
        _end_first(claim.first_session, request)
    with contextlib.suppress(Unavailable):
        claim.complete(request.session.session_key or "")
    return user


def _exchange(request: HttpRequest, link: Link) -> tuple[AppUser | OrgUser, Credential]:
    client = IdentityXClient.from_settings()
    user: AppUser | OrgUser
    try:
        if link.kind is LinkKind.APP_USER:
            login = client.login_app_user(link.token, visitor=visitor(request))
            user, credential = login.user, login.credential
        else:
            staff = client.user_login(link.token, visitor=visitor(request))
            user, credential = staff.user, staff.credential
    except OperationFailed as error:
        raise Unclear("IdentityX gave no verdict about the link.") from error
    try:
        check_claims(credential, conf.APP_ID)
        if user.email.casefold() != link.email.strip().casefold():
            raise Rejected("wrong_person", "The link led to another person.")
        if conf.REFUSE_BANNED and isinstance(user, AppUser) and user.banned:
            raise Rejected("banned")
        if link.kind is LinkKind.ORG_USER:
            user = verification.verify(credential)  # the login itself tells no memberships
    except IdentityXError:
        sessions.revoke(credential, visitor(request))
        raise
    return user, credential


def _end_first(session_key: str, request: HttpRequest) -> None:
    """End the session of an answer that the browser has thrown away."""
    if not session_key or session_key == request.session.session_key:
        return
    first = HttpRequest()
    first.META["REMOTE_ADDR"] = request.META.get("REMOTE_ADDR", "")
    first.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    credential = sessions.get_credential(first)
    if credential is not None:
        first.session.flush()
        sessions.revoke(credential, visitor(request))
