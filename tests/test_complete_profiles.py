"""Who is let in by a complete profile, and what people are asked for before they get a link."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path, reverse
from django.views import View
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from django_identityx import process
from django_identityx.authentication import (
    IdentityXAuthentication,
    IdentityXSessionAuthentication,
)
from django_identityx.client import IdentityXClient
from django_identityx.credentials import TokenType
from django_identityx.decorators import complete_profile_required
from django_identityx.mixins import CompleteProfileRequiredMixin
from django_identityx.permissions import HasCompleteProfile, IsOrgUser
from django_identityx.profile import gap
from django_identityx.sandbox import ORG_ID, Sandbox
from django_identityx.sending import wait_until_sent
from django_identityx.signin import token_from
from django_identityx.testing import authorization, force_login, login, offline
from django_identityx.users import AppUser

from .site import READER, Visitor, forms
from .test_profile import filled_in, stored

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.test_complete_profiles")]

SUBSCRIBER, OWNER, NEW = "subscriber@example.net", "owner@example.com", "new@example.net"
PROFILE, LOGIN = "/identityx/profile/", "/identityx/login/"


@complete_profile_required
def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


@complete_profile_required
async def coroutine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


class Mixed(CompleteProfileRequiredMixin, View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")


@complete_profile_required
class Decorated(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")


def api(*permissions: Any) -> Any:
    @api_view(["GET"])
    @authentication_classes([IdentityXAuthentication, IdentityXSessionAuthentication])
    @permission_classes([*permissions])
    def view(request: Request) -> Response:
        return Response("in")

    return view


urlpatterns = [
    path("identityx/", include("django_identityx.urls")),
    path("plain/", plain),
    path("coroutine/", coroutine),
    path("mixed/", Mixed.as_view()),
    path("decorated/", Decorated.as_view()),
    path("api/", api(HasCompleteProfile)),
    path("api/composed/", api(HasCompleteProfile | IsOrgUser)),
    path("api/not/", api(~HasCompleteProfile)),
]
VIEWS = pytest.mark.parametrize("view", ["plain", "coroutine", "mixed", "decorated"])


@pytest.fixture(autouse=True)
def _required(settings: Any) -> None:
    settings.IDENTITYX_REQUIRED_FIELDS = ["given_name", "city"]
    settings.IDENTITYX_LOCAL_TTL = 0  # any copy is an old one


def signed_in(sandbox: Sandbox, email: str, client: Any = None) -> Any:
    client = client or Client()
    kind = TokenType.ORG_USER if email == OWNER else TokenType.APP_USER
    login(client, sandbox, email, kind)
    return client


@VIEWS
def test_views(sandbox: Sandbox, view: str) -> None:
    url = f"/{view}/"
    assert signed_in(sandbox, READER).get(url).content == b"in"
    assert signed_in(sandbox, SUBSCRIBER).get(url).url == f"{PROFILE}?next={url}"
    assert Client().get(url).url == f"{LOGIN}?next={url}"
    assert signed_in(sandbox, OWNER).get(url).status_code == 403


@VIEWS
def test_async(sandbox: Sandbox, view: str) -> None:
    complete, not_yet = (
        signed_in(sandbox, READER, AsyncClient()),
        signed_in(sandbox, SUBSCRIBER, AsyncClient()),
    )
    assert async_to_sync(complete.get)(f"/{view}/").content == b"in"
    assert async_to_sync(not_yet.get)(f"/{view}/").url == f"{PROFILE}?next=/{view}/"


@pytest.mark.parametrize("by", ["header", "session"])
def test_apis(sandbox: Sandbox, by: str) -> None:
    def get(url: str, email: str, kind: TokenType = TokenType.APP_USER) -> Any:
        if by == "session":
            return signed_in(sandbox, email).get(url)
        return Client(headers=authorization(sandbox, email, kind)).get(url)

    assert get("/api/", READER).status_code == 200
    refused = get("/api/", SUBSCRIBER)
    assert refused.status_code == 403
    assert refused.json() == {
        "code": "profile_incomplete",
        "detail": "Please complete your profile first.",
        "missing": ["city"],
    }
    assert get("/api/", OWNER, TokenType.ORG_USER).status_code == 403
    assert get("/api/composed/", OWNER, TokenType.ORG_USER).status_code == 200
    assert get("/api/composed/", SUBSCRIBER).json()["missing"] == ["city"]
    assert Client().get("/api/").status_code == 401


def test_without_the_sandbox() -> None:
    with override_settings(IDENTITYX_LOCAL_TTL=5), offline():
        reader = Client()
        force_login(reader, "a@example.net", given_name="A")
        assert reader.get("/api/").json()["missing"] == ["city"]
        force_login(reader, "a@example.net", given_name="A", city="B")
        assert reader.get("/api/").status_code == 200


def test_a_hit_asks_nobody(sandbox: Sandbox) -> None:
    reader = signed_in(sandbox, READER)
    reader.get("/plain/")
    before = sandbox.count()
    assert reader.get("/plain/").status_code == 200
    assert sandbox.count() == before


def test_whoever_would_be_refused_is_asked_about(sandbox: Sandbox) -> None:
    """The profile may have been completed in another process since."""
    reader = signed_in(sandbox, SUBSCRIBER)
    assert reader.get("/plain/").status_code == 302
    stored(sandbox, SUBSCRIBER)["city"] = "Madison"
    assert reader.get("/plain/").status_code == 200


@pytest.mark.parametrize("url", ["/plain/", "/coroutine/", "/api/", "/api/not/"])
def test_trouble_is_neither(sandbox: Sandbox, url: str) -> None:
    reader = signed_in(sandbox, SUBSCRIBER)
    reader.get("/public/")
    sandbox.set_fault("html502")
    assert reader.get(url).status_code == 503


def test_a_profile_that_is_too_old(sandbox: Sandbox) -> None:
    stored(sandbox)["forceProfileReVerification"] = True
    reader = signed_in(sandbox, READER)
    assert reader.get("/api/").json()["missing"] == []
    assert reader.get("/plain/").url == f"{PROFILE}?next=/plain/"


def test_days_of_the_organization(sandbox: Sandbox) -> None:
    """The verdict's question names the application: else IdentityX would say no."""
    sandbox._backend.world.organizations[ORG_ID]["appUserAllowedStaleDays"] = 1
    stored(sandbox)["profileLastVerifiedAt"] = 0
    assert signed_in(sandbox, READER).get("/plain/").status_code == 302


