"""Errors of the JSON twins: ours as DRF's, and DRF's as ``{"code", "detail"}``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ... import outages
from ...exceptions import ConfigurationError, OperationFailed, Rejected, Unavailable, Unclear
from ...ratelimits import LimitExceeded
from ..reasons import reason_for


class Refused(exceptions.APIException):
    """An error with a code and, where there is one, a time to wait; status by the code."""

    def __init__(
        self, code: str, detail: Any = "", *, status: int = 0, wait: int | None = None, **extra: Any
    ) -> None:
        super().__init__(detail or reason_for(code).title, code)
        self.status_code = status or reason_for(code).status
        self.extra = extra
        if wait is not None:
            self.wait = wait


def refusal(request: HttpRequest, exc: Exception) -> Exception:
    """Our errors as DRF's."""
    if isinstance(exc, LimitExceeded):
        return Refused("too_many", reason_for("too_many").text, wait=exc.wait)
    if isinstance(exc, Rejected):
        return Refused(exc.reason)
    if isinstance(exc, MultiPartParserError | SuspiciousOperation):
        return exceptions.ParseError()  # a form that the CSRF check could not read
    if isinstance(exc, OperationFailed):
        exc = Unclear("IdentityX refused a question in which nothing is wrong.")
    if isinstance(exc, ImproperlyConfigured):
        exc = ConfigurationError(str(exc))
    if isinstance(exc, Unavailable | ConfigurationError):
        return outages.api_exception(request, exc)
    return exc


def answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to an error, in our shape."""
    response = exception_handler(exc, context)
    if response is None or isinstance(exc, outages.ServiceUnavailable):
        return response
    if isinstance(exc, exceptions.ValidationError):
        response.data = {"code": "invalid", "detail": _first(exc.detail), "fields": exc.detail}
    elif isinstance(exc, exceptions.APIException) and isinstance(exc.detail, dict):
        pass  # a rejected bearer
    elif isinstance(exc, exceptions.APIException):
        response.data = {"code": exc.get_codes(), "detail": exc.detail}
        if isinstance(exc, Refused):
            response.data = {**response.data, **exc.extra}
    else:  # Django's own 404 and 403
        response.data = {"code": response.status_text.lower().replace(" ", "_"), **response.data}
    return response


def _first(detail: Any) -> str:
    while isinstance(detail, dict | list) and detail:
        detail = next(iter(detail.values())) if isinstance(detail, dict) else detail[0]
    return str(detail)
