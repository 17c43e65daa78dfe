"""The API. ``REST_FRAMEWORK`` in the settings says who may call: each kind, and the session."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx.users import AppUser, OrgUser, is_app_user, is_org_user

from .articles import ARTICLES


class Me(APIView):
    """Who is calling."""

    def get(self, request: Request) -> Response:
        user = request.user
        if is_app_user(user):
            levels = [level.name for level in user.access_levels]
            return Response({**_common(user), "access_levels": levels})
        if is_org_user(user):
            roles = [
                {"organization": membership.organization_name, "role": membership.role}
                for membership in user.memberships
            ]
            return Response({**_common(user), "roles": roles})
        raise NotAuthenticated


def _common(user: AppUser | OrgUser) -> dict[str, str]:
    return {"kind": user.kind, "id": user.id, "email": user.email, "name": user.name}


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
