"""What pages and their JSON twins share: the headers, the cookies, the application."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views.decorators.debug import sensitive_variables

from .. import applications
from . import csrf
from .cookies import SignedCookie


class Entry:
    """A view of ours. ``cookies`` and ``dropped`` go with the answer, whatever it is."""

    in_browser = True  # else it sets no cookie
    redeems = False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view: Any = super().as_view(**initkwargs)  # type: ignore[misc]
        view.login_required = False
        if cls.redeems:  # a claim must outlive whatever its request does later
            view._non_atomic_requests = set(connections)
        return view

    @method_decorator(sensitive_variables())
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # What a stranger names as the charset may be no encoding of text.
        request.encoding = settings.DEFAULT_CHARSET
        self.cookies: list[SignedCookie] = []
        self.dropped: list[type[SignedCookie]] = []
        response = self.answer(request, *args, **kwargs)
        if self.in_browser:
            for cookie in self.cookies:
                cookie.leave(request, response)
            for kind in self.dropped:
                kind.drop(request, response)
            csrf.leave_cookie(request, response)
        return set_headers(response)

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Let the method of the request answer."""
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    @cached_property
    def application(self) -> applications.Application:
        return applications.current(self.django_request)

    @cached_property
    def django_request(self) -> HttpRequest:
        """The request as Django has it, not DRF."""
        request: Any = self.request  # type: ignore[attr-defined]
        found: HttpRequest = getattr(request, "_request", request)
        return found


def set_headers(response: HttpResponse) -> HttpResponse:
    """Nothing of ours is stored, indexed, framed, or named to other sites."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["X-Frame-Options"] = "DENY"
    response["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ["Cookie", "Authorization"])
    return response
