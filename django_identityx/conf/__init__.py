"""The settings of this package: flat, live and typed, each declared once.

``conf.TIMEOUT`` is ``settings.IDENTITYX_TIMEOUT`` or its default, read anew each time, so that
``override_settings`` just works. What a value may be stands in `rules`, for the checks and for the
code that refuses alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import _rules as rules
from ._setting import Kind, Setting, optional

__all__ = ["SETTINGS", "Conf", "Setting", "conf", "rules"]

Rates = Mapping[str, str | Sequence[str] | None]


def _timeout(value: Any) -> tuple[float, float]:
    connect, read = (value, value) if isinstance(value, int | float) else value
    return float(connect), float(read)


def _rates(value: Any) -> Rates:
    """A scope that the setting leaves out keeps its default."""
    return dict.fromkeys(rules.RATES) if value is None else {**rules.RATES, **value}


def _proxies(value: Any) -> int | Sequence[str]:
    return value if isinstance(value, int) else list(value)


def _hosts(value: Any) -> set[str]:
    return set(value or ())


def _one_of(*choices: str) -> Kind[str]:
    return Kind(rules.one_of(*choices), str)


_FLAG = Kind(rules.flag, bool)
_COUNT = Kind(rules.count, int)
_SECONDS = Kind(rules.seconds, float)
_TEXT = optional(Kind(rules.text, str))
_PATH = optional(Kind(rules.dotted_path, str))
_FIELDS = Kind(rules.fields, tuple[str, ...])


class Conf:
    """The values in force. Each is ``IDENTITYX_`` and its name in ``settings``."""

    __slots__ = ()

    API_URL = Setting(
        "E010",
        "https://identity-x.parameter1.com/graphql",
        Kind(rules.api_url, str),
        "the GraphQL endpoint",
    )
    APP_ID = Setting(
        "E011",
        None,
        optional(Kind(rules.object_id, str)),
        "the application whose readers may sign in; without it the site is for staff only",
    )
    ORG_ID = Setting(
        "E012",
        None,
        optional(Kind(rules.organization, str)),
        "the organization whose members count as OrgUsers here, by default the application's own; "
        '`"any"` says aloud that everybody in the world may be one',
    )
    API_TOKEN = Setting(
        "E013",
        None,
        optional(Kind(rules.api_token, str)),
        "an OrgUserApiToken for what your server does on its own account",
    )
    CALLBACK_URL = Setting(
        "E014",
        None,
        optional(Kind(rules.callback_url, str)),
        "absolute URL of `identityx:callback`, without a query; in DEBUG the request's host will "
        "do",
    )
    AUTHORIZATION_FORMAT = Setting(
        "E015",
        "auto",
        _one_of("auto", "bearer", "plain"),
        'how credentials are sent upstream: `"bearer"`, `"plain"`, or found out once',
    )
    TIMEOUT = Setting(
        "E016",
        (3.05, 5),
        Kind(rules.timeout, _timeout),
        "seconds to connect and to wait for an answer",
    )
    CACHE = Setting(
        "E017",
        "default",
        Kind(rules.cache_alias, str),
        "alias of the cache that the processes share",
    )
    VERIFICATION_TTL = Setting(
        "E018", 60, _SECONDS, "seconds that a verdict is fresh; 0 asks every time"
    )
    LOCAL_TTL = Setting(
        "E019", 5, _SECONDS, "seconds that a process trusts its own copy; 0 turns it off"
    )
    LOCAL_SIZE = Setting("E020", 10000, _COUNT, "how many verdicts a process keeps")
    REJECTION_TTL = Setting("E021", 10, _SECONDS, "seconds that a definite rejection is remembered")
    STALE_IF_ERROR = Setting(
        "E022", 300, _SECONDS, "seconds past its freshness that a verdict may serve in an outage"
    )
    SESSION_STALE_IF_ERROR = Setting(
        "E039",
        43200,
        _SECONDS,
        "seconds that a session's last verdict serves safe methods in an outage",
    )
    MAX_VERIFICATIONS = Setting("E023", 8, _COUNT, "verifications under way at once, per process")
    UNSAFE_METHODS_MAX_AGE = Setting(
        "E024",
        None,
        optional(_SECONDS),
        "greatest age in seconds of a verdict for POST, PUT, PATCH, DELETE",
    )
    SIGN_IN_KINDS = Setting(
        "E038",
        ["AppUser", "OrgUser"],
        Kind(rules.kinds, tuple[str, ...]),
        "who may sign in by link",
    )
    LINK_MAX_AGE = Setting(
        "E025",
        3600,
        Kind(rules.positive_seconds, float),
        "seconds after which a link is refused here",
    )
    LINK_CONFIRMATION = Setting(
        "E026",
        "auto",
        _one_of("auto", "always", "never"),
        'when the callback asks for a click: `"auto"` (in a browser that did not ask for the '
        'link), `"always"`, `"never"`',
    )
    CREATE_APP_USERS = Setting("E027", True, _FLAG, "whether an unknown address signs up")
    REQUIRED_FIELDS = Setting(
        "E043", [], _FIELDS, "what a reader's profile must have, such as `given_name`"
    )
    REQUIRED_CREATE_FIELDS = Setting(
        "E044",
        [],
        _FIELDS,
        "what readers are asked for before the link is sent, where an address may be a new one",
    )
    REQUEST_USER = Setting(
        "E028",
        True,
        _FLAG,
        "`False` leaves `request.user` to Django; `request.identityx.user` is ours either way",
    )
    USER_LOADER = Setting(
        "E029", None, _PATH, "dotted path of `f(user) -> user`, whose result becomes `request.user`"
    )
    ACCOUNT_FIELDS = Setting(
        "E050",
        None,
        _PATH,
        "accounts: dotted path of `f(user) -> dict`, the fields of a new row; None refuses",
    )
    STAFF_ROLES = Setting(
        "E040",
        {},
        Kind(rules.staff_roles, dict[str, Mapping[str, Any]]),
        "accounts: what a role in the organization gives a row: role to `is_staff`, "
        "`is_superuser`, `groups`",
    )
    LINK_ACCOUNTS = Setting(
        "E041",
        "ask",
        _one_of("ask", "email", "never"),
        "accounts, where a local user has the same address: "
        '`"ask"` for the local sign-in, `"email"` attaches at once, `"never"` refuses',
    )
    LOCAL_LOGIN_URL = Setting(
        "E042", None, _TEXT, "accounts: where local users sign in, a URL or its name"
    )
    REFUSE_BANNED = Setting(
        "E030", False, _FLAG, "whether readers whom IdentityX has banned are refused"
    )
    SESSION_AGE = Setting(
        "E031", None, optional(_SECONDS), "seconds after which a session ends, however active"
    )
    THROTTLE_RATES = Setting(
        "E032",
        rules.RATES,
        Kind(rules.rates, _rates),
        "scope to rate or rates; `None` turns all limits off",
    )
    THROTTLE_EXEMPT = Setting(
        "E033", [], Kind(rules.networks, list[str]), "networks without a limit per address"
    )
    TRUSTED_PROXIES = Setting(
        "E034",
        None,
        optional(Kind(rules.proxies, _proxies)),
        "`0` says that clients connect directly; else the hops in front of the site whose "
        "`X-Forwarded-For` counts, or a list of their networks; `None`: nobody has said",
    )
    ALLOWED_REDIRECT_HOSTS = Setting(
        "E035",
        None,
        Kind(rules.hosts, _hosts),
        "hosts besides the request's own that `next` may lead to",
    )
    METRICS = Setting(
        "E036", None, _PATH, "dotted path of a callable that is told of every verification"
    )
    APPLICATION_RESOLVER = Setting(
        "E037",
        None,
        _PATH,
        "dotted path of `f(request) -> Application`, where one project serves several",
    )
    SITE_NAME = Setting(
        "E045",
        None,
        _TEXT,
        "the site's name on pages; by default the one in `django.contrib.sites`, else the host",
    )


SETTINGS: dict[str, Setting[Any]] = {
    name: value for name, value in vars(Conf).items() if isinstance(value, Setting)
}
conf = Conf()