def test_a_region_where_there_is_none(settings: Any) -> None:
    settings.IDENTITYX_REQUIRED_FIELDS = ["country_code", "region_code"]
    assert gap(AppUser(id="1", email="a@example.net", country_code="DE")) is None
    assert gap(AppUser(id="1", email="a@example.net", country_code="US")) == ("region_code",)


@pytest.mark.parametrize("name", ["givenName", "region_code"])
def test_what_nobody_can_give(sandbox: Sandbox, settings: Any, name: str) -> None:
    """A region is asked for with its country: without one, its form could never be done with."""
    settings.IDENTITYX_REQUIRED_FIELDS = [name]
    assert signed_in(sandbox, READER).get("/plain/").status_code == 503


def test_after_signing_in(sandbox: Sandbox) -> None:
    visitor = Visitor()
    done = visitor.sign_in(sandbox, SUBSCRIBER, next="/plain/")
    assert done.url == f"{PROFILE}?next=%2Fplain%2F"
    page = visitor.get(done.url)
    assert "Then we take you on" in page.content.decode()
    refused = visitor.post(PROFILE, filled_in(page, city=""))
    assert list(refused.context["form"].errors) == ["city"]
    on = visitor.post(PROFILE, filled_in(refused, city="Madison"))
    assert on.url == "/plain/"
    before = sandbox.count()
    assert visitor.get("/plain/").content == b"in"  # at once, by what the change has told
    assert sandbox.count() == before
    assert visitor.sign_in(sandbox, SUBSCRIBER, next="/plain/").url != f"{PROFILE}?next=%2Fplain%2F"


def test_the_complete_go_where_they_want_to(sandbox: Sandbox) -> None:
    assert Visitor().sign_in(sandbox, next="/plain/").url == "/plain/"


# --- signing up -----------------------------------------------------------------------------------


@pytest.fixture
def asking(settings: Any) -> None:
    settings.IDENTITYX_REQUIRED_FIELDS = []
    settings.IDENTITYX_REQUIRED_CREATE_FIELDS = ["given_name", "country_code", "region_code"]


ANSWERS = {"given_name": "Nina", "country_code": "US", "region_code": "WI"}


@pytest.mark.usefixtures("asking")
def test_signing_up(sandbox: Sandbox) -> None:
    visitor = Visitor()
    page = visitor.get(LOGIN)
    assert 'name="given_name"' in page.content.decode()
    refused = visitor.submit(page, email=NEW)
    assert refused.status_code == 400
    assert set(refused.context["form"].errors) == {"given_name", "country_code"}
    assert forms(refused)[0][1]["email"] == NEW
    sent = visitor.submit(refused, **ANSWERS)
    assert sent.url == reverse("identityx:link-sent")
    assert wait_until_sent()
    found = stored(sandbox, NEW)
    assert (found["givenName"], found["regionCode"]) == ("Nina", "WI")
    assert sandbox.outbox[-1].to == NEW


