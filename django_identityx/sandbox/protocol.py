"""GraphQL over HTTP as the service speaks it, its refusals that are no JSON included."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from graphql import OperationType

from . import engine, operations
from .responses import Response, html_error, text_response

BODY_LIMIT = 102_400
HEADER_LIMIT = 8_192

_NO_BODY = "POST body missing. Did you forget use body-parser middleware?"


@dataclass(frozen=True)
class Call:
    """One operation of a request."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the root fields."""
        document = engine.prepare(self.query).document
        return operations.names(document, self.operation_name) if document else ()


@dataclass(frozen=True)
class Refusal(Exception):
    """A request that does not get as far as GraphQL."""

    response: Response


@dataclass(frozen=True)
class Calls:
    """The operations of a request, in a batch or alone."""

    entries: tuple[Call, ...]
    batch: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all root fields."""
        return tuple(name for entry in self.entries for name in entry.names)


def headers_too_large(path: str, headers: Mapping[str, str]) -> bool:
    """Say whether the header block is one that the service does not read to its end."""
    size = len(path) + sum(len(name) + len(value) + 4 for name, value in headers.items())
    return size > HEADER_LIMIT


def read(method: str, search: str, headers: Mapping[str, str], body: bytes) -> Calls:
    """Return the operations of a request, or raise ``Refusal``."""
    if method == "GET":
        return Calls((_from_query(search),), batch=False)
    if method != "POST":
        raise _refusal(405, "Apollo Server supports only GET/POST requests.")
    payload = _payload(headers, body)
    if isinstance(payload, list):
        return Calls(tuple(_call(entry) for entry in payload), batch=True)
    return Calls((_call(payload),), batch=False)


def _from_query(search: str) -> Call:
    values = {name: entries[0] for name, entries in parse_qs(search).items()}
    if not values:
        raise _refusal(400, "GET query missing.")
    call = _call(values)
    selected = engine.selects(call.query, call.operation_name)
    if selected not in (None, OperationType.QUERY):
        raise _refusal(405, "GET supports only query operation")
    return call


def _payload(headers: Mapping[str, str], body: bytes) -> Any:
    if len(body) > BODY_LIMIT:
        raise Refusal(html_error(413, "Payload Too Large"))
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" or not body:
        raise _refusal(500, _NO_BODY)
    try:
        payload = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal(html_error(400, "Bad Request")) from None
    if not isinstance(payload, dict | list):
        raise Refusal(html_error(400, "Bad Request"))
    if not payload:
        raise _refusal(500, _NO_BODY)
    return payload


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _call(values: Any) -> Call:
    if not isinstance(values, dict):
        raise _refusal(400, "Must provide query string.")
    query = values.get("query")
    if not query and "persistedQuery" in (values.get("extensions") or {}):
        error = {
            "message": "PersistedQueryNotFound",
            "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
        }
        raise Refusal(
            text_response(
                200,
                json.dumps({"errors": [error]}, separators=(",", ":")),
                "application/json; charset=utf-8",
            )
        )
    if not query or not isinstance(query, str):
        raise _refusal(400, "Must provide query string.")
    name = values.get("operationName")
    return Call(query, _variables(values.get("variables")), name if name else None)


def _variables(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value else {}
        except ValueError:
            raise _refusal(400, "Variables are invalid JSON.") from None
    return value if isinstance(value, dict) else {}


def _refusal(status: int, text: str) -> Refusal:
    return Refusal(text_response(status, text))
