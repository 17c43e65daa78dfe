"""The test site as browsers meet it: a strict Content-Security-Policy, and their language."""

from tests.settings import *  # noqa: F403
from tests.settings import MIDDLEWARE as _MIDDLEWARE

_SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
_AFTER_SESSION = _MIDDLEWARE.index(_SESSION) + 1

MIDDLEWARE = [
    "tests.browser.csp.strict",
    *_MIDDLEWARE[:_AFTER_SESSION],
    "django.middleware.locale.LocaleMiddleware",
    *_MIDDLEWARE[_AFTER_SESSION:],
]
