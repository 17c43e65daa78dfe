"""Errors of the JSON twins: ours as DRF's, and DRF's as ``{"code", "detail"}``."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ...exceptions import ConfigurationError, Rejected, Unavailable
from ...ratelimits import LimitExceeded

logger = logging.getLogger("django_identityx")


class Refused(exceptions.APIException):
    """An error with a status, a code and, where there is one, a time to wait."""

    def __init__(
        self, status_code: int, code: str, detail: Any, wait: int | None = None, **extra: Any
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.extra = extra
        if wait is not None:
            self.wait = wait


def refusal(exc: Exception) -> Exception:
    """Our errors as DRF's."""
    if isinstance(exc, LimitExceeded):
        return Refused(429, "too_many", _("Too many requests. Wait a moment."), wait=exc.wait)
    if isinstance(exc, Rejected):
        detail = _DETAILS.get(exc.reason, _("This link is not complete"))
        return Refused(_STATUS.get(exc.reason, 400), exc.reason, detail)
    if isinstance(exc, Unavailable):
        detail = _("The identity service is unavailable. Try again in a moment.")
        return Refused(503, "unavailable", detail, wait=exc.retry_after)
    if isinstance(exc, ConfigurationError | ImproperlyConfigured):
        logger.error("Signing in does not work: %s", exc)
        return Refused(503, "unavailable", _("Signing in does not work right now."), wait=60)
    return exc


def answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to an error, in our shape."""
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        response.data = {"code": "invalid", "detail": _first(exc.detail), "fields": exc.detail}
    elif isinstance(exc, exceptions.APIException):
        response.data = {"code": exc.get_codes(), "detail": exc.detail}
        if isinstance(exc, Refused):
            response.data = {**response.data, **exc.extra}
    else:  # Django's own 404 and 403
        response.data = {"code": response.status_text.lower().replace(" ", "_"), **response.data}
    return response


_STATUS = {
    "banned": 403,
    "not_admitted": 403,
    "expired": 410,
    "too_old": 410,
    "used": 410,
    "revoked": 410,
}
_DETAILS = {
    "missing": _("There is no link here"),
    "change_email": _("This link confirms a new address"),
    "wrong_application": _("This link belongs to another site"),
    "expired": _("This link is too old"),
    "too_old": _("This link is too old"),
    "used": _("This link has been used"),
    "revoked": _("This link has been used"),
    "user_gone": _("This account no longer exists"),
    "banned": _("This account can't sign in here"),
    "not_admitted": _("This account can't sign in here"),
}


def _first(detail: Any) -> str:
    while isinstance(detail, dict | list) and detail:
        detail = next(iter(detail.values())) if isinstance(detail, dict) else detail[0]
    return str(detail)
