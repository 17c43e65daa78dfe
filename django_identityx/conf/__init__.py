"""The settings of this package: flat, live and typed.

``conf.TIMEOUT`` is ``settings.IDENTITYX_TIMEOUT`` or its default, read anew each time, so that
``override_settings`` just works. What is wrong with a value is explained by ``checks``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "API_URL": "https://identity-x.parameter1.com/graphql",
    "APP_ID": None,
    "ORG_ID": None,
    "API_TOKEN": None,
    "CALLBACK_URL": None,
    "AUTHORIZATION_FORMAT": "auto",
    "TIMEOUT": (3.05, 5),
    "CACHE": "default",
    "VERIFICATION_TTL": 60,
    "LOCAL_TTL": 5,
    "LOCAL_SIZE": 10_000,
    "REJECTION_TTL": 10,
    "STALE_IF_ERROR": 300,
    "MAX_VERIFICATIONS": 8,
    "UNSAFE_METHODS_MAX_AGE": None,
    "LINK_MAX_AGE": 3600,
    "LINK_CONFIRMATION": "auto",
    "CREATE_APP_USERS": True,
    "REQUEST_USER": True,
    "USER_LOADER": None,
    "REFUSE_BANNED": False,
    "SESSION_AGE": None,
    "THROTTLE_RATES": {
        "send-address": ["10/min", "100/hour"],
        "send-email": ["5/min", "20/hour"],
        "redeem-address": "30/min",
        "reject-address": "100/min",
    },
    "THROTTLE_EXEMPT": [],
    "TRUSTED_PROXIES": 0,
    "ALLOWED_REDIRECT_HOSTS": None,
    "METRICS": None,
    "APPLICATION_RESOLVER": None,
}


def _get(name: str) -> Any:
    return getattr(settings, f"IDENTITYX_{name}", DEFAULTS[name])


class Conf:
    """The values in force. Every property is ``IDENTITYX_`` and its name in ``settings``."""

    @property
    def API_URL(self) -> str:
        """The GraphQL endpoint."""
        return str(_get("API_URL"))

    @property
    def APP_ID(self) -> str | None:
        """The application whose AppUsers may sign in; sent as ``x-app-id``."""
        return _get("APP_ID") or None

    @property
    def ORG_ID(self) -> str | None:
        """The organization for operations that need one; sent as ``x-org-id``."""
        return _get("ORG_ID") or None

    @property
    def API_TOKEN(self) -> str | None:
        """An OrgUserApiToken for what the server does on its own account."""
        return _get("API_TOKEN") or None

    @property
    def CALLBACK_URL(self) -> str | None:
        """Absolute URL of the callback, as it goes into the mails."""
        return _get("CALLBACK_URL") or None

    @property
    def AUTHORIZATION_FORMAT(self) -> str:
        """``auto``, ``bearer`` or ``plain``: how credentials are sent to IdentityX."""
        return str(_get("AUTHORIZATION_FORMAT"))

    @property
    def TIMEOUT(self) -> tuple[float, float]:
        """Seconds to connect and seconds to wait for an answer."""
        value = _get("TIMEOUT")
        if isinstance(value, int | float):
            return float(value), float(value)
        connect, read = value
        return float(connect), float(read)

    @property
    def CACHE(self) -> str:
        """Alias of the cache that the processes share."""
        return str(_get("CACHE"))

    @property
    def VERIFICATION_TTL(self) -> float:
        """Seconds that a verdict is fresh; 0 asks every time."""
        return float(_get("VERIFICATION_TTL"))

    @property
    def LOCAL_TTL(self) -> float:
        """Seconds that a process trusts its own copy of a verdict; 0 turns it off."""
        return float(_get("LOCAL_TTL"))

    @property
    def LOCAL_SIZE(self) -> int:
        """How many verdicts a process keeps."""
        return int(_get("LOCAL_SIZE"))

    @property
    def REJECTION_TTL(self) -> float:
        """Seconds that a definite rejection is remembered."""
        return float(_get("REJECTION_TTL"))

    @property
    def STALE_IF_ERROR(self) -> float:
        """Seconds past its freshness that a verdict may serve while IdentityX is unavailable."""
        return float(_get("STALE_IF_ERROR"))

    @property
    def MAX_VERIFICATIONS(self) -> int:
        """How many verifications one process has under way at once."""
        return int(_get("MAX_VERIFICATIONS"))

    @property
    def UNSAFE_METHODS_MAX_AGE(self) -> float | None:
        """Greatest age in seconds of a verdict for POST, PUT, PATCH and DELETE."""
        value = _get("UNSAFE_METHODS_MAX_AGE")
        return None if value is None else float(value)

    @property
    def LINK_MAX_AGE(self) -> float:
        """Seconds after which a link is refused here, even if IdentityX would take it."""
        return float(_get("LINK_MAX_AGE"))

    @property
    def LINK_CONFIRMATION(self) -> str:
        """``auto``, ``always`` or ``never``: when the callback asks for a click."""
        return str(_get("LINK_CONFIRMATION"))

    @property
    def CREATE_APP_USERS(self) -> bool:
        """Whether an unknown address signs up."""
        return bool(_get("CREATE_APP_USERS"))

    @property
    def REQUEST_USER(self) -> bool:
        """Whether the middleware sets ``request.user``."""
        return bool(_get("REQUEST_USER"))

    @property
    def USER_LOADER(self) -> str | None:
        """Dotted path to ``f(user) -> user``, whose result becomes ``request.user``."""
        return _get("USER_LOADER") or None

    @property
    def REFUSE_BANNED(self) -> bool:
        """Whether banned AppUsers are refused."""
        return bool(_get("REFUSE_BANNED"))

    @property
    def SESSION_AGE(self) -> float | None:
        """Seconds after which a session ends, however active it is."""
        value = _get("SESSION_AGE")
        return None if value is None else float(value)

    @property
    def THROTTLE_RATES(self) -> Mapping[str, str | Sequence[str] | None]:
        """Scope to rate or rates. A scope that the setting leaves out keeps its default."""
        value = _get("THROTTLE_RATES")
        if value is None:
            return dict.fromkeys(DEFAULTS["THROTTLE_RATES"])
        return {**DEFAULTS["THROTTLE_RATES"], **value}

    @property
    def THROTTLE_EXEMPT(self) -> Sequence[str]:
        """Networks without a limit per address."""
        return list(_get("THROTTLE_EXEMPT"))

    @property
    def TRUSTED_PROXIES(self) -> int | Sequence[str]:
        """Number of hops in front of the site, or the networks of the proxies."""
        value = _get("TRUSTED_PROXIES")
        return value if isinstance(value, int) else list(value)

    @property
    def ALLOWED_REDIRECT_HOSTS(self) -> set[str]:
        """Hosts, besides the request's own, that ``next`` may lead to."""
        return set(_get("ALLOWED_REDIRECT_HOSTS") or ())

    @property
    def METRICS(self) -> str | None:
        """Dotted path to a callable that is told of every verification."""
        return _get("METRICS") or None

    @property
    def APPLICATION_RESOLVER(self) -> str | None:
        """Dotted path to ``f(request) -> Application``, where one project serves several."""
        return _get("APPLICATION_RESOLVER") or None


conf = Conf()
