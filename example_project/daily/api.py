"""The API. ``REST_FRAMEWORK`` in the settings says who may call: each kind, and the session."""

from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx.permissions import HasAccessLevel
from django_identityx.users import is_app_user, is_org_user

from .articles import ARTICLES, Article


class RoleSerializer(serializers.Serializer[Any]):
    organization = serializers.CharField(source="organization_name")
    role = serializers.CharField()


class PersonSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.CharField()
    email = serializers.CharField()
    name = serializers.CharField()


class ReaderSerializer(PersonSerializer):
    access_levels = serializers.SlugRelatedField[Any]("name", many=True, read_only=True)


class StaffSerializer(PersonSerializer):
    roles = RoleSerializer(source="memberships", many=True)


class MeSerializer(PersonSerializer):
    """For the schema: what readers have, and what staff has."""

    access_levels = serializers.ListField(child=serializers.CharField(), required=False)
    roles = RoleSerializer(many=True, required=False)


class Me(APIView):
    """Who is calling."""

    serializer_class = MeSerializer

    def get(self, request: Request) -> Response:
        user = request.user
        if is_app_user(user):
            return Response(ReaderSerializer(user).data)
        if is_org_user(user):
            return Response(StaffSerializer(user).data)
        raise NotAuthenticated


class ArticleSerializer(serializers.Serializer[Article]):
    slug = serializers.SlugField()
    title = serializers.CharField()
    author = serializers.CharField()
    published = serializers.DateField()
    members_only = serializers.BooleanField()
    text = serializers.SerializerMethodField()

    def get_text(self, article: Article) -> str:
        return "\n\n".join(article.paragraphs)


class Articles(ListAPIView[Any]):
    """All articles, those for members included: nobody else gets here."""

    serializer_class = ArticleSerializer

    def get_queryset(self) -> Any:
        return [article for article in ARTICLES if not article.level]


class PremiumArticles(ListAPIView[Any]):
    """What takes the access level: also for the office's network, without signing in."""

    serializer_class = ArticleSerializer
    permission_classes = (HasAccessLevel("Premium"),)

    def get_queryset(self) -> Any:
        return [article for article in ARTICLES if article.level == "Premium"]


if settings.API_DOCS:
    from drf_spectacular.utils import extend_schema, extend_schema_view

    from django_identityx.openapi import NO_ACCESS

    told = extend_schema(responses={200: ArticleSerializer(many=True), **NO_ACCESS})
    extend_schema_view(get=told)(PremiumArticles)
