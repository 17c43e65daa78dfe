"""The site of the test suite, something that keeps a foreign key, and the admin."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.urls import urlpatterns as site

from .models import Bookmark


@login_required
def bookmark(request: HttpRequest) -> HttpResponse:
    kept = Bookmark.objects.create(owner=request.user, url="https://example.net/")
    return HttpResponse(str(kept.pk))


urlpatterns = [*site, path("bookmark/", bookmark)]
if apps.is_installed("django.contrib.admin"):
    urlpatterns.append(path("admin/", admin.site.urls))
