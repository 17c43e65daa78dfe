"""Asking IdentityX whom a token belongs to: within the slots, behind the breaker."""

from __future__ import annotations

from ..client import IdentityXClient
from ..credentials import Credential, TokenType
from ..exceptions import OperationFailed, Unclear
from ..process import Clock
from ..service.gate import Breaker, Places
from ..users import AppUser, OrgUser
from .options import Options


class Upstream:
    """The one endpoint of a process, and how it is treated."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.breaker = Breaker(clock)
        self.slots = Places(options.max_verifications, reserved=options.max_verifications // 4)
        self._clients: dict[str | None, IdentityXClient] = {}

    def ask(self, credential: Credential, app_id: str | None) -> AppUser | OrgUser:
        """Raise `Rejected`, `Unavailable` or `ConfigurationError`, or return the user."""
        client = self._client(app_id)
        with self.breaker.call():
            try:
                if credential.token_type is TokenType.APP_USER:
                    return client.active_app_user(credential)
                return client.active_user(credential)
            except OperationFailed as error:
                raise Unclear("IdentityX gave no verdict about the credential.") from error

    def _client(self, app_id: str | None) -> IdentityXClient:
        client = self._clients.get(app_id)
        if client is None:
            client = self._clients[app_id] = IdentityXClient.from_settings(app_id=app_id, lane=None)
        return client
