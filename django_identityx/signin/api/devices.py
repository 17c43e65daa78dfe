"""``identityx:api-devices``: the JSON twin of the page."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ... import sessions
from ..cookies import THIS_BROWSER
from ..devices import devices
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
        if not sessions.get_user(request._request).is_authenticated:
            return nobody()
        return Response({"devices": devices(request._request)})

    def post(self, request: Request) -> Response:
        data = valid(EndSerializer, request)
        django_request = request._request
        if sessions.get_credential(django_request) is None:
            return nobody()
        known = {row.pk: is_current for row, is_current in sessions.sign_ins(django_request)}
        if data["everywhere"] or known.get(data.get("id")):
            ended = sessions.logout(django_request, everywhere=data["everywhere"])
            self.dropped += THIS_BROWSER
        else:
            ended = data.get("id") not in known or sessions.end_sign_in(django_request, data["id"])
        if not ended:
            raise Refused("not_ended", wait=5)
        return Response(status=status.HTTP_204_NO_CONTENT)
