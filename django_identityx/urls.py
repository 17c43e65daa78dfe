"""``path("account/", include("django_identityx.urls"))``: pages and their JSON twins."""

from django.apps import apps
from django.urls import path

from . import signin

app_name = "identityx"

urlpatterns = [
    path("login/", signin.LoginView.as_view(), name="login"),
    path("link-sent/", signin.LinkSentView.as_view(), name="link-sent"),
    path("callback/", signin.CallbackView.as_view(), name="callback"),
    path("logout/", signin.LogoutView.as_view(), name="logout"),
    path("org-login/", signin.OrgLoginView.as_view(), name="org-login"),
    path("devices/", signin.DevicesView.as_view(), name="devices"),
    path("profile/", signin.ProfileView.as_view(), name="profile"),
    path("change-email/", signin.ChangeEmailView.as_view(), name="change-email"),
    path("act-as/", signin.ActAsView.as_view(), name="act-as"),
    path("act-end/", signin.ActEndView.as_view(), name="act-end"),
    path("api/login-link/", signin.APILoginLinkView.as_view(), name="api-login-link"),
    path("api/login/", signin.APILoginView.as_view(), name="api-login"),
    path("api/logout/", signin.APILogoutView.as_view(), name="api-logout"),
    path("api/me/", signin.APIMeView.as_view(), name="api-me"),
    path("api/devices/", signin.APIDevicesView.as_view(), name="api-devices"),
    path("api/change-email/", signin.APIChangeEmailView.as_view(), name="api-change-email"),
]

if apps.is_installed("django_identityx.accounts"):
    from .accounts.views import LinkAccountView

    urlpatterns.append(path("link-account/", LinkAccountView.as_view(), name="link-account"))
