"""Our errors as one: a code by which pages and JSON know status and words, and a time to wait."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from rest_framework.exceptions import APIException

from .. import outages
from ..exceptions import ConfigurationError, NoVerdict, OperationFailed, Rejected, Unclear
from ..ratelimits import LimitExceeded
from .reasons import reason_for

OURS = (Rejected, LimitExceeded, NoVerdict, OperationFailed, ImproperlyConfigured)

_IN_FULL = {"confirmation_required", "not_ended", "too_many"}  # whose text JSON tells, too


class Refused(APIException):
    """An error with a code; status by the code. ``wait`` in seconds is told where there is one."""

    wait: int | None = None

    def __init__(
        self, code: str, detail: Any = "", *, status: int = 0, wait: int | None = None, **extra: Any
    ) -> None:
        reason = reason_for(code)
        super().__init__(detail or (reason.text if code in _IN_FULL else reason.title), code)
        self.code, self.status_code = code, status or reason.status
        self.extra = extra
        if wait is not None:
            self.wait = wait


def refusal(request: HttpRequest, error: Exception) -> Refused:
    """What to answer to one of `OURS`; of trouble the log is told."""
    if isinstance(error, Rejected):
        return Refused(error.reason)
    if isinstance(error, LimitExceeded):
        return Refused("too_many", wait=error.wait)
    if isinstance(error, OperationFailed):
        error = Unclear("IdentityX refused a question in which nothing is wrong.")
    if not isinstance(error, NoVerdict):
        error = ConfigurationError(str(error))
    return Refused("unavailable", outages.DETAIL, wait=outages.tell(request, error))
