"""System checks: each explains one thing, under an id that never changes.

Servers don't run checks, so nothing is made safe here: where safety hangs on a setting, the code
refuses by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Warn
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils.module_loading import import_string
from django.utils.translation import get_language_from_path, override
from rest_framework.settings import api_settings

from .conf import SETTINGS, conf, rules

MIDDLEWARE = "django_identityx.middleware.IdentityXMiddleware"
ENTRIES = 100_000  # in a cache that is a table

# What bounds the wait for a cache's server, by backend.
TIMEOUTS = {
    "django.core.cache.backends.redis.RedisCache": ("socket_connect_timeout", "socket_timeout"),
    "django_redis.cache.RedisCache": ("SOCKET_CONNECT_TIMEOUT", "SOCKET_TIMEOUT"),
    "django.core.cache.backends.memcached.PyMemcacheCache": ("connect_timeout", "timeout"),
}


@register("identityx")
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Each ``IDENTITYX_*`` setting for itself."""
    return [
        Error(f"{setting.name} {setting.problem}.", id=f"identityx.{setting.id}")
        for setting in SETTINGS.values()
        if setting.problem
    ]


@register("identityx")
def check_apps(**kwargs: Any) -> Iterator[CheckMessage]:
    for name in ("auth", "contenttypes", "sessions"):
        if not apps.is_installed(f"django.contrib.{name}"):
            yield Error(
                f"django.contrib.{name} must be in INSTALLED_APPS.",
                hint="Sessions and Django's user protocol come from there.",
                id="identityx.E001",
            )
    others = [app for app in ("django.contrib.admin", "allauth") if apps.is_installed(app)]
    if others and not hasattr(settings, "IDENTITYX_REQUEST_USER"):
        yield Warn(
            f"{' and '.join(others)} installed, and readers signed in by IdentityX become "
            "request.user: every login_required and IsAuthenticated lets them in.",
            hint="Say IDENTITYX_REQUEST_USER = True if you want that, False if not.",
            id="identityx.W001",
        )


@register("identityx")
def check_application(**kwargs: Any) -> Iterator[CheckMessage]:
    if conf.APPLICATION_RESOLVER is not None:
        return
    if conf.APP_ID is None and conf.ORG_ID is None:
        yield Error(
            "Neither IDENTITYX_APP_ID nor IDENTITYX_ORG_ID is set: nobody can be let in.",
            hint="Name the application, or for a site for staff only the organization.",
            id="identityx.E047",
        )
    elif conf.APP_ID is None:
        yield Warn(
            "IDENTITYX_APP_ID is not set: no reader can sign in, only staff.", id="identityx.W002"
        )
    elif conf.CALLBACK_URL is None and not settings.DEBUG:
        yield Warn(
            "IDENTITYX_CALLBACK_URL is not set: outside DEBUG no login link can be sent.",
            hint="Set it to the absolute URL of identityx:callback.",
            id="identityx.W003",
        )


@register("identityx", deploy=True)
def check_deployment(**kwargs: Any) -> Iterator[CheckMessage]:
    if rules.is_loopback(conf.API_URL):
        yield Error(
            "IDENTITYX_API_URL leads to this machine, as to a sandbox.",
            hint="Leave it out: the default is IdentityX.",
            id="identityx.E046",
        )
    if conf.TRUSTED_PROXIES is None:
        yield Warn(
            "IDENTITYX_TRUSTED_PROXIES is not set: nobody can know a client's address.",
            hint="0 says that clients connect directly, 1 that one proxy is in front of the site.",
            id="identityx.W010",
        )


@register("identityx")
def check_transport(**kwargs: Any) -> Iterator[CheckMessage]:
    for name, id_ in (("API_URL", "identityx.E002"), ("CALLBACK_URL", "identityx.E003")):
        value = getattr(conf, name)
        if value and rules.is_plain_http(value) and not settings.DEBUG:
            yield Error(
                f"IDENTITYX_{name} must use https outside DEBUG, but for loopback hosts.", id=id_
            )


