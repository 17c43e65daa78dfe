"""DRF permissions by kind of person and by role; they compose with ``&``, ``|`` and ``~``."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from . import applications
from .applications import ANY_ORGANIZATION, Application
from .credentials import Credential
from .exceptions import ConfigurationError
from .middleware import details
from .users import ApiTokenUser, AppUser, OrgUser

ORG_USER_KINDS = frozenset({"OrgUser", "OrgUserApiToken"})


class IsAppUser(BasePermission):
    """Allows readers of the application."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return _kind(request) == AppUser.kind


class IsOrgUser(BasePermission):
    """Allows members of the site's organization, in person or by API token."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return _kind(request) in ORG_USER_KINDS


def HasOrgRole(*roles: str, interactive: bool = False) -> type[BasePermission]:  # noqa: N802
    """A permission that allows who has one of ``roles`` in the site's organization.

    ``interactive`` leaves API tokens out. Each call gives a class of its own.
    """

    class HasOrgRole(BasePermission):
        def has_permission(self, request: Request, view: Any) -> bool:
            user = _identityx_user(request)
            application = applications.current(request._request)
            return has_role(user, application, roles, interactive=interactive)

    return HasOrgRole


def has_role(
    user: object, application: Application, roles: tuple[str, ...], *, interactive: bool = False
) -> bool:
    """Whether ``user`` has one of ``roles`` in the organization of ``application``.

    Raises `ConfigurationError` where no one organization is ours: anybody owns one of their own.
    """
    if not isinstance(user, OrgUser) or (interactive and isinstance(user, ApiTokenUser)):
        return False
    organization = application.org_id
    if organization is None or organization == ANY_ORGANIZATION:
        raise ConfigurationError("Roles count in one organization: set IDENTITYX_ORG_ID.")
    return user.role_in(organization) in roles


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
    if isinstance(user, AppUser | OrgUser):
        return user
    authenticator = getattr(request, "successful_authenticator", None)
    if not isinstance(authenticator, SessionAuthentication) and not isinstance(
        request.auth, Credential
    ):
        return None
    user = details(request._request).user
    return user if isinstance(user, AppUser | OrgUser) else None
