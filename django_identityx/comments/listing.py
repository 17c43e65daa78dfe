"""What a visitor sees of a stream: one question to IdentityX, kept by verification's engine.

Authors' addresses are dropped right where the answer is read, and bodies made safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from .. import applications, verification
from ..access import safe_html
from ..applications import Application
from ..client import Author, Comment, IdentityXClient
from ..conf import conf
from ..credentials import Credential
from ..exceptions import Rejected
from ..middleware import PRIVATE, details
from ..process import PerProcess
from ..users import AppUser
from ..verification import AboutApplication, Engine, Lifetimes
from .streams import Stream

PAGE = 20
KEPT = 20.0  # seconds for which a visitor is shown the same list
MAX_HTML = 20_000  # characters; who writes to IdentityX directly may write more
_TAGS = {"a", "b", "blockquote", "br", "code", "em", "i", "li", "ol", "p", "pre", "strong", "ul"}


@dataclass(frozen=True)
class Shown:
    """A comment as one visitor sees it. ``html`` is safe; ``author`` is empty for who has no name.

    ``state`` is ``approved``, ``waiting`` or, where its author is banned, ``hidden``; the latter
    two are seen by their author only, whose comments are ``own``.
    """

    id: str
    html: SafeString
    author: str
    created_at: datetime
    state: str = "approved"
    own: bool = False
    flagged: bool = False


@dataclass(frozen=True)
class Listing:
    """A page of a stream. ``after`` leads on, empty at the end; ``closed``: nobody may write."""

    comments: tuple[Shown, ...]
    total: int
    closed: bool
    after: str


Reader = tuple[AppUser, Credential]


def reader(request: HttpRequest) -> Reader | None:
    """The reader behind a request, and their credential; None for everybody else."""
    request.__dict__[PRIVATE] = True
    known = details(request)
    user, credential = known.user, known.credential
    if isinstance(user, AppUser) and credential is not None:
        return user, credential
    return None


def listing(request: HttpRequest, stream: Stream, after: str = "") -> Listing:
    """The page of ``stream`` that comes ``after``, as the visitor of ``request`` sees it.

    Raises `Unavailable`, `ConfigurationError`, and ``BadSignature`` for a cursor that is none.
    """
    cursor = stream.cursor(after) if after else ""
    application, known = applications.current(request), reader(request)
    try:
        return _engine_of_process().answer(_Question(application, stream, cursor, known))
    except Rejected:  # it has ended since it was verified
        if known is None:
            raise
        verification.forget(known[1])
    return _engine_of_process().answer(_Question(application, stream, cursor))


def forget(application: Application, stream: Stream, known: Reader) -> None:
    """Have who has just written see it at once, and everybody else on this page soon."""
    for whose in (known, None):
        _engine_of_process().forget(_Question(application, stream, "", whose).key)


def shown(comment: Comment, user_id: str) -> Shown:
    """What ``comment`` is to the reader with an id."""
    return Shown(
        comment.id,
        safe_html(comment.body[:MAX_HTML], _TAGS),
        chosen_name(comment.user),
        comment.created_at,
        "hidden" if comment.banned else "approved" if comment.approved else "waiting",
        comment.user.id == user_id,
        comment.flagged,
    )


def chosen_name(person: Author | AppUser) -> str:
    """The display name, if chosen: by default IdentityX takes a part of the address."""
    name = (person.display_name or "").strip()
    default = person.email.partition("@")[0]
    return "" if "@" in name or name.lower() == default.lower() else name


class _Question(AboutApplication[Listing]):
    """``commentsForStream`` for a reader, or for nobody."""

    def __init__(
        self, application: Application, stream: Stream, cursor: str, known: Reader | None = None
    ) -> None:
        self._stream, self._cursor = stream, cursor
        self._user_id = known[0].id if known else ""
        self._credential = known[1] if known else None
        token = known[1].token if known else ""
        super().__init__(application, token, stream.identifier, cursor)

    def answer(self, client: IdentityXClient) -> Listing:
        page = client.comments.page(
            self._stream.identifier,
            credential=self._credential,
            after=self._cursor or None,
            limit=PAGE,
        )
        seen = [shown(comment, self._user_id) for comment in page.comments if not comment.deleted]
        return Listing(
            tuple([comment for comment in seen if comment.own or comment.state == "approved"]),
            page.total_count,
            page.stream is not None and page.stream.archived,
            "" if page.after is None else self._stream.sign(page.after),
        )

    def pack(self, value: Listing) -> Any:
        comments = [
            [c.id, c.html, c.author, c.created_at.isoformat(), c.state, c.own, c.flagged]
            for c in value.comments
        ]
        return [comments, value.total, value.closed, value.after]

    def unpack(self, data: Any) -> Listing | None:
        comments, *rest = data
        return Listing(
            tuple(
                [
                    Shown(id_, mark_safe(html), author, datetime.fromisoformat(at), *more)  # noqa: S308 - made safe before it was packed
                    for id_, html, author, at, *more in comments
                ]
            ),
            *rest,
        )


_engine_of_process: PerProcess[Engine[Listing]] = PerProcess(
    lambda: Engine("comments:", Lifetimes(KEPT, min(KEPT, conf.LOCAL_TTL), conf.STALE_IF_ERROR))
)
