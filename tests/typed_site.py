"""A site with types: `make lint` runs mypy and pyright over it, and nothing else does.

Where a line must be refused, its ``type: ignore`` is what is tested: an unused one is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_type

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.urls import path
from django.views.generic import TemplateView
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx.access import Access, get_access
from django_identityx.authentication import IdentityXAuthentication, OrgUserAuthentication
from django_identityx.client import IdentityXClient
from django_identityx.credentials import Credential, TokenType
from django_identityx.decorators import app_user_required, bearer_required, org_role_required
from django_identityx.mixins import AccessLevelRequiredMixin
from django_identityx.permissions import HasAccessLevel, HasOrgRole, IsOrgUser
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


class Staff(IsAuthenticated):
    pass


class Desk(APIView):
    permission_classes = [IsOrgUser & HasOrgRole("Owner") | ~HasAccessLevel("Premium") & Staff]


@app_user_required
def bookmarks(request: HttpRequest) -> HttpResponse:
    access = get_access(request, "Premium")
    assert_type(access, Access)
    return HttpResponse(access.message)


@org_role_required("Owner", interactive=True)
async def invite(request: HttpRequest) -> HttpResponse:
    assert_type(await request.identityx.auser(), AppUser | OrgUser | AnonymousUser)
    return HttpResponse()


@bearer_required
def feed(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@bearer_required(OrgUserAuthentication)
async def publish(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class Page(AccessLevelRequiredMixin, TemplateView):
    access_levels = ("Premium",)


# A guard keeps the type of its view: a wrong argument is still one.
feed("no request")  # type: ignore[arg-type]
bookmarks("no request")  # type: ignore[arg-type]
publishing: Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]] = publish


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
