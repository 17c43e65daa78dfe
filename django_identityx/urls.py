"""``path("account/", include("django_identityx.urls"))``: pages and their JSON twins."""

from django.apps import apps
from django.urls import path

from .signin import pages as views
from .signin.api import DevicesView, LoginLinkView, LoginView, LogoutView, MeView

app_name = "identityx"

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("link-sent/", views.LinkSentView.as_view(), name="link-sent"),
    path("callback/", views.CallbackView.as_view(), name="callback"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("org-login/", views.OrgLoginView.as_view(), name="org-login"),
    path("devices/", views.DevicesView.as_view(), name="devices"),
    path("api/login-link/", LoginLinkView.as_view(), name="api-login-link"),
    path("api/login/", LoginView.as_view(), name="api-login"),
    path("api/logout/", LogoutView.as_view(), name="api-logout"),
    path("api/me/", MeView.as_view(), name="api-me"),
    path("api/devices/", DevicesView.as_view(), name="api-devices"),
]

if apps.is_installed("django_identityx.accounts"):
    from .accounts.views import LinkAccountView

    urlpatterns.append(path("link-account/", LinkAccountView.as_view(), name="link-account"))
