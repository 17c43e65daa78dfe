"""JSON for one stream: list, write, flag. By the session, or by a bearer."""

from __future__ import annotations

from typing import Any

from django.core.signing import BadSignature
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ..authentication import AppUserAuthentication, IdentityXSessionAuthentication
from ..signin import JSONEndpoint, Refused, refuse_forged, valid
from .listing import listing
from .streams import Stream
from .writing import NotTaken, flag, write

MAX_TEXT = 5000  # characters


class StreamSerializer(serializers.Serializer[Any]):
    """``{stream}``: a key that the site has made."""

    stream = serializers.CharField(max_length=4000)

    def validate_stream(self, value: str) -> Stream:
        try:
            return Stream.of(value)
        except BadSignature:
            raise serializers.ValidationError(_("This is no stream of this site.")) from None


class CommentPageSerializer(StreamSerializer):
    """``{stream, after?}``: which page of it."""

    after = serializers.CharField(max_length=1000, default="", allow_blank=True)


class CommentWriteSerializer(StreamSerializer):
    """``{stream, body, name?}``: ``body`` is plain text."""

    body = serializers.CharField(max_length=MAX_TEXT)
    name = serializers.CharField(max_length=60, default="", allow_blank=True)

    def validate_name(self, value: str) -> str:
        if "@" in value:
            raise serializers.ValidationError(_("Everybody would see this address."))
        return value


class CommentFlagSerializer(StreamSerializer):
    """``{stream, id}``: a comment for the moderators to look at."""

    id = serializers.CharField(max_length=24)


class _Named(serializers.CharField):
    """Null where it is empty."""

    def to_representation(self, value: str) -> Any:
        return value or None


class IdentityXCommentSerializer(serializers.Serializer[Any]):
    """A comment as the caller sees it."""

    id = serializers.CharField()
    html = serializers.CharField(help_text="Safe to show.")
    author = _Named(allow_null=True, help_text="A name, never an address.")
    created_at = serializers.DateTimeField(format=None)
    state = serializers.ChoiceField(["approved", "waiting", "hidden"])
    own = serializers.BooleanField(help_text="Whether it is the caller's.")
    flagged = serializers.BooleanField()


class IdentityXCommentsSerializer(serializers.Serializer[Any]):
    """A page of comments."""

    comments = IdentityXCommentSerializer(many=True)
    total = serializers.IntegerField()
    closed = serializers.BooleanField(help_text="Nobody may write any more.")
    after = _Named(allow_null=True, help_text="Leads to the next page.")


class _Session(IdentityXSessionAuthentication):
    def enforce_csrf(self, request: Any) -> None:
        refuse_forged(request._request)


class _Endpoint(JSONEndpoint):
    authentication_classes = (AppUserAuthentication, _Session)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, NotTaken):
            exc = Refused(exc.code, exc.text, status=exc.status)
        response = super().handle_exception(exc)
        if response.status_code == 401:
            response["WWW-Authenticate"] = self.get_authenticate_header(self.request)
        return response


class CommentsView(_Endpoint):
    """``GET ?stream=&after=``: a page. ``POST {stream, body, name?}``: 201 and the comment."""

    def get(self, request: Request) -> Response:
        asked = valid(CommentPageSerializer, request, request.query_params)
        try:
            found = listing(request._request, asked["stream"], asked["after"])
        except BadSignature:
            text = _("This is no page of this stream.")
            raise serializers.ValidationError({"after": [text]}) from None
        return Response(IdentityXCommentsSerializer(found).data)

    def post(self, request: Request) -> Response:
        asked = valid(CommentWriteSerializer, request)
        made = write(request._request, asked["stream"], asked["body"], asked["name"])
        return Response(IdentityXCommentSerializer(made).data, status.HTTP_201_CREATED)


class FlagView(_Endpoint):
    """``POST {stream, id}``: 204."""

    def post(self, request: Request) -> Response:
        asked = valid(CommentFlagSerializer, request)
        flag(request._request, asked["stream"], asked["id"])
        return Response(status=status.HTTP_204_NO_CONTENT)
