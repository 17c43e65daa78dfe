"""``request.identityx``, and ``request.user`` where nobody else is signed in.

Everything is lazy: a request that looks at neither costs nothing. Where IdentityX gives no verdict,
looking raises `Unavailable`, and this middleware answers 503; ``request.identityx.hint`` never
raises, so public pages can greet during an outage.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from . import applications, outages, sessions
from .applications import Application
from .conf import conf
from .credentials import Credential
from .exceptions import NoVerdict, Rejected
from .users import AppUser, OrgUser
from .verification import Verdict

# On a request whose Authorization header was ours to read: True, then what it brought.
BEARER = "_identityx_bearer"
# On a request whose answer is for this visitor alone.
PRIVATE = "_identityx_private"

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class Details:
    """What is known of the visitor; ``request.identityx``.

    By the session, or by the ``Authorization`` header where that is what a view has accepted.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._asked = False
        self._verdict: Verdict | None = None
        self._loaded: Any = None  # what the site's loader makes of the user
        self.django_user: Any = None
        self.django_auser: Callable[[], Awaitable[Any]] | None = None

    # --- for everybody ----------------------------------------------------------------------

    @property
    def user(self) -> AppUser | OrgUser | AnonymousUser:
        """IdentityX's verified user, or ``AnonymousUser``; raises `Unavailable` on trouble."""
        verdict = self._found()
        return AnonymousUser() if verdict is None else verdict.user

    @property
    def fresh(self) -> bool:
        """False where IdentityX was unreachable and an older verdict served."""
        verdict = self._found()
        return verdict is None or verdict.fresh

    @property
    def credential(self) -> Credential | None:
        """The credential of `user`: the session's, or the header's."""
        if (bearer := self._bearer) is not None:
            return bearer[1]
        return None if self._found() is None else sessions.get_credential(self._request)

    @property
    def hint(self) -> str:
        """The name stored at sign-in. For greeting only; asks nobody and never raises."""
        return sessions.get_hint(self._request)

    @property
    def application(self) -> Application:
        """The application of IdentityX that the request is for."""
        return applications.current(self._request)

    @property
    def actor(self) -> OrgUser | None:
        """The member of staff who acts for `user`; None where people act for themselves."""
        return getattr(self._found(), "actor", None)

    async def auser(self) -> AppUser | OrgUser | AnonymousUser:
        """`user` in an async view; what else this object has needs no waiting afterwards."""
        if self._bearer is None and not self._asked:
            await self.aask(sessions.stricter_age(self._request))
        return self.user

    # --- for this package -------------------------------------------------------------------

    @property
    def known_user(self) -> AppUser | OrgUser | None:
        """The user, if this request has verified or established one already."""
        return None if self._verdict is None else self._verdict.user

    @property
    def loaded(self) -> Any:
        """What the site's loader makes of the session's user; ``AnonymousUser`` for nobody."""
        self._ask()
        return AnonymousUser() if self._loaded is None else self._loaded

    def ask(self, max_age: float | None) -> None:
        """Find out who is there, by a verdict that is at most ``max_age`` seconds old."""
        self._know(*sessions.admitted(self._request, max_age))

    async def aask(self, max_age: float | None) -> None:
        """`ask` in an async view."""
        self._know(*await sessions.aadmitted(self._request, max_age))

    def demand(self, max_age: float) -> None:
        """`ask`, also where the visitor is known already; ``request.user`` follows."""
        self.ask(sessions.stricter_age(self._request, max_age))
        if self.django_user is not None:
            self.become_user()

    async def ademand(self, max_age: float) -> None:
        """`demand` in an async view."""
        await self.aask(sessions.stricter_age(self._request, max_age))
        if self.django_user is not None:
            self.become_user()

    def attach(self, verdict: Verdict | None) -> None:
        """Take over what a login or a logout has just decided."""
        self.forget()
        if verdict is not None:
            with contextlib.suppress(Rejected):
                self._know(verdict, sessions.load(verdict.user, request=self._request))
        self.django_user = self.django_auser = None
        self.become_user()

    def forget(self) -> None:
        """Know nobody from here on."""
        self._request.__dict__.pop(BEARER, None)
        self._know(None, None)

    def _ask(self) -> None:
        if not self._asked:
            self.ask(sessions.stricter_age(self._request))

    def _found(self) -> Verdict | None:
        """By the header that a view has accepted, else by the session."""
        if (bearer := self._bearer) is not None:
            return bearer[0]
        self._ask()
        return self._verdict

    def _know(self, verdict: Verdict | None, loaded: Any) -> None:
        self._verdict, self._loaded, self._asked = verdict, loaded, True

    def become_user(self) -> None:
        """Make ``request.user`` and ``request.auser`` Django's user, else IdentityX's."""
        if not conf.REQUEST_USER:
            return
        django_user, django_auser = self.django_user, self.django_auser

        def resolve() -> Any:
            is_known = django_user is not None and django_user.is_authenticated
            return django_user if is_known else self.loaded

        async def auser() -> Any:
            user = None if django_auser is None else await django_auser()
            if user is not None and user.is_authenticated:
                return user
            await self.auser()
            return self.loaded

        self._request.user = SimpleLazyObject(resolve)  # type: ignore[assignment]
        self._request.auser = auser

    @property
    def _bearer(self) -> tuple[Verdict, Credential] | None:
        bearer = self._request.__dict__.get(BEARER)
        return bearer if isinstance(bearer, tuple) else None


