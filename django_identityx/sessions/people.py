"""One browser, one person: who may share a session, where Django's own functions sign in or out."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import auth
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from ..exceptions import Rejected
from ..users import AppUser, OrgUser
from . import rows
from .ending import revoke_and_tell
from .held import KEY, Held, read, stored
from .loading import load
from .verdicts import Acted


def is_same_person(request: HttpRequest, user: AppUser | OrgUser) -> bool:
    """Whether the session may be kept for ``user``: it is theirs already, or nobody's.

    That in which somebody acts for ``user`` is not.

    A Django user in the session counts as another person, unless it is the very one that the
    site's loader gives for ``user``.
    """
    held = read(request.session)
    if held is not None and (held.identity != user.identity or held.actor is not None):
        return False
    return auth.SESSION_KEY not in request.session or _is_row_of(auth.get_user(request), user)


def holds_somebody(request: HttpRequest) -> bool:
    """Whether anybody, a Django user included, is signed in here; asks nobody."""
    return auth.SESSION_KEY in request.session or read(request.session) is not None


def connect() -> None:
    """See to it that one browser is one person, where Django's own functions sign in or out too."""
    user_logged_in.connect(_django_logged_in, dispatch_uid="django_identityx.sessions")
    user_logged_out.connect(_django_logged_out, dispatch_uid="django_identityx.sessions")


def _django_logged_in(
    sender: Any, request: HttpRequest | None, user: Any = None, **kwargs: Any
) -> None:
    """End the session of another person whom Django's user signs in beside."""
    held = stored(request)
    if request is None or held is None:
        return
    snapshot = held.snapshot()
    if held.actor is not None or snapshot is None or not _is_row_of(user, snapshot[0]):
        _leave(request, held)


def _django_logged_out(sender: Any, request: HttpRequest | None, **kwargs: Any) -> None:
    """Revoke what a session held when Django's own ``logout()`` is about to flush it."""
    held = stored(request)
    if request is not None and held is not None:
        _leave(request, held)


def _leave(request: HttpRequest, held: Held) -> None:
    user = known_user(request)
    request.session.pop(KEY, None)
    rows.drop(held.row)
    details = getattr(request, "identityx", None)
    if details is not None:
        details.forget()  # request.user is Django's from here on
    revoke_and_tell(held, request, user)


def _is_row_of(row: Any, user: AppUser | OrgUser) -> bool:
    """Whether the site's loader gives ``row`` for ``user``: then they are one person."""
    try:
        return bool(load(user, fresh=False) == row)
    except Rejected:
        return False


def known_user(request: HttpRequest) -> AppUser | OrgUser | None:
    """The user if this request has verified one already: logging out asks for no verdict."""
    details = getattr(request, "identityx", None)
    return details.known_user if details is not None else None


def attach(
    request: HttpRequest, user: AppUser | OrgUser | None, actor: OrgUser | None = None
) -> None:
    details = getattr(request, "identityx", None)
    if details is not None:
        details.attach(None if user is None else Acted(user, time.time(), actor=actor))
