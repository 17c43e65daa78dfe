"""The access levels of an application: their names and the messages for who lacks them.

With ``IDENTITYX_API_TOKEN`` all of them are known, kept for an hour and, while IdentityX is
unavailable, without end. Without it a level is known by what a visitor holds, or by its id.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from typing import Any

from ..applications import Application
from ..client import IdentityXClient
from ..conf import conf
from ..exceptions import ConfigurationError, OperationFailed, Unavailable
from ..process import PerProcess
from ..users import AccessLevel
from ..verification import SETTLED, AboutApplication, Engine

_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True)
class Level:
    """One access level; the messages are IdentityX's HTML, unsanitised."""

    id: str
    name: str
    logged_in_message: str = ""
    logged_out_message: str = ""


def is_id(text: str) -> bool:
    """Whether ``text`` is an id of IdentityX; else it is a name."""
    return _ID.fullmatch(text) is not None


class _Levels(AboutApplication[tuple[Level, ...]]):
    """Levels of one application."""

    def pack(self, value: tuple[Level, ...]) -> Any:
        return [[v.id, v.name, v.logged_in_message, v.logged_out_message] for v in value]

    def unpack(self, data: Any) -> tuple[Level, ...] | None:
        return tuple([Level(*map(str, fields)) for fields in data])


class _All(_Levels):
    """All levels; only an API token may ask."""

    def answer(self, client: IdentityXClient) -> tuple[Level, ...]:
        try:
            found = list(client.access_levels.list(page_size=1000))
        except OperationFailed as error:
            raise ConfigurationError(
                "IDENTITYX_API_TOKEN may not read the access levels of this application."
            ) from error
        return tuple([Level(v.id, v.name, *astuple(v.messages)) for v in found])


class _One(_Levels):
    """The level with one id, if it is the application's; anybody may ask."""

    def __init__(self, application: Application, id_: str) -> None:
        super().__init__(application, id_)
        self._id = id_

    def answer(self, client: IdentityXClient) -> tuple[Level, ...]:
        found = client.check_content_access(required_access_level_ids=[self._id])
        texts = [found.messages.get(f"logged{way}NoAccess", "") for way in ("In", "Out")]
        # Ids of other applications are dropped.
        levels = [level for level in found.required_access_levels if level.id == self._id]
        return tuple([Level(level.id, level.name, *texts) for level in levels])


_engine: PerProcess[Engine[tuple[Level, ...]]] = PerProcess(lambda: Engine("levels:", SETTLED))


def describe(
    application: Application, wanted: tuple[str, ...], held: tuple[AccessLevel, ...]
) -> tuple[Level, ...]:
    """The levels that somebody lacks, by the names or ids that were asked for, as far as known.

    Raises `ConfigurationError` for one that the application doesn't have, where an API token can
    tell. In an outage what can't be asked stays unknown: the answer itself is "no" all the same.
    """
    try:
        if conf.API_TOKEN is not None:
            return _from_catalogue(_engine().answer(_All(application)), wanted)
        return tuple(
            [_by_id(application, name) if is_id(name) else Level("", name) for name in wanted]
        )
    except Unavailable:
        known = [known_level(name, held) for name in wanted]
        return tuple([Level(level.id, level.name) for level in known])


def known_level(name_or_id: str, held: tuple[AccessLevel, ...]) -> AccessLevel:
    """The level that was asked for, without asking anybody."""
    for level in held:
        if level.name == name_or_id or level.id == name_or_id:
            return level
    return AccessLevel(name_or_id, "") if is_id(name_or_id) else AccessLevel("", name_or_id)


def _from_catalogue(levels: tuple[Level, ...], wanted: tuple[str, ...]) -> tuple[Level, ...]:
    known = {key: level for level in levels for key in (level.name, level.id)}
    for name in wanted:
        if name not in known:
            names = ", ".join(sorted(level.name for level in levels)) or "none"
            raise ConfigurationError(
                f"The application has no access level {name!r}; it has: {names}."
            )
    return tuple([known[name] for name in wanted])


def _by_id(application: Application, id_: str) -> Level:
    found = _engine().answer(_One(application, id_))
    return found[0] if found else Level(id_, "")
