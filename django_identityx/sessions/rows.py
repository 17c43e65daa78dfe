"""The rows of sign-ins: written by sessions, and looked at by nobody who just opens a page.

A row goes with its session. What went without a word (a flush by the site, an expiry) is noticed
when the person looks at their devices, or when somebody signs in after its time.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError, router, transaction
from django.http import HttpRequest
from django.utils import timezone

from ..addresses import visitor
from ..exceptions import Unavailable
from ..models import SignIn
from .held import Held, app_id_of, read

logger = logging.getLogger("django_identityx")

CLEANED_AT_ONCE = 20  # expired rows that one sign-in clears away

Identity = tuple[str, str, str]


class NotEnded(Exception):
    """The store could not delete a session."""


def write(request: HttpRequest, identity: Identity, actor_id: str = "") -> int:
    """Write a sign-in down; ``actor_id`` is whose it is, if not the person's own.

    Raises `Unavailable` where the database does not take it.
    """
    kind, _, identity_id = identity
    row = SignIn(
        kind=kind,
        app_id=app_id_of(request),
        identity_id=identity_id,
        actor_id=actor_id,
        created_at=timezone.now(),
        **_seen(request),
    )
    try:
        with _savepoint():
            row.save(force_insert=True)
    except DatabaseError as error:
        raise Unavailable("The sign-in could not be written down.") from error
    _clean()
    return int(row.pk)


def renew(request: HttpRequest, held: Held) -> int | None:
    """Write down that the session lives, and by which key; None if its row is gone.

    Raises `DatabaseError`, which says nothing about the row.
    """
    if held.row is None:
        try:
            return write(request, held.identity)
        except Unavailable as error:
            raise DatabaseError from error
    kind, _, identity_id = held.identity
    rows = SignIn.objects.filter(pk=held.row, kind=kind, identity_id=identity_id)
    with _savepoint():
        is_there = rows.update(**_seen(request))
    return held.row if is_there else None


def drop(pk: int | None) -> None:
    """Remove a row whose session is ending; trouble keeps nobody signed in."""
    if pk is None:
        return
    try:
        with _savepoint():
            SignIn.objects.filter(pk=pk).delete()
    except DatabaseError:
        logger.exception("A sign-in that has ended could not be removed.")


def of(identity: Identity, app_id: str | None) -> list[SignIn]:
    """The rows of one person, newest first; with ``app_id`` None in all applications."""
    kind, _, identity_id = identity
    rows = SignIn.objects.filter(kind=kind, identity_id=identity_id)
    if kind == "AppUser":
        rows = rows.filter(app_id=identity[1])
    if app_id is not None:
        rows = rows.filter(app_id=app_id)
    with _savepoint():
        return list(rows.order_by("-last_seen"))


def held_by(row: SignIn) -> Held | None:
    """What the session of ``row`` keeps, if it still lives and is the same person's.

    Raises `NotEnded` where its store does not say.
    """
    try:
        held = read(_store(row.session_key))
    except Exception as error:  # any store, any trouble
        raise NotEnded from error
    same = held is not None and (held.identity[0], held.identity[2]) == (row.kind, row.identity_id)
    return held if same else None


def waiting(actor: Held) -> SessionBase | None:
    """The session of who acts for somebody, as they left it; None where it has ended."""
    session = _store(actor.data["session"])
    held = read(session)
    if held is None or (held.identity, held.credential) != (actor.identity, actor.credential):
        return None
    return session


def is_gone(row: SignIn) -> bool:
    """Whether the session of ``row`` has ended; False where its store does not say."""
    try:
        # Some stores take trouble for an empty session, but tell it where they are asked this.
        return not _store(row.session_key).exists(row.session_key) or held_by(row) is None
    except Exception:  # noqa: BLE001 - any store, any trouble
        return False


def end_session(row: SignIn) -> None:
    """Delete the session of ``row`` from its store, and the row; raises `NotEnded`."""
    key = row.session_key
    try:
        _store(key).delete(key)
        if _store(key).exists(key):
            raise NotEnded
        row.delete()
    except NotEnded:
        raise
    except Exception as error:  # any store, any trouble
        raise NotEnded from error


def _store(key: str) -> SessionBase:
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return store


def _seen(request: HttpRequest) -> dict[str, Any]:
    known = visitor(request)
    return {
        "session_key": request.session.session_key or "",
        "last_seen": timezone.now(),
        "expires_at": request.session.get_expiry_date(),
        "user_agent": known.user_agent,
        "address": known.address,
    }


def _clean() -> None:
    """Remove rows whose session has expired; one that was prolonged gets its new time."""
    try:
        with _savepoint():
            for row in SignIn.objects.filter(expires_at__lt=timezone.now())[:CLEANED_AT_ONCE]:
                if is_gone(row):
                    row.delete()
                else:
                    row.expires_at = _store(row.session_key).get_expiry_date()
                    row.save(update_fields=["expires_at"])
    except DatabaseError:
        logger.warning("Expired sign-ins could not be removed: the next sign-in tries again.")


def _savepoint() -> transaction.Atomic:
    """Trouble with a row leaves the site's own transaction whole."""
    return transaction.atomic(using=router.db_for_write(SignIn))
