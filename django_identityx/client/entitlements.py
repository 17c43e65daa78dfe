"""Access levels and teams: what an application can give, and to whom it does by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, TypedDict, Unpack

from ..service import given
from .resource import PAGE, Resource, kept, sorted_by, wire
from .results import AccessLevelDetails, AccessLevelMessages, TeamDetails


class LevelFields(TypedDict, total=False):
    """What can be said of a level beside its name; None says nothing. The messages are HTML."""

    description: str | None
    logged_in_no_access: str | None
    logged_out_no_access: str | None


class AccessLevels(Resource):
    """The access levels of the application. IdentityX deletes none."""

    def list(self, *, order: str = "name", page_size: int = PAGE) -> Iterator[AccessLevelDetails]:
        return self._each(AccessLevelDetails, "accessLevels", page_size, sort=sorted_by(order))

    def match(self, phrase: str, *, position: str = "contains") -> Iterator[AccessLevelDetails]:
        asked = {"field": "name", "phrase": phrase, "position": position}
        return self._each(AccessLevelDetails, "matchAccessLevels", **asked)

    def get(self, level_id: str) -> AccessLevelDetails:
        return self._one(AccessLevelDetails, "accessLevel", id=level_id)

    def create(self, name: str, **fields: Unpack[LevelFields]) -> AccessLevelDetails:
        """Create a level; without messages IdentityX makes some."""
        said = _level({"name": name, **given(**fields)})
        return self._change(AccessLevelDetails, "createAccessLevel", **said)

    def update(
        self, level_id: str, *, name: str | None = None, **fields: Unpack[LevelFields]
    ) -> AccessLevelDetails:
        """Change a level; what is None stays, so it is read first."""
        now = self.get(level_id)
        said = {"name": now.name, **kept(now, LevelFields), **asdict(now.messages)}
        payload = _level(said | given(name=name, **fields))
        return self._change(AccessLevelDetails, "updateAccessLevel", id=level_id, payload=payload)


def _level(fields: dict[str, Any]) -> dict[str, Any]:
    names = AccessLevelMessages.__annotations__
    messages = {name: text for name, text in fields.items() if name in names}
    others = {name: value for name, value in fields.items() if name not in names}
    return wire(others) | ({"messages": wire(messages)} if messages else {})


class TeamFields(TypedDict, total=False):
    """What can be said of a team beside its name; None says nothing."""

    description: str | None
    active: bool | None
    cidrs: Iterable[str] | None
    domains: Iterable[str] | None
    access_level_ids: Iterable[str] | None


class Teams(Resource):
    """The teams of the application. IdentityX deletes none: make one inactive."""

    def list(self, *, order: str = "name", page_size: int = PAGE) -> Iterator[TeamDetails]:
        return self._each(TeamDetails, "teams", page_size, sort=sorted_by(order))

    def match(self, phrase: str, *, position: str = "contains") -> Iterator[TeamDetails]:
        asked = {"field": "name", "phrase": phrase, "position": position}
        return self._each(TeamDetails, "matchTeams", **asked)

    def get(self, team_id: str) -> TeamDetails:
        return self._one(TeamDetails, "team", id=team_id)

    def create(self, name: str, **fields: Unpack[TeamFields]) -> TeamDetails:
        """Create a team, by default an active one; who comes from its networks or domains is in."""
        said = {"active": True, **dict.fromkeys(_LISTS, ()), **given(**fields)}
        return self._change(TeamDetails, "createTeam", name=name, **_team(said))

    def update(
        self, team_id: str, *, name: str | None = None, **fields: Unpack[TeamFields]
    ) -> TeamDetails:
        """Change a team; what is None stays, so it is read first: IdentityX would empty it."""
        now = self.get(team_id)
        levels = [level.id for level in now.access_levels]
        said = {"name": now.name, **kept(now, TeamFields), "access_level_ids": levels}
        payload = _team(said | given(name=name, **fields))
        return self._change(TeamDetails, "updateTeam", id=team_id, payload=payload)


_LISTS = ("cidrs", "domains", "access_level_ids")


def _team(fields: dict[str, Any]) -> dict[str, Any]:
    return wire(fields | {name: [*fields[name]] for name in _LISTS})
