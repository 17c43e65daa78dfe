"""``identityx:api-devices``: the JSON twin of the page."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ... import sessions
from ..devices import devices, end
from ..refusals import Refused
from .base import JSONView, valid
from .views import nobody


class EndSerializer(serializers.Serializer[Any]):
    """``{id}`` of one sign-in, or ``{everywhere: true}``."""

    id = serializers.IntegerField(required=False)
    everywhere = serializers.BooleanField(default=False)


class DevicesView(JSONView):
    """``GET``: the sign-ins of who is signed in. ``POST {id}`` or ``{everywhere}``: 204."""

    def get(self, request: Request) -> Response:
        if not sessions.get_user(self.django_request).is_authenticated:
            return nobody()
        return Response({"devices": devices(self.django_request)})

    def post(self, request: Request) -> Response:
        data = valid(EndSerializer, request)
        if sessions.get_credential(self.django_request) is None:
            return nobody()
        if not end(self, str(data.get("id", "")), everywhere=data["everywhere"]):
            raise Refused("not_ended", wait=5)
        return Response(status=status.HTTP_204_NO_CONTENT)
