"""Signing in by a link from a mail: the pages, their JSON twins, and what reads a link."""

from .api import ChangeEmailView as APIChangeEmailView
from .api import DevicesView as APIDevicesView
from .api import ExchangeView as TokenExchangeView
from .api import JSONEndpoint, Refused, refuse_forged, valid
from .api import LoginLinkView as APILoginLinkView
from .api import LoginView as APILoginView
from .api import LogoutView as APILogoutView
from .api import MeView as APIMeView
from .api import RevokeView as TokenRevokeView
from .api import SendView as TokenSendView
from .flow import CONNECTING
from .links import Link, LinkKind, read_link, token_from
from .pages.acting import ActAsView, ActEndView
from .pages.asking import ChangeEmailView, LinkSentView, LoginView, OrgLoginView
from .pages.base import Page
from .pages.callback import CallbackView
from .pages.ending import DevicesView, LogoutView
from .pages.profile import ProfileView

__all__ = [
    "CONNECTING",
    "APIChangeEmailView",
    "APIDevicesView",
    "APILoginLinkView",
    "APILoginView",
    "APILogoutView",
    "APIMeView",
    "ActAsView",
    "ActEndView",
    "CallbackView",
    "ChangeEmailView",
    "DevicesView",
    "JSONEndpoint",
    "Link",
    "LinkKind",
    "LinkSentView",
    "LoginView",
    "LogoutView",
    "OrgLoginView",
    "Page",
    "ProfileView",
    "Refused",
    "TokenExchangeView",
    "TokenRevokeView",
    "TokenSendView",
    "read_link",
    "refuse_forged",
    "token_from",
    "valid",
]
