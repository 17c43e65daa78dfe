"""Django's own CSRF check, run by our views so that they can answer with a page that helps.

In the middleware a failure ends in a bare 403 before a view is asked: cookies are off, or another
tab has signed in meanwhile. So our views are exempt there and ask here first.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def _check() -> _Check:
    return _Check(lambda request: HttpResponse())


def failure(request: HttpRequest) -> str | None:
    """Why an unsafe request fails the check; None if it passes."""
    check = _check()
    check.process_request(request)
    reason = check.process_view(request, None, (), {})  # type: ignore[arg-type]
    return None if reason is None else str(reason)


def leave_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Set the CSRF cookie, also on a site without the middleware."""
    get_token(request)
    _check().process_response(request, response)
