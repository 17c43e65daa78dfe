"""HS256 tokens of IdentityX's shape, read in the order of checks of node's ``jsonwebtoken``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

APP_USER_LOGIN_LINK = "app-user-login-link"
APP_USER_AUTH = "app-user-auth"
APP_USER_CHANGE_EMAIL_LINK = "app-user-change-email-link"
USER_LOGIN_LINK = "user-login-link"
USER_AUTH = "user-auth"
USER_API_TOKEN = "user-api-token"  # noqa: S105 (a subject, not a secret)

LINK_LIFE = 3600

Claims = dict[str, Any]

_SHAPE = re.compile(r"[a-zA-Z0-9\-_]+\.[a-zA-Z0-9\-_]+\.[a-zA-Z0-9\-_]*")
_STATUS = {"jwt malformed": 422, "jwt expired": 401, "invalid signature": 400}


class TokenError(Exception):
    """A token that does not count, with the message and status of the token service."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = _STATUS.get(message, 500) if status is None else status


def sign(claims: Mapping[str, Any], key: bytes, header: Mapping[str, Any] | None = None) -> str:
    """Return a signed token; a header with ``alg`` "none" leaves the signature empty."""
    head = {"alg": "HS256", "typ": "JWT"} if header is None else dict(header)
    body = f"{_encode(head)}.{_encode(claims)}"
    algorithm = str(head.get("alg", "HS256"))
    if algorithm.lower() == "none":
        return f"{body}."
    return f"{body}.{_signature(body, key, algorithm)}"


def verify(token: str, key: bytes, now: float) -> Claims:
    """Return the claims, or raise ``TokenError`` with the first message that applies."""
    if token.count(".") != 2:
        raise TokenError("jwt malformed")
    header = _header(token)
    if not header:
        raise TokenError("invalid token")
    head, payload, signature = token.split(".")
    is_jwt = isinstance(header, dict) and header.get("typ") == "JWT"
    claims = _payload(decode(payload).decode("utf-8", "replace"), strict=is_jwt)
    if not signature:
        raise TokenError("jwt signature is required")
    if not isinstance(header, dict) or header.get("alg") != "HS256":
        raise TokenError("invalid algorithm")
    expected = _signature(f"{head}.{payload}", key, "HS256")
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise TokenError("invalid signature")
    if claims is None:
        raise TokenError("Cannot read property 'nbf' of null")
    facts = claims if isinstance(claims, dict) else {}
    _check_times(facts, int(now))
    return facts


def new_claims(
    subject: str,
    email: str,
    now: float,
    *,
    issuer: str | None = None,
    data: Mapping[str, Any] | None = None,
    life: int | None = None,
) -> Claims:
    """Return fresh claims, in the order in which IdentityX writes them."""
    issued = int(now)
    claims: Claims = {"aud": email}
    if data is not None:
        claims["data"] = dict(data)
    claims |= {"jti": str(uuid.uuid4()), "iat": issued, "sub": subject}
    if issuer is not None:
        claims["iss"] = issuer
    if life is not None:
        claims["exp"] = issued + life
    return claims


def _encode(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(part: str) -> bytes:
    """Return the bytes behind base64url, as forgiving as node."""
    # Node drops a dangling character where Python refuses it.
    usable = part[:-1] if len(part) % 4 == 1 else part
    return base64.urlsafe_b64decode(usable + "=" * (-len(usable) % 4))


def _signature(body: str, key: bytes, algorithm: str) -> str:
    digests: dict[str, Callable[..., Any]] = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}
    digest = hmac.new(key, body.encode(), digests.get(algorithm, hashlib.sha256)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _header(token: str) -> Any:
    if not _SHAPE.fullmatch(token):
        return None
    try:
        return _parse(decode(token.partition(".")[0]).decode("latin-1"))
    except ValueError:
        return None


def parse_json(text: str) -> Any:
    """Return a value; complain in the words of JavaScript."""
    try:
        return _parse(text)
    except RecursionError:
        raise TokenError("Maximum call stack size exceeded") from None
    except ValueError as error:
        raise TokenError(_complaint(text, error)) from None


def _payload(text: str, *, strict: bool) -> Any:
    if strict:
        return parse_json(text)
    try:
        return _parse(text)
    except (ValueError, RecursionError):
        return text


def _parse(text: str) -> Any:
    def refuse(name: str) -> Any:
        raise json.JSONDecodeError(name, text, max(text.find(name), 0))

    return json.loads(text, parse_constant=refuse)


def _complaint(text: str, error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return "Unexpected token"
    at = error.pos
    if error.msg.startswith("Unterminated") or at >= len(text):
        return "Unexpected end of JSON input"
    return f"Unexpected token {text[at]} in JSON at position {at}"


def _check_times(claims: Claims, now: int) -> None:
    if "nbf" in claims:
        if not _is_number(claims["nbf"]):
            raise TokenError("invalid nbf value")
        if claims["nbf"] > now:
            raise TokenError("jwt not active")
    if "exp" in claims:
        if not _is_number(claims["exp"]):
            raise TokenError("invalid exp value")
        if now >= claims["exp"]:
            raise TokenError("jwt expired")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def peek(token: str) -> Claims:
    """Return the claims of a token without believing them; nothing if there are none."""
    parts = token.split(".")
    try:
        claims = json.loads(decode(parts[1])) if len(parts) == 3 else {}
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
