"""Access levels."""

from __future__ import annotations

from typing import Any

from ..context import EDITORS, RequestContext
from ..inputs import Input, given
from ..paging import match, page
from ..validation import needed, refuse
from ..world import Document
from .records import add, by_id, change, owned, texts
from .registry import field, mutation, query

_MODEL = "access-level"
_START = "<p>In order to access this content, you must "
MESSAGES = {
    "loggedInNoAccess": f"{_START}have an active subscription.</p>",
    "loggedOutNoAccess": f"{_START}be logged-in and have an active subscription.</p>",
}


@query("accessLevel")
def access_level(request: RequestContext, data: Input) -> Document | None:
    """Return an access level of any application, to anybody."""
    return by_id(request, request.world.access_levels, data, _MODEL)


@query("accessLevels")
def access_levels(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of access levels; nobody needs to be signed in."""
    app_id = request.application()["id"]
    return page(request.world.of_application(request.world.access_levels, app_id), data, _MODEL)


@query("matchAccessLevels")
def match_access_levels(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of access levels with a phrase in one of their fields."""
    app_id = request.with_app_role()["id"]
    return match(request.world.of_application(request.world.access_levels, app_id), data, _MODEL)


@mutation("createAccessLevel")
def create_access_level(request: RequestContext, data: Input) -> Document:
    """Add an access level; messages that are left out get defaults."""
    app_id = request.with_app_role(*EDITORS)["id"]
    values = {"description": None, **texts(data, "name", "description")}
    refuse(needed(values, "name"))
    level = {"applicationId": app_id, **values, "messages": _given(data.get("messages", {}))}
    return add(request, request.world.access_levels, level)


@mutation("updateAccessLevel")
def update_access_level(request: RequestContext, data: Input) -> Document:
    """Change an access level; messages are replaced as a whole."""
    app_id = request.with_app_role(*EDITORS)["id"]
    level = owned(request.world.access_levels, given(data, "id"), _MODEL, app_id, "access level")
    payload = data["payload"]
    values = texts(payload, "name", "description")
    refuse(needed({**level, **values}, "name"))
    if "messages" not in payload:
        return change(request, level, values)
    values["messages"] = _given(payload["messages"])
    changed = change(request, level, values)
    if not values["messages"]:
        return changed
    # Defaults come with the next reading only.
    return {**changed, "messages": {**dict.fromkeys(MESSAGES), **values["messages"]}}


@field("AccessLevel", "messages")
def messages(source: Document, request: RequestContext, data: Input) -> Document | None:
    """Return the messages of a level, with defaults."""
    return with_defaults(source["messages"])


def with_defaults(given_messages: Document | None) -> Document | None:
    """Return messages, with defaults for those that are missing."""
    return None if given_messages is None else {**MESSAGES, **given_messages}


def _given(given_messages: Document | None) -> Document | None:
    return None if given_messages is None else texts(given_messages, *MESSAGES)
