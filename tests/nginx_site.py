"""The WSGI application behind the real nginx of ``test_nginx``: the test site, and two views."""

from __future__ import annotations

import json
import os

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import include, path

from . import settings

settings.ROOT_URLCONF = __name__
settings.IDENTITYX_API_URL = os.environ["NGINX_SITE_API_URL"]
settings.IDENTITYX_TRUSTED_PROXIES = 1
settings.DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["NGINX_SITE_DATABASE"],
    }
}
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()
call_command("migrate", verbosity=0)

from django_identityx import ratelimits  # noqa: E402
from django_identityx.addresses import client_address  # noqa: E402


def address(request: HttpRequest) -> JsonResponse:
    """Whose address it is, by the ``proxies`` that the query declares."""
    with override_settings(IDENTITYX_TRUSTED_PROXIES=json.loads(request.GET["proxies"])):
        return JsonResponse(
            {"address": client_address(request), "remote": request.META.get("REMOTE_ADDR")}
        )


def limited(request: HttpRequest) -> JsonResponse:
    try:
        ratelimits.limit_redeeming(request)
    except ratelimits.LimitExceeded:
        return JsonResponse({}, status=429)
    return JsonResponse({})


urlpatterns = [
    path("address/", address),
    path("limited/", limited),
    path("", include("tests.urls")),
]
application = get_wsgi_application()
