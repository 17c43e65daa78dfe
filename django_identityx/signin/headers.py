"""The headers that every page and JSON answer of ours has."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
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


def with_headers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view function with `set_headers`."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return set_headers(view(request, *args, **kwargs))

    return wrapped
