"""Applications, their access levels and teams."""

from __future__ import annotations

from typing import Any

from ..context import RequestContext
from ..errors import no_such_id
from ..paging import arrange, page
from ..world import Collection, Document, is_id, new_id
from .registry import Input, mutation, query


@query("ping")
@mutation("ping")
def ping(request: RequestContext, data: Input) -> str:
    """Answer that the service is there."""
    return "pong"


@query("activeApplication")
def active_application(request: RequestContext, data: Input) -> Document:
    """Return the application of the request."""
    return request.application()


@query("application")
def application(request: RequestContext, data: Input) -> Document | None:
    """Return any application by its id."""
    return by_id(request.world.applications, data["id"], "application")


@query("organizationApplications")
def organization_applications(request: RequestContext, data: Input) -> list[Document]:
    """Return the applications of the request's organization."""
    org_id = request.with_org_role()["id"]
    found = request.world.applications.values()
    return arrange((app for app in found if app["organizationId"] == org_id), data.get("sort"))


@mutation("setApplicationName")
def set_application_name(request: RequestContext, data: Input) -> Document:
    """Rename the request's application."""
    found = request.with_app_role("Owner", "Administrator")
    found |= {"name": data["value"], "updatedAt": request.now}
    return found


@query("accessLevels")
def access_levels(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of access levels; nobody needs to be signed in."""
    app_id = request.application()["id"]
    return page(request.world.of_application(request.world.access_levels, app_id), data)


@query("accessLevel")
def access_level(request: RequestContext, data: Input) -> Document | None:
    """Return an access level of the application."""
    app_id = request.with_app_role()["id"]
    return owned(by_id(request.world.access_levels, data["id"], "access-level"), app_id)


@mutation("createAccessLevel")
def create_access_level(request: RequestContext, data: Input) -> Document:
    """Add an access level."""
    app_id = request.with_app_role("Owner", "Administrator", "Member")["id"]
    level = {
        "id": new_id(),
        "applicationId": app_id,
        "name": data["name"],
        "description": data.get("description"),
        "messages": dict(data.get("messages") or {}),
        "createdAt": request.now,
        "updatedAt": request.now,
    }
    request.world.access_levels[level["id"]] = level
    return level


@query("teams")
def teams(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of teams."""
    app_id = request.with_app_role()["id"]
    return page(request.world.of_application(request.world.teams, app_id), data)


@query("team")
def team(request: RequestContext, data: Input) -> Document | None:
    """Return a team of the application."""
    app_id = request.with_app_role()["id"]
    return owned(by_id(request.world.teams, data["id"], "team"), app_id)


def by_id(collection: Collection, value: str, model: str) -> Document | None:
    """Return a document by its id; raise if the id is malformed."""
    if not is_id(value):
        raise no_such_id(value, model)
    return collection.get(value)


def owned(document: Document | None, app_id: str) -> Document | None:
    """Return a document only if it belongs to the application."""
    return document if document and document["applicationId"] == app_id else None
