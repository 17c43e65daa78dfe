"""The records that the sandbox keeps, and their way to a file and back."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .mail import Mail, Refusal

Document = dict[str, Any]
Collection = dict[str, Document]

VERSION = 2

_PROCESS = secrets.token_hex(5)
_NUMBERS = itertools.count(secrets.randbelow(0x800000))


class StateError(Exception):
    """A state file that can't be read."""


@dataclass
class World:
    """Everything that outlives a request. Documents have the names of the GraphQL schema."""

    key: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    served: list[str] = field(default_factory=list)
    organizations: Collection = field(default_factory=dict)
    memberships: Collection = field(default_factory=dict)
    invitations: Collection = field(default_factory=dict)
    users: Collection = field(default_factory=dict)
    applications: Collection = field(default_factory=dict)
    access_levels: Collection = field(default_factory=dict)
    teams: Collection = field(default_factory=dict)
    custom_fields: Collection = field(default_factory=dict)
    segments: Collection = field(default_factory=dict)
    streams: Collection = field(default_factory=dict)
    comments: Collection = field(default_factory=dict)
    app_users: Collection = field(default_factory=dict)
    tokens: Collection = field(default_factory=dict)
    outbox: list[Mail] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def app_user(self, app_id: str, email: str) -> Document | None:
        """Return the application's user with that address."""
        wanted = normalize(email)
        return first(
            user
            for user in self.app_users.values()
            if user["applicationId"] == app_id and user["email"] == wanted
        )

    def user(self, email: str) -> Document | None:
        """Return the OrgUser with that address."""
        wanted = normalize(email)
        return first(user for user in self.users.values() if user["email"] == wanted)

    def membership(self, user_id: str, org_id: str) -> Document | None:
        """Return the membership of a user in an organization."""
        return first(
            entry
            for entry in self.memberships.values()
            if entry["userId"] == user_id and entry["organizationId"] == org_id
        )

    def of_application(self, collection: Collection, app_id: str) -> list[Document]:
        """Return an application's documents, oldest first."""
        return [entry for entry in collection.values() if entry["applicationId"] == app_id]


def load(path: Path) -> World:
    """Read a world back; raise ``StateError`` if the file holds something else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("version") != VERSION:
            raise ValueError("another version")
        data["outbox"] = [Mail(**mail) for mail in data["outbox"]]
        data["refusals"] = [Refusal(**entry) for entry in data["refusals"]]
        return World(**data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StateError(
            f"{path} does not hold the state of a sandbox ({error}). "
            "Move it away to start from the seed."
        ) from error


def save(world: World, path: Path) -> None:
    """Write a world so that a crash leaves the old file or the new one, never half of it."""
    text = json.dumps({"version": VERSION, **asdict(world)})
    # mkstemp's mode 0600 stays: the file holds the key of all tokens.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def normalize(email: str) -> str:
    """Return an address as it is stored."""
    return email.strip().lower()


def first(documents: Iterable[Document]) -> Document | None:
    """Return the first document, if there is one."""
    return next(iter(documents), None)


def new_id() -> str:
    """Return an id of MongoDB's shape: the time, the process, and a number that goes up."""
    return f"{int(time.time()):08x}{_PROCESS}{next(_NUMBERS) % 0x1000000:06x}"


def is_id(value: object) -> bool:
    """Say whether a value can be an id."""
    return (
        isinstance(value, str)
        and len(value) == 24
        and all(character in "0123456789abcdefABCDEF" for character in value)
    )
