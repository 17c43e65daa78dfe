"""Who signed in, who didn't, and why: a signal and one line in ``django_identityx.audit`` each.

A line is ``event key="value" ...`` with the same fields as attributes of the log record, under
``record.identityx``. There is never a token or a link in it, and of an address only its digest.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import emails, signals
from .addresses import client_address, network_of
from .process import BoundedMap, PerProcess
from .redaction import redact
from .users import IdentityXUser

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger("django_identityx.audit")

# Where a session keeps who is signed in; `sessions` writes it, lines read who acts from there.
KEY = "_identityx"
UNVERIFIED_PER_MINUTE = 5  # lines for one address

_unverified: PerProcess[BoundedMap[str, tuple[int, int]]] = PerProcess(lambda: BoundedMap(10_000))


def login_link_sent(request: HttpRequest | None, kind: str, email: str) -> None:
    """A link was asked for, and is on its way if the address is one that may have it.

    `login_link_not_sent` follows if it isn't.
    """
    digest = emails.digest(email)
    _write("login_link_sent", request, kind=kind, email_digest=digest)
    signals.login_link_sent.send_robust(
        sender=login_link_sent, request=request, kind=kind, email_digest=digest
    )


def login_link_delivered(kind: str, email_digest: str, address: str) -> None:
    """IdentityX has taken the link that `login_link_sent` told of.

    Where neither this nor `login_link_not_sent` follows, the process ended before.
    """
    _write("login_link_delivered", None, kind=kind, email_digest=email_digest, address=address)


def login_link_not_sent(kind: str, email_digest: str, reason: str, address: str) -> None:
    """What was told as sent came to nothing; behind the answer, which must not tell.

    ``reason``: ``unknown_user``, ``refused`` (a burner domain, say), ``unavailable`` or
    ``misconfigured``. No signal: a receiver would run in a thread without a request.
    """
    _write(
        "login_link_not_sent",
        None,
        fine=reason in {"unknown_user", "refused"},
        kind=kind,
        email_digest=email_digest,
        reason=reason,
        address=address,
    )


def login_failed(
    request: HttpRequest | None, reason: str, *, kind: str = "", email: str = ""
) -> None:
    """A link did not lead to a session; ``reason`` is a word, such as ``expired``.

    ``email`` is what the link claims; its digest goes out.
    """
    digest = emails.digest(email) if email else ""
    _write("login_failed", request, fine=False, kind=kind, reason=reason, email_digest=digest)
    signals.login_failed.send_robust(
        sender=login_failed, request=request, reason=reason, kind=kind, email_digest=digest
    )


def login_unverified(request: HttpRequest | None, reason: str) -> None:
    """A link was refused here, unseen by IdentityX: nothing that it says of itself is told.

    Strangers make such links up, so a few lines a minute from one address say it.
    """
    address = (request and client_address(request)) or ""
    if not _few(address):
        return
    _write("login_failed", request, fine=False, reason="unverified", detail=reason)
    signals.login_failed.send_robust(
        sender=login_failed, request=request, reason="unverified", kind="", email_digest=""
    )


def user_logged_in(
    request: HttpRequest | None,
    user: IdentityXUser,
    *,
    login_source: str | None = None,
    additional_context: Mapping[str, Any] | None = None,
) -> None:
    """A session was established. What a receiver raises goes up, as with Django's own signal."""
    _write("user_logged_in", request, user.identity)
    signals.user_logged_in.send(
        sender=type(user),
        request=request,
        user=user,
        login_source=login_source,
        additional_context=additional_context or {},
    )


def email_change_asked(request: HttpRequest, user_id: str, email: str) -> None:
    """A reader asked for a link to a new address; the lines of a login link's delivery follow."""
    who = "AppUser", "", user_id
    _write("email_change_asked", request, who, email_digest=emails.digest(email))


def email_changed(request: HttpRequest, user: IdentityXUser, old_email: str) -> None:
    """A reader has a new address. It is a fact: what a receiver raises undoes nothing."""
    _write(
        "email_changed",
        request,
        user.identity,
        email_digest=emails.digest(user.email),
        old_email_digest=emails.digest(old_email),
    )
    signals.email_changed.send_robust(
        sender=type(user), request=request, user=user, old_email=old_email
    )


def token_issued(request: HttpRequest | None, user: IdentityXUser) -> None:
    """A link was exchanged for a token that an app has now. No session, so no signal of one."""
    _write("token_issued", request, user.identity)


