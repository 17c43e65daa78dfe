"""JSON as strangers send it, with bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_BODY = 64 * 1024  # bytes; a link is at most 16 KB


class TooLarge(APIException):
    """The body is longer than anything that is meant for us."""

    status_code = 413
    default_code = "too_large"
    default_detail = _("The body is too large.")


class SmallJSONParser(BaseParser):
    """A JSON object in UTF-8 (RFC 8259), whatever charset is named.

    DRF's own parser reads bodies of any length, and a deeply nested one makes it a 500.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise TooLarge
        try:
            return json.loads(body.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise ParseError from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
