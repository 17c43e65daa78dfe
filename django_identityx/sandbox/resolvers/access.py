"""What a visitor may see: answered for anybody, signed in or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import addresses
from ..context import RequestContext
from ..errors import bad_input
from ..inputs import Input
from ..world import Document
from .levels import with_defaults
from .records import checked_id
from .registry import query


@dataclass(frozen=True)
class Visitor:
    """Somebody in an application, with what membership, domain and address give."""

    application: Document
    user: Document | None
    teams: list[Document]
    levels: list[Document]


@query("activeAppContext")
def active_app_context(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return the application, the visitor and everything that they have access to."""
    visitor = _visitor(request)
    return {
        "application": visitor.application,
        "user": visitor.user,
        "mergedAccessLevels": visitor.levels,
        "mergedTeams": visitor.teams,
        "hasTeams": bool(visitor.teams),
        "hasUser": visitor.user is not None,
    }


@query("checkContentAccess")
def check_content_access(request: RequestContext, data: Input) -> dict[str, Any]:
    """Decide about one piece of content.

    Levels that the application does not have are dropped, and if none is left, being logged in
    is enough: the service fails open here.
    """
    visitor = _visitor(request)
    wanted = [value for value in data.get("requiredAccessLevelIds") or [] if value is not None]
    for value in wanted:
        checked_id(value, "access-level")
    levels = request.world.of_application(request.world.access_levels, visitor.application["id"])
    required = [level for level in levels if level["id"] in wanted]
    held = {level["id"] for level in visitor.levels}
    has_level = any(level["id"] in held for level in required)
    logged_in = visitor.user is not None or bool(visitor.teams)
    return {
        "canAccess": not data["isEnabled"] or (has_level if required else logged_in),
        "isLoggedIn": logged_in,
        "hasRequiredAccessLevel": has_level,
        "requiresAccessLevel": bool(required),
        "requiredAccessLevels": required,
        "messages": with_defaults(required[0]["messages"]) if required else None,
    }


def _visitor(request: RequestContext) -> Visitor:
    application = request.application()
    user = _user(request, application)
    request.ask("application")
    request.services.reach("ip")
    teams = _teams(request, application, user)
    ids = [*(user["accessLevelIds"] if user else ())]
    for team in teams:
        ids += team["accessLevelIds"]
    levels = request.world.access_levels
    return Visitor(
        application, user, teams, [levels[entry] for entry in dict.fromkeys(ids) if entry in levels]
    )


def _user(request: RequestContext, application: Document) -> Document | None:
    person = request.caller.silent()
    if person is None:
        return None
    if person.is_org_user:
        # Surprising, and true: an OrgUser token counts as the reader with the same address.
        return request.world.app_user(application["id"], person.user["email"])
    if person.user["applicationId"] != application["id"]:
        raise bad_input("The provided application context does not match the app for the user.")
    return person.user


def _teams(request: RequestContext, application: Document, user: Document | None) -> list[Document]:
    address = addresses.parse(addresses.visitor(request.headers.get("x-forwarded-for")))

    def matches(team: Document) -> bool:
        member = user is not None and (
            team["id"] in user["teamIds"] or user["domain"] in team["domains"]
        )
        return addresses.in_networks(address, team["cidrs"]) or member

    found = request.world.of_application(request.world.teams, application["id"])
    return [team for team in found if team["active"] and matches(team)]
