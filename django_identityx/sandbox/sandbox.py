"""The sandbox itself: state and protocol, in process or behind a server."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from . import control, engine, faults, pages, protocol, tokens
from .calls import CallRecord, scheme
from .context import RequestContext
from .faults import Fault, FaultBox
from .mail import Mail
from .protocol import Calls, Refusal
from .resolvers.staff import api_token, user_login_token
from .responses import Response, bad_gateway, json_response
from .seed import DAILY_APP_ID, seed
from .world import Document, load, save

Dialect = Literal["plain", "bearer"]

_CALLS_KEPT = 10_000
_CORS = {"access-control-allow-origin": "*"}


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
        self.base_url = "http://127.0.0.1"
        self.dialect: Dialect = dialect
        self.latency = latency
        self.callback_url = callback_url
        self.calls: deque[CallRecord] = deque(maxlen=_CALLS_KEPT)
        self._clock = clock
        self._path = Path(state_file) if state_file else None
        self._lock = threading.RLock()
        self._faults = FaultBox()
        if self._path is not None and self._path.exists():
            self._world = load(self._path)
        else:
            self._world = seed(clock())
            self._save()

    def reset(self) -> None:
        """Return to the seed world, without faults; all tokens end, the key stays."""
        with self._lock:
            self._world = seed(self._clock(), self._world.key)
            self.calls.clear()
            self._faults.set(None)
            self._save()

    @property
    def outbox(self) -> list[Mail]:
        """Return the mails that were sent, oldest first."""
        with self._lock:
            return list(self._world.outbox)

    def set_fault(self, mode: str, /, **options: Any) -> None:
        """Cause trouble from now on; raise ``FaultError`` if it can't be understood."""
        self._faults.set(faults.parse(mode, options))

    def clear_fault(self) -> None:
        """End the trouble, for requests that hang in it too."""
        self._faults.set(None)

    @property
    def fault(self) -> Fault | None:
        """Return the trouble that is set."""
        return self._faults.current()

    def count(self, operation: str | None = None) -> int:
        """Return the number of GraphQL requests since the last reset, or of those with a field."""
        with self._lock:
            return sum(operation is None or operation in record.operations for record in self.calls)

    def app_user_token(self, email: str, app_id: str = DAILY_APP_ID) -> str:
        """Return a valid token of a reader, as after signing in."""
        return self._issue(
            tokens.new_claims(tokens.APP_USER_AUTH, email, self._clock(), issuer=app_id)
        )

    def org_user_token(self, email: str) -> str:
        """Return a valid token of an administrator, as after signing in."""
        return self._issue(tokens.new_claims(tokens.USER_AUTH, email, self._clock()))

    def api_token(self, email: str) -> str:
        """Return the administrator's token for scripts, the same one each time."""
        with self._lock:
            user = self._world.user(email)
            if user is None:
                raise LookupError(f"the sandbox has no OrgUser {email}")
            token = api_token(self._context({}), user)
            self._save()
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
        claims = tokens.new_claims(
            tokens.APP_USER_LOGIN_LINK,
            email,
            self._clock() - age,
            issuer=app_id,
            data=data or {},
            life=life,
        )
        return self._issue(claims)

    def org_login_link_token(self, email: str) -> str:
        """Return the token of an administrator's login link."""
        with self._lock:
            token = user_login_token(self._context({}), email)
            self._save()
            return token

    def sign(
        self,
        claims: Mapping[str, Any],
        header: Mapping[str, Any] | None = None,
        key: bytes | None = None,
    ) -> str:
        """Sign any claims, without remembering the token: its ``jti`` stays unknown."""
        return tokens.sign(claims, bytes.fromhex(self._world.key) if key is None else key, header)

    def revoke(self, token: str) -> None:
        """End a token, as logging out does."""
        with self._lock:
            self._world.tokens.pop(str(tokens.peek(token).get("jti")), None)
            self._save()

    def applications(self) -> list[Document]:
        """Return the applications."""
        with self._lock:
            return [dict(entry) for entry in self._world.applications.values()]

    def people(self) -> tuple[list[Document], list[Document]]:
        """Return the AppUsers, and the OrgUsers with their ``role``."""
        with self._lock:
            roles = {entry["userId"]: entry["role"] for entry in self._world.memberships.values()}
            users = self._world.users.values()
            return (
                [dict(user) for user in self._world.app_users.values()],
                [{**user, "role": roles.get(user["id"])} for user in users],
            )

    def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Response:
        """Answer one HTTP request."""
        found = {name.lower(): value.strip(" \t") for name, value in headers.items()}
        if protocol.headers_too_large(path, found):
            return Response(400, {"connection": "close"})
        target = urlsplit(path)
        response = control.handle(self, method, target.path, found, body) or pages.handle(
            self, method, target.path, target.query, found
        )
        if response is not None:
            return response
        if target.path not in ("/", "/graphql"):
            return _not_found(method, target.path)
        response = self._graphql(method, target.query, found, body)
        return Response(
            response.status, {**response.headers, **_CORS}, response.body, response.dropped
        )

    def close(self) -> None:
        """Let go of requests that hang, before a server stops."""
        self._faults.set(None)

    def _graphql(
        self, method: str, search: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        if method == "OPTIONS":
            asked = headers.get("access-control-request-headers", "*")
            allowed = {
                "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
                "access-control-allow-headers": asked,
            }
            return Response(204, allowed)
        if self.latency:
            time.sleep(self.latency)
        try:
            calls = protocol.read(method, search, headers, body)
        except Refusal as refusal:
            return refusal.response
        self._record(calls, headers)
        taken = self._faults.take(calls.names)
        if taken is None:
            return self._answer(calls, headers, None)
        return self._in_trouble(*taken, calls, headers)

    def _in_trouble(
        self, fault: Fault, released: threading.Event, calls: Calls, headers: Mapping[str, str]
    ) -> Response:
        if fault.mode == "html502":
            return bad_gateway()
        if fault.mode == "blocked" and headers.get("x-app-id"):
            return _disabled(headers) if fault.disabled else _forbidden(headers)
        if fault.mode == "slow":
            released.wait(fault.seconds)
        if fault.mode in ("hang", "drop"):
            if fault.executed:
                self._answer(calls, headers, None)
            released.wait(fault.seconds)
            return Response(0, dropped=True)
        return self._answer(calls, headers, fault)

    def _answer(self, calls: Calls, headers: Mapping[str, str], fault: Fault | None) -> Response:
        with self._lock:
            app_id = headers.get("x-app-id")
            if app_id and app_id not in self._world.served:
                return _forbidden(headers)
            request = self._context(headers, fault)
            outcomes = [
                engine.run(entry.query, entry.variables, entry.operation_name, request)
                for entry in calls.entries
            ]
            if any(outcome.wrote for outcome in outcomes):
                self._save()
        if calls.batch:
            return json_response(200, [outcome.body for outcome in outcomes])
        return json_response(outcomes[0].status, outcomes[0].body)

    def _context(self, headers: Mapping[str, str], fault: Fault | None = None) -> RequestContext:
        return RequestContext(
            world=self._world,
            clock=self._clock,
            headers=headers,
            dialect=self.dialect,
            base_url=self.base_url,
            fault=fault,
        )

    def _issue(self, claims: tokens.Claims) -> str:
        with self._lock:
            token = self._context({}).tokens.issue(claims)
            self._save()
            return token

    def _record(self, calls: Calls, headers: Mapping[str, str]) -> None:
        record = CallRecord(
            operations=calls.names,
            app_id=headers.get("x-app-id"),
            forwarded_for=headers.get("x-forwarded-for"),
            user_agent=headers.get("user-agent"),
            authorization=scheme(headers.get("authorization")),
        )
        with self._lock:
            self.calls.append(record)

    def _save(self) -> None:
        if self._path is not None:
            save(self._world, self._path)


def _forbidden(headers: Mapping[str, str]) -> Response:
    app_id = headers.get("x-app-id", "")
    message = f'Context creation failed: The application ID "{app_id}" is no longer allowed.'
    return json_response(
        400, {"errors": [{"message": message, "extensions": {"code": "FORBIDDEN"}}]}
    )


def _disabled(headers: Mapping[str, str]) -> Response:
    app_id = headers.get("x-app-id", "")
    message = (
        f'Context creation failed: The IdentityX application ID "{app_id}" is disabled '
        "for this tenant."
    )
    return json_response(
        500, {"errors": [{"message": message, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    )


def _not_found(method: str, path: str) -> Response:
    return json_response(
        404,
        {"error": f"The sandbox has nothing at {method} {path}. Start at /, or POST to /graphql."},
    )
