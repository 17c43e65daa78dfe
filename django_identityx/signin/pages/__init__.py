"""The pages of the sign-in flow."""

from .acting import ActAsView, ActEndView
from .base import Page
from .callback import CallbackView
from .change_email import ChangeEmailView
from .devices import DevicesView
from .login import LinkSentView, LoginView, OrgLoginView
from .logout import LogoutView
from .profile import ProfileView

__all__ = [
    "ActAsView",
    "ActEndView",
    "CallbackView",
    "ChangeEmailView",
    "DevicesView",
    "LinkSentView",
    "LoginView",
    "LogoutView",
    "OrgLoginView",
    "Page",
    "ProfileView",
]
