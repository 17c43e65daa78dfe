"""Removing credentials and links from text that is going to be kept.

`redact` is what the package itself uses; `RedactingFilter` is for a site's ``LOGGING``. Django's
error reports have a filter of their own, in `reporting`.
"""

from __future__ import annotations

import logging
import re

REDACTED = "[redacted]"

_JWT = re.compile(r"\beyJ[\w-]{5,}(?:\.[\w-]*){1,2}|\b[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}")
_CREDENTIAL = re.compile(
    r"\b((?:Bearer\s+)?(?:AppUser|OrgUserApiToken|OrgUser))(\s+)[^\s'\",;)]+", re.I
)
_QUERY = re.compile(r"((?:[?&]|\b)token=)[^&\s'\"<>]+", re.I)
_QUERY_QUOTED = re.compile(r"((?:%3F|%26)token%3D)[^&\s'\"<>]+", re.I)
_PATH = re.compile(r"(/authenticate/)[^\s'\"<>?/]+", re.I)


def redact(text: str) -> str:
    """Replace credentials, login links and anything of a JWT's shape in ``text``."""
    text = _JWT.sub(REDACTED, text)
    text = _CREDENTIAL.sub(rf"\1\2{REDACTED}", text)
    text = _QUERY.sub(rf"\1{REDACTED}", text)
    text = _QUERY_QUOTED.sub(rf"\1{REDACTED}", text)
    return _PATH.sub(rf"\1{REDACTED}", text)


class RedactingFilter(logging.Filter):
    """A logging filter that redacts the finished message, and the traceback under it."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a broken log call must not break the request
            return True
        record.msg, record.args = redact(message), None
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True
