"""Looking for a secret in whatever an error or a log record carries."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterable
from typing import Any

import pytest


def unsigned(payload: Any = None, *, header: Any = None, signature: str = "c2lnbmF0dXJl") -> str:
    """A token of a JWT's shape; ``payload`` and ``header`` are dicts, or raw bytes."""
    parts = (header or {"alg": "HS256", "typ": "JWT"}, {} if payload is None else payload)
    return ".".join([*map(_part, parts), signature])


def _part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


SECRET = unsigned({"sub": "app-user-auth", "aud": "reader@example.net", "jti": "a-secret-one"})


def text_of(error: BaseException) -> str:
    """All that an error says and keeps, and all that it was raised from."""
    found, pending = [], [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        found += [str(current), repr(current), repr(current.args), repr(vars(current))]
        found += [
            repr(vars(value)) for value in vars(current).values() if hasattr(value, "headers")
        ]
        found += getattr(current, "__notes__", [])
        pending += [e for e in (current.__cause__, current.__context__) if e is not None]
    return "\n".join(found)


def assert_no_secret(text: str, *secrets: str) -> None:
    """Neither whole nor in one of its parts."""
    for secret in secrets or (SECRET,):
        for part in (secret, *secret.split(".")):
            assert part not in text


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(_lines(caplog.records))


def _lines(records: Iterable[logging.LogRecord]) -> Iterable[str]:
    formatter = logging.Formatter("%(name)s %(levelname)s %(message)s")
    for record in records:
        yield formatter.format(record)
        yield repr(record.args)
