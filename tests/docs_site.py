"""The site that the documentation's examples speak of: members' pages, an API, and ours."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx.authentication import IdentityXAuthentication, IdentityXSessionAuthentication


@login_required
def members(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Welcome, {request.user}")


def public(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Welcome")


class Articles(APIView):
    authentication_classes = [IdentityXAuthentication, IdentityXSessionAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Any) -> Response:
        return Response([{"title": "What the river keeps"}])


urlpatterns = [
    path("", public, name="front"),
    path("members/", members, name="members"),
    path("api/articles", Articles.as_view()),
    path("account/", include("django_identityx.urls")),
    path("app/", include("django_identityx.token_urls")),
    path("comments/", include("django_identityx.comment_urls")),
]
