"""Segments: readers who gave certain answers."""

from __future__ import annotations

from typing import Any

from ..context import EDITORS, RequestContext
from ..inputs import Input, given
from ..paging import match, page
from ..validation import needed, refuse
from ..world import Document, first, new_id
from .records import add, by_id, change, owned, texts
from .registry import field, mutation, query

_MODEL = "segment"


@query("segment")
def segment(request: RequestContext, data: Input) -> Document | None:
    """Return a segment of any application, to anybody."""
    return by_id(request, request.world.segments, data, _MODEL)


@query("segments")
def segments(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of segments, of one context if that is asked for."""
    app_id = request.with_app_role()["id"]
    wanted = data.get("appContextId")
    found = (
        entry
        for entry in request.world.of_application(request.world.segments, app_id)
        if not wanted or entry["appContextId"] == wanted
    )
    return page(found, data, _MODEL)


@query("matchSegments")
def match_segments(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of segments with a phrase in one of their fields."""
    app_id = request.with_app_role()["id"]
    return match(request.world.of_application(request.world.segments, app_id), data, _MODEL)


@mutation("createSegment")
def create_segment(request: RequestContext, data: Input) -> Document:
    """Add a segment; readers join it when they are saved the next time."""
    app_id = request.with_app_role(*EDITORS)["id"]
    values = {"description": None, "appContextId": None, **_values(data)}
    refuse(needed(values, "name"))
    return add(request, request.world.segments, {"applicationId": app_id, **values})


@mutation("updateSegment")
def update_segment(request: RequestContext, data: Input) -> Document:
    """Change a segment."""
    app_id = request.with_app_role(*EDITORS)["id"]
    found = owned(request.world.segments, given(data, "id"), _MODEL, app_id, "segment")
    values = _values(data["payload"])
    refuse(needed({**found, **values}, "name"))
    return change(request, found, values)


@field("Segment", "context")
def context(source: Document, request: RequestContext, data: Input) -> Document | None:
    """Return the context that a segment belongs to."""
    application = request.world.applications.get(request.app_id or "", {})
    return first(
        entry for entry in application.get("contexts", ()) if entry["id"] == source["appContextId"]
    )


@field("AppUser", "segments")
def segments_of(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the segments of a reader, those that are asked for or not."""
    data.get("filterIds")
    request.ask("application")
    found = request.world.segments
    return [found[entry] for entry in source["segmentIds"] if entry in found]


def _values(data: Input) -> Document:
    values = texts(data, "name", "description")
    values |= {name: data[name] for name in ("active", "appContextId") if name in data}
    # The question and answer of a rule do not arrive, so that it is true of everybody.
    values["rules"] = [{"id": new_id(), "conditions": []} for _ in data["rules"]]
    return values
