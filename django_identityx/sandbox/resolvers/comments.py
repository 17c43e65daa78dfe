"""Comments, and the streams that they stand in."""

from __future__ import annotations

from typing import Any

from ..addresses import visitor
from ..bodies import commented
from ..context import EDITORS, RequestContext
from ..errors import ServiceError, no_such_id, refused, required, unauthenticated
from ..inputs import Input, given
from ..paging import match, nothing, page
from ..validation import Complaint, fail, is_url, needed, refuse
from ..world import Document, first, is_id
from .records import add, by_id, change, document, texts
from .registry import field, mutation, query

_MODEL = "comment"
_OMITTED = "https://example.com/"  # what is not there is right
_STATUSES = {
    "Approved": ("approved", True),
    "Rejected": ("approved", False),
    "Banned": ("banned", True),
    "Flagged": ("flagged", True),
}


@query("comment")
def comment(request: RequestContext, data: Input) -> Document | None:
    """Return a comment of any application, a deleted one too, to anybody."""
    return by_id(request, request.world.comments, data, _MODEL)


@query("comments")
def comments(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of an application's comments."""
    app_id = request.with_app_role()["id"]
    statuses, users, streams = (
        _listed(data, name) for name in ("statuses", "userIds", "streamIds")
    )
    for ids, path in ((users, "appUserId"), (streams, "streamId")):
        for value in ids:
            if not is_id(value):
                raise no_such_id(value, _MODEL, path)
    wanted = [_STATUSES[status] for status in statuses]
    starting, ending = data.get("starting"), data.get("ending")
    found = (
        entry
        for entry in request.world.of_application(request.world.comments, app_id)
        if not entry["deleted"]
        and (not wanted or any(entry[name] is value for name, value in wanted))
        and (not users or entry["appUserId"] in users)
        and (not streams or entry["streamId"] in streams)
        and (not starting or entry["createdAt"] >= starting)
        and (not ending or entry["createdAt"] <= ending)
    )
    return page(found, data, _MODEL)


@query("commentsForStream")
def comments_for_stream(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of a stream's approved comments, and of the caller's own, to anybody."""
    app_id = request.application()["id"]
    identifier = given(data, "identifier")
    person = request.caller.silent()
    own_id = person.user["id"] if person is not None and not person.is_org_user else None
    stream = _stream(request, app_id, identifier)
    if stream is None:
        return nothing()
    found = (
        entry
        for entry in request.world.comments.values()
        if entry["streamId"] == stream["id"]
        and not entry["deleted"]
        and ((entry["approved"] and not entry["banned"]) or entry["appUserId"] == own_id)
    )
    return {**page(found, data, _MODEL), "stream": stream}


@query("commentStream")
def comment_stream(request: RequestContext, data: Input) -> Document | None:
    """Return nothing of a stream: the service looks for a comment of that id."""
    return by_id(request, request.world.comments, data, _MODEL)


@query("matchCommentStreams")
def match_comment_streams(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of streams with a phrase in one of their fields."""
    app_id = request.with_app_role()["id"]
    found = request.world.of_application(request.world.streams, app_id)
    return match(found, data, "comment-stream")


@mutation("createComment")
def create_comment(request: RequestContext, data: Input) -> Document:
    """Write a comment; one with a link waits for approval."""
    person = request.reader()
    request.ask("application")
    if request.app_id is None:
        raise required("applicationId")
    body = given(data, "body")
    user = person.user
    if user["applicationId"] != request.app_id:
        text = f"No user was found for '{user['id']}' using app '{request.app_id}'"
        raise refused(text, 404)
    if not user["verified"]:
        raise refused("The provided user is not verified.", 401)
    stream = _open_stream(request, request.app_id, data["stream"])
    if data.get("displayName"):
        user["displayName"] = data["displayName"]
    if stream["archived"]:
        text = "This comment stream has been archived and no longer accepts posts."
        raise refused(text, 400)
    html, has_link = commented(body)
    values = {
        "applicationId": request.app_id,
        "streamId": stream["id"],
        "appUserId": user["id"],
        "body": html,
        "approved": not has_link,
        "banned": user["banned"],
        "flagged": False,
        "deleted": False,
        "ipAddress": visitor(None),
    }
    return add(request, request.world.comments, values)


@mutation("setCommentFlagged")
def set_comment_flagged(request: RequestContext, data: Input) -> Document:
    """Flag a comment; anybody who is signed in may, except banned readers."""
    person = request.caller.anybody()
    if not person.is_org_user and person.user["banned"]:
        raise unauthenticated("You do not have permission to flag comments.")
    request.ask("application")
    if request.app_id is None:
        raise required("applicationId")
    found = document(request.world.comments, data, _MODEL, request.app_id)
    return change(request, found, {"flagged": data["value"]})


@mutation("setCommentApproved")
def set_comment_approved(request: RequestContext, data: Input) -> Document:
    """Approve a comment, or take that back."""
    return change(request, _managed(request, data), {"approved": data["value"]})


@mutation("setCommentBody")
def set_comment_body(request: RequestContext, data: Input) -> Document:
    """Replace the text of a comment, as it is given."""
    found = _managed(request, data)
    values = {"body": data["value"].strip()}
    fail(_MODEL, needed(values, "body"))
    return change(request, found, values)


@mutation("deleteComment")
def delete_comment(request: RequestContext, data: Input) -> str:
    """Mark a comment as deleted."""
    change(request, _managed(request, data), {"deleted": True})
    return "ok"


@mutation("setCommentStreamArchived")
def set_stream_archived(request: RequestContext, data: Input) -> Document:
    """Close a stream to new comments, or open it again."""
    app_id = request.with_app_role(*EDITORS)["id"]
    found = document(request.world.streams, data, "comment-stream", app_id)
    return change(request, found, {"archived": data["value"]})


@field("Comment", "stream")
def stream_of(source: Document, request: RequestContext, data: Input) -> Document | None:
    """Return the stream of a comment."""
    return request.world.streams.get(source["streamId"])


@field("Comment", "user")
def author(source: Document, request: RequestContext, data: Input) -> Document | None:
    """Return the author of a comment."""
    return request.world.app_users.get(source["appUserId"])


@field("CommentStream", "application")
def stream_application(source: Document, request: RequestContext, data: Input) -> Document:
    """Return the application of a stream."""
    return request.world.applications[source["applicationId"]]


def _managed(request: RequestContext, data: Input) -> Document:
    app_id = request.with_app_role(*EDITORS)["id"]
    return document(request.world.comments, data, _MODEL, app_id)


def _stream(request: RequestContext, app_id: str, identifier: str) -> Document | None:
    return first(
        entry
        for entry in request.world.streams.values()
        if (entry["applicationId"], entry["identifier"]) == (app_id, identifier.strip())
    )


def _open_stream(request: RequestContext, app_id: str, data: Input) -> Document:
    """Return a stream with the title and address that are given, made at the first time."""
    values = texts(data, "identifier", "title", "description", "url")
    complaints = needed(values, "identifier")
    url = data.get("url", _OMITTED)
    if url is None:
        complaints.append(Complaint("url", "Expected string but received null."))
    elif not is_url(url):
        complaints.append(Complaint("url", f'The URL "{url}" is invalid.'))
    refuse(complaints)
    known = _stream(request, app_id, data["identifier"])
    if known is not None:
        return change(request, known, values)
    fresh = {"applicationId": app_id, "archived": False, **values}
    return add(request, request.world.streams, fresh)


def _listed(data: Input, name: str) -> list[str]:
    values: list[str] | None = data.get(name, [])
    if values is None:
        raise ServiceError("Cannot read property 'length' of null", "INTERNAL_SERVER_ERROR")
    return values
