"""Saying no: a page for people, data for programs; never stored by anything on the way."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from .answers import LOGIN_REQUIRED, Access

NEVER_STORED = "private, no-store"


def denied_page(request: HttpRequest, access: Access) -> HttpResponse:
    """``identityx/no_access.html``, 403; with a sign-in that comes back, if that may help."""
    context = {
        "access": access,
        "next": request.get_full_path() if request.method in {"GET", "HEAD"} else "",
        "login_required": access.reason == LOGIN_REQUIRED,
    }
    response = render(request, "identityx/no_access.html", context, status=403)
    response["Cache-Control"] = NEVER_STORED
    patch_vary_headers(response, ["Cookie", "Authorization"])
    return response


def denied_status(access: Access) -> int:
    """401 where signing in may help, else 403."""
    return 401 if access.reason == LOGIN_REQUIRED else 403


def denied_data(access: Access) -> dict[str, Any]:
    """The body of a refusal: ``{code, detail, message, required_access_levels}``."""
    if access.reason == LOGIN_REQUIRED:
        detail = gettext("Sign in to read this.")
    else:
        detail = gettext("This needs an access level that you don't have.")
    return {
        "code": access.reason,
        "detail": detail,
        "message": str(access.message),
        "required_access_levels": [
            {"id": level.id, "name": level.name} for level in access.required
        ],
    }
