"""For development only: a switch that pretends that the visitor sits in the office.

IdentityX's team "Office network" (10.1.0.0/16) has Premium, so everybody there reads without
signing in. Nobody has such an address at home, so this makes one up. The settings leave it out
where DEBUG is off: a site must never believe a cookie about an address.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

ADDRESS = "10.1.0.7"
COOKIE = "daily_office"


def at_the_office(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the address of who has pressed the switch is one of the office's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if COOKIE in request.COOKIES:
            request.META["REMOTE_ADDR"] = ADDRESS
        return get_response(request)

    return middleware
