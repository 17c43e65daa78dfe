"""What every template knows."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from .office import COOKIE


def sandbox(request: HttpRequest) -> dict[str, str]:
    """The address of the sandbox's pages, where the site talks to one, and the office's switch."""
    parts = urlsplit(settings.IDENTITYX_API_URL)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return {
        "sandbox_url": f"{parts.scheme}://{parts.netloc}" if local else "",
        # The switch of `daily.office`: none, "home" or "office".
        "place": ("office" if COOKIE in request.COOKIES else "home") if settings.DEBUG else "",
    }
