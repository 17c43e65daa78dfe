"""For Django views, functions and classes, sync and async: who may come in, and how surely.

They look at ``request.identityx``, so they work whatever ``request.user`` is::

    @app_user_required
    def members(request): ...

    @max_age(0)
    @login_required
    def delete_account(request): ...
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any, TypeVar, overload

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import resolve_url
from rest_framework import exceptions

from . import applications, outages, verification
from .access import Access, aget_access, denied_page, get_access
from .authentication import IdentityXAuthentication
from .conf import conf
from .exceptions import ConfigurationError, Rejected, Unavailable
from .middleware import details
from .permissions import has_role
from .profile import agap_now, gap_now
from .users import is_app_user, is_org_user

logger = logging.getLogger("django_identityx")

View = TypeVar("View", bound=Callable[..., Any])

# Looks at a request, and gives the answer of who is not let in.
Check = Callable[[HttpRequest], HttpResponseBase | None]


class Guard:
    """What stands before a view: a check, and what an async view has to wait for ahead of it."""

    def __init__(
        self,
        check: Check,
        prepare: Callable[[HttpRequest], Awaitable[object]],
        **attributes: object,
    ) -> None:
        self.check = check
        self.prepare = prepare
        self.attributes = attributes  # that Django's middleware looks for on a view

    def __call__(self, view: View) -> View:
        """Decorate a view: a function, or a class by its ``dispatch``."""
        if isinstance(view, type):
            view.dispatch = self._around_dispatch(view.dispatch)  # type: ignore[attr-defined]
            return view  # pyright: ignore[reportReturnType]

        @wraps(view)
        async def async_view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return await self.acall(request, partial(view, request, *args, **kwargs))

        @wraps(view)
        def sync_view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return self.call(request, partial(view, request, *args, **kwargs))

        wrapped: Any = async_view if iscoroutinefunction(view) else sync_view
        wrapped.__dict__.update(self.attributes)
        return wrapped  # type: ignore[no-any-return]

    def call(self, request: HttpRequest, view: Callable[[], Any]) -> Any:
        refusal = self.check(request)
        return view() if refusal is None else refusal

    async def acall(self, request: HttpRequest, view: Callable[[], Any]) -> Any:
        await self.prepare(request)
        refusal = self.check(request)
        return await view() if refusal is None else refusal

    def dispatch(self, view: Any, request: HttpRequest, dispatch: Callable[[], Any]) -> Any:
        """`call` or `acall`, as the class-based view ``view`` wants it."""
        if getattr(view, "view_is_async", False):
            return self.acall(request, dispatch)
        return self.call(request, dispatch)

    def _around_dispatch(self, dispatch: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(dispatch)
        def wrapped(view: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return self.dispatch(view, request, partial(dispatch, view, request, *args, **kwargs))

        wrapped.__dict__.update(self.attributes)
        return wrapped


async def _know(request: HttpRequest) -> object:
    return await details(request).auser()


async def _know_organization(request: HttpRequest) -> object:
    user = await details(request).auser()
    here = await applications.acurrent(request)
    if is_org_user(user) and here.org_id is None:
        await sync_to_async(verification.organization_of)(here)
    return user


# --- who ----------------------------------------------------------------------------------------


def _check_kind(
    request: HttpRequest, is_right: Callable[[object], bool], login_url: str
) -> HttpResponseBase | None:
    """Lead whoever is nobody to the sign-in; 403 for people of another kind."""
    user = details(request).user
    if is_right(user):
        return None
    if user.is_authenticated:
        logger.debug("guard: 403, somebody of another kind")
        raise PermissionDenied
    logger.debug("guard: nobody is signed in")
    return redirect_to_login(request.get_full_path(), resolve_url(login_url))


def _check_role(
    request: HttpRequest, roles: tuple[str, ...], interactive: bool
) -> HttpResponseBase | None:
    refusal = _check_kind(request, is_org_user, "identityx:org-login")
    if refusal is not None:
        return refusal
    known = details(request)
    if not has_role(known.user, known.application, roles, interactive=interactive):
        logger.debug("guard: 403, none of the roles")
        raise PermissionDenied
    return None


APP_USER = Guard(partial(_check_kind, is_right=is_app_user, login_url="identityx:login"), _know)
ORG_USER = Guard(partial(_check_kind, is_right=is_org_user, login_url="identityx:org-login"), _know)


def org_role(*roles: str, interactive: bool = False) -> Guard:
    """The guard behind `org_role_required` and its mixin."""
    return Guard(partial(_check_role, roles=roles, interactive=interactive), _know_organization)


def app_user_required(view: View) -> View:
    """Let readers in; lead everybody who is not signed in to ``identityx:login``."""
    return APP_USER(view)


def org_user_required(view: View) -> View:
    """Let members of the site's organization in; lead others to ``identityx:org-login``."""
    return ORG_USER(view)


def org_role_required(*roles: str, interactive: bool = False) -> Callable[[View], View]:
    """Let in who has one of ``roles`` in the site's organization; ``interactive``: in person."""
    return org_role(*roles, interactive=interactive)


def access_level(*names_or_ids: str) -> Guard:
    """The guard behind `access_level_required` and its mixin."""

    def check(request: HttpRequest) -> HttpResponseBase | None:
        known: Access | None = request.__dict__.pop(_ACCESS, None)
        access = get_access(request, *names_or_ids) if known is None else known
        return None if access.allowed else denied_page(request, access)

    async def prepare(request: HttpRequest) -> None:
        request.__dict__[_ACCESS] = await aget_access(request, *names_or_ids)

    return Guard(check, prepare)


_ACCESS = "_identityx_found_access"


