"""For Django views, functions and classes, sync and async: who may come in, and how surely.

They look at ``request.identityx``, so they work whatever ``request.user`` is::

    @app_user_required
    def members(request): ...

    @max_age(0)
    @login_required
    def delete_account(request): ...
"""

from __future__ import annotations

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
from .exceptions import NoVerdict, Rejected
from .middleware import details
from .permissions import has_role
from .profile import agap_now, gap_now
from .users import is_app_user, is_org_user

logger = logging.getLogger("django_identityx")

View = TypeVar("View", bound=Callable[..., Any])


class Guard:
    """What stands before a view.

    ``find``, or for async views ``afind``, says what is known of a request; ``judge`` makes of it
    the answer of who is not let in, or None. ``attributes`` are what Django's middleware looks for
    on a view.
    """

    def __init__(
        self,
        find: Callable[[HttpRequest], Any],
        afind: Callable[[HttpRequest], Awaitable[Any]],
        judge: Callable[[HttpRequest, Any], HttpResponseBase | None],
        **attributes: object,
    ) -> None:
        self.find, self.afind, self.judge, self.attributes = find, afind, judge, attributes

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
        refusal = self.judge(request, self.find(request))
        return view() if refusal is None else refusal

    async def acall(self, request: HttpRequest, view: Callable[[], Any]) -> Any:
        refusal = self.judge(request, await self.afind(request))
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


# --- who ----------------------------------------------------------------------------------------


def _user(request: HttpRequest) -> object:
    return details(request).user


async def _auser(request: HttpRequest) -> object:
    return await details(request).auser()


async def _auser_with_organization(request: HttpRequest) -> object:
    user, here = await _auser(request), await applications.acurrent(request)
    if is_org_user(user) and here.org_id is None:
        await sync_to_async(verification.organization_of)(here)
    return user


def _judge_kind(
    request: HttpRequest, user: Any, is_right: Callable[[object], bool], login_url: str
) -> HttpResponseBase | None:
    """Lead whoever is nobody to the sign-in; 403 for people of another kind."""
    if is_right(user):
        return None
    if user.is_authenticated:
        logger.debug("guard: 403, somebody of another kind")
        raise PermissionDenied
    logger.debug("guard: nobody is signed in")
    return redirect_to_login(request.get_full_path(), resolve_url(login_url))


_judge_reader = partial(_judge_kind, is_right=is_app_user, login_url="identityx:login")
_judge_staff = partial(_judge_kind, is_right=is_org_user, login_url="identityx:org-login")
APP_USER = Guard(_user, _auser, _judge_reader)
ORG_USER = Guard(_user, _auser, _judge_staff)


def app_user_required(view: View) -> View:
    """Let readers in; lead everybody who is not signed in to ``identityx:login``."""
    return APP_USER(view)


def org_user_required(view: View) -> View:
    """Let members of the site's organization in; lead others to ``identityx:org-login``."""
    return ORG_USER(view)


def org_role_required(*roles: str, interactive: bool = False) -> Guard:
    """Let in who has one of ``roles`` in the site's organization; ``interactive``: in person."""

    def judge(request: HttpRequest, user: Any) -> HttpResponseBase | None:
        refusal = _judge_staff(request, user)
        here = details(request).application
        if refusal is None and not has_role(user, here, roles, interactive=interactive):
            logger.debug("guard: 403, none of the roles")
            raise PermissionDenied
        return refusal

    return Guard(_user, _auser_with_organization, judge)


def access_level_required(*names_or_ids: str) -> Guard:
    """Let in who has any one of some access levels, by name or id; show others why not.

    Without levels: who is signed in as a reader, or let in by their address. Needs no sign-in
    where IdentityX lets a network in.
    """

    def judge(request: HttpRequest, access: Access) -> HttpResponseBase | None:
        return None if access.allowed else denied_page(request, access)

    return Guard(
        lambda request: get_access(request, *names_or_ids),
        lambda request: aget_access(request, *names_or_ids),
        judge,
    )


def _gap(request: HttpRequest) -> object:
    """What is missing in the profile of a reader; `Rejected` of who has just ended to be one."""
    known = details(request)
    try:
        return gap_now(request, known.user, known.credential) if is_app_user(known.user) else None
    except Rejected as error:  # it has ended since it was verified
        return error


async def _agap(request: HttpRequest) -> object:
    user = await _auser(request)
    try:
        known = details(request).credential
        return await agap_now(request, user, known) if is_app_user(user) else None
    except Rejected as error:
        return error


def _judge_profile(request: HttpRequest, gap: object) -> HttpResponseBase | None:
    refusal = _judge_reader(request, details(request).user)
    if refusal is not None or gap is None:
        return refusal
    logger.debug("guard: the profile is incomplete")
    page = "identityx:login" if isinstance(gap, Rejected) else "identityx:profile"
    return redirect_to_login(request.get_full_path(), resolve_url(page))


COMPLETE_PROFILE = Guard(_gap, _agap, _judge_profile)


def complete_profile_required(view: View) -> View:
    """Let readers in whose profile is complete; lead others to ``identityx:profile``.

    Complete: it has ``IDENTITYX_REQUIRED_FIELDS``, and IdentityX does not want it to be looked
    through again. Staff, who have no profile, are refused.
    """
    return COMPLETE_PROFILE(view)


# --- how surely ---------------------------------------------------------------------------------


def max_age(seconds: float) -> Guard:
    """Let a view see only people whose verdict is at most ``seconds`` old; 0 asks IdentityX.

    Concerns the session, as `IdentityXMiddleware` reads it. Stands above ``login_required``:
    whoever IdentityX rejects is signed out by then. No stale verdict serves: that is 503.
    """
    return Guard(
        lambda request: details(request).demand(seconds),
        lambda request: details(request).ademand(seconds),
        lambda request, nothing: None,
    )


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
    def find(request: Any) -> Any:
        _forget_cookies(request)
        try:
            return authentication_class().authenticate(request)
        except exceptions.APIException as error:
            return error

    async def afind(request: Any) -> Any:
        _forget_cookies(request)
        try:
            return await authentication_class().aauthenticate(request)
        except exceptions.APIException as error:
            return error

    def judge(request: Any, found: Any) -> HttpResponseBase | None:
        if found is None:
            found = exceptions.NotAuthenticated()
        if isinstance(found, exceptions.APIException):
            return _refusal(request, authentication_class(), found)
        if conf.REQUEST_USER:
            _set_user(request, found[0])
        return None

    return Guard(find, afind, judge, csrf_exempt=True, login_required=False)


def _forget_cookies(request: Any) -> None:
    details(request).forget()
    _set_user(request, AnonymousUser())


def _set_user(request: Any, user: object) -> None:
    request.user, request.auser = user, partial(_itself, user)


async def _itself(user: Any) -> Any:
    return user


def _refusal(
    request: Any, authentication: IdentityXAuthentication, error: exceptions.APIException
) -> HttpResponseBase:
    cause = error.__cause__
    if isinstance(cause, NoVerdict):
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
