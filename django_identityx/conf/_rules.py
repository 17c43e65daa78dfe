"""What values may be: each rule says what is wrong with one, or nothing.

The checks and the code that refuses by itself ask the same rules. A problem is a phrase that goes
on from the setting's name: ``must be seconds, 0 or more``.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

from ..users import PROFILE_FIELDS, ROLES

Rule = Callable[[Any], str]

KINDS = ("AppUser", "OrgUser")  # who can sign in by link
RATES: dict[str, str | Sequence[str]] = {  # the scopes that there are, and their defaults
    "send-address": ["10/min", "100/hour"],
    "send-email": ["5/min", "20/hour"],
    "send-mailbox": ["25/min", "100/hour"],
    "redeem-address": "30/min",
    "reject-address": "100/min",
    "comment-address": ["30/min", "300/hour"],
    "comment-person": ["10/min", "60/hour"],
}
ANY_ORGANIZATION = "any"

RATE = re.compile(r"([1-9][0-9]{0,8})/([smhd])[a-z]*")

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_GAINS = {"is_staff": bool, "is_superuser": bool, "groups": list | tuple}


def api_url(value: Any) -> str:
    if not isinstance(value, str) or (parts := _split(value)) is None:
        return "must be an absolute http(s) URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an absolute http(s) URL"
    if not value.isascii() or not value.isprintable() or any(c in value for c in ' \\<>"'):
        return "has characters that a URL can't have: write the host in punycode, the rest quoted"
    if parts.username is not None or parts.password is not None:
        return "must not carry a user name"
    return ""


def callback_url(value: Any) -> str:
    """IdentityX appends ``?token=`` without looking, and mails the result."""
    problem = api_url(value)
    if not problem and ("?" in value or "#" in value):
        return "must have neither a query nor a fragment"
    return problem


def is_plain_http(url: str) -> bool:
    """Whether what is sent to ``url`` can be read on the way."""
    parts = _split(url)
    return parts is not None and parts.scheme == "http" and not is_loopback(url)


def is_loopback(url: str) -> bool:
    """Whether ``url`` leads to this very machine."""
    parts = _split(url)
    return parts is not None and parts.hostname in _LOOPBACK


def object_id(value: Any) -> str:
    good = isinstance(value, str) and _OBJECT_ID.fullmatch(value)
    return "" if good else "must be an IdentityX id: 24 hexadecimal digits"


def organization(value: Any) -> str:
    if value == ANY_ORGANIZATION or not object_id(value):
        return ""
    return 'must be an IdentityX id, 24 hexadecimal digits, or "any"'


def api_token(value: Any) -> str:
    good = isinstance(value, str) and value.count(".") == 2 and " " not in value
    return "" if good else "must be an OrgUserApiToken, without its prefix"


def seconds(value: Any) -> str:
    return "" if _is_number(value) and value >= 0 else "must be seconds, 0 or more"


def positive_seconds(value: Any) -> str:
    return "" if _is_number(value) and value > 0 else "must be seconds above 0"


def timeout(value: Any) -> str:
    pair = value if isinstance(value, list | tuple) else (value, value)
    if len(pair) == 2 and not any(map(positive_seconds, pair)):
        return ""
    return "must be seconds, or (connect, read) in seconds, above 0"


def count(value: Any) -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return "" if good else "must be a number, 1 or more"


def flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be True or False"


def text(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "must be text"


def cache_alias(value: Any) -> str:
    known = isinstance(value, str) and value in settings.CACHES
    return "" if known else "must be an alias in CACHES"


def dotted_path(value: Any) -> str:
    good = isinstance(value, str) and all(part.isidentifier() for part in value.split("."))
    try:
        good = good and callable(import_string(value))
    except (ImportError, AttributeError):
        good = False
    return "" if good else "must be the dotted path of a callable"


def rates(value: Any) -> str:
    problem = 'must be None or map the known scopes to rates such as "10/min", or lists of them'
    if value is None:
        return ""
    if not isinstance(value, Mapping) or not set(value) <= set(RATES):
        return problem
    given = [one for one in value.values() if one is not None]
    listed = [one if isinstance(one, list | tuple) else [one] for one in given]
    texts = [one for several in listed for one in several]
    return "" if all(isinstance(t, str) and RATE.fullmatch(t) for t in texts) else problem


def networks(value: Any) -> str:
    try:
        if isinstance(value, list | tuple | set):
            for network in value:
                ipaddress.ip_network(network, strict=False)
            return ""
    except ValueError:
        pass
    return "must be a list of networks"


def proxies(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return ""
    return networks(value) and "must be a number of hops or a list of networks"


def hosts(value: Any) -> str:
    good = value in (None, "") or (
        isinstance(value, list | tuple | set)
        and all(isinstance(host, str) and host and "/" not in host for host in value)
    )
    return "" if good else "must be None or a list of hosts"


def kinds(value: Any) -> str:
    good = isinstance(value, list | tuple | set) and all(kind in KINDS for kind in value)
    return "" if good else 'must be a list of "AppUser" and "OrgUser"'


def fields(value: Any) -> str:
    known = isinstance(value, list | tuple) and all(name in PROFILE_FIELDS for name in value)
    if not known:
        return f"must be a list of these: {', '.join(PROFILE_FIELDS)}"
    if "region_code" in value and "country_code" not in value:
        return "must have country_code beside region_code"  # a region is one of a country
    return ""


def staff_roles(value: Any) -> str:
    good = isinstance(value, Mapping) and set(value) <= set(ROLES)
    if good and all(_is_gain(gain) for gain in value.values()):
        return ""
    return 'must map roles to {"is_staff": True, "is_superuser": False, "groups": ["Editors"]}'


def one_of(*choices: str) -> Rule:
    named = " or ".join([", ".join(f'"{one}"' for one in choices[:-1]), f'"{choices[-1]}"'])
    return lambda value: "" if value in choices else f"must be {named}"


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises ValueError if it isn't one
    except ValueError:
        return None
    return parts


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max


def _is_gain(value: Any) -> bool:
    if not isinstance(value, Mapping) or not set(value) <= set(_GAINS):
        return False
    return all(isinstance(value[name], _GAINS[name]) for name in value) and all(
        isinstance(group, str) for group in value.get("groups", ())
    )
