"""Access levels and teams: what an application can give, and to whom it does by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..service import given, mutation, query, selection
from .resource import PAGE, Resource, sorted_by
from .results import AccessLevelDetails, TeamDetails

_LEVEL = selection(AccessLevelDetails)
_TEAM = selection(TeamDetails)


class AccessLevels(Resource):
    """The access levels of the application. IdentityX deletes none."""

    def list(self, *, order: str = "name", page_size: int = PAGE) -> Iterator[AccessLevelDetails]:
        return self._each(AccessLevelDetails, "accessLevels", page_size, sort=sorted_by(order))

    def match(self, phrase: str, *, position: str = "contains") -> Iterator[AccessLevelDetails]:
        asked = {"field": "name", "phrase": phrase, "position": position}
        return self._each(AccessLevelDetails, "matchAccessLevels", **asked)

    def get(self, level_id: str) -> AccessLevelDetails:
        return self._one(AccessLevelDetails, query("accessLevel", _LEVEL, id=level_id))

    def create(
        self,
        name: str,
        *,
        description: str | None = None,
        logged_in_no_access: str | None = None,
        logged_out_no_access: str | None = None,
    ) -> AccessLevelDetails:
        """Create a level; without messages IdentityX makes some."""
        messages = given(
            loggedInNoAccess=logged_in_no_access, loggedOutNoAccess=logged_out_no_access
        )
        asked = given(name=name, description=description, messages=messages or None)
        return self._one(AccessLevelDetails, mutation("createAccessLevel", _LEVEL, **asked))

    def update(
        self,
        level_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        logged_in_no_access: str | None = None,
        logged_out_no_access: str | None = None,
    ) -> AccessLevelDetails:
        """Change a level; what is None stays, so it is read first."""
        now = self.get(level_id)
        payload = {
            "name": _or(name, now.name),
            "description": _or(description, now.description),
            "messages": {
                "loggedInNoAccess": _or(logged_in_no_access, now.messages.logged_in_no_access),
                "loggedOutNoAccess": _or(logged_out_no_access, now.messages.logged_out_no_access),
            },
        }
        operation = mutation("updateAccessLevel", _LEVEL, id=level_id, payload=payload)
        return self._one(AccessLevelDetails, operation)


class Teams(Resource):
    """The teams of the application. IdentityX deletes none: make one inactive."""

    def list(self, *, order: str = "name", page_size: int = PAGE) -> Iterator[TeamDetails]:
        return self._each(TeamDetails, "teams", page_size, sort=sorted_by(order))

    def match(self, phrase: str, *, position: str = "contains") -> Iterator[TeamDetails]:
        asked = {"field": "name", "phrase": phrase, "position": position}
        return self._each(TeamDetails, "matchTeams", **asked)

    def get(self, team_id: str) -> TeamDetails:
        return self._one(TeamDetails, query("team", _TEAM, id=team_id))

    def create(
        self,
        name: str,
        *,
        description: str | None = None,
        active: bool = True,
        cidrs: Iterable[str] = (),
        domains: Iterable[str] = (),
        access_level_ids: Iterable[str] = (),
    ) -> TeamDetails:
        """Create a team; whoever comes from its networks or mail domains is in it."""
        asked: dict[str, Any] = given(name=name, description=description, active=active)
        asked |= {"cidrs": [*cidrs], "domains": [*domains], "accessLevelIds": [*access_level_ids]}
        return self._one(TeamDetails, mutation("createTeam", _TEAM, **asked))

    def update(
        self,
        team_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        active: bool | None = None,
        cidrs: Iterable[str] | None = None,
        domains: Iterable[str] | None = None,
        access_level_ids: Iterable[str] | None = None,
    ) -> TeamDetails:
        """Change a team; what is None stays, so it is read first: IdentityX would empty it."""
        now = self.get(team_id)
        payload = {
            "name": _or(name, now.name),
            "description": _or(description, now.description),
            "active": _or(active, now.active),
            "cidrs": [*_or(cidrs, now.cidrs)],
            "domains": [*_or(domains, now.domains)],
            "accessLevelIds": [*_or(access_level_ids, (lvl.id for lvl in now.access_levels))],
        }
        operation = mutation("updateTeam", _TEAM, id=team_id, payload=payload)
        return self._one(TeamDetails, operation)


def _or(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value
