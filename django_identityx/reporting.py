"""Django's error reports without this package's credentials.

``DEFAULT_EXCEPTION_REPORTER_FILTER = "django_identityx.reporting.RedactingReporterFilter"``
"""

from __future__ import annotations

from typing import Any

from django.views.debug import SafeExceptionReporterFilter

from .redaction import redact


class RedactingReporterFilter(SafeExceptionReporterFilter):
    """Django's filter of error reports, which also knows this package's credentials."""

    def cleanse_setting(self, key: str | int, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return redact(cleansed) if isinstance(cleansed, str) else cleansed

    def get_safe_request_meta(self, request: Any) -> dict[str, Any]:
        meta: dict[str, Any] = super().get_safe_request_meta(request)
        return {k: redact(v) if isinstance(v, str) else v for k, v in meta.items()}

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(k, redact(v) if isinstance(v, str) else v) for k, v in variables]
