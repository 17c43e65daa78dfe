"""What each ``IDENTITYX_*`` setting may be; `checks` speaks of what isn't."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_RATE = re.compile(r"[1-9][0-9]*/(?:s|m|h|d)[a-z]*")
_SCOPES = {"send-address", "send-email", "redeem-address", "reject-address"}


@dataclass(frozen=True)
class Rule:
    """One setting, the id of its check, and what it demands."""

    id: str
    setting: str
    demand: str
    allows: Callable[[Any], bool]


def _url(value: Any) -> bool:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises ValueError if it isn't one
    except (ValueError, TypeError, AttributeError):
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username


def _callback(value: Any) -> bool:
    return value is None or (_url(value) and "?" not in value and "#" not in value)


def _object_id(value: Any) -> bool:
    return value is None or (isinstance(value, str) and bool(_OBJECT_ID.fullmatch(value)))


def _token(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.count(".") == 2)


def _seconds(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0


def _positive_seconds(value: Any) -> bool:
    return _seconds(value) and value > 0


def _optional_seconds(value: Any) -> bool:
    return value is None or _seconds(value)


def _timeout(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) == 2 and all(map(_positive_seconds, value))
    return _positive_seconds(value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _cache(value: Any) -> bool:
    return isinstance(value, str) and value in settings.CACHES


def _callable(value: Any) -> bool:
    if value is None:
        return True
    try:
        return callable(import_string(value))
    except (ImportError, AttributeError):
        return False


def _rates(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, Mapping) or not set(value) <= _SCOPES:
        return False
    return all(rates is None or all(map(_rate, _listed(rates))) for rates in value.values())


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _rate(value: Any) -> bool:
    return isinstance(value, str) and bool(_RATE.fullmatch(value))


def _networks(value: Any) -> bool:
    if not isinstance(value, list | tuple | set):
        return False
    try:
        for network in value:
            ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
    return True


def _proxies(value: Any) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and value >= 0
    return _networks(value)


def _hosts(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, list | tuple | set) and all(
        isinstance(host, str) and host and "/" not in host for host in value
    )


def _one_of(*choices: str) -> Callable[[Any], bool]:
    return lambda value: value in choices


RULES = (
    Rule("E010", "API_URL", "must be an absolute http(s) URL", _url),
    Rule("E011", "APP_ID", "must be an IdentityX id: 24 hexadecimal digits", _object_id),
    Rule("E012", "ORG_ID", "must be an IdentityX id: 24 hexadecimal digits", _object_id),
    Rule("E013", "API_TOKEN", "must be an OrgUserApiToken, without its prefix", _token),
    Rule("E014", "CALLBACK_URL", "must be an absolute http(s) URL without a query", _callback),
    Rule(
        "E015",
        "AUTHORIZATION_FORMAT",
        'must be "auto", "bearer" or "plain"',
        _one_of("auto", "bearer", "plain"),
    ),
    Rule("E016", "TIMEOUT", "must be seconds, or (connect, read) in seconds, above 0", _timeout),
    Rule("E017", "CACHE", "must be an alias in CACHES", _cache),
    Rule("E018", "VERIFICATION_TTL", "must be seconds, 0 or more", _seconds),
    Rule("E019", "LOCAL_TTL", "must be seconds, 0 or more", _seconds),
    Rule("E020", "LOCAL_SIZE", "must be a number of verdicts, 1 or more", _count),
    Rule("E021", "REJECTION_TTL", "must be seconds, 0 or more", _seconds),
    Rule("E022", "STALE_IF_ERROR", "must be seconds, 0 or more", _seconds),
    Rule("E023", "MAX_VERIFICATIONS", "must be a number of calls, 1 or more", _count),
    Rule("E024", "UNSAFE_METHODS_MAX_AGE", "must be None or seconds", _optional_seconds),
    Rule("E025", "LINK_MAX_AGE", "must be seconds above 0", _positive_seconds),
    Rule(
        "E026",
        "LINK_CONFIRMATION",
        'must be "auto", "always" or "never"',
        _one_of("auto", "always", "never"),
    ),
    Rule("E027", "CREATE_APP_USERS", "must be True or False", _flag),
    Rule("E028", "REQUEST_USER", "must be True or False", _flag),
    Rule("E029", "USER_LOADER", "must be the dotted path of a callable", _callable),
    Rule("E030", "REFUSE_BANNED", "must be True or False", _flag),
    Rule("E031", "SESSION_AGE", "must be None or seconds", _optional_seconds),
    Rule(
        "E032",
        "THROTTLE_RATES",
        'must be None or map the known scopes to rates such as "10/min", or lists of them',
        _rates,
    ),
    Rule("E033", "THROTTLE_EXEMPT", "must be a list of networks", _networks),
    Rule("E034", "TRUSTED_PROXIES", "must be a number of hops or a list of networks", _proxies),
    Rule("E035", "ALLOWED_REDIRECT_HOSTS", "must be None or a list of hosts", _hosts),
    Rule("E036", "METRICS", "must be the dotted path of a callable", _callable),
    Rule("E037", "APPLICATION_RESOLVER", "must be the dotted path of a callable", _callable),
)
