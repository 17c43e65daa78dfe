"""Credentials as presented, and what their tokens claim about themselves.

Nothing here accepts anybody. A claim is unverified: it tells early that a token can't be good
(kind by ``sub``, application by ``iss``, past ``exp``) and so saves a call; only IdentityX says
that one is.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
import re
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn

from django.utils.translation import gettext_lazy as _

from .exceptions import Malformed

MAX_HEADER = 8 * 1024  # bytes of an Authorization header
MAX_TOKEN = 4 * 1024  # bytes of a token; IdentityX refuses header blocks over 8 KB as a whole
MAX_DEPTH = 32  # levels of a payload; how deep a parser can go differs, and ends badly
LEEWAY = 60  # seconds that two clocks may differ

_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class TokenType(enum.StrEnum):
    """The three kinds of credentials; the values are the prefixes in the header."""

    APP_USER = "AppUser"
    ORG_USER = "OrgUser"
    ORG_USER_API_TOKEN = "OrgUserApiToken"  # noqa: S105 - a prefix


_PREFIXES = {token_type.value.lower(): token_type for token_type in TokenType}

AUTH_SUBJECTS = {
    TokenType.APP_USER: "app-user-auth",
    TokenType.ORG_USER: "user-auth",
    TokenType.ORG_USER_API_TOKEN: "user-api-token",
}


@dataclass(frozen=True, init=False)
class Credential:
    """A token and its kind; ``request.auth``. The token does not show in its repr.

    ``fresh`` is False where IdentityX could not be reached and an older verdict served.
    """

    token_type: TokenType
    token: str = field(repr=False)
    fresh: bool = field(default=True, compare=False)

    def __init__(self, token_type: TokenType, token: str, fresh: bool = True) -> None:
        fields = self.__dict__  # every request makes one; what dataclass writes takes twice as long
        fields["token_type"], fields["token"], fields["fresh"] = token_type, token, fresh


@dataclass(frozen=True)
class Claims:
    """What a token says of itself (RFC 7519), unverified. Times are seconds since the epoch."""

    sub: str
    iss: str = ""
    aud: str = ""
    iat: float | None = None
    exp: float | None = None
    data: Any = field(default=None, repr=False, compare=False)  # what else is in it


def parse_authorization(
    header: str, token_types: Collection[TokenType] = frozenset(TokenType)
) -> Credential | None:
    """Read an ``Authorization`` header; None where it is somebody else's.

    ``token_types`` are the kinds that count as ours. Takes ``Bearer AppUser <token>`` and
    ``AppUser <token>``, scheme and prefix in any case.
    Raises `Malformed` where it is ours and no credential can be read from it.
    """
    is_long = len(header) > MAX_HEADER
    words = (header[:MAX_HEADER] if is_long else header).split(None, 4)
    if not words:
        return None
    if words[0].lower() == "bearer":
        del words[0]
        if not words:
            return None
    token_type = _PREFIXES.get(words[0].lower())
    if token_type is None or token_type not in token_types:
        return None
    if is_long:
        raise Malformed("malformed", _("The Authorization header is too long."))
    if len(words) == 1:
        raise Malformed("malformed", _("The Authorization header has no token."))
    if len(words) > 2:
        raise Malformed("malformed", _("The Authorization header has more than one token."))
    return Credential(token_type, words[1])


def check_form(token: str) -> None:
    """Refuse what doesn't even look like a JWT; `Malformed`."""
    if len(token) > MAX_TOKEN:
        raise Malformed("malformed", _("The token is too long."))
    if not _TOKEN.fullmatch(token):
        raise Malformed("malformed", _("The token is not a JWT."))


def read_claims(token: str) -> Claims:
    """Decode the payload of a JWT without believing it; `Malformed` if it isn't one.

    Stricter than IdentityX's own parser: what passes here can't make the service stumble.
    """
    check_form(token)
    header, payload, _signature = token.split(".")
    _check_header(header)
    claims = _object(payload)
    return Claims(
        sub=_text(claims, "sub"),
        iss=_text(claims, "iss"),
        aud=_text(claims, "aud"),
        iat=_time(claims, "iat"),
        exp=_time(claims, "exp"),
        data=claims.get("data"),
    )


def check_claims(credential: Credential, app_id: str | None, now: float | None = None) -> Claims:
    """Refuse early what can't be good: wrong kind, other application, expired.

    Returns the claims; raises `Malformed`. An AppUser token counts only for ``app_id``: IdentityX
    itself does not compare them.
    """
    claims = read_claims(credential.token)
    if claims.sub != AUTH_SUBJECTS[credential.token_type]:
        raise Malformed("wrong_kind")
    if credential.token_type is TokenType.APP_USER and (not app_id or claims.iss != app_id):
        raise Malformed("wrong_application")
    if claims.exp is not None and claims.exp + LEEWAY < (time.time() if now is None else now):
        raise Malformed("expired")
    return claims


@lru_cache(maxsize=16)  # the tokens of one service have one header, or a few
def _check_header(part: str) -> None:
    _object(part)


def _object(part: str) -> dict[str, Any]:
    text = ""
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        text = raw.decode("utf-8")
        value = _decoder.decode(text)
    except (binascii.Error, ValueError, RecursionError):
        value = None
    # Out here, because the decoder's error has the document that it could not read.
    # Without that many brackets nothing is deep, and counting them is quick.
    may_be_deep = text.count("{") + text.count("[") > MAX_DEPTH
    if not isinstance(value, dict) or (may_be_deep and _is_deep(value)):
        raise Malformed("malformed", _("The token is not a JWT."))
    return value


def _is_deep(value: Any, levels: int = MAX_DEPTH) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deep(child, levels - 1) for child in children)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate key")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str) or not (value.isascii() or _is_encodable(value)):
        raise Malformed("malformed", _("The token's %(name)s is not text.") % {"name": name})
    return value


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _time(claims: dict[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise Malformed("malformed", _("The token's %(name)s is not a time.") % {"name": name})
    return float(value)
