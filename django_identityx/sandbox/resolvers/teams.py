"""Teams."""

from __future__ import annotations

from typing import Any

from ..addresses import is_network
from ..context import EDITORS, RequestContext
from ..inputs import Input, given
from ..paging import match, page
from ..validation import Complaint, id_list, is_domain, needed, refuse
from ..world import Document
from .records import add, by_id, change, owned, texts
from .registry import field, mutation, query

_MODEL = "team"


@query("team")
def team(request: RequestContext, data: Input) -> Document | None:
    """Return a team of any application, its networks included, to anybody."""
    return by_id(request, request.world.teams, data, _MODEL)


@query("teams")
def teams(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of teams."""
    app_id = request.with_app_role()["id"]
    return page(request.world.of_application(request.world.teams, app_id), data, _MODEL)


@query("matchTeams")
def match_teams(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of teams with a phrase in one of their fields."""
    app_id = request.with_app_role()["id"]
    return match(request.world.of_application(request.world.teams, app_id), data, _MODEL)


@mutation("createTeam")
def create_team(request: RequestContext, data: Input) -> Document:
    """Add a team."""
    app_id = request.with_app_role(*EDITORS)["id"]
    values = _values(data)
    _check(request, values)
    team = {"applicationId": app_id, "description": None, "photoURL": None, **values}
    return add(request, request.world.teams, team)


@mutation("updateTeam")
def update_team(request: RequestContext, data: Input) -> Document:
    """Change a team; networks, domains and levels that are left out become empty."""
    app_id = request.with_app_role(*EDITORS)["id"]
    found = owned(request.world.teams, given(data, "id"), _MODEL, app_id, "team")
    values = _values(data["payload"])
    _check(request, {**found, **values})
    return change(request, found, values)


@field("Team", "ipAddresses")
def ip_addresses(source: Document, request: RequestContext, data: Input) -> list[str]:
    """Return a team's networks under their older name."""
    found: list[str] = source["cidrs"]
    return found


def _values(data: Input) -> Document:
    domains = data.get("domains", [])
    return {
        **texts(data, "name", "description"),
        "active": data["active"],
        "cidrs": list(data.get("cidrs") or []),
        "domains": None if domains is None else list(domains),
        "accessLevelIds": list(data.get("accessLevelIds") or []),
    }


def _check(request: RequestContext, team: Document) -> None:
    complaints = [*id_list(team, "accessLevelIds"), *needed(team, "name")]
    domains = team["domains"]
    if domains is None:
        complaints.append(Complaint("domains", "Expected string but received null."))
    elif not all(is_domain(domain) for domain in domains):
        text = f"Invalid domain name address {','.join(domains)}"
        complaints.append(Complaint("domains", text))
    for cidr in team["cidrs"]:
        # With the service for addresses down, none of them counts as one.
        if not cidr:
            complaints += needed({"value": cidr}, "value")
        elif request.services.is_down("ip") or not is_network(cidr):
            text = f"Invalid IP Address or CIDR notation {cidr}"
            complaints.append(Complaint("cidrs", text))
    refuse(complaints)
