"""``request.identityx``, and ``request.user`` where nobody else is signed in.

Everything is lazy: a request that looks at neither costs nothing. Where IdentityX gives no verdict,
looking raises `Unavailable`, and this middleware answers 503; ``request.identityx.hint`` never
raises, so public pages can greet during an outage.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from . import sessions
from .conf import conf
from .credentials import Credential
from .exceptions import ConfigurationError, Rejected, Unavailable
from .loading import load
from .users import AppUser, OrgUser
from .verification import Verdict

logger = logging.getLogger("django_identityx")

HEADER_READ = "_identityx_header_read"  # set on a request whose Authorization header was ours

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class Details:
    """What is known of the visitor; ``request.identityx``."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._asked = False
        self._verdict: Verdict | None = None
        self._attached: AppUser | OrgUser | None = None
        self._django_user: Callable[[], Any] | None = None

    @property
    def user(self) -> AppUser | OrgUser | AnonymousUser:
        """IdentityX's verified user, or ``AnonymousUser``; raises `Unavailable` on trouble."""
        self._ask()
        return self.known_user or AnonymousUser()

    @property
    def fresh(self) -> bool:
        """False where IdentityX was unreachable and an older verdict served."""
        self._ask()
        return self._verdict is None or self._verdict.fresh

    @property
    def credential(self) -> Credential | None:
        """The credential that the session holds, once verified."""
        self._ask()
        return sessions.get_credential(self._request) if self.known_user else None

    @property
    def hint(self) -> str:
        """The name stored at sign-in. For greeting only; asks nobody and never raises."""
        return sessions.get_hint(self._request)

    @property
    def known_user(self) -> AppUser | OrgUser | None:
        """The user, if this request has verified or established one already."""
        return self._attached or (self._verdict.user if self._verdict else None)

    def ask(self, max_age: float | None) -> AppUser | OrgUser | AnonymousUser:
        """`user`, by a verdict that is at most ``max_age`` seconds old."""
        self._verdict = sessions.get_verdict(self._request, max_age=max_age)
        self._asked, self._attached = True, None
        return self.user

    def demand(self, max_age: float) -> None:
        """`ask`, also where the visitor is known already; ``request.user`` follows."""
        self.ask(max_age if (usual := _max_age(self._request)) is None else min(max_age, usual))
        if conf.REQUEST_USER and self._django_user is not None:
            _set_user(self._request, self._django_user)

    def attach(self, user: AppUser | OrgUser | None) -> None:
        """Take over what a login or a logout has just decided."""
        self._asked, self._attached, self._verdict = True, user, None
        if conf.REQUEST_USER:
            _set_user(self._request, lambda: AnonymousUser())

    def _ask(self) -> None:
        if not self._asked:
            self.ask(_max_age(self._request))


class IdentityXMiddleware:
    """Place after ``AuthenticationMiddleware`` and before ``LoginRequiredMiddleware``."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._login_is_required = any(
            isinstance(middleware, type) and issubclass(middleware, LoginRequiredMiddleware)
            for middleware in map(import_string, settings.MIDDLEWARE)
        )
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._acall(request)
        self._prepare(request)
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101 - we are in the sync branch
        return _vary(request, response)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        self._prepare(request)
        response = self.get_response(request)
        assert not isinstance(response, HttpResponseBase)  # noqa: S101
        return _vary(request, await response)

    def _prepare(self, request: HttpRequest) -> None:
        request.identityx = Details(request)  # type: ignore[attr-defined]
        if conf.REQUEST_USER:
            django_user = getattr(request, "user", None)
            _set_user(request, lambda: AnonymousUser() if django_user is None else django_user)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer 503 before ``LoginRequiredMiddleware`` looks at a user whom nobody can verify."""
        if not (self._login_is_required and conf.REQUEST_USER):
            return None
        try:
            bool(request.user.is_authenticated)
        except (Unavailable, ConfigurationError) as error:
            match = request.resolver_match
            if match is None or "identityx" not in match.app_names:
                return unavailable(request, error)
            request.user = AnonymousUser()  # signing in and out works on, whatever is down
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 503 where a view met trouble at IdentityX."""
        if isinstance(error, Unavailable | ConfigurationError):
            return unavailable(request, error)
        return None


def unavailable(request: HttpRequest, error: Unavailable | ConfigurationError) -> HttpResponse:
    """A page that says that IdentityX can't be asked right now: 503 with ``Retry-After``."""
    if isinstance(error, ConfigurationError):
        logger.error("%s", error)
    # A base template that prints the user must not fail on the page that says why nobody knows.
    request.user = AnonymousUser()
    response = render(request, "identityx/unavailable.html", status=503)
    response["Retry-After"] = str(getattr(error, "retry_after", 60))
    response["Cache-Control"] = "no-store"
    return response


def _set_user(request: HttpRequest, django_user: Callable[[], Any]) -> None:
    """Make ``request.user`` and ``request.auser`` Django's user, else IdentityX's."""

    @cache
    def resolve() -> Any:
        user = django_user()
        if user.is_authenticated:
            return user
        known = request.identityx.user  # type: ignore[attr-defined]
        try:
            return load(known) if known.is_authenticated else known
        except Rejected:
            return AnonymousUser()

    async def auser() -> Any:
        return await sync_to_async(resolve)()

    request.identityx._django_user = django_user  # type: ignore[attr-defined]
    request.user = SimpleLazyObject(resolve)  # type: ignore[assignment]
    request.auser = auser


def _max_age(request: HttpRequest) -> float | None:
    unsafe = request.method not in {"GET", "HEAD", "OPTIONS", "TRACE"}
    return conf.UNSAFE_METHODS_MAX_AGE if unsafe else None


def _vary(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if getattr(request, HEADER_READ, False):
        patch_vary_headers(response, ["Authorization"])
    return response
