"""Django's own CSRF check, run by our views so that they can answer with a page that helps.

In the middleware a failure ends in a bare 403 before a view is asked: cookies are off, or another
tab has signed in meanwhile. So our views are exempt there and ask here first.
"""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from rest_framework.authentication import CSRFCheck

logger = logging.getLogger("django_identityx")

_FOREIGN = "_identityx_foreign"  # on a request that another site has sent


def failure(request: HttpRequest) -> str:
    """Why an unsafe request fails the check: ``origin``, ``cookies``, ``csrf``; empty: it passes.

    A browser that sends no cookie of this site at all keeps none.
    """
    check = CSRFCheck(lambda request: HttpResponse())
    check.process_request(request)
    reason = check.process_view(request, None, (), {})  # type: ignore[arg-type]
    if reason is None:
        return ""
    if str(reason).startswith(("Origin checking", "Referer checking")):
        code = "origin"
        request.__dict__[_FOREIGN] = True
    else:
        code = "csrf" if request.COOKIES else "cookies"
    logger.debug("CSRF check failed: %s.", code)
    return code


def leave_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Set Django's CSRF cookie, also on a site without the middleware.

    A form of another site comes without cookies. One in the answer would replace the visitor's own,
    with ``CSRF_USE_SESSIONS`` that of the session: anybody could sign them out.
    """
    if _FOREIGN in request.__dict__:
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False  # a template may have asked for a token
        return
    get_token(request)
    CSRFCheck(lambda request: HttpResponse()).process_response(request, response)
