"""The sandbox's own JSON endpoints: outbox, reset, faults, and the service's health checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import fault_forms
from .faults import FaultError
from .responses import Response, json_response

if TYPE_CHECKING:
    from .sandbox import Sandbox

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SIZE = 65_536


def handle(
    sandbox: Sandbox, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Response | None:
    """Answer a request to one of the endpoints, or return ``None``."""
    if path == "/_health":
        pong = {"ping": "pong"}
        return json_response(
            200, {"status": "ok", "info": pong, "details": pong}, "application/json"
        )
    if path == "/.well-known/apollo/server-health":
        return json_response(200, {"status": "pass"}, "application/health+json; charset=utf-8")
    if not path.startswith("/_sandbox/"):
        return None
    if not is_local(headers):
        return problem(403, "The sandbox answers to localhost and 127.0.0.1 only.")
    if path == "/_sandbox/outbox":
        return _outbox(sandbox, method)
    if path in ("/_sandbox/reset", "/_sandbox/faults"):
        return _change(sandbox, method, path, headers, body)
    if path == "/_sandbox/style.css" or path.startswith("/_sandbox/mail/"):
        return None  # a page
    return problem(404, f"There is no {path}.")


def is_local(headers: Mapping[str, str]) -> bool:
    """Say whether a request names this machine.

    A page of another site can have its own name resolve to 127.0.0.1; the name stays in the
    ``Host`` header.
    """
    host = headers.get("host", "").lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return not host or name in _LOOPBACK or name.endswith(".localhost")


def problem(status: int, message: str) -> Response:
    """Return what is wrong with a request, and what to do."""
    return json_response(status, {"error": message})


def _outbox(sandbox: Sandbox, method: str) -> Response:
    if method not in ("GET", "HEAD"):
        return problem(405, "Read the outbox with GET.")
    return json_response(200, [mail.as_json() for mail in sandbox.outbox])


def _change(
    sandbox: Sandbox, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Response:
    if method != "POST":
        return problem(405, f"Send POST to {path}.")
    if _is_foreign(headers):
        return problem(403, "Pages of other sites may not change the sandbox.")
    if fault_forms.is_form(headers):
        if not _is_own(headers):
            return problem(403, "Forms are taken from the sandbox's own page only; send JSON.")
        return _from_page(sandbox, path, body)
    if body and headers.get("content-type", "").partition(";")[0].lower() != "application/json":
        return problem(415, "Send JSON, with Content-Type: application/json.")
    if path == "/_sandbox/reset":
        sandbox.reset()
        return json_response(200, {"status": "ok"})
    return _fault(sandbox, body)


def _from_page(sandbox: Sandbox, path: str, body: bytes) -> Response:
    if path == "/_sandbox/reset":
        sandbox.reset()
        return Response(303, {"location": "/#outbox"})
    if len(body) > _SIZE:
        return problem(413, "The form is too large.")
    try:
        mode, options = fault_forms.options(body)
        sandbox.set_fault(mode, **options)
    except (FaultError, UnicodeDecodeError) as error:
        return problem(400, str(error))
    return Response(303, {"location": "/"})


def _is_foreign(headers: Mapping[str, str]) -> bool:
    # Browsers add these to every POST that a page of another site makes.
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{headers.get('host', '')}":
        return True
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def _is_own(headers: Mapping[str, str]) -> bool:
    # A form needs no script to be sent from anywhere, so that it has to say where it comes from.
    return "origin" in headers or headers.get("sec-fetch-site") == "same-origin"


def _fault(sandbox: Sandbox, body: bytes) -> Response:
    example = 'Send an object like {"mode": "html502", "times": 1}.'
    if len(body) > _SIZE:
        return problem(413, example)
    try:
        options: Any = json.loads(body)
    except (ValueError, RecursionError):
        return problem(400, f"This is no JSON. {example}")
    if not isinstance(options, dict) or "mode" not in options:
        return problem(400, f"There is no mode. {example}")
    mode = options.pop("mode")
    try:
        sandbox.set_fault(mode, **options)
    except FaultError as error:
        return problem(400, str(error))
    return json_response(200, {"status": "ok", "mode": mode})
