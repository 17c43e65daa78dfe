"""Removing credentials and links from text that is going to be kept.

`redact` is what the package itself uses; `RedactingFilter` is for a site's ``LOGGING``. Django's
error reports have a filter of their own, in `reporting`.
"""

from __future__ import annotations

import logging
import re

REDACTED = "[redacted]"

_RUN = re.compile(r"[\w.-]{16,}")  # whatever a token may stand in; each is looked at once
_CREDENTIAL = re.compile(
    r"\b((?:Bearer\s+)?(?:AppUser|OrgUserApiToken|OrgUser))(\s+)[^\s'\",;)<>]+", re.I
)
_QUERY = re.compile(r"((?:[?&]|\b)token=)[^&\s'\"<>]+", re.I)
_QUERY_QUOTED = re.compile(r"((?:%3F|%26)token%3D)[^&\s'\"<>]+", re.I)
_PATH = re.compile(r"(/authenticate/)[^\s'\"<>?/]+", re.I)


def redact(text: str) -> str:
    """Replace credentials, login links and anything of a JWT's shape in ``text``."""
    text = _RUN.sub(_hidden, text)
    text = _CREDENTIAL.sub(rf"\1\2{REDACTED}", text)
    text = _QUERY.sub(rf"\1{REDACTED}", text)
    text = _QUERY_QUOTED.sub(rf"\1{REDACTED}", text)
    return _PATH.sub(rf"\1{REDACTED}", text)


def _hidden(run: re.Match[str]) -> str:
    """Hide a run of characters that has a JWT in it, or the beginning of one.

    And JSON in base64, plain or deflated, as Django signs it into cookies, form fields and rows of
    sessions: a token inside is not hidden by the coding.
    """
    parts = run[0].split(".")
    if any(len(part.partition("eyJ")[2]) >= 5 for part in parts[:-1]):
        return REDACTED
    if len(parts[-1].partition("eyJ")[2]) >= 24:
        return REDACTED
    if any(part.startswith("eJ") and len(part) >= 24 for part in parts[1:]):
        return REDACTED
    long = [len(part) >= 16 for part in parts]
    return REDACTED if any(map(all, zip(long, long[1:], long[2:], strict=False))) else run[0]


class RedactingFilter(logging.Filter):
    """A logging filter that redacts the finished message, the traceback under it, and extras.

    On a handler it meets what all loggers send there; on a logger only that logger's own records.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a broken log call must not break the request
            message = f"{record.msg} {record.args}"
        record.msg, record.args = redact(message), None
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        for name, value in vars(record).items():
            if name not in _KEPT and isinstance(value, str | tuple | list | dict):
                setattr(record, name, cleaned(value))
        return True


_KEPT = {"msg", "args", "exc_info", "exc_text", "name", "levelname"}


def cleaned(value: object) -> object:
    """The value itself, or its redacted text where that shows a credential."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception:  # noqa: BLE001 - whoever writes it down meets that, too
        return value
    redacted = redact(text)
    return value if redacted == text else redacted