def token_revoked(request: HttpRequest | None, kind: str, *, revoked: bool) -> None:
    """Somebody who has a token ended it; ``revoked``: IdentityX confirmed that, or knew none."""
    _write("token_revoked", request, fine=revoked, kind=kind, revocation_failed=not revoked)


def user_logged_out(
    request: HttpRequest | None,
    user: IdentityXUser | None,
    *,
    revoked: bool,
    denied: bool,
    identity: Sequence[str] = ("", "", ""),
) -> None:
    """A session ended. ``revoked``: IdentityX confirmed it; ``denied``: remembered here.

    ``identity`` is what the session knows of somebody whom nobody has verified this time.
    """
    _write(
        "user_logged_out" if revoked else "user_logged_out_revocation_failed",
        request,
        user.identity if user else identity,
        fine=revoked and denied,
        revocation_failed=not revoked,
        denied=denied,
    )
    signals.user_logged_out.send(
        sender=type(user), request=request, user=user, revoked=revoked, identity=tuple(identity)
    )


def profile_updated(
    request: HttpRequest | None, user: IdentityXUser, fields: Sequence[str], *, complete: bool
) -> None:
    """Somebody changed their profile; ``fields`` by name, never by value.

    ``complete``: nothing of what was to change was refused or failed.
    """
    _write("profile_updated", request, user.identity, fields=list(fields), complete=complete)
    signals.profile_updated.send_robust(
        sender=type(user), request=request, user=user, fields=tuple(fields)
    )


def acting_started(request: HttpRequest, user: IdentityXUser, actor: IdentityXUser) -> None:
    """A member of staff acts for a reader, in a session that is not the reader's sign-in."""
    _write("acting_started", request, user.identity, actor_id=actor.id)
    signals.acting_started.send_robust(sender=type(user), request=request, user=user, actor=actor)


def acting_ended(
    request: HttpRequest | None,
    identity: Sequence[str],
    actor_identity: Sequence[str],
    *,
    revoked: bool,
    denied: bool,
) -> None:
    """... and does so no more; as `user_logged_out`, of which there is none for the reader."""
    _write(
        "acting_ended",
        request,
        identity,
        fine=revoked and denied,
        actor_id=actor_identity[2],
        revocation_failed=not revoked,
        denied=denied,
    )
    signals.acting_ended.send_robust(
        sender=acting_ended,
        request=request,
        identity=tuple(identity),
        actor_identity=tuple(actor_identity),
    )


def sign_out_failed(request: HttpRequest | None, kind: str, user_id: str) -> None:
    """A session that was to end from elsewhere goes on: its store does not answer."""
    _write("sign_out_failed", request, (kind, "", user_id), level=logging.ERROR)


def token_rejected(reason: str, token_type: str, request: HttpRequest | None = None) -> None:
    """A credential was refused, here or by IdentityX."""
    _write("token_rejected", request, kind=token_type, reason=reason)
    signals.token_rejected.send_robust(sender=token_rejected, reason=reason, token_type=token_type)


def _few(address: str) -> bool:
    """Whether this is one of the first lines in a minute for one client, as limits count them."""
    minute, client = int(time.time() // 60), network_of(address)
    since, number = _unverified().get(client) or (minute, 0)
    number = number + 1 if since == minute else 1
    _unverified().put(client, (minute, number))
    return number <= UNVERIFIED_PER_MINUTE


def _write(
    event: str,
    request: HttpRequest | None,
    who: Sequence[str] | None = None,
    *,
    fine: bool = True,
    level: int = 0,
    **fields: object,
) -> None:
    """``who`` by their identity; a line is a warning where all is not ``fine``."""
    level = level or (logging.INFO if fine else logging.WARNING)
    if who is not None:
        fields = {"kind": who[0], "user_id": who[2], **fields}
    if not logger.isEnabledFor(level):
        return
    if "actor_id" not in fields and (actor_id := _actor_id(request)):
        fields["actor_id"] = actor_id
    fields.setdefault("address", (request and client_address(request)) or "")
    line = " ".join(f"{name}={json.dumps(value)}" for name, value in fields.items())
    logger.log(
        level, "%s", redact(f"{event} {line}"), extra={"identityx": {"event": event, **fields}}
    )


def _actor_id(request: HttpRequest | None) -> str:
    """The IdentityX id of who acts in the session of ``request``; empty where nobody does."""
    session = getattr(request, "session", None)
    held = None if session is None else session.get(KEY)
    actor = held.get("actor") if isinstance(held, dict) else None
    return str(actor["identity"][2]) if isinstance(actor, dict) else ""
