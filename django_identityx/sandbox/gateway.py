"""The GraphQL endpoint: count the request, meet trouble, run the operations, keep the result."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping

from . import engine, protocol
from .backend import Backend
from .calls import CallRecord, scheme
from .faults import Fault, FaultBox
from .protocol import Calls, Refusal
from .responses import Response, bad_gateway, json_response
from .services import Hanging

_CALLS_KEPT = 10_000
_CORS = {"access-control-allow-origin": "*"}


class Gateway:
    """What stands between HTTP and the resolvers."""

    def __init__(self, backend: Backend, faults: FaultBox, latency: float) -> None:
        self.calls: deque[CallRecord] = deque(maxlen=_CALLS_KEPT)
        self.latency = latency
        self._backend = backend
        self._faults = faults

    def handle(self, method: str, search: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer a request, with what lets pages of any site read the answer."""
        response = self._handle(method, search, headers, body)
        allowed = {**response.headers, **_CORS}
        return Response(response.status, allowed, response.body, response.dropped)

    def _handle(
        self, method: str, search: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        if method == "OPTIONS":
            return _preflight(headers)
        if self.latency:
            time.sleep(self.latency)
        try:
            calls = protocol.read(method, search, headers, body)
        except Refusal as refusal:
            return refusal.response
        with self._backend.lock:
            self.calls.append(_record(calls, headers))
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
        try:
            return self._answer(calls, headers, fault)
        except Hanging:
            released.wait(fault.seconds)
            return Response(0, dropped=True)

    def _answer(self, calls: Calls, headers: Mapping[str, str], fault: Fault | None) -> Response:
        with self._backend.lock:
            app_id = headers.get("x-app-id")
            if app_id and app_id not in self._backend.world.served:
                return _forbidden(headers)
            request = self._backend.context(headers, fault)
            if fault is not None and fault.hangs:
                # What hangs while the service finds out who is asking stops every operation.
                request.load()
            try:
                outcomes = [
                    engine.run(entry.query, entry.variables, entry.operation_name, request)
                    for entry in calls.entries
                ]
            finally:
                if request.wrote:
                    self._backend.save()
        if calls.batch:
            return json_response(200, [outcome.body for outcome in outcomes])
        return json_response(outcomes[0].status, outcomes[0].body)


def _record(calls: Calls, headers: Mapping[str, str]) -> CallRecord:
    return CallRecord(
        operations=calls.names,
        app_id=headers.get("x-app-id"),
        forwarded_for=headers.get("x-forwarded-for"),
        user_agent=headers.get("user-agent"),
        authorization=scheme(headers.get("authorization")),
    )


def _preflight(headers: Mapping[str, str]) -> Response:
    allowed = {
        "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
        "access-control-allow-headers": headers.get("access-control-request-headers", "*"),
    }
    return Response(204, allowed)


def _forbidden(headers: Mapping[str, str]) -> Response:
    app_id = headers.get("x-app-id", "")
    return _failed(400, f'The application ID "{app_id}" is no longer allowed.', "FORBIDDEN")


def _disabled(headers: Mapping[str, str]) -> Response:
    app_id = headers.get("x-app-id", "")
    message = f'The IdentityX application ID "{app_id}" is disabled for this tenant.'
    return _failed(500, message, "INTERNAL_SERVER_ERROR")


def _failed(status: int, message: str, code: str) -> Response:
    error = {"message": f"Context creation failed: {message}", "extensions": {"code": code}}
    return json_response(status, {"errors": [error]})
