"""IdentityX's people in Django's sessions: `login`, `logout` and `get_user`, as Django names them.

The session keeps the credential on the server and a name to greet with. Each request asks
``verification`` whether the credential is still good, so that a logout elsewhere ends the session;
trouble at IdentityX never does.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_out as django_user_logged_out
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from . import audit, endings, verification
from .addresses import Visitor, visitor
from .client import IdentityXClient
from .conf import conf
from .credentials import Credential, TokenType
from .exceptions import IdentityXError, Rejected
from .users import AppUser, IdentityXUser, OrgUser
from .verification import Verdict

KEY = "_identityx"
_FIELDS = {"type", "token", "identity", "hint", "at"}
DENIED_AFTER_FAILED_REVOCATION = 30 * 24 * 3600  # seconds


def login(request: HttpRequest, user: AppUser | OrgUser, credential: Credential) -> None:
    """Establish a session for ``user``, in Django's order: key, data, CSRF token, signal.

    A session of somebody else, a Django user included, is flushed: ask before. The credential that
    it held is revoked. Raises `ImproperlyConfigured` where the session would travel to the browser.
    """
    if settings.SESSION_ENGINE.endswith("signed_cookies"):
        raise ImproperlyConfigured(
            "Sessions in signed cookies would hand IdentityX tokens to the browser: "
            "choose another SESSION_ENGINE."
        )
    if credential.token_type is TokenType.ORG_USER_API_TOKEN:
        raise ValueError("An API token can't be ended, so it does not go into a session.")
    held = _read(request)
    if is_same_person(request, user):
        request.session.cycle_key()
    else:
        request.session.flush()
    request.session[KEY] = {
        "type": credential.token_type.value,
        "token": credential.token,
        "identity": list(user.identity),
        "hint": user.name or user.email,
        "at": time.time(),
    }
    if held is not None and held[0] != credential:
        _revoke(held[0], visitor(request))
    _attach(request, user)
    rotate_token(request)
    audit.user_logged_in(request, user)


def logout(request: HttpRequest, *, everywhere: bool = False) -> None:
    """End the session whatever IdentityX says, and the credential there and here.

    ``everywhere`` ends this person's other sessions on this site, too. IdentityX answers before it
    has deleted a token, and may be down: so the token stays denied here for longer than any verdict
    can live, and for 30 days if the revocation failed.
    """
    held = _read(request)
    user = _known_user(request)
    if held is not None and everywhere:
        endings.end_all(held[1]["identity"])
    request.session.pop(KEY, None)
    if auth.SESSION_KEY in request.session:
        auth.logout(request)
    else:
        request.session.flush()
    _attach(request, None)
    if held is not None:
        revoked, denied = _revoke(held[0], visitor(request))
        audit.user_logged_out(
            request, user, revoked=revoked, denied=denied, identity=held[1]["identity"]
        )


def get_user(request: HttpRequest) -> AppUser | OrgUser | AnonymousUser:
    """Return the verified user of the session, or ``AnonymousUser``.

    Raises `Unavailable` or `ConfigurationError` where IdentityX gives no verdict: that is not
    "signed out".
    """
    verdict = get_verdict(request)
    return AnonymousUser() if verdict is None else verdict.user


async def aget_user(request: HttpRequest) -> AppUser | OrgUser | AnonymousUser:
    """`get_user` off the event loop."""
    from asgiref.sync import sync_to_async

    return await sync_to_async(get_user)(request)


def get_verdict(request: HttpRequest, max_age: float | None = None) -> Verdict | None:
    """What `get_user` returns, with its freshness; None for nobody.

    A credential that IdentityX rejects ends the session, and so do its absolute age and "sign out
    everywhere"; these two revoke the credential as well.
    """
    held = _read(request)
    if held is None:
        return None
    credential, data = held
    if _is_too_old(data["at"]) or endings.is_ended(data["identity"], since=data["at"]):
        _end(request)
        revoked, denied = _revoke(credential, visitor(request))
        audit.user_logged_out(
            request, None, revoked=revoked, denied=denied, identity=data["identity"]
        )
        return None
    verdict: Verdict | None
    try:
        verdict = verification.check(credential, max_age=max_age)
    except Rejected:
        verdict = None
    if verdict is None or list(verdict.user.identity) != data["identity"]:
        _end(request)
        audit.user_logged_out(request, None, revoked=True, denied=True, identity=data["identity"])
        return None
    return verdict


def get_credential(request: HttpRequest) -> Credential | None:
    """The credential that the session holds, unverified."""
    held = _read(request)
    return None if held is None else held[0]


def get_hint(request: HttpRequest) -> str:
    """The name stored at sign-in, for greeting; empty for nobody. Never for authorization."""
    held = _read(request)
    return "" if held is None else str(held[1].get("hint", ""))


def is_same_person(request: HttpRequest, user: IdentityXUser) -> bool:
    """Whether the session may be kept for ``user``: it is theirs already, or nobody's.

    A Django user in the session counts as another person.
    """
    if auth.SESSION_KEY in request.session:
        return False
    held = _read(request)
    return held is None or held[1]["identity"] == list(user.identity)


def holds_somebody(request: HttpRequest) -> bool:
    """Whether anybody, a Django user included, is signed in here; asks nobody."""
    return auth.SESSION_KEY in request.session or _read(request) is not None


def logout_everywhere(user: IdentityXUser) -> bool:
    """End all sessions of ``user`` on this site, on every process within ``IDENTITYX_LOCAL_TTL``.

    Each is ended, and its credential revoked, when it is used next. Returns whether the shared
    cache took the order.
    """
    return endings.end_all(user.identity)


def connect() -> None:
    """Revoke what a session held when Django's own ``logout()`` is about to flush it."""
    django_user_logged_out.connect(_django_logged_out, dispatch_uid="django_identityx.sessions")


