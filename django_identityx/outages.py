"""The 503, in one place: IdentityX, or what is configured of it, gives no verdict.

It speaks the client's language: a page where ``Accept`` prefers HTML, else ``{"code", "detail"}``.
The admins are told by one line a minute of this package's logger, not by an error mail for each
visitor whom Django's logger would report.
"""

from __future__ import annotations

import logging

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions

from .exceptions import ConfigurationError, NoVerdict
from .process import PerProcess, Seldom

logger = logging.getLogger("django_identityx")

LOG_EVERY = 60.0  # seconds
CODE = "unavailable"
DETAIL = _("The identity service is unavailable. Try again in a moment.")

_MARK = "_identityx_outage"  # on a request that was answered with 503


class ServiceUnavailable(exceptions.APIException):
    """The 503 of DRF views. ``wait`` becomes ``Retry-After``."""

    status_code = 503
    default_detail = DETAIL
    default_code = CODE

    def __init__(self, wait: int) -> None:
        super().__init__({"code": CODE, "detail": DETAIL})
        self.wait = wait


def response(request: HttpRequest, error: NoVerdict) -> HttpResponse:
    """Say that IdentityX can't be asked right now, as a page or as JSON."""
    wait = tell(request, error)
    answer: HttpResponse
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        # A base template that prints the user must not fail on the page that says why nobody knows.
        request.user = AnonymousUser()
        if (details := getattr(request, "identityx", None)) is not None:
            details.forget()
        answer = render(request, "identityx/unavailable.html", status=503)
    else:
        answer = JsonResponse({"code": CODE, "detail": str(DETAIL)}, status=503)
    answer["Retry-After"] = str(wait)
    answer["Cache-Control"] = "no-store"
    return answer


def api_exception(request: HttpRequest, error: NoVerdict) -> ServiceUnavailable:
    """What a DRF view raises for `response`."""
    return ServiceUnavailable(tell(request, error))


def tell(request: HttpRequest, error: NoVerdict) -> int:
    """Note that ``request`` meets trouble; the seconds after which to come back.

    Whoever answers 503 in a way of their own calls this, too.
    """
    request.__dict__[_MARK] = True
    is_of_site = isinstance(error, ConfigurationError)
    if _may_log()[is_of_site]():
        if is_of_site:
            logger.error("Answering 503, because of the settings: %s", error)
        else:
            logger.warning("Answering 503, because IdentityX gives no verdict: %s", error)
    return error.retry_after


def is_told(request: HttpRequest) -> bool:
    """Whether the request met trouble that `tell` was told of."""
    return _MARK in request.__dict__


# One line a minute for what the site can mend, and one for what it can't.
_may_log = PerProcess(lambda: {of_site: Seldom(LOG_EVERY) for of_site in (True, False)})


def leave_out_told(record: logging.LogRecord) -> bool:
    """Filter of ``django.request``: what our own logger tells once a minute is no error there."""
    request = getattr(record, "request", None)
    return getattr(record, "status_code", None) != 503 or not (
        isinstance(request, HttpRequest) and is_told(request)
    )


def connect() -> None:
    """Keep our 503s from being mailed to the admins, one mail a visitor."""
    logging.getLogger("django.request").addFilter(leave_out_told)
