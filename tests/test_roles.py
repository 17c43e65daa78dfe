"""`HasOrgRole` and its neighbours among DRF's permissions, by every way in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx.authentication import (
    IdentityXAuthentication,
    IdentityXSessionAuthentication,
)
from django_identityx.credentials import TokenType
from django_identityx.permissions import HasOrgRole, IsAppUser, IsOrgUser
from django_identityx.sandbox import ORG_ID, Sandbox
from django_identityx.testing import authorization, login

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.test_roles")]

OWNER, MEMBER, READER = "owner@example.com", "member@example.com", "reader@example.net"
API = TokenType.ORG_USER_API_TOKEN


def view(permission: Any, *classes: Any) -> Any:
    class Desk(APIView):
        authentication_classes = classes or (IdentityXAuthentication, SessionAuthentication)
        permission_classes = (permission,)

        def get(self, request: Any) -> Response:
            return Response({})

        post = get

    return Desk.as_view()


class ObjectView(APIView):
    """A view that looks at an object, as generic views do."""

    authentication_classes = (IdentityXAuthentication,)
    permission_classes = (IsOrgUser & ~HasOrgRole("Owner"),)

    def get(self, request: Any) -> Response:
        self.check_object_permissions(request, object())
        return Response({})


Editors = HasOrgRole("Owner", "Administrator")
urlpatterns = [
    path("identityx/", include("django_identityx.urls")),
    path("editors/", view(Editors)),
    path("own-session/", view(Editors, IdentityXSessionAuthentication)),
    path("in-person/", view(HasOrgRole("Owner", interactive=True))),
    path("not-editors/", view(IsOrgUser & ~Editors)),
    path("staff/", view(IsOrgUser)),
    path("misspelt/", view(~HasOrgRole("Admin"))),
    path("no-owner/", ObjectView.as_view()),
    path("readers/", view(IsAppUser)),
]


@pytest.fixture(params=["", "tests.test_loading.row_of"], ids=["no loader", "rows"])
def _loader(request: pytest.FixtureRequest, settings) -> None:
    settings.IDENTITYX_USER_LOADER = request.param or None


@pytest.fixture(autouse=True)
def _organization(settings) -> None:
    settings.IDENTITYX_ORG_ID = ORG_ID


def by_header(sandbox: Sandbox, url: str, email: str, kind: TokenType = TokenType.ORG_USER) -> int:
    return Client().get(url, headers=authorization(sandbox, email, kind)).status_code


def by_session(sandbox: Sandbox, url: str, email: str, kind: TokenType = TokenType.ORG_USER) -> int:
    client = Client()
    login(client, sandbox, email, kind)
    return client.get(url).status_code


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize("ask", [by_header, by_session])
class TestByEveryWay:
    def test_roles(self, sandbox: Sandbox, ask: Any) -> None:
        assert ask(sandbox, "/editors/", OWNER) == 200
        assert ask(sandbox, "/editors/", MEMBER) == 403
        assert ask(sandbox, "/editors/", READER, TokenType.APP_USER) == 403
        assert ask(sandbox, "/not-editors/", OWNER) == 403
        assert ask(sandbox, "/not-editors/", MEMBER) == 200

    def test_kinds(self, sandbox: Sandbox, ask: Any) -> None:
        assert ask(sandbox, "/staff/", MEMBER) == 200
        assert ask(sandbox, "/staff/", READER, TokenType.APP_USER) == 403
        assert ask(sandbox, "/readers/", READER, TokenType.APP_USER) == 200
        assert ask(sandbox, "/readers/", MEMBER) == 403


@pytest.mark.usefixtures("_loader")
def test_api_tokens(sandbox: Sandbox) -> None:
    assert by_header(sandbox, "/editors/", OWNER, API) == 200
    assert by_header(sandbox, "/in-person/", OWNER, API) == 403
    assert by_header(sandbox, "/in-person/", OWNER) == 200
    assert by_header(sandbox, "/staff/", OWNER, API) == 200


@pytest.mark.usefixtures("_loader")
def test_our_own_session_class(sandbox: Sandbox) -> None:
    assert by_session(sandbox, "/own-session/", OWNER) == 200
    assert by_session(sandbox, "/own-session/", MEMBER) == 403


def test_staff_of_others(sandbox: Sandbox, settings) -> None:
    """By header 401 that says so; a session ends, and its person is nobody."""
    client = Client()
    login(client, sandbox, OWNER, TokenType.ORG_USER)
    assert client.get("/staff/").status_code == 200
    settings.IDENTITYX_ORG_ID = "5d1b36070ce467bff670a05f"
    refused = Client().get("/staff/", headers=authorization(sandbox, OWNER, TokenType.ORG_USER))
    assert refused.status_code == 401
    assert refused.json()["code"] == "wrong_organization"
    assert client.get("/staff/").status_code == 401
    assert "_identityx" not in client.session


def test_nobody() -> None:
    assert Client().get("/editors/").status_code == 401


def test_a_django_user_has_no_role(django_user_model: Any) -> None:
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("root"))
    assert client.get("/editors/").status_code == 403
    assert client.get("/staff/").status_code == 403


def test_by_default_it_is_the_application_s_own_organization(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_ORG_ID = None
    assert by_header(sandbox, "/editors/", OWNER) == 200
    assert by_header(sandbox, "/editors/", MEMBER) == 403
    assert sandbox.count("activeAppContext") == 1


def test_in_no_one_s_organization_roles_mean_nothing(sandbox: Sandbox, settings) -> None:
    """Where anybody may be staff, everybody can own an organization."""
    settings.IDENTITYX_ORG_ID = "any"
    assert by_header(sandbox, "/staff/", OWNER) == 200
    assert by_header(sandbox, "/editors/", OWNER) == 503


def test_each_call_makes_a_class_of_its_own() -> None:
    assert issubclass(HasOrgRole("Owner"), BasePermission)
    assert HasOrgRole("Owner") is not HasOrgRole("Owner")


def test_a_role_that_is_none_lets_nobody_in(sandbox: Sandbox) -> None:
    assert by_header(sandbox, "/misspelt/", OWNER) == 503
    assert by_header(sandbox, "/misspelt/", READER, TokenType.APP_USER) == 503


def test_turned_round_it_holds_for_objects_too(sandbox: Sandbox) -> None:
    assert by_header(sandbox, "/no-owner/", MEMBER) == 200
    assert by_header(sandbox, "/no-owner/", OWNER) == 403