def _django_logged_out(sender: Any, request: HttpRequest | None, **kwargs: Any) -> None:
    if request is None or not hasattr(request, "session"):
        return
    held = _read(request)
    if held is not None:
        user = _known_user(request)
        request.session.pop(KEY, None)
        revoked, denied = _revoke(held[0], visitor(request))
        audit.user_logged_out(
            request, user, revoked=revoked, denied=denied, identity=held[1]["identity"]
        )


def _revoke(credential: Credential, on_behalf_of: Visitor) -> tuple[bool, bool]:
    """End ``credential``: (IdentityX confirmed it, it is denied here)."""
    denied = verification.deny(credential)
    try:
        client = IdentityXClient.from_settings()
        if credential.token_type is TokenType.APP_USER:
            client.logout_app_user(credential.token, visitor=on_behalf_of)
        else:
            client.user_logout(credential, visitor=on_behalf_of)
    except Rejected:
        return True, denied  # it had ended before
    except IdentityXError:
        denied = verification.deny(credential, seconds=DENIED_AFTER_FAILED_REVOCATION)
        return False, denied
    return True, denied


def revoke(credential: Credential, on_behalf_of: Visitor | None = None) -> bool:
    """End a credential that is in no session; whether IdentityX confirmed it."""
    return _revoke(credential, on_behalf_of or Visitor())[0]


def _read(request: HttpRequest) -> tuple[Credential, dict[str, Any]] | None:
    data = request.session.get(KEY)
    if not isinstance(data, dict):
        return None
    if not data.keys() >= _FIELDS:
        return None
    return Credential(TokenType(data["type"]), data["token"]), data


def _end(request: HttpRequest) -> None:
    """Sign out locally; a Django user who shares the session keeps it."""
    if auth.SESSION_KEY in request.session:
        request.session.pop(KEY, None)
    else:
        request.session.flush()


def _is_too_old(login_time: float) -> bool:
    age = conf.SESSION_AGE
    return age is not None and time.time() - login_time > age


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
