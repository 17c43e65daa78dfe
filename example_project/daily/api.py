"""The API. ``REST_FRAMEWORK`` in the settings says who may call: each kind, and the session."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx.users import is_app_user, is_org_user

from .articles import ARTICLES


class Me(APIView):
    """Who is calling."""

    def get(self, request: Request) -> Response:
        user = request.user
        answer: dict[str, Any] = {
            "kind": user.kind,
            "id": user.id,
            "email": user.email,
            "name": user.name,
        }
        if is_app_user(user):
            answer["access_levels"] = [level.name for level in user.access_levels]
        elif is_org_user(user):
            answer["roles"] = [
                {"organization": membership.organization_name, "role": membership.role}
                for membership in user.memberships
            ]
        return Response(answer)


class Articles(APIView):
    """All articles, those for members included: nobody else gets here."""

    def get(self, request: Request) -> Response:
        return Response(
            [
                {
                    "slug": article.slug,
                    "title": article.title,
                    "author": article.author,
                    "published": article.published.isoformat(),
                    "members_only": article.members_only,
                    "text": "\n\n".join(article.paragraphs),
                }
                for article in ARTICLES
            ]
        )
