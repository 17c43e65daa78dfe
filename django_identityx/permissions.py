"""DRF permissions by kind, role, access level, profile; they compose with ``&``, ``|``, ``~``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import NOT, BasePermission
from rest_framework.request import Request

from . import applications, outages
from .access import NEVER_STORED, denied_data, denied_status, get_access
from .applications import ANY_ORGANIZATION, Application
from .credentials import Credential
from .exceptions import ConfigurationError, NoVerdict, Rejected
from .middleware import details
from .profile import gap_now, incomplete_data
from .users import ROLES, ApiTokenUser, AppUser, OrgUser
from .verification import organization_of

ORG_USER_KINDS = frozenset({"OrgUser", "OrgUserApiToken"})


class _Permission(BasePermission):
    """Says of each object what it says of the view.

    DRF's ``~`` turns the answer about an object round as well, and by default that is yes.
    """

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return self.has_permission(request, view)


class IsAppUser(_Permission):
    """Allows readers of the application."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return _kind(request) == AppUser.kind


class IsOrgUser(_Permission):
    """Allows members of the site's organization, in person or by API token."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return _kind(request) in ORG_USER_KINDS


def HasOrgRole(*roles: str, interactive: bool = False) -> type[BasePermission]:  # noqa: N802
    """A permission that allows who has one of ``roles`` in the site's organization.

    ``interactive`` leaves API tokens out. Each call gives a class of its own.
    """

    class HasOrgRole(_Permission):
        def has_permission(self, request: Request, view: Any) -> bool:
            user = _identityx_user(request)
            application = applications.current(request._request)
            with _trouble_as_503(request):
                return has_role(user, application, roles, interactive=interactive)

    return HasOrgRole


class _Telling(_Permission):
    """Says why in its own words: ``denial``, where it refused and has some."""

    denial: exceptions.APIException | None = None

    def has_permission(self, request: Request, view: Any) -> bool:
        # DRF says no with a text of its own, and of a composed permission with none.
        view.permission_denied = partial(_say_no, view)
        with _trouble_as_503(request):
            decided = self.decide(request, view)
        self.denial = decided if isinstance(decided, exceptions.APIException) else None
        return decided is True

    def decide(self, request: Request, view: Any) -> bool | exceptions.APIException:
        raise NotImplementedError


def HasAccessLevel(*names_or_ids: str) -> type[BasePermission]:  # noqa: N802
    """A permission that allows who has any one of some access levels, by name or id.

    Without arguments: who is signed in as a reader, or let in by their address. Refusals are 403,
    or 401 where nobody is signed in, with ``{code, detail, message, required_access_levels}``;
    trouble is 503, under ``~`` too. Each call gives a class of its own.
    """

    class HasAccessLevel(_Telling):
        def decide(self, request: Request, view: Any) -> bool | exceptions.APIException:
            view.headers["Cache-Control"] = NEVER_STORED
            access = get_access(request, *names_or_ids)
            if access.allowed:
                return True
            is_401 = denied_status(access) == 401 and request.authenticators
            kind = exceptions.NotAuthenticated if is_401 else exceptions.PermissionDenied
            return kind(denied_data(access))

    return HasAccessLevel


class HasCompleteProfile(_Telling):
    """Allows readers whose profile has ``IDENTITYX_REQUIRED_FIELDS``, and is not too old.

    Others get 403 ``{code: "profile_incomplete", detail, missing}``, staff a plain one: they have
    no profile. Trouble is 503, under ``~`` too.
    """

    def decide(self, request: Request, view: Any) -> bool | exceptions.APIException:
        user, credential = _identityx_user(request), request.auth
        if not isinstance(user, AppUser):
            return False
        if not isinstance(credential, Credential):
            credential = details(request._request).credential
        try:
            missing = gap_now(request._request, user, credential)
        except Rejected:  # it has ended since it was verified
            return exceptions.NotAuthenticated()
        return missing is None or exceptions.PermissionDenied(incomplete_data(missing))


def _say_no(view: Any, request: Request, message: Any = None, code: str | None = None) -> None:
    """`APIView.permission_denied`, in the words of the permission that refused, if it has any."""
    for permission in view.get_permissions():
        if not permission.has_permission(request, view):
            denial = _denial(permission)
            if denial is not None:
                raise denial
            break
    type(view).permission_denied(view, request, message, code)


def _denial(permission: Any) -> exceptions.APIException | None:
    """What a permission, or a part of it, said; not what ``~`` turned round."""
    if isinstance(permission, _Telling):
        return permission.denial
    names = () if isinstance(permission, NOT) else ("op1", "op2")
    parts = [getattr(permission, name) for name in names if hasattr(permission, name)]
    return next(filter(None, map(_denial, parts)), None)


def has_role(
    user: object, application: Application, roles: tuple[str, ...], *, interactive: bool = False
) -> bool:
    """Whether ``user`` has one of ``roles`` in the organization of ``application``.

    Raises `ConfigurationError` where no one organization is ours: anybody owns one of their own;
    and for a role that IdentityX does not have.
    """
    if unknown := set(roles) - set(ROLES):
        raise ConfigurationError(f"IdentityX has no role {min(unknown)!r}.")
    if not isinstance(user, OrgUser) or (interactive and isinstance(user, ApiTokenUser)):
        return False
    organization = organization_of(application)
    if organization == ANY_ORGANIZATION:
        raise ConfigurationError("Roles count in one organization: set IDENTITYX_ORG_ID.")
    return user.role_in(organization) in roles


@contextlib.contextmanager
def _trouble_as_503(request: Request) -> Iterator[None]:
    """Raise, rather than say no: under ``~`` a no would let everybody in."""
    try:
        yield
    except NoVerdict as error:
        raise outages.api_exception(request._request, error) from error


def _kind(request: Request) -> str | None:
    # The credential's kind goes first: under a user loader, request.user is the site's own.
    if isinstance(request.auth, Credential):
        return request.auth.token_type
    user = _identityx_user(request)
    return None if user is None else user.kind


def _identityx_user(request: Request) -> AppUser | OrgUser | None:
    """IdentityX's user, whatever the site's loader makes of it; None for anybody else.

    By a session only where DRF has checked the CSRF token.
    """
    user: object = request.user
    authenticator = getattr(request, "successful_authenticator", None)
    counts = isinstance(authenticator, SessionAuthentication) or isinstance(
        request.auth, Credential
    )
    if not isinstance(user, AppUser | OrgUser) and counts:
        user = details(request._request).user
    return user if isinstance(user, AppUser | OrgUser) else None
