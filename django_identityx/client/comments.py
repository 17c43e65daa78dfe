"""Comments of readers, by streams: one for each page that has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from ..credentials import Credential
from ..service import Operation, given, mutation, query, read, selection
from .resource import PAGE, Resource, count_of, page, page_of, sorted_by
from .results import Comment, CommentPage, CommentStream


class Comments(Resource):
    """The comments of the application."""

    def list(
        self,
        *,
        statuses: Iterable[str] = (),
        user_ids: Iterable[str] = (),
        stream_ids: Iterable[str] = (),
        starting: datetime | None = None,
        ending: datetime | None = None,
        order: str = "-id",
        page_size: int = PAGE,
    ) -> Iterator[Comment]:
        """For moderators; ``statuses`` are ``Approved``, ``Rejected``, ``Flagged``, ``Banned``."""
        return self._each(
            Comment,
            "comments",
            page_size,
            statuses=[*statuses],
            userIds=[*user_ids],
            streamIds=[*stream_ids],
            sort=sorted_by(order),
            **given(starting=_milliseconds(starting), ending=_milliseconds(ending)),
        )

    def for_stream(
        self, identifier: str, *, order: str = "-id", page_size: int = PAGE
    ) -> Iterator[Comment]:
        """What readers may see of a stream, the newest first; needs no credential."""
        asked = {"identifier": identifier, "sort": sorted_by(order)}
        return _Public(self._client)._each(Comment, "commentsForStream", page_size, **asked)

    def count(self, identifier: str) -> int:
        """How many comments readers may see in a stream; needs no credential."""
        return _Public(self._client)._count("commentsForStream", identifier=identifier)

    def page(
        self,
        identifier: str,
        *,
        credential: Credential | None = None,
        after: str | None = None,
        limit: int = PAGE,
    ) -> CommentPage:
        """One page of a stream, the newest first; an AppUser sees their own that wait, too."""
        operation = query(
            "commentsForStream",
            f"totalCount stream {{ {selection(CommentStream)} }} {page(selection(Comment))}",
            identifier=identifier,
            sort=sorted_by("-id"),
            pagination=given(limit=limit, after=after),
        )
        value = self._client._public(operation, credential)
        nodes, end = page_of(value, operation.root)
        stream = value.get("stream")
        return CommentPage(
            tuple([read(Comment, node) for node in nodes]),
            count_of(value),
            None if stream is None else read(CommentStream, stream),
            end,
        )

    def get(self, comment_id: str) -> Comment:
        return self._one(Comment, "comment", id=comment_id)

    def create(
        self,
        credential: Credential,
        identifier: str,
        body: str,
        *,
        display_name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        url: str | None = None,
    ) -> Comment:
        """Write a comment as an AppUser, who must have verified; a new stream is made."""
        stream = given(identifier=identifier, title=title, description=description, url=url)
        asked = given(body=body, stream=stream, displayName=display_name)
        return Comments(self._client, credential)._change(Comment, "createComment", **asked)

    def flag(
        self, comment_id: str, *, credential: Credential | None = None, flagged: bool = True
    ) -> Comment:
        """Tell the moderators, as an AppUser or as staff; `NotAllowed` for the banned."""
        own = Comments(self._client, credential or self._credential)
        return own._change(Comment, "setCommentFlagged", id=comment_id, value=flagged)

    def approve(self, comment_id: str, *, approved: bool = True) -> Comment:
        return self._change(Comment, "setCommentApproved", id=comment_id, value=approved)

    def set_body(self, comment_id: str, body: str) -> Comment:
        return self._change(Comment, "setCommentBody", id=comment_id, value=body)

    def delete(self, comment_id: str) -> None:
        self._call(mutation("deleteComment", id=comment_id))

    def match_streams(
        self,
        phrase: str,
        *,
        field: str = "title",
        position: str = "contains",
        page_size: int = PAGE,
    ) -> Iterator[CommentStream]:
        """Streams by ``title``, ``identifier``, ``url``, ...: IdentityX finds none by its id."""
        asked = {"field": field, "phrase": phrase, "position": position}
        return self._each(CommentStream, "matchCommentStreams", page_size, **asked)

    def archive(self, stream_id: str, *, archived: bool = True) -> CommentStream:
        """Close a stream for new comments, or open it again."""
        name = "setCommentStreamArchived"
        return self._change(CommentStream, name, id=stream_id, value=archived)


class _Public(Resource):
    """Asks for nobody: with a credential these operations would say no more."""

    def _call(self, operation: Operation, *, nullable: bool = False) -> Any:
        return self._client._call(operation, nullable=nullable)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
