"""What this room asks: whom a token belongs to, and which organization an application is of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, TypeVar

from ..applications import Application
from ..client import IdentityXClient
from ..conf import conf
from ..credentials import LEEWAY, Credential, TokenType, check_claims
from ..exceptions import ConfigurationError, OperationFailed, Unclear
from ..process import PerProcess
from ..users import AccessLevel, ApiTokenUser, AppUser, Membership, OrgUser, Team

T = TypeVar("T")
User = AppUser | OrgUser

_clients: PerProcess[dict[str | None, IdentityXClient]] = PerProcess(dict)


@dataclass(slots=True)
class WhoseToken:
    """Whom ``credential`` belongs to. ``hold_back`` may raise before a stranger's is asked about.

    The answer does not depend on the application, but for readers, who belong to one.
    """

    key: bytes
    credential: Credential
    app_id: str | None
    now: float  # seconds since the epoch
    hold_back: Callable[[], None]

    def prepare(self, *, is_known: bool) -> float | None:
        claims = check_claims(self.credential, self.app_id, self.now)
        if not is_known:
            self.hold_back()
        return None if claims.exp is None else claims.exp + LEEWAY

    def ask(self) -> User:
        client = _client(self.app_id)
        try:
            if self.credential.token_type is TokenType.APP_USER:
                return client.active_app_user(self.credential)
            return client.active_user(self.credential)
        except OperationFailed as error:
            raise Unclear("IdentityX gave no verdict about the credential.") from error

    def pack(self, value: User) -> Any:
        """Plain data: no class of ours is in it."""
        fields = [getattr(value, name) for name in _PLAIN[value.kind]]
        if isinstance(value, AppUser):
            fields.append([[level.id, level.name] for level in value.access_levels])
            fields.append([[team.id, team.name] for team in value.teams])
        else:
            held = value.memberships
            fields.append([[m.role, m.organization_id, m.organization_name] for m in held])
        return [value.kind, fields]

    def unpack(self, data: Any) -> User | None:
        """None where the user is of another kind or application than the credential."""
        kind, fields = data
        if kind not in _PLAIN or len(fields) != len(_PLAIN[kind]) + 1 + (kind == "AppUser"):
            raise ValueError("not a user")
        if not (type(fields[0]) is type(fields[1]) is str and fields[0]):
            raise ValueError("not a person")
        user: User
        if kind == "AppUser":
            *plain, levels, teams = fields
            given = tuple([AccessLevel(*level) for level in levels])
            user = AppUser(*[*plain, given, tuple([Team(*team) for team in teams])])
            fits = user.app_id == self.app_id
        else:
            *plain, memberships = fields
            held = tuple([Membership(*membership) for membership in memberships])
            user = (OrgUser if kind == "OrgUser" else ApiTokenUser)(*[*plain, held])
            fits = True
        return user if fits and kind == self.credential.token_type.value else None


_RICH = {"access_levels", "teams", "memberships", "profile"}  # all others are plain, and before
_PLAIN = {
    kind.kind: tuple(field.name for field in dataclasses.fields(kind) if field.name not in _RICH)
    for kind in (AppUser, OrgUser, ApiTokenUser)
}


_endpoint = PerProcess(lambda: conf.API_URL)


class AboutApplication(Generic[T]):
    """What a visitor may see or choose in ``application``: a `Question` that one call answers.

    A subclass says in `answer` which; ``about`` is what else the answer depends on, a token maybe.
    Raises `ConfigurationError` without an application.
    """

    def __init__(self, application: Application, *about: str) -> None:
        if application.app_id is None:
            raise ConfigurationError("This needs an application: set IDENTITYX_APP_ID.")
        self.application = application
        # What is digested gets no name: error reports print the locals of a frame.
        self.key = sha256(
            "\0".join(
                (
                    type(self).__qualname__,
                    _endpoint.value or _endpoint(),
                    application.app_id,
                    *about,
                )
            ).encode("utf-8", "surrogatepass")
        ).digest()

    def prepare(self, *, is_known: bool) -> float | None:
        return None

    def ask(self) -> T:
        # The engine has a place in the gate already.
        client = IdentityXClient.from_settings(self.application, lane=None)
        try:
            return self.answer(client)
        except OperationFailed as error:
            raise Unclear("IdentityX gives no answer about the application.") from error

    def answer(self, client: IdentityXClient) -> T:
        raise NotImplementedError

    def pack(self, value: T) -> Any:
        return value

    def unpack(self, data: Any) -> T | None:
        raise NotImplementedError


class WhichOrganization(AboutApplication[str]):
    """Which organization the application is of."""

    def answer(self, client: IdentityXClient) -> str:
        return client.active_app_context().organization_id

    def unpack(self, data: Any) -> str | None:
        if type(data) is not str or not data:
            raise ValueError("not an id")
        return data


def _client(app_id: str | None) -> IdentityXClient:
    known = _clients()
    if app_id not in known:
        # The engine has a place in the gate already.
        known[app_id] = IdentityXClient.from_settings(app_id=app_id, lane=None)
    return known[app_id]
