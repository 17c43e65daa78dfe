"""What one visitor is entitled to: one question to IdentityX, kept by verification's engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..addresses import Visitor
from ..applications import Application
from ..client import IdentityXClient
from ..credentials import Credential
from ..process import PerProcess
from ..users import AccessLevel
from ..verification import AboutApplication, Engine, Lifetimes


@dataclass(frozen=True)
class Entitlements:
    """The access levels of a visitor altogether, and whether a team lets them in unnamed."""

    levels: tuple[AccessLevel, ...]
    is_in_team: bool


class _Question(AboutApplication[Entitlements]):
    """``activeAppContext`` for one visitor, together with ``activeAppUser`` for a credential."""

    def __init__(
        self, application: Application, credential: Credential | None, address: str | None
    ) -> None:
        token = "" if credential is None else credential.token
        super().__init__(application, token, address or "")
        self._credential, self._address = credential, address

    def answer(self, client: IdentityXClient) -> Entitlements:
        client = client.for_visitor(Visitor(self._address))
        context = client.active_app_context(self._credential)
        return Entitlements(context.access_levels, bool(context.teams))

    def pack(self, value: Entitlements) -> Any:
        levels = [[level.id, level.name] for level in value.levels]
        return {"app": self.application.app_id, "levels": levels, "team": value.is_in_team}

    def unpack(self, data: Any) -> Entitlements | None:
        if data["app"] != self.application.app_id:
            return None
        levels = tuple([AccessLevel(str(id_), str(name)) for id_, name in data["levels"]])
        return Entitlements(levels, data["team"] is True)


_engine: PerProcess[Engine[Entitlements]] = PerProcess(
    lambda: Engine("access:", Lifetimes.from_settings())
)


def entitlements(
    application: Application, credential: Credential | None, address: str | None
) -> tuple[Entitlements, bool]:
    """What a visitor is entitled to, and whether that is fresh; ``credential`` must be verified.

    Raises `Rejected` where the credential has ended since, `Unavailable` or `ConfigurationError`.
    """
    engine = _engine.value or _engine()
    verdict = engine.find(_Question(application, credential, address))[1]
    return verdict.value, verdict.fresh
