"""The site's own middleware."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

# Swagger UI has styles inline, and pictures in its style sheet.
API_DOCS = f"{POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Allow this site's own files, and nothing inline."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # Django's error pages for developers have their style inline.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            docs = request.resolver_match and request.resolver_match.url_name == "api-docs"
            response.headers["Content-Security-Policy"] = API_DOCS if docs else POLICY
        return response

    return middleware
