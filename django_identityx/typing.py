"""For annotations: the request as views see it behind `IdentityXMiddleware`."""

from __future__ import annotations

from django import http

from .middleware import Details

__all__ = ["Details", "HttpRequest"]


class HttpRequest(http.HttpRequest):
    """Django's request, with ``request.identityx``. Never instantiated."""

    identityx: Details
