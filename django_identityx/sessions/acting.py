"""Acting for a reader: in a session of its own, while the staff's waits as it is.

So nothing of the one is ever mixed with the other, a row of the site's user model included. It is
no sign-in of the reader's: ``user_logged_in`` is not sent.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils.translation import gettext_lazy as _

from .. import applications, audit, verification
from ..addresses import visitor
from ..client import IdentityXClient
from ..conf import conf
from ..credentials import Credential, check_claims
from ..exceptions import NotAllowed, NotFound, Rejected
from ..users import AppUser
from . import rows
from .ending import end_credential, refuse_actor
from .held import KEY, Held, begin, held_in, read
from .loading import load
from .people import attach
from .verdicts import get_verdict, is_powerful, may_act

logger = logging.getLogger("django_identityx")


def act_as(request: HttpRequest, user_id: str) -> AppUser:
    """Let the member of staff who is signed in act for a reader, by the reader's IdentityX id.

    IdentityX is asked anew who they are: Owners and Administrators of our organization may. Raises
    `Rejected` with the reason ``acting`` (acts already), ``may_not_act`` or, about the reader,
    ``banned``, ``not_admitted`` or ``has_powers``; `NotFound`, `Unavailable`, `ConfigurationError`.
    """
    refuse_actor(held_in(request))
    verdict = get_verdict(request, max_age=0)
    held, here = held_in(request), applications.current(request)
    staff = None if verdict is None else verdict.user
    if held is None or not may_act(staff, here):
        raise Rejected("may_not_act", _("Only Owners and Administrators may act for a reader."))
    client = IdentityXClient.from_settings(here, visitor=visitor(request))
    try:
        login = client.impersonate_app_user(held.credential, user_id)
    except (NotAllowed, Rejected):
        raise Rejected("may_not_act", _("IdentityX does not let you act for a reader.")) from None
    user, credential = login.user, login.credential
    try:
        check_claims(credential, here.app_id)
        if user.id != user_id:
            raise NotFound("IdentityX answered with another user.")
        if conf.REFUSE_BANNED and user.banned:
            raise Rejected("banned")
        if is_powerful(load(user, request=request)):
            raise Rejected("has_powers", _("This reader has rights here that nobody may lend."))
        _begin(request, held, user, credential)
    except BaseException:
        end_credential(credential, visitor(request))
        raise
    verification.remember(credential, user)  # the first page asks nobody
    attach(request, user, staff)
    rotate_token(request)
    logger.debug("act_as: %s acts for a reader", staff.kind)
    audit.acting_started(request, user, staff)
    return user


def _begin(request: HttpRequest, held: Held, user: AppUser, credential: Credential) -> None:
    """Put a new session in the place of the staff's, which is saved as it is."""
    waiting = request.session
    if waiting.modified:
        waiting.save()
    _end_earlier(request, user, waiting.session_key)
    session = request.session = type(waiting)()
    try:
        session.create()
        row = rows.write(request, user.identity, held.identity[2])
        session[KEY] = {
            **begin(request, user, credential, row),
            "actor": _mark(held, waiting.session_key),
        }
        session.save()
    except BaseException:
        request.session = waiting
        raise


def _mark(held: Held, session_key: str | None) -> dict[str, Any]:
    kept = ("type", "token", "identity", "hint", "at", "app")
    return {name: held.data[name] for name in kept if name in held.data} | {"session": session_key}


def _end_earlier(request: HttpRequest, user: AppUser, waiting: str | None) -> None:
    """End what a first click began: the browser has forgotten it once this one is answered."""
    for row in rows.of(user.identity, user.app_id):
        with contextlib.suppress(rows.NotEnded):
            held = rows.held_by(row) if row.actor_id else None
            actor = None if held is None else held.actor
            if held is not None and actor is not None and actor.data["session"] == waiting:
                rows.end_session(row)
                _lent_no_more(request, held, actor)


def _lent_no_more(request: HttpRequest, held: Held, actor: Held) -> None:
    revoked, denied = end_credential(held.credential, visitor(request))
    audit.acting_ended(request, held.identity, actor.identity, revoked=revoked, denied=denied)


def stop_acting(request: HttpRequest) -> bool:
    """End acting, and go on as who acted; whether anybody did.

    The reader's token is revoked. Where the sign-in of who acted has ended, nobody is signed in.
    """
    held = read(request.session)
    if held is None or (actor := held.actor) is None:
        return False
    waiting = rows.waiting(actor)
    request.session.flush()
    rows.drop(held.row)
    if waiting is not None:
        request.session = waiting
        waiting.modified = True  # so that the answer names it to the browser
    attach(request, None)
    rotate_token(request)
    _lent_no_more(request, held, actor)
    return True
