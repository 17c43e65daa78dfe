"""Django's error reports without this package's credentials.

::

    DEFAULT_EXCEPTION_REPORTER = "django_identityx.reporting.RedactingReporter"
    DEFAULT_EXCEPTION_REPORTER_FILTER = "django_identityx.reporting.RedactingReporterFilter"

The filter cleans variables, headers, cookies and forms wherever Django asks one; the reporter
also what no filter is asked about, such as the URL of the request.
"""

from __future__ import annotations

from typing import Any

from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .redaction import REDACTED, cleaned, redact

FIELDS = {"token", "link", "carrier"}  # of forms, hidden whatever is in them


class RedactingReporterFilter(SafeExceptionReporterFilter):
    """Django's filter of error reports, which also knows this package's credentials."""

    def cleanse_setting(self, key: str | int, value: Any) -> Any:
        if str(key).startswith("identityx_"):
            return REDACTED  # a cookie of ours
        cleansed = super().cleanse_setting(key, value)
        return redact(cleansed) if isinstance(cleansed, str) else cleansed

    def get_post_parameters(self, request: Any) -> Any:
        parameters: Any = super().get_post_parameters(request)
        if not parameters:
            return parameters
        cleansed = parameters.copy()
        for name, values in parameters.lists():
            hidden = name in FIELDS
            cleansed.setlist(name, [REDACTED if hidden else redact(str(v)) for v in values])
        return cleansed

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, cleaned(value)) for name, value in variables]


class RedactingReporter(ExceptionReporter):
    """Django's error report, redacted as a whole."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(redact(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(redact(super().get_traceback_text()))