@register("identityx")
def check_callback_path(**kwargs: Any) -> Iterator[CheckMessage]:
    """Follow the callback's path through the URLconf, as the link in the mail will."""
    if rules.callback_url(conf.CALLBACK_URL or "") or not getattr(settings, "ROOT_URLCONF", None):
        return
    if not has_pages():
        yield Error(
            "IDENTITYX_CALLBACK_URL does not lead to the view identityx:callback.",
            hint='There is no include("django_identityx.urls") in the URLconf.',
            id="identityx.E004",
        )
        return
    paths = list(_paths(conf.CALLBACK_URL or ""))
    if any(map(_leads_to_callback, paths)):
        return
    if settings.APPEND_SLASH and any(_leads_to_callback(f"{path}/") for path in paths):
        yield Warn(
            "IDENTITYX_CALLBACK_URL lacks the slash at its end: each link is redirected once.",
            id="identityx.W004",
        )
        return
    yield Warn(
        "IDENTITYX_CALLBACK_URL does not lead to the view identityx:callback.",
        hint="That is right for a single-page site that takes the token out of the URL and sends "
        "it to identityx:api-login; otherwise no link works.",
        id="identityx.W011",
    )


@register("identityx")
def check_database(**kwargs: Any) -> Iterator[CheckMessage]:
    engine = settings.DATABASES.get("default", {}).get("ENGINE") or "django.db.backends.dummy"
    if engine == "django.db.backends.dummy" and has_pages():
        yield Error(
            "There is no database: nobody could tell whether a link was used before.",
            hint='Bearer credentials need none: leave include("django_identityx.urls") out.',
            id="identityx.E048",
        )


@register("identityx")
def check_sessions(**kwargs: Any) -> Iterator[CheckMessage]:
    if _keeps_sessions_in_cookies():
        yield Error(
            "SESSION_ENGINE keeps sessions in cookies: IdentityX tokens would leave the server.",
            hint="Use the engine db. With cache everybody is signed out when the cache restarts, "
            "and with cached_db and cache no page works while it is down.",
            id="identityx.E005",
        )
    local = conf.CALLBACK_URL is None or rules.is_loopback(conf.CALLBACK_URL)
    if not (settings.SESSION_COOKIE_SECURE or settings.DEBUG or local):
        yield Error(
            "SESSION_COOKIE_SECURE must be True outside DEBUG.",
            hint="Whoever reads the cookie on the way is signed in.",
            id="identityx.E006",
        )


@register("identityx")
def check_cache(**kwargs: Any) -> Iterator[CheckMessage]:
    cache: dict[str, Any] = settings.CACHES.get(conf.CACHE, {})
    classes = _classes(cache.get("BACKEND", ""))
    if "DummyCache" in classes:
        yield Warn(
            f"IDENTITYX_CACHE is {conf.CACHE!r}, a dummy: every request asks IdentityX.",
            id="identityx.W005",
        )
    elif classes & {"LocMemCache", "FileBasedCache"} and not settings.DEBUG:
        yield Warn(
            f"IDENTITYX_CACHE is {conf.CACHE!r}, which processes and machines do not share: a "
            "sign-out in one is seen by another only when its own verdict ends.",
            hint="Use Redis, Valkey or Memcached where there is more than one process.",
            id="identityx.W006",
        )
    options = cache.get("OPTIONS", {})
    for backend, names in TIMEOUTS.items():
        missing = [option for option in names if not options.get(option)]
        in_url = all(f"{option}=" in str(cache.get("LOCATION")) for option in missing)
        if backend in classes and not in_url:
            line = ", ".join(f'"{option}": 1' for option in names)
            yield Warn(
                f"IDENTITYX_CACHE is {conf.CACHE!r}, which waits for its server without end.",
                hint=f'Add "OPTIONS": {{{line}}} to it in CACHES.',
                id="identityx.W008",
            )
            break
    most = {key.upper(): value for key, value in options.items()}.get("MAX_ENTRIES", 300)
    if "DatabaseCache" in classes and most < ENTRIES:
        yield Warn(
            f"IDENTITYX_CACHE is {conf.CACHE!r}, a table that throws entries out beyond {most}: "
            "limits and sign-outs of one process are forgotten by the others.",
            hint=f'Add "OPTIONS": {{"MAX_ENTRIES": {ENTRIES}}} to it in CACHES.',
            id="identityx.W009",
        )


