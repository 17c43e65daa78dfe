"""IdentityX's people in Django's sessions: `login`, `logout` and `get_user`, as Django names them.

The session keeps the credential on the server, a name to greet with, and its application. Each
request asks ``verification`` whether the credential is still good, so that a logout elsewhere ends
the session; trouble at IdentityX never does, and for some hours the session's last verdict serves
whoever only reads. Each sign-in is a row, which no page looks at: a renewal every ten minutes does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from .. import audit
from ..addresses import visitor
from ..credentials import Credential, TokenType
from ..users import AppUser, OrgUser
from . import rows
from .acting import act_as, stop_acting
from .ending import (
    end_credential,
    end_others,
    end_sign_in,
    logout_elsewhere,
    logout_everywhere,
    revoke,
    revoke_and_tell,
    sign_ins,
)
from .held import KEY, begin, get_actor_hint, get_credential, get_hint, get_identity, read
from .loading import aload, load
from .people import attach, connect, holds_somebody, is_same_person, known_user
from .verdicts import (
    aadmitted,
    admitted,
    aget_user,
    aget_verdict,
    as_auth,
    get_user,
    get_verdict,
    is_powerful,
    may_act,
    refresh,
    stricter_age,
)

__all__ = [
    "KEY",
    "aadmitted",
    "act_as",
    "admitted",
    "aget_user",
    "aget_verdict",
    "aload",
    "alogin",
    "alogout",
    "as_auth",
    "connect",
    "end_sign_in",
    "get_actor_hint",
    "get_credential",
    "get_hint",
    "get_identity",
    "get_user",
    "get_verdict",
    "holds_somebody",
    "is_powerful",
    "is_same_person",
    "load",
    "login",
    "logout",
    "logout_elsewhere",
    "logout_everywhere",
    "may_act",
    "refresh",
    "revoke",
    "sign_ins",
    "stop_acting",
    "stricter_age",
]

logger = logging.getLogger("django_identityx")


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
    held = read(request.session)
    if not is_same_person(request, user):
        request.session.flush()
    request.session.cycle_key()
    row = rows.write(request, user.identity)
    if held is not None:  # only now: where the new one can't be written, the old one goes on
        rows.drop(held.row)
    request.session[KEY] = begin(request, user, credential, row)
    if held is not None and held.actor is not None:
        revoke_and_tell(held, request)
    elif held is not None and held.credential != credential:
        end_credential(held.credential, visitor(request))
    attach(request, user)
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
    Who acts for a reader signs out of both; with ``everywhere``, `Rejected` is raised.
    """
    held = read(request.session)
    user = known_user(request)
    all_ended = True
    if held is not None and everywhere:
        all_ended = end_others(held, request)
    request.session.pop(KEY, None)
    if auth.SESSION_KEY in request.session:
        auth.logout(request)
    else:
        request.session.flush()
    attach(request, None)
    if held is not None:
        rows.drop(held.row)
        revoke_and_tell(held, request, user)
    return all_ended


async def alogin(
    request: HttpRequest, user: AppUser | OrgUser, credential: Credential, **options: Any
) -> None:
    """`login` off the event loop."""
    await sync_to_async(login)(request, user, credential, **options)


async def alogout(request: HttpRequest, *, everywhere: bool = False) -> bool:
    """`logout` off the event loop."""
    return await sync_to_async(logout)(request, everywhere=everywhere)
