"""Ending sign-ins, from here or from elsewhere, and the credentials that they held."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .. import audit, verification
from ..addresses import Visitor, visitor
from ..applications import Application
from ..client import IdentityXClient
from ..credentials import Credential, TokenType, read_claims
from ..exceptions import IdentityXError, Rejected, Unavailable
from ..models import SignIn
from ..users import AppUser, IdentityXUser, OrgUser
from . import rows
from .held import Held, held_in, read

DENIED_AFTER_FAILED_REVOCATION = 30 * 24 * 3600  # seconds


def logout_everywhere(user: IdentityXUser, *, application: Application | None = None) -> bool:
    """End all sessions of ``user`` on this site, now; in ``application`` only, or in all.

    Returns whether all of them have ended: see `logout`.
    """
    app_id = None if application is None else application.app_id or ""
    return end_rows(rows.of(user.identity, app_id))


def logout_elsewhere(request: HttpRequest) -> bool:
    """End the person's other sessions, and leave the one of ``request``; as `logout_everywhere`."""
    held = held_in(request)
    return True if held is None else end_others(held, request)


def end_others(held: Held, request: HttpRequest) -> bool:
    """End all sign-ins to the application of ``held`` but its own; not for who acts for them."""
    refuse_actor(held)
    try:
        others = [row for row in rows.of(held.identity, held.app_id) if row.pk != held.row]
    except DatabaseError:  # the one at hand must end all the same
        audit.sign_out_failed(request, held.identity[0], held.identity[2])
        return False
    return end_rows(others, request)


def sign_ins(request: HttpRequest) -> list[tuple[SignIn, bool]]:
    """The person's sign-ins to this application, and whether each is the one of ``request``.

    Asks nobody who that person is: see to it before. Rows whose session has ended are removed.
    """
    held = held_in(request)
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
    held = held_in(request)
    if held is None:
        return True
    refuse_actor(held)
    mine = rows.of(held.identity, held.app_id)
    return end_rows([row for row in mine if row.pk == pk != held.row], request)


def refuse_actor(held: Held | None) -> None:
    """Raise `Rejected` for what only people themselves may do."""
    if held is not None and held.actor is not None:
        raise Rejected("acting", _("Not while you act for somebody else."))


def end_rows(ending: Iterable[SignIn], request: HttpRequest | None = None) -> bool:
    """End sessions first, which takes no time, then their tokens; whether all have ended."""
    held, all_ended = [], True
    for row in ending:
        try:
            held.append(rows.held_by(row))
            rows.end_session(row)
        except rows.NotEnded:  # its token ends all the same, if the store has told it
            all_ended = False
            audit.sign_out_failed(request, row.kind, row.identity_id)
    answers = True
    for one in held:
        if one is not None:
            answers = revoke_and_tell(one, request, asking=answers)
    return all_ended


def revoke(credential: Credential, on_behalf_of: Visitor | None = None) -> bool:
    """End a credential that is in no session; whether IdentityX confirmed it."""
    return end_credential(credential, on_behalf_of or Visitor())[0]


def end_credential(
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


def revoke_and_tell(
    held: Held,
    request: HttpRequest | None,
    user: AppUser | OrgUser | None = None,
    *,
    asking: bool = True,
) -> bool:
    """Revoke what a session held, and write down that it ended; whether IdentityX answered.

    Where somebody acted for the person, their own sign-in ends with it: no cookie leads there.
    """
    on_behalf_of = Visitor() if request is None else visitor(request)
    revoked, denied = end_credential(held.credential, on_behalf_of, asking=asking)
    if (actor := held.actor) is None:
        audit.user_logged_out(request, user, revoked=revoked, denied=denied, identity=held.identity)
        return revoked
    audit.acting_ended(request, held.identity, actor.identity, revoked=revoked, denied=denied)
    session = rows.waiting(actor)
    if session is None:  # ended already, or expired
        return end_credential(actor.credential, on_behalf_of, asking=revoked)[0]
    own = read(session)
    rows.drop(own.row if own else None)
    session.flush()
    return revoke_and_tell(actor, request, asking=revoked)
