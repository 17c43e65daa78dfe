"""The settings of this package: flat, live and typed, each declared once.

``conf.TIMEOUT`` is ``settings.IDENTITYX_TIMEOUT`` or its default, read anew each time, so that
``override_settings`` just works. What a value may be stands in `rules`, for the checks and for the
code that refuses alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import _rules as rules
from ._rules import optional
from ._setting import Setting

__all__ = ["SETTINGS", "Conf", "Setting", "conf", "rules"]

Rates = Mapping[str, str | Sequence[str] | None]

_RATES: dict[str, str | Sequence[str]] = {
    "send-address": ["10/min", "100/hour"],
    "send-email": ["5/min", "20/hour"],
    "send-mailbox": ["25/min", "100/hour"],
    "redeem-address": "30/min",
    "reject-address": "100/min",
    "comment-address": ["30/min", "300/hour"],
    "comment-person": ["10/min", "60/hour"],
}


def _text(value: Any) -> str | None:
    return value or None


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)


def _timeout(value: Any) -> tuple[float, float]:
    connect, read = (value, value) if isinstance(value, int | float) else value
    return float(connect), float(read)


def _rates(value: Any) -> Rates:
    """A scope that the setting leaves out keeps its default."""
    return dict.fromkeys(_RATES) if value is None else {**_RATES, **value}


def _proxies(value: Any) -> int | Sequence[str] | None:
    return value if value is None or isinstance(value, int) else list(value)


def _names(value: Any) -> tuple[str, ...]:
    return tuple(value)


class Conf:
    """The values in force. Each is ``IDENTITYX_`` and its name in ``settings``."""

    __slots__ = ()

    API_URL = Setting(
        "E010",
        "https://identity-x.parameter1.com/graphql",
        str,
        rules.api_url,
        "the GraphQL endpoint",
    )
    APP_ID = Setting(
        "E011",
        None,
        _text,
        optional(rules.object_id),
        "the application whose readers may sign in; without it the site is for staff only",
    )
    ORG_ID = Setting(
        "E012",
        None,
        _text,
        optional(rules.organization),
        "the organization whose members count as OrgUsers here, by default the application's own; "
        '`"any"` says aloud that everybody in the world may be one',
    )
    API_TOKEN = Setting(
        "E013",
        None,
        _text,
        optional(rules.api_token),
        "an OrgUserApiToken for what your server does on its own account",
    )
    CALLBACK_URL = Setting(
        "E014",
        None,
        _text,
        optional(rules.callback_url),
        "absolute URL of `identityx:callback`, without a query; in DEBUG the request's host will "
        "do",
    )
    AUTHORIZATION_FORMAT = Setting(
        "E015",
        "auto",
        str,
        rules.one_of("auto", "bearer", "plain"),
        'how credentials are sent upstream: `"bearer"`, `"plain"`, or found out once',
    )
    TIMEOUT = Setting(
        "E016",
        (3.05, 5),
        _timeout,
        rules.timeout,
        "seconds to connect and to wait for an answer",
    )
    CACHE = Setting(
        "E017",
        "default",
        str,
        rules.cache_alias,
        "alias of the cache that the processes share",
    )
    VERIFICATION_TTL = Setting(
        "E018",
        60,
        float,
        rules.seconds,
        "seconds that a verdict is fresh; 0 asks every time",
    )
    LOCAL_TTL = Setting(
        "E019",
        5,
        float,
        rules.seconds,
        "seconds that a process trusts its own copy; 0 turns it off",
    )
    LOCAL_SIZE = Setting(
        "E020",
        10000,
        int,
        rules.count,
        "how many verdicts a process keeps",
    )
    REJECTION_TTL = Setting(
        "E021",
        10,
        float,
        rules.seconds,
        "seconds that a definite rejection is remembered",
    )
    STALE_IF_ERROR = Setting(
        "E022",
        300,
        float,
        rules.seconds,
        "seconds past its freshness that a verdict may serve in an outage",
    )
    SESSION_STALE_IF_ERROR = Setting(
        "E039",
        43200,
        float,
        rules.seconds,
        "seconds that a session's last verdict serves safe methods in an outage",
    )
    MAX_VERIFICATIONS = Setting(
        "E023",
        8,
        int,
        rules.count,
        "verifications under way at once, per process",
    )
    UNSAFE_METHODS_MAX_AGE = Setting(
        "E024",
        None,
        _seconds,
        optional(rules.seconds),
        "greatest age in seconds of a verdict for POST, PUT, PATCH, DELETE",
    )
    SIGN_IN_KINDS = Setting(
        "E038",
        ["AppUser", "OrgUser"],
        _names,
        rules.kinds,
        "who may sign in by link",
    )
    LINK_MAX_AGE = Setting(
        "E025",
        3600,
        float,
        rules.positive_seconds,
        "seconds after which a link is refused here",
    )
    LINK_CONFIRMATION = Setting(
        "E026",
        "auto",
        str,
        rules.one_of("auto", "always", "never"),
        'when the callback asks for a click: `"auto"` (in a browser that did not ask for the '
        'link), `"always"`, `"never"`',
    )
    CREATE_APP_USERS = Setting(
        "E027",
        True,
        bool,
        rules.flag,
        "whether an unknown address signs up",
    )
    REQUIRED_FIELDS = Setting(
        "E043",
        [],
        _names,
        rules.fields,
        "what a reader's profile must have, such as `given_name`",
    )
    REQUIRED_CREATE_FIELDS = Setting(
        "E044",
        [],
        _names,
        rules.fields,
        "what readers are asked for before the link is sent, where an address may be a new one",
    )
    REQUEST_USER = Setting(
        "E028",
        True,
        bool,
        rules.flag,
        "`False` leaves `request.user` to Django; `request.identityx.user` is ours either way",
    )
    USER_LOADER = Setting(
        "E029",
        None,
        _text,
        optional(rules.dotted_path),
        "dotted path of `f(user) -> user`, whose result becomes `request.user`",
    )
    ACCOUNT_FIELDS = Setting(
        "E050",
        None,
        _text,
        optional(rules.dotted_path),
        "accounts: dotted path of `f(user) -> dict`, the fields of a new row; None refuses",
    )
    STAFF_ROLES = Setting[Mapping[str, Mapping[str, Any]]](
        "E040",
        {},
        dict,
        rules.staff_roles,
        "accounts: what a role in the organization gives a row: role to `is_staff`, "
        "`is_superuser`, `groups`",
    )
    LINK_ACCOUNTS = Setting(
        "E041",
        "ask",
        str,
        rules.one_of("ask", "email", "never"),
        "accounts, where a local user has the same address: "
        '`"ask"` for the local sign-in, `"email"` attaches at once, `"never"` refuses',
    )
    LOCAL_LOGIN_URL = Setting(
        "E042",
        None,
        _text,
        optional(rules.text),
        "accounts: where local users sign in, a URL or its name",
    )
    REFUSE_BANNED = Setting(
        "E030",
        False,
        bool,
        rules.flag,
        "whether readers whom IdentityX has banned are refused",
    )
    SESSION_AGE = Setting(
        "E031",
        None,
        _seconds,
        optional(rules.seconds),
        "seconds after which a session ends, however active",
    )
    THROTTLE_RATES = Setting(
        "E032",
        _RATES,
        _rates,
        rules.rates,
        "scope to rate or rates; `None` turns all limits off",
    )
    THROTTLE_EXEMPT = Setting[Sequence[str]](
        "E033",
        [],
        list,
        rules.networks,
        "networks without a limit per address",
    )
    TRUSTED_PROXIES = Setting(
        "E034",
        None,
        _proxies,
        optional(rules.proxies),
        "`0` says that clients connect directly; else the hops in front of the site whose "
        "`X-Forwarded-For` counts, or a list of their networks; `None`: nobody has said",
    )
    ALLOWED_REDIRECT_HOSTS = Setting[set[str]](
        "E035",
        None,
        lambda value: set(value or ()),
        optional(rules.hosts),
        "hosts besides the request's own that `next` may lead to",
    )
    METRICS = Setting(
        "E036",
        None,
        _text,
        optional(rules.dotted_path),
        "dotted path of a callable that is told of every verification",
    )
    APPLICATION_RESOLVER = Setting(
        "E037",
        None,
        _text,
        optional(rules.dotted_path),
        "dotted path of `f(request) -> Application`, where one project serves several",
    )
    SITE_NAME = Setting(
        "E045",
        None,
        _text,
        optional(rules.text),
        "the site's name on pages; by default the one in `django.contrib.sites`, else the host",
    )


SETTINGS: dict[str, Setting[Any]] = {
    name: value for name, value in vars(Conf).items() if isinstance(value, Setting)
}
conf = Conf()
