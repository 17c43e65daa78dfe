"""The headers that every page and JSON answer of ours has."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers


def set_headers(response: HttpResponse) -> HttpResponse:
    """Nothing of ours is stored, indexed, framed, or named to other sites."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["X-Frame-Options"] = "DENY"
    response["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ["Cookie", "Authorization"])
    return response
