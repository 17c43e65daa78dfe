"""The pages of the sign-in flow."""

from .callback import CallbackView
from .login import LinkSentView, LoginView, OrgLoginView
from .logout import LogoutView

__all__ = ["CallbackView", "LinkSentView", "LoginView", "LogoutView", "OrgLoginView"]
