"""``identityx:api-change-email``: the JSON twin of the page. `LoginView` takes the link."""

from __future__ import annotations

from typing import Any

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
from .base import JSONView, valid
from .views import AddressSerializer, nobody


class ChangeEmailSerializer(AddressSerializer):
    """``{email, next?}``."""

    next = serializers.CharField(
        max_length=redirects.MAX_TARGET, default="", allow_blank=True, allow_null=True
    )

    def get_fields(self) -> dict[str, Any]:
        return {name: field for name, field in super().get_fields().items() if name != "kind"}


class ChangeEmailView(Asking, JSONView):
    """``POST {email, next?}``: 202, whoever has the new address."""

    def post(self, request: Request) -> Response:
        data = valid(ChangeEmailSerializer, request)
        django_request, email = request._request, data["email"]
        try:
            self.change(django_request, self.application, email, target=data["next"] or "")
        except Rejected as rejected:
            if rejected.reason == "same_email":
                text = reason_for("same_email").title
                raise serializers.ValidationError({"email": [text]}) from None
            if sessions.get_credential(django_request) is None:
                return nobody()
            raise
        self.cookies.append(Mark.for_browser(django_request).asking(email))
        detail = _("If this address can be yours, a mail with a link is on its way to it.")
        return Response({"code": "link_sent", "detail": detail}, status.HTTP_202_ACCEPTED)
