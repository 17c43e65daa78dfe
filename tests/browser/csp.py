"""A site with a strict Content-Security-Policy."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def strict(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware: ``default-src 'self'`` on every answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'"
        return response

    return middleware