@pytest.mark.usefixtures("asking")
@pytest.mark.parametrize("email", [READER, NEW, "unverified@example.net"])
def test_known_and_unknown_are_asked_alike(sandbox: Sandbox, email: str) -> None:
    visitor = Visitor()
    page = visitor.get(LOGIN)
    before = sandbox.count()
    refused = visitor.submit(page, email=email)
    assert refused.status_code == 400
    assert sandbox.count() == before
    sent = visitor.submit(refused, **ANSWERS)
    assert sent.status_code == 302
    assert wait_until_sent()
    assert stored(sandbox, email)["givenName"] == ("Rita" if email == READER else "Nina")
    assert "Rita" not in visitor.get(sent.url).content.decode()


@pytest.mark.usefixtures("asking")
def test_who_has_answered_is_not_asked_again(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.submit(visitor.get(LOGIN), email=NEW, **ANSWERS)
    again = visitor.submit(visitor.get(reverse("identityx:link-sent")))
    assert again.status_code == 302
    assert wait_until_sent()
    assert [mail.to for mail in sandbox.outbox] == [NEW, NEW]
    other = visitor.submit(visitor.get(LOGIN), email="other@example.net")
    assert other.status_code == 400


@pytest.mark.usefixtures("asking")
def test_a_new_link_for_a_dead_one_asks_for_nothing(sandbox: Sandbox) -> None:
    """And what the link claims stays a claim, also where the form comes again."""
    visitor = Visitor()
    page = visitor.open(f"/identityx/callback/?token={sandbox.login_link_token(READER, age=7200)}")
    sandbox.set_fault("html502")
    later = visitor.submit(page)
    assert later.status_code == 503
    sandbox.clear_fault()
    process.reset()
    assert visitor.submit(later).status_code == 302
    assert "identityx_mark" not in visitor.cookies
    assert wait_until_sent()
    assert sandbox.outbox[-1].to == READER


@pytest.mark.usefixtures("asking")
def test_what_identityx_refuses_does_not_keep_the_link(sandbox: Sandbox, settings: Any) -> None:
    settings.IDENTITYX_REQUIRED_CREATE_FIELDS = ["given_name", "country_code", "postal_code"]
    visitor = Visitor()
    answers = {"given_name": "Nina", "country_code": "US", "postal_code": "nonsense"}
    visitor.submit(visitor.get(LOGIN), email=NEW, **answers)
    assert wait_until_sent()
    assert sandbox.outbox[-1].to == NEW
    found = stored(sandbox, NEW)
    assert (found["givenName"], found.get("postalCode")) == ("Nina", None)


@pytest.mark.usefixtures("asking")
def test_in_an_outage_what_was_typed_stays(sandbox: Sandbox) -> None:
    visitor = Visitor()
    page = visitor.get(LOGIN)
    process.reset()
    sandbox.set_fault("html502")
    later = visitor.submit(page, email=NEW, **ANSWERS)
    assert later.status_code == 503
    text = later.content.decode()
    assert 'value="Nina"' in text
    assert '<option value="WI" selected>' in text


@pytest.mark.usefixtures("asking")
def test_json(sandbox: Sandbox) -> None:
    visitor = Visitor()
    token = visitor.get("/identityx/api/me/").json()["csrf_token"]

    def post(**data: Any) -> Any:
        url = "/identityx/api/login-link/"
        headers = {"x-csrftoken": token}
        return visitor.post(url, json.dumps(data), "application/json", headers=headers)

    refused = post(email=NEW)
    assert refused.status_code == 400
    assert set(refused.json()["fields"]) == {"given_name", "country_code"}
    assert post(email=NEW, **ANSWERS).status_code == 202
    assert wait_until_sent()
    assert stored(sandbox, NEW)["givenName"] == "Nina"
    assert post(email=NEW, source="newsletter").status_code == 202  # it has answered before
    assert wait_until_sent()
    token = token_from(sandbox.outbox[-1].url)
    assert IdentityXClient.from_settings().login_app_user(token).login_source == "newsletter"


@pytest.mark.usefixtures("asking")
def test_staff_are_not_asked(sandbox: Sandbox, settings: Any) -> None:
    assert 'name="given_name"' not in Visitor().get("/identityx/org-login/").content.decode()
    settings.IDENTITYX_CREATE_APP_USERS = False
    assert 'name="given_name"' not in Visitor().get(LOGIN).content.decode()
