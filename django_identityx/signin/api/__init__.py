"""The JSON twins of the pages, for single-page sites: DRF views over the same session.

JSON only, and the CSRF check for anonymous requests too: DRF leaves those out, and a cross-site
form could sign a visitor in as somebody else. They look at no ``Authorization`` header: they are
about the session. Errors are ``{"code", "detail"}``.
"""

from ..reasons import Refused
from .base import JSONEndpoint, refuse_forged, valid
from .me import MeView
from .tokens import ExchangeView, RevokeView, SendView
from .views import ChangeEmailView, DevicesView, LoginLinkView, LoginView, LogoutView

__all__ = [
    "ChangeEmailView",
    "DevicesView",
    "ExchangeView",
    "JSONEndpoint",
    "LoginLinkView",
    "LoginView",
    "LogoutView",
    "MeView",
    "Refused",
    "RevokeView",
    "SendView",
    "refuse_forged",
    "valid",
]
