"""Django's own CSRF check, run by our views so that they can answer with a page that helps.

In the middleware a failure ends in a bare 403 before a view is asked: cookies are off, or another
tab has signed in meanwhile. So our views are exempt there and ask here first.
"""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token

logger = logging.getLogger("django_identityx")


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def _check() -> _Check:
    return _Check(lambda request: HttpResponse())


def failure(request: HttpRequest) -> str:
    """Why an unsafe request fails the check: ``origin``, ``cookies``, ``csrf``; empty: it passes.

    A browser that sends no cookie of this site at all keeps none.
    """
    check = _check()
    check.process_request(request)
    reason = check.process_view(request, None, (), {})  # type: ignore[arg-type]
    if reason is None:
        return ""
    if str(reason).startswith(("Origin checking", "Referer checking")):
        code = "origin"
    else:
        code = "csrf" if request.COOKIES else "cookies"
    logger.debug("CSRF check failed: %s.", code)
    return code


def leave_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Set Django's CSRF cookie, also on a site without the middleware."""
    get_token(request)
    _check().process_response(request, response)
