"""What the JSON twins share: JSON only, with bounds, our own CSRF check, the pages' headers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import IO, Any, NoReturn

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers, status
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from .. import csrf
from ..entry import Entry
from ..reasons import OURS, Refused, refusal

logger = logging.getLogger("django_identityx")

JSON = "application/json"
MAX_BODY = 64 * 1024  # bytes; a link is at most 16 KB

_CSRF = {
    "origin": _("The Origin is not this site's: CSRF_TRUSTED_ORIGINS has those that may ask."),
    "csrf": _("The CSRF token is missing or wrong. Ask api/me for the cookie first."),
}


class TooLarge(exceptions.APIException):
    """The body is longer than anything that is meant for us."""

    status_code = 413
    default_code = "too_large"
    default_detail = _("The body is too large.")


class SmallJSONParser(BaseParser):
    """A JSON object in UTF-8 (RFC 8259), whatever charset is named.

    DRF's own parser reads bodies of any length, and a deeply nested one makes it a 500.
    """

    media_type = JSON

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
            found = json.loads(body.decode("utf-8"), parse_constant=_refuse)
            # Half a character, escaped, is no text: an answer that repeats it can't be written.
            json.dumps(found, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise exceptions.ParseError from None
        return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class JSONEndpoint(Entry, APIView):
    """JSON in and out, with bounds and the pages' headers. Knows no cookie."""

    authentication_classes: Any = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = (SmallJSONParser,)
    renderer_classes = (JSONRenderer,)
    versioning_class = None
    in_browser = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower()
        has_body = method in {"post", "patch"} and hasattr(self, method)  # else it is 405
        if has_body and request.content_type.partition(";")[0] != JSON:
            raise exceptions.UnsupportedMediaType(request.content_type)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OURS):
            exc = refusal(self.request._request, exc)
        elif isinstance(exc, MultiPartParserError | SuspiciousOperation):
            exc = exceptions.ParseError()  # a form that the CSRF check could not read
        return super().handle_exception(exc)

    def link_sent(self, detail: Any) -> Response:
        """The same whatever happened to the address."""
        return Response({"code": "link_sent", "detail": detail}, status.HTTP_202_ACCEPTED)

    def get_exception_handler(self) -> Callable[..., Any]:
        return _in_our_shape

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        if response.status_code >= 400 and isinstance(response.data, dict):
            logger.debug("json: %s, %s", response.status_code, response.data.get("code"))
        return super().finalize_response(request, response, *args, **kwargs)


class JSONView(JSONEndpoint):
    """A twin of a page, for pages of this site alone."""

    in_browser = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        refuse_forged(self.django_request)
        super().initial(request, *args, **kwargs)


def refuse_forged(request: HttpRequest) -> None:
    """Raise for an unsafe request that may not come from a page of the visitor's own."""
    failure = csrf.failure(request)
    if failure:
        code = "origin" if failure == "origin" else "csrf"
        raise Refused(code, _CSRF[code])


def optional(max_length: int, **options: Any) -> serializers.CharField:
    """A field for text that may be left out, empty or null."""
    return serializers.CharField(
        max_length=max_length, allow_blank=True, allow_null=True, **{"required": False, **options}
    )


def valid(
    serializer_class: type[serializers.Serializer[Any]], request: Request, data: Any = None
) -> Any:
    """What was sent, or ``data``, as the serializer reads it; raises what is wrong with it."""
    serializer = serializer_class(data=request.data if data is None else data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _in_our_shape(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to an error, in our shape."""
    response = exception_handler(exc, context)
    if response is None:
        return response
    if isinstance(exc, exceptions.ValidationError):
        response.data = {"code": "invalid", "detail": _first(exc.detail), "fields": exc.detail}
    elif isinstance(exc, exceptions.APIException) and isinstance(exc.detail, dict):
        pass  # of a rejected bearer, or of trouble
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
