"""``path("app/", include("django_identityx.token_urls"))``: tokens for mobile apps, opt-in."""

from django.urls import path

from . import signin

app_name = "identityx_tokens"

urlpatterns = [
    path("send/", signin.TokenSendView.as_view(), name="send"),
    path("exchange/", signin.TokenExchangeView.as_view(), name="exchange"),
    path("revoke/", signin.TokenRevokeView.as_view(), name="revoke"),
]
