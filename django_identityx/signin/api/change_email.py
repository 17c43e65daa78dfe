"""``identityx:api-change-email``: the JSON twin of the page. `LoginView` takes the link."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ... import sessions
from ...exceptions import Rejected
from .. import redirects
from ..asking import Asking
from ..cookies import Mark
from ..reasons import reason_for
from .base import JSONView, optional, valid
from .views import EmailSerializer, nobody


class ChangeEmailSerializer(EmailSerializer):
    """``{email, next?}``."""

    next = optional(redirects.MAX_TARGET, default="")


class ChangeEmailView(Asking, JSONView):
    """``POST {email, next?}``: 202, whoever has the new address."""

    def post(self, request: Request) -> Response:
        data = valid(ChangeEmailSerializer, request)
        email = data["email"]
        try:
            self.change(email, target=data["next"] or "")
        except Rejected as rejected:
            if rejected.reason == "same_email":
                text = reason_for("same_email").title
                raise serializers.ValidationError({"email": [text]}) from None
            if sessions.get_credential(self.django_request) is None:
                return nobody()
            raise
        self.cookies.append(Mark.for_browser(self.django_request).asking(email))
        detail = _("If this address can be yours, a mail with a link is on its way to it.")
        return Response({"code": "link_sent", "detail": detail}, status.HTTP_202_ACCEPTED)