@register("identityx")
def check_middleware(**kwargs: Any) -> Iterator[CheckMessage]:
    order = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in order:
        yield Warn(
            "IdentityXMiddleware is not in MIDDLEWARE: there is no request.identityx, and nobody "
            "turns an outage into 503.",
            id="identityx.W007",
        )
        return
    place = order.index(MIDDLEWARE)
    for before in (
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ):
        if before not in order[:place]:
            yield Error(f"IdentityXMiddleware must come after {before}.", id="identityx.E007")
    if "django.contrib.auth.middleware.LoginRequiredMiddleware" in order[:place]:
        yield Error(
            "IdentityXMiddleware must come before LoginRequiredMiddleware, which would send "
            "everybody signed in by IdentityX away.",
            id="identityx.E008",
        )


@register("identityx")
def check_authentication_classes(**kwargs: Any) -> Iterator[CheckMessage]:
    """Find a class before ours that takes every ``Bearer`` for its own."""
    from .authentication import IdentityXAuthentication

    try:
        seen: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    except ImportError:  # which DRF itself says
        return
    ours = [issubclass(cls, IdentityXAuthentication) for cls in seen]
    for cls in seen[: ours.index(True)] if any(ours) else ():
        if _challenge(cls).lower().startswith("bearer"):
            yield Error(
                f"{cls.__module__}.{cls.__qualname__} stands before IdentityX's class in "
                "DEFAULT_AUTHENTICATION_CLASSES, and refuses every other Bearer header.",
                hint="Put the IdentityX class first: it leaves foreign headers alone.",
                id="identityx.E009",
            )


def _challenge(cls: type) -> str:
    try:
        return str(cls().authenticate_header(HttpRequest()) or "")
    except Exception:  # noqa: BLE001 - a foreign class that needs more than a request
        return str(getattr(cls, "keyword", ""))


def _classes(backend: str) -> set[str]:
    """The names of a cache backend's class and its bases, with and without their modules."""
    try:
        classes = import_string(backend).__mro__
    except (ImportError, AttributeError):
        return {backend, backend.rpartition(".")[2]}
    return {f"{c.__module__}.{c.__name__}" for c in classes} | {c.__name__ for c in classes}


def _keeps_sessions_in_cookies() -> bool:
    """As `sessions.login` asks: by the class, since an engine of the site's may be one below."""
    with contextlib.suppress(ImportError, AttributeError):
        return issubclass(import_module(settings.SESSION_ENGINE).SessionStore, SignedCookies)
    return False


def has_pages() -> bool:
    try:
        reverse("identityx:callback")
    except (NoReverseMatch, ImproperlyConfigured):
        return False
    return True


def _paths(url: str) -> Iterator[str]:
    """The path of ``url`` as Django may get to see it: below the prefix that the server sets."""
    prefix, path = get_script_prefix(), urlsplit(url).path
    if prefix != "/":
        path = f"/{path.removeprefix(prefix)}" if path.startswith(prefix) else ""
        yield path
        return
    while path:
        yield path
        path = path[path.find("/", 1) :] if "/" in path[1:] else ""


def _leads_to_callback(path: str) -> bool:
    # Under i18n_patterns, /es/... resolves only while Spanish is active.
    with override(get_language_from_path(path) or settings.LANGUAGE_CODE):
        try:
            match = resolve(path)
        except Resolver404:
            return False
    return match.url_name == "callback" and "identityx" in match.app_names