def access_level_required(*names_or_ids: str) -> Callable[[View], View]:
    """Let in who has any one of some access levels, by name or id; show others why not.

    Without levels: who is signed in as a reader, or let in by their address. Needs no sign-in
    where IdentityX lets a network in.
    """
    return access_level(*names_or_ids)


def _check_profile(request: HttpRequest) -> HttpResponseBase | None:
    """Lead readers whose profile is incomplete to ``identityx:profile``, and from there back."""
    refusal = _check_kind(request, is_app_user, "identityx:login")
    if refusal is not None:
        return refusal
    known = details(request)
    found = request.__dict__.pop(_GAP, None)
    try:
        missing = found[0] if found else gap_now(request, known.user, known.credential)  # type: ignore[arg-type]
    except Rejected:  # it has ended since it was verified
        return redirect_to_login(request.get_full_path(), resolve_url("identityx:login"))
    if missing is None:
        return None
    logger.debug("guard: the profile is incomplete")
    return redirect_to_login(request.get_full_path(), resolve_url("identityx:profile"))


async def _know_profile(request: HttpRequest) -> None:
    user = await details(request).auser()
    if is_app_user(user):
        with contextlib.suppress(Rejected):
            found = await agap_now(request, user, details(request).credential)
            request.__dict__[_GAP] = (found,)


_GAP = "_identityx_found_gap"
COMPLETE_PROFILE = Guard(_check_profile, _know_profile)


def complete_profile_required(view: View) -> View:
    """Let readers in whose profile is complete; lead others to ``identityx:profile``.

    Complete: it has ``IDENTITYX_REQUIRED_FIELDS``, and IdentityX does not want it to be looked
    through again. Staff, who have no profile, are refused.
    """
    return COMPLETE_PROFILE(view)


# --- how surely ---------------------------------------------------------------------------------


def max_age(seconds: float) -> Callable[[View], View]:
    """Let a view see only people whose verdict is at most ``seconds`` old; 0 asks IdentityX.

    Concerns the session, as `IdentityXMiddleware` reads it. Stands above ``login_required``:
    whoever IdentityX rejects is signed out by then. No stale verdict serves: that is 503.
    """

    def check(request: HttpRequest) -> None:
        if not getattr(request, _DEMANDED, False):
            details(request).demand(seconds)

    async def prepare(request: HttpRequest) -> None:
        await details(request).ademand(seconds)
        setattr(request, _DEMANDED, True)

    return Guard(check, prepare)


_DEMANDED = "_identityx_demanded"


# --- by the header ------------------------------------------------------------------------------


@overload
def bearer_required(
    view: type[IdentityXAuthentication] | None = None,
) -> Callable[[View], View]: ...
@overload
def bearer_required(view: View) -> View: ...
def bearer_required(view: Any = None) -> Any:
    """Take the ``Authorization`` header, and nothing else, for a Django view.

    ``@bearer_required``, or ``@bearer_required(OrgUserAuthentication)`` with an authentication
    class that says what is taken. ``request.user`` becomes the bearer; so does
    ``request.identityx.user``. No cookie counts, so the view needs no CSRF token. Refusals are
    JSON: 401 with the challenge, 429, 503.
    """
    if view is None:
        return bearer_required
    if isinstance(view, type) and issubclass(view, IdentityXAuthentication):
        return _bearer(view)
    return _bearer(IdentityXAuthentication)(view)


def _bearer(authentication_class: type[IdentityXAuthentication]) -> Guard:
    def check(request: HttpRequest) -> HttpResponseBase | None:
        outcome = request.__dict__.pop(_AUTHENTICATED, None)
        if outcome is not None:
            return outcome[0]  # type: ignore[no-any-return]
        return _authenticate(request, authentication_class())

    async def prepare(request: HttpRequest) -> None:
        refusal = await _aauthenticate(request, authentication_class())
        request.__dict__[_AUTHENTICATED] = (refusal,)

    return Guard(check, prepare, csrf_exempt=True, login_required=False)


_AUTHENTICATED = "_identityx_authenticated"


def _authenticate(request: Any, authentication: IdentityXAuthentication) -> HttpResponseBase | None:
    _forget_cookies(request)
    try:
        found = authentication.authenticate(request)
    except exceptions.APIException as error:
        return _refusal(request, authentication, error)
    return _accept(request, authentication, found)


async def _aauthenticate(
    request: Any, authentication: IdentityXAuthentication
) -> HttpResponseBase | None:
    _forget_cookies(request)
    try:
        found = await authentication.aauthenticate(request)
    except exceptions.APIException as error:
        return _refusal(request, authentication, error)
    return _accept(request, authentication, found)


def _forget_cookies(request: Any) -> None:
    details(request).forget()
    request.user = AnonymousUser()
    request.auser = partial(_itself, request.user)


def _accept(
    request: Any, authentication: IdentityXAuthentication, found: tuple[Any, Any] | None
) -> HttpResponseBase | None:
    if found is None:
        return _refusal(request, authentication, exceptions.NotAuthenticated())
    if conf.REQUEST_USER:
        request.user = found[0]
        request.auser = partial(_itself, found[0])
    return None


async def _itself(user: Any) -> Any:
    return user


def _refusal(
    request: Any, authentication: IdentityXAuthentication, error: exceptions.APIException
) -> HttpResponseBase:
    cause = error.__cause__
    if isinstance(cause, Unavailable | ConfigurationError):
        return outages.response(request, cause)
    detail: Any = error.detail
    if not isinstance(detail, dict):
        detail = {"code": error.get_codes(), "detail": detail}
    response = JsonResponse(detail, status=error.status_code)
    if error.status_code == 401:
        response["WWW-Authenticate"] = authentication.authenticate_header(request)
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(int(wait))
    return response
