"""The site of the test suite: the package's URLs, and views that use what it gives."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.urls import include, path
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from django_identityx.authentication import (
    IdentityXAuthentication,
    IdentityXSessionAuthentication,
)


@api_view(["GET", "POST"])
@authentication_classes([IdentityXAuthentication])
@permission_classes([IsAuthenticated])
def protected(request: Request) -> Response:
    return Response(describe(request))


@api_view(["GET", "POST"])
@authentication_classes([IdentityXAuthentication])
def open_to_all(request: Request) -> Response:
    return Response(describe(request))


@api_view(["GET", "POST"])
@authentication_classes([IdentityXSessionAuthentication])
@permission_classes([IsAuthenticated])
def by_session(request: Request) -> Response:
    return Response(describe(request))


def describe(request: Request) -> dict[str, object]:
    return {
        "user": str(request.user),
        "class": type(request.user).__name__,
        "kind": request.auth.token_type if request.auth else None,
        "fresh": request.auth.fresh if request.auth else None,
    }


@login_required
def members(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"members: {request.user}")


def public(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"public: {request.identityx.hint or 'nobody'}")  # type: ignore[attr-defined]


async def members_async(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    return HttpResponse(f"async: {user}", status=200 if user.is_authenticated else 401)


def article(request: HttpRequest) -> HttpResponse:
    return HttpResponse(ARTICLE.render(RequestContext(request)))


ARTICLE = Template(
    '<!DOCTYPE html><html lang="en"><meta name="color-scheme" content="light dark">'
    "<title>An article</title><body><main><h1>An article</h1>"
    '{% load identityx %}{% identityx_comments "article-1" title="An article" url="/article/" %}'
    "</main></body></html>"
)

urlpatterns = [
    path("identityx/", include("django_identityx.urls")),
    path("app/", include("django_identityx.token_urls")),
    path("comments/", include("django_identityx.comment_urls")),
    path("article/", article),
    path("api/protected/", protected),
    path("api/open/", open_to_all),
    path("api/by-session/", by_session),
    path("members/", members),
    path("members-async/", members_async),
    path("public/", public),
]
