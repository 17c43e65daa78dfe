"""What the JSON twins share: JSON only, our own CSRF check, and the headers of the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import exceptions, serializers, status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import csrf
from ..headers import set_headers
from ..parsers import SmallJSONParser
from .errors import Refused, answer, refusal

JSON = "application/json"


class JSONView(APIView):
    """What the twins share."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = (SmallJSONParser,)
    renderer_classes = (JSONRenderer,)
    versioning_class = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view: Any = super().as_view(**initkwargs)
        view.login_required = False
        return view

    @method_decorator(sensitive_variables())
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # What a stranger names as the charset may be no encoding of text.
        request.encoding = settings.DEFAULT_CHARSET
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if csrf.failure(request._request) is not None:
            raise Refused(
                status.HTTP_403_FORBIDDEN,
                "csrf",
                _("The CSRF token is missing or wrong. Ask api/me for the cookie first."),
            )
        takes_post = request.method == "POST" and hasattr(self, "post")  # else it is 405
        if takes_post and request.content_type.partition(";")[0] != JSON:
            raise exceptions.UnsupportedMediaType(request.content_type)

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(refusal(exc))

    def get_exception_handler(self) -> Callable[..., Any]:
        return answer

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        csrf.leave_cookie(getattr(request, "_request", request), response)
        return set_headers(response)


def valid(serializer_class: type[serializers.Serializer[Any]], request: Request) -> Any:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
