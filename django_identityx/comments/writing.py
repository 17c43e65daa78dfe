"""What readers do: write a comment, and tell the moderators of one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.html import linebreaks, strip_tags
from django.utils.translation import gettext_lazy as _

from .. import applications, ratelimits, verification
from ..addresses import visitor
from ..applications import Application
from ..client import IdentityXClient
from ..exceptions import InvalidInput, NotAllowed, NotFound, OperationFailed, Rejected
from ..middleware import details
from .listing import Reader, Shown, forget, listing, reader, shown
from .streams import Stream

TWICE = timedelta(minutes=1)  # the same text again is a second press of the button
_ID = re.compile(r"[0-9a-f]{24}")

# Code to status and words.
REFUSALS: dict[str, tuple[int, Any]] = {
    "not_authenticated": (401, _("Sign in to take part.")),
    "readers_only": (403, _("Comments are for readers: you are signed in as staff.")),
    "acting": (403, _("You act for a reader here, and can't speak for them.")),
    "banned": (403, _("The editors have blocked this account, so it can't take part here.")),
    "unverified": (
        403,
        _("Your address is not confirmed. Sign out, and in again by a new link."),
    ),
    "closed": (409, _("These comments are closed.")),
    "refused": (400, _("This comment was not taken.")),
    "not_found": (404, _("There is no such comment.")),
}


class NotTaken(Exception):
    """What a reader wanted was not done; ``code`` is one of `REFUSALS`."""

    def __init__(self, code: str, text: Any = None) -> None:
        self.code = code
        self.status, words = REFUSALS[code]
        self.text = text or words
        super().__init__(code)


def hindrance(request: HttpRequest) -> str:
    """Why the visitor of ``request`` can't take part; empty if they can."""
    known, known_reader = details(request), reader(request)
    if known_reader is None:
        return "readers_only" if known.user.is_authenticated else "not_authenticated"
    return "acting" if known.actor is not None else "banned" if known_reader[0].banned else ""


def write(request: HttpRequest, stream: Stream, text: str, name: str = "") -> Shown:
    """Write ``text``, plain, as the reader of ``request``; ``name`` becomes their display name.

    Raises `NotTaken`, `LimitExceeded`, `Unavailable`, `ConfigurationError`.
    """
    application, person = _participant(request)
    user, credential = person
    html = linebreaks(text, autoescape=True)
    for known in listing(request, stream).comments:
        is_new = datetime.now(UTC) - known.created_at < TWICE
        if known.own and is_new and strip_tags(known.html).split() == strip_tags(html).split():
            return known
    client = IdentityXClient.from_settings(application, visitor=visitor(request))
    create = partial(
        client.comments.create,
        credential,
        stream.identifier,
        html,
        display_name=name or None,
        title=stream.title or None,
    )
    try:
        try:
            comment = create(url=stream.url or None)
        except InvalidInput:  # IdentityX takes no http://localhost/: nobody writes the less for it
            comment = create()
    except Rejected:
        verification.forget(credential)
        raise NotTaken("not_authenticated") from None
    except NotAllowed:
        raise NotTaken("unverified") from None
    except OperationFailed:
        forget(application, stream, person)
        is_closed = listing(request, stream).closed
        raise NotTaken("closed" if is_closed else "refused") from None
    forget(application, stream, person)
    if name and name != user.display_name:
        verification.forget(credential)  # which has the name
    return shown(comment, user.id)


def flag(request: HttpRequest, stream: Stream, comment_id: str) -> None:
    """Tell the moderators of a comment, as the reader of ``request``; raises as `write` does."""
    application, person = _participant(request)
    credential = person[1]
    if not _ID.fullmatch(comment_id):
        raise NotTaken("not_found")
    client = IdentityXClient.from_settings(application, visitor=visitor(request))
    try:
        client.comments.flag(comment_id, credential=credential)
    except Rejected:
        verification.forget(credential)
        raise NotTaken("not_authenticated") from None
    except NotAllowed:
        raise NotTaken("banned") from None
    except NotFound:
        raise NotTaken("not_found") from None
    except OperationFailed:
        raise NotTaken("refused") from None
    forget(application, stream, person)


def _participant(request: HttpRequest) -> tuple[Application, Reader]:
    """Who takes part, counted; `NotTaken` for who may not."""
    found, application = reader(request), applications.current(request)
    code = hindrance(request)
    if code or found is None:
        raise NotTaken(code or "not_authenticated")
    ratelimits.take(
        *ratelimits.by_client("comment-address", request, application.app_id),
        ratelimits.bucket("comment-person", application.app_id or "", found[0].id),
    )
    return application, found
