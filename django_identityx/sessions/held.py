"""What a session keeps of the person who signed in: nothing of it is verified by being there.

The snapshot is the last verdict, for the hours in which IdentityX can't be asked. Where a member of
staff acts for a reader, ``actor`` beside the reader's credential is that member's sign-in, and
``session`` in it the key of the session that waits for their return. It is part of the same value,
since IdentityX marks nothing: whoever loses it loses the reader's credential as well.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest

from .. import applications, audit
from ..applications import Application
from ..conf import conf
from ..credentials import Credential, TokenType
from ..users import AccessLevel, AppUser, Membership, OrgUser, Team

logger = logging.getLogger("django_identityx")

KEY = audit.KEY
RENEW_AFTER = 600  # seconds after which snapshot and sign-in are written again

_FIELDS = {"type", "token", "identity", "hint", "at"}
_KINDS: dict[str, Any] = {"AppUser": AppUser, "OrgUser": OrgUser}
_PARTS: dict[str, Any] = {"access_levels": AccessLevel, "teams": Team, "memberships": Membership}


class Held:
    """The data that a session has under `KEY`, read."""

    __slots__ = ("credential", "data", "identity")

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.credential = Credential(TokenType(data["type"]), data["token"])
        self.identity: tuple[str, str, str] = tuple(data["identity"])

    @property
    def app_id(self) -> str:
        """The application that the person signed in to; 0.1.0 kept that of readers only."""
        app_id: str = self.data.get("app", self.identity[1])
        return app_id

    @property
    def hint(self) -> str:
        return str(self.data["hint"])

    @property
    def actor(self) -> Held | None:
        """The member of staff who acts for this reader; None where people act for themselves."""
        return Held(self.data["actor"]) if "actor" in self.data else None

    @property
    def row(self) -> int | None:
        """The primary key of the sign-in; None in a session that 0.1.0 made."""
        return self.data.get("row")

    def is_of(self, application: Application) -> bool:
        """Whether this is a sign-in to ``application``: elsewhere it counts for nobody."""
        if "app" not in self.data and self.identity[0] != AppUser.kind:
            return True
        return self.app_id == (application.app_id or "")

    def is_due(self, now: float) -> bool:
        """Whether it is time to write the snapshot and the sign-in again."""
        return not self.data.get("renewed", 0) <= now < self.data.get("renewed", 0) + RENEW_AFTER

    def is_too_old(self, now: float) -> bool:
        """Whether it has lived for as long as a session of this site may."""
        age = conf.SESSION_AGE
        return age is not None and now - self.data["at"] > age

    def snapshot(self) -> tuple[AppUser | OrgUser, float] | None:
        """The user of the last verdict that was written down, and its time."""
        try:
            user = _unpack(self.identity[0], self.data["user"])
            verified_at = float(self.data["verified"])
        except (KeyError, TypeError, ValueError):  # of another version
            return None
        return (user, verified_at) if user.identity == self.identity else None


def read(session: SessionBase) -> Held | None:
    """Whoever signed in with this session, whatever the application; None for nobody."""
    data = session.get(KEY)
    if not isinstance(data, dict) or not data.keys() >= _FIELDS:
        return None
    if "actor" in data and not _is_actor(data["actor"]):
        return None  # never a reader who signed in
    return Held(data)


def _is_actor(data: Any) -> bool:
    if not isinstance(data, dict) or not data.keys() >= _FIELDS | {"session"}:
        return False
    return "actor" not in data and data["type"] == TokenType.ORG_USER.value


def stored(request: HttpRequest | None) -> Held | None:
    """As `read`, of a request that may have no session."""
    session = getattr(request, "session", None)
    return None if session is None else read(session)


def held_in(request: HttpRequest) -> Held | None:
    """Whoever signed in to this application; a session of another one is nobody's."""
    held = stored(request)
    if held is None or held.is_of(applications.current(request)):
        return held
    logger.debug("session: of another application")
    return None


def get_credential(request: HttpRequest) -> Credential | None:
    """The credential that the session holds, unverified."""
    held = held_in(request)
    return None if held is None else held.credential


def get_identity(request: HttpRequest) -> tuple[str, str, str] | None:
    """Kind, application and id of who signed in, as the session knows them: unverified."""
    held = held_in(request)
    return None if held is None else held.identity


def get_hint(request: HttpRequest) -> str:
    """The name stored at sign-in, for greeting; empty for nobody. Never for authorization."""
    held = held_in(request)
    return "" if held is None else held.hint


def get_actor_hint(request: HttpRequest) -> str:
    """The name of who acts here for a reader; empty where nobody does. Asks nobody."""
    held = held_in(request)
    actor = None if held is None else held.actor
    return "" if actor is None else actor.hint


def app_id_of(request: HttpRequest) -> str:
    """The application that people sign in to here, as sessions and rows have it."""
    return applications.current(request).app_id or ""


def begin(
    request: HttpRequest, user: AppUser | OrgUser, credential: Credential, row: int
) -> dict[str, Any]:
    """What a session keeps from a sign-in on."""
    now = time.time()
    return {
        "type": credential.token_type.value,
        "token": credential.token,
        "identity": list(user.identity),
        "app": app_id_of(request),
        "hint": user.name or user.email,
        "at": now,
        "row": row,
        **fields(user, now, now),
    }


def fields(user: AppUser | OrgUser, verified_at: float, now: float) -> dict[str, Any]:
    """What is written again at each renewal."""
    packed = json.loads(json.dumps(asdict(user), cls=DjangoJSONEncoder))
    return {"user": packed, "verified": verified_at, "renewed": now}


def _unpack(kind: str, data: dict[str, Any]) -> AppUser | OrgUser:
    values = {
        name: tuple(_PARTS[name](**part) for part in value) if name in _PARTS else value
        for name, value in data.items()
    }
    user: AppUser | OrgUser = _KINDS[kind](**values)
    return user
