"""A site with types: `make lint` runs mypy and pyright over it, and nothing else does.

Where a line must be refused, its ``type: ignore`` is what is tested: an unused one is an error.
"""

from __future__ import annotations

from typing import Any, assert_type

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.urls import path
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx.authentication import IdentityXAuthentication
from django_identityx.client import IdentityXClient
from django_identityx.credentials import Credential, TokenType
from django_identityx.typing import HttpRequest
from django_identityx.users import (
    AccessLevel,
    AppUser,
    Membership,
    OrgUser,
    is_app_user,
    is_org_user,
)


def greet(request: HttpRequest) -> HttpResponse:
    assert_type(request.identityx.hint, str)
    assert_type(request.identityx.credential, Credential | None)
    user = request.identityx.user
    assert_type(user, AppUser | OrgUser | AnonymousUser)
    _ = user.access_levels  # type: ignore[union-attr]
    if is_app_user(user):
        assert_type(user, AppUser)
        assert_type(user.access_levels, tuple[AccessLevel, ...])
        _ = user.memberships  # type: ignore[attr-defined]
    return HttpResponse(request.identityx.hint)


@login_required
def newsroom(request: HttpRequest) -> HttpResponse:
    if not is_org_user(request.user):
        return HttpResponse(status=403)
    assert_type(request.user, OrgUser)
    assert_type(request.user.memberships, tuple[Membership, ...])
    return HttpResponse(request.user.memberships[0].role)


class Readers(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return is_app_user(request.user) and request.user.verified


class Me(APIView):
    authentication_classes = [IdentityXAuthentication]
    permission_classes = [Readers]

    def get(self, request: Request) -> Response:
        assert isinstance(request.auth, Credential)
        assert_type(request.auth.token_type, TokenType)
        return Response({"kind": request.auth.token_type})


def make() -> AppUser:
    return IdentityXClient.from_settings().create_app_user("ann@example.net", givenName="Ann")


urlpatterns = [path("", greet), path("newsroom/", newsroom), path("me/", Me.as_view())]