def details(request: HttpRequest) -> Details:
    """``request.identityx``; made here where the middleware is missing."""
    known: Details | None = getattr(request, "identityx", None)
    if known is None:
        known = request.identityx = Details(request)  # type: ignore[attr-defined]
    return known


class IdentityXMiddleware:
    """Place after ``AuthenticationMiddleware`` and before ``LoginRequiredMiddleware``."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        login_is_required = any(
            isinstance(middleware, type) and issubclass(middleware, LoginRequiredMiddleware)
            for middleware in map(import_string, settings.MIDDLEWARE)
        )
        if login_is_required:  # elsewhere a request is spared the call, and an async one a thread
            self.process_view = self._aprocess_view if self._is_async else self._process_view

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._acall(request)
        self._prepare(request)
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101 - we are in the sync branch
        return _finish(request, response)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        self._prepare(request)
        response = self.get_response(request)
        assert not isinstance(response, HttpResponseBase)  # noqa: S101
        return _finish(request, await response)

    def _prepare(self, request: HttpRequest) -> None:
        known = request.identityx = Details(request)  # type: ignore[attr-defined]
        known.django_user = getattr(request, "user", None)
        known.django_auser = getattr(request, "auser", None)
        known.become_user()

    def _process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer 503 before ``LoginRequiredMiddleware`` looks at a user whom nobody can verify."""
        if not conf.REQUEST_USER:
            return None
        try:
            bool(request.user.is_authenticated)
        except NoVerdict as error:
            return _without_verdict(request, error)
        return None

    async def _aprocess_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """`_process_view`; the middleware itself then finds what is known."""
        if not conf.REQUEST_USER:
            return None
        try:
            await request.auser()
        except NoVerdict as error:
            return await sync_to_async(_without_verdict)(request, error)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 503 where a view met trouble at IdentityX."""
        if isinstance(error, NoVerdict):
            return outages.response(request, error)
        return None


def _without_verdict(request: HttpRequest, error: NoVerdict) -> HttpResponse | None:
    match = request.resolver_match
    if match is None or "identityx" not in match.app_names:
        return outages.response(request, error)
    request.user = AnonymousUser()  # signing in and out works on, whatever is down
    return None


def _finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if BEARER in request.__dict__:
        patch_vary_headers(response, ["Authorization"])
    if PRIVATE in request.__dict__:
        response["Cache-Control"] = "private, no-store"
        patch_vary_headers(response, ["Cookie", "Authorization"])
    kept = response.status_code == 503 and "no-store" not in response.get("Cache-Control", "")
    if kept and outages.is_told(request):
        response["Cache-Control"] = "no-store"  # also where DRF made the answer
    return response
