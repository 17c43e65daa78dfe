"""DRF permissions by kind of credential; they compose with ``&``, ``|`` and ``~``."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from .credentials import Credential, TokenType
from .users import is_app_user, is_org_user


class IsAppUser(BasePermission):
    """Allows readers of the application."""

    def has_permission(self, request: Request, view: Any) -> bool:
        # The credential's kind goes first: under a user loader, request.user is the site's own.
        if isinstance(request.auth, Credential):
            return request.auth.token_type is TokenType.APP_USER
        return is_app_user(request.user)


class IsOrgUser(BasePermission):
    """Allows staff, in person or by API token."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.auth, Credential):
            return request.auth.token_type is not TokenType.APP_USER
        return is_org_user(request.user)
