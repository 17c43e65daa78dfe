"""What one visitor is entitled to: one question to IdentityX, kept by verification's engine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ..addresses import Visitor
from ..applications import Application
from ..client import IdentityXClient
from ..conf import conf
from ..credentials import Credential
from ..exceptions import ConfigurationError, OperationFailed, Unclear
from ..process import PerProcess
from ..users import AccessLevel
from ..verification import Engine, Lifetimes


@dataclass(frozen=True)
class Entitlements:
    """The access levels of a visitor altogether, and whether a team lets them in unnamed."""

    levels: tuple[AccessLevel, ...]
    is_in_team: bool


class _Question:
    """``activeAppContext`` for one visitor, together with ``activeAppUser`` for a credential."""

    __slots__ = ("_address", "_application", "_credential", "key")

    def __init__(
        self,
        prefix: str,
        application: Application,
        credential: Credential | None,
        address: str | None,
    ) -> None:
        if application.app_id is None:
            raise ConfigurationError("Access levels belong to an application: IDENTITYX_APP_ID.")
        self._application = application
        self._credential = credential
        self._address = address
        token = "" if credential is None else credential.token
        about = f"{prefix}\0{application.app_id}\0{token}\0{address or ''}"
        self.key = hashlib.sha256(about.encode("utf-8", "surrogatepass")).digest()

    def prepare(self, *, is_known: bool) -> float | None:
        return None  # the credential has just been verified, and its expiry with it

    def ask(self) -> Entitlements:
        client = IdentityXClient.from_settings(
            self._application, visitor=Visitor(self._address), lane=None
        )
        try:
            context = client.active_app_context(self._credential)
        except OperationFailed as error:
            raise Unclear("IdentityX gave no answer about access.") from error
        return Entitlements(context.access_levels, bool(context.teams))

    def pack(self, value: Entitlements) -> Any:
        levels = [[level.id, level.name] for level in value.levels]
        return {"app": self._application.app_id, "levels": levels, "team": value.is_in_team}

    def unpack(self, data: Any) -> Entitlements | None:
        if data["app"] != self._application.app_id:
            return None
        levels = tuple([AccessLevel(str(id_), str(name)) for id_, name in data["levels"]])
        return Entitlements(levels, data["team"] is True)


# Where keys begin, and the answers.
_of_process: PerProcess[tuple[str, Engine[Entitlements]]] = PerProcess(
    lambda: (f"access\0{conf.API_URL}", Engine("access:", Lifetimes.from_settings()))
)


def entitlements(
    application: Application, credential: Credential | None, address: str | None
) -> tuple[Entitlements, bool]:
    """What a visitor is entitled to, and whether that is fresh; ``credential`` must be verified.

    Raises `Rejected` where the credential has ended since, `Unavailable` or `ConfigurationError`.
    """
    prefix, engine = _of_process.value or _of_process()
    verdict = engine.find(_Question(prefix, application, credential, address))[1]
    return verdict.value, verdict.fresh
