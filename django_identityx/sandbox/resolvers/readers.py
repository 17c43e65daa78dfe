"""Find AppUsers."""

from __future__ import annotations

from typing import Any

from .. import locales
from ..context import RequestContext
from ..inputs import Input, address, given
from ..paging import match, page
from ..world import Document, first
from .records import checked_id
from .registry import query

MODEL = "app-user"


@query("activeAppUser")
def active_app_user(request: RequestContext, data: Input) -> Document:
    """Return the reader who calls, whatever application the request names."""
    return request.reader().user


@query("appUser")
def app_user(request: RequestContext, data: Input) -> Document | None:
    """Return a reader by the address; nobody needs to be signed in."""
    app_id = request.application()["id"]
    return request.world.app_user(app_id, address(data))


@query("appUserById")
def app_user_by_id(request: RequestContext, data: Input) -> Document | None:
    """Return a reader of the application."""
    app_id = request.with_app_role()["id"]
    found = request.world.app_users.get(checked_id(given(data, "id"), MODEL))
    return found if found and found["applicationId"] == app_id else None


@query("appUserByExternalId")
def app_user_by_external_id(request: RequestContext, data: Input) -> Document | None:
    """Return a reader by an id in another system; the namespace has to be complete."""
    app_id = request.with_app_role()["id"]
    wanted = (data["identifier"]["value"], data["namespace"])
    return first(
        user
        for user in request.world.of_application(request.world.app_users, app_id)
        for known in user["externalIds"]
        if (known["identifier"]["value"], known["namespace"]) == wanted
    )


@query("appUsers")
def app_users(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of readers."""
    app_id = request.with_app_role()["id"]
    return page(request.world.of_application(request.world.app_users, app_id), data, MODEL)


@query("matchAppUsers")
def match_app_users(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of readers with a phrase in one of their fields."""
    app_id = request.with_app_role()["id"]
    return match(
        request.world.of_application(request.world.app_users, app_id), data, MODEL, _stored
    )


def _stored(user: Document) -> Document:
    """Return a reader with what the service's database keeps besides."""
    country = locales.country(user.get("countryCode")) or {}
    region = locales.region(user.get("countryCode"), user.get("regionCode")) or {}
    return {
        **user,
        "countryName": country.get("name"),
        "regionName": region.get("name"),
        "customTextFieldAnswers.value": list(user["textAnswers"].values()),
        "externalIds.identifier.value": [
            known["identifier"]["value"] for known in user["externalIds"]
        ],
    }
