"""System checks: each explains one thing, under an id that never changes.

Servers don't run checks, so nothing is made safe here: where safety hangs on a setting, the code
refuses by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Warn
from django.http import HttpRequest
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.module_loading import import_string
from django.utils.translation import get_language_from_path, override

from .conf import SETTINGS, conf, rules

MIDDLEWARE = "django_identityx.middleware.IdentityXMiddleware"


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
    if conf.APP_ID is None:
        yield Warn(
            "IDENTITYX_APP_ID is not set: no reader can sign in, only staff.", id="identityx.W002"
        )
    elif conf.CALLBACK_URL is None and not settings.DEBUG:
        yield Warn(
            "IDENTITYX_CALLBACK_URL is not set: outside DEBUG no login link can be sent.",
            hint="Set it to the absolute URL of identityx:callback.",
            id="identityx.W003",
        )


@register("identityx")
def check_transport(**kwargs: Any) -> Iterator[CheckMessage]:
    for name, id_, value in (
        ("API_URL", "identityx.E002", conf.API_URL),
        ("CALLBACK_URL", "identityx.E003", conf.CALLBACK_URL),
    ):
        if value and rules.is_plain_http(value) and not settings.DEBUG:
            yield Error(
                f"IDENTITYX_{name} must use https outside DEBUG, but for loopback hosts.", id=id_
            )


@register("identityx")
def check_callback_path(**kwargs: Any) -> Iterator[CheckMessage]:
    """Follow the callback's path through the URLconf, as the link in the mail will."""
    if not conf.CALLBACK_URL or not getattr(settings, "ROOT_URLCONF", None):
        return
    path = _path(conf.CALLBACK_URL)
    if path is not None and _leads_to_callback(path):
        return
    if path is not None and settings.APPEND_SLASH and _leads_to_callback(f"{path}/"):
        yield Warn(
            "IDENTITYX_CALLBACK_URL lacks the slash at its end: each link is redirected once.",
            id="identityx.W004",
        )
        return
    yield Error(
        "IDENTITYX_CALLBACK_URL does not lead to the view identityx:callback.",
        hint='Is include("django_identityx.urls") in the URLconf, under the same path?',
        id="identityx.E004",
    )


@register("identityx")
def check_sessions(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.SESSION_ENGINE.endswith("signed_cookies"):
        yield Error(
            "SESSION_ENGINE keeps sessions in cookies: IdentityX tokens would leave the server.",
            hint="Use the db, cached_db or cache engine.",
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
    backend = settings.CACHES.get(conf.CACHE, {}).get("BACKEND", "")
    if backend.endswith("DummyCache"):
        yield Warn(
            f"IDENTITYX_CACHE is {conf.CACHE!r}, a dummy: every request asks IdentityX.",
            id="identityx.W005",
        )
    elif backend.rpartition(".")[2] in {"LocMemCache", "FileBasedCache"} and not settings.DEBUG:
        yield Warn(
            f"IDENTITYX_CACHE is {conf.CACHE!r}, which processes and machines do not share: a "
            "sign-out in one is seen by another only when its own verdict ends.",
            hint="Use Redis, Valkey or Memcached where there is more than one process.",
            id="identityx.W006",
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

    rest_framework = getattr(settings, "REST_FRAMEWORK", {})
    seen: list[type] = []
    for path in rest_framework.get("DEFAULT_AUTHENTICATION_CLASSES", ()):
        with contextlib.suppress(ImportError):
            seen.append(import_string(path) if isinstance(path, str) else path)
    ours = [i for i, cls in enumerate(seen) if issubclass(cls, IdentityXAuthentication)]
    for cls in seen[: ours[0]] if ours else ():
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


def _path(url: str) -> str | None:
    """The path of ``url`` below the script prefix."""
    with contextlib.suppress(ValueError):
        prefix, path = get_script_prefix().rstrip("/"), urlsplit(url).path
        if path.startswith(f"{prefix}/"):
            return path[len(prefix) :]
    return None


def _leads_to_callback(path: str) -> bool:
    # Under i18n_patterns, /es/... resolves only while Spanish is active.
    with override(get_language_from_path(path) or settings.LANGUAGE_CODE):
        try:
            match = resolve(path)
        except Resolver404:
            return False
    return match.url_name == "callback" and "identityx" in match.app_names
