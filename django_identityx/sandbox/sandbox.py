"""The sandbox itself: state and protocol, in process or behind a server."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from . import control, faults, pages, protocol, tokens
from .backend import Backend
from .calls import CallRecord
from .faults import Fault, FaultBox
from .gateway import Gateway
from .mail import Mail, Refusal
from .resolvers.staff import api_token
from .responses import Response, json_response
from .seed import DAILY_APP_ID, ORG_ID
from .world import Document

Dialect = Literal["plain", "bearer"]


class Sandbox:
    """IdentityX on localhost, for one process; all methods are safe to call from any thread.

    ``dialect`` is the form of the ``Authorization`` header that is understood: "plain"
    (``AppUser <token>``, what the service does) or "bearer" (``Bearer AppUser <token>``, what
    its documentation says). ``latency`` is in seconds. ``clock`` returns seconds since the
    epoch. A ``state_file`` that exists is read, and written after each change; one that holds
    something else raises ``StateError``.
    """

    def __init__(
        self,
        *,
        dialect: Dialect = "plain",
        latency: float = 0.0,
        callback_url: str | None = None,
        state_file: str | Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if dialect not in ("plain", "bearer"):
            raise ValueError('dialect is "plain" or "bearer"')
        self.dialect: Dialect = dialect
        self.callback_url = callback_url
        self._faults = FaultBox()
        self._backend = Backend(Path(state_file) if state_file else None, clock, dialect)
        self._gateway = Gateway(self._backend, self._faults, latency)

    @property
    def base_url(self) -> str:
        """Return where the sandbox is, without a slash at the end; a server sets it."""
        return self._backend.base_url

    @base_url.setter
    def base_url(self, value: str) -> None:
        self._backend.base_url = value

    def reset(self) -> None:
        """Return to the seed world, without faults; all tokens end, the key stays."""
        self._faults.set(None)
        with self._backend.lock:
            self._backend.reset()
            self.calls.clear()

    @property
    def outbox(self) -> list[Mail]:
        """Return the mails that were sent, oldest first."""
        with self._backend.lock:
            return list(self._backend.world.outbox)

    @property
    def refusals(self) -> list[Refusal]:
        """Return the latest mails that were not sent, and why, oldest first."""
        with self._backend.lock:
            return list(self._backend.world.refusals)

    @property
    def calls(self) -> deque[CallRecord]:
        """Return the latest GraphQL requests since the last reset, oldest first."""
        return self._gateway.calls

    def count(self, operation: str | None = None) -> int:
        """Return the number of these requests, or of those with a root field of that name."""
        with self._backend.lock:
            return sum(operation is None or operation in record.operations for record in self.calls)

    @property
    def fault(self) -> Fault | None:
        """Return the trouble that is set."""
        return self._faults.current()

    def set_fault(self, mode: str, /, **options: Any) -> None:
        """Cause trouble from now on; raise ``FaultError`` if it can't be understood.

        Modes and their options: "html502"; "hang" (``seconds``, ``executed``); "drop"
        (``executed``); "inner" (``service``, and ``message`` or ``hangs`` for ``seconds``);
        "database" (``seconds`` until its text changes); "mail" (``message``); "blocked"
        (``disabled``); "slow" (``seconds``); "none". All take ``times``, the number of requests
        that it lasts, and ``operations``, the root fields that it meets.
        """
        self._faults.set(faults.parse(mode, options))

    def clear_fault(self) -> None:
        """End the trouble, for requests that hang in it too."""
        self._faults.set(None)

    def app_user_token(self, email: str, app_id: str = DAILY_APP_ID) -> str:
        """Return a valid token of a reader, as after signing in."""
        return self._issue(tokens.APP_USER_AUTH, email, issuer=app_id)

    def org_user_token(self, email: str) -> str:
        """Return a valid token of an administrator, as after signing in."""
        return self._issue(tokens.USER_AUTH, email)

    def api_token(self, email: str) -> str:
        """Return the administrator's token for scripts, the same one each time."""
        with self._backend.lock:
            user = self._backend.world.user(email)
            if user is None:
                raise LookupError(f"the sandbox has no OrgUser {email}")
            token = api_token(self._backend.context({}), user)
            self._backend.save()
            return token

    def login_link_token(
        self,
        email: str,
        app_id: str = DAILY_APP_ID,
        *,
        age: float = 0.0,
        life: int = tokens.LINK_LIFE,
        data: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the token of a reader's login link that was sent ``age`` seconds ago."""
        return self._issue(
            tokens.APP_USER_LOGIN_LINK, email, age=age, issuer=app_id, data=data or {}, life=life
        )

    def org_login_link_token(self, email: str, *, age: float = 0.0) -> str:
        """Return the token of an administrator's login link."""
        return self._issue(tokens.USER_LOGIN_LINK, email, age=age, life=tokens.LINK_LIFE)

    def sign(
        self,
        claims: Mapping[str, Any],
        header: Mapping[str, Any] | None = None,
        key: bytes | None = None,
    ) -> str:
        """Sign any claims, without remembering the token: its ``jti`` stays unknown."""
        return tokens.sign(claims, self._backend.key if key is None else key, header)

    def revoke(self, token: str) -> None:
        """End a token, as logging out does."""
        with self._backend.lock:
            self._backend.world.tokens.pop(str(tokens.peek(token).get("jti")), None)
            self._backend.save()

    def applications(self) -> list[Document]:
        """Return the applications."""
        with self._backend.lock:
            return [dict(entry) for entry in self._backend.world.applications.values()]

    def readers(self) -> list[Document]:
        """Return the AppUsers of all applications."""
        with self._backend.lock:
            return [dict(user) for user in self._backend.world.app_users.values()]

    def administrators(self) -> list[Document]:
        """Return the OrgUsers, with their ``role``."""
        with self._backend.lock:
            world = self._backend.world
            roles = {
                entry["userId"]: entry["role"]
                for entry in world.memberships.values()
                if entry["organizationId"] == ORG_ID
            }
            return [{**user, "role": roles.get(user["id"])} for user in world.users.values()]

    def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Response:
        """Answer one HTTP request."""
        found = {name.lower(): value.strip(" \t") for name, value in headers.items()}
        if protocol.headers_too_large(path, found):
            return Response(400, {"connection": "close"})
        place, _, search = path.partition("?")
        response = control.handle(self, method, place, found, body) or pages.handle(
            self, method, place, search, found
        )
        if response is not None:
            return response
        if place in ("/", "/graphql"):
            return self._gateway.handle(method, search, found, body)
        hint = f"The sandbox has nothing at {place}. Start at /, or POST to /graphql."
        return json_response(404, {"error": hint})

    def _issue(self, subject: str, email: str, *, age: float = 0.0, **claims: Any) -> str:
        moment = self._backend.clock() - age
        return self._backend.issue(tokens.new_claims(subject, email, moment, **claims))
