"""What a visitor may see: permissions, decorator, mixin, tag, and three answers in each."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.views import View
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx import process, sessions, verification
from django_identityx.access import Access, denied_status, get_access
from django_identityx.authentication import (
    IdentityXAuthentication,
    IdentityXSessionAuthentication,
)
from django_identityx.credentials import Credential, TokenType
from django_identityx.decorators import access_level_required
from django_identityx.exceptions import ConfigurationError, Unavailable
from django_identityx.middleware import IdentityXMiddleware
from django_identityx.mixins import AccessLevelRequiredMixin
from django_identityx.permissions import HasAccessLevel, IsAppUser, IsOrgUser
from django_identityx.sandbox import Sandbox
from django_identityx.testing import authorization, login

from . import urls
from .faulty_server import (
    FaultyServer,
    cut_json,
    cut_mid_body,
    drop,
    hang,
    html502,
    redirect,
    refusing_port,
    reset,
    trickle,
)

READER, SUBSCRIBER, STAFF = "reader@example.net", "subscriber@example.net", "staff@example.org"
OFFICE, ELSEWHERE = "10.1.2.3", "192.0.2.7"

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.test_access")]


class Premium(APIView):
    authentication_classes = [IdentityXAuthentication, IdentityXSessionAuthentication]
    permission_classes = [HasAccessLevel("Premium")]

    def get(self, request: Request) -> Response:
        return Response({"article": "premium"})

    post = get


class Anyone(Premium):
    permission_classes = [HasAccessLevel()]


class NoPremium(Premium):
    permission_classes = [~HasAccessLevel("Premium")]


class PremiumOrStaff(Premium):
    permission_classes = [HasAccessLevel("Premium") | IsOrgUser]


class PremiumReader(Premium):
    permission_classes = [IsAppUser & HasAccessLevel("Premium", "Gold")]


class OfStaff(Premium):
    permission_classes = [~HasAccessLevel("Premium") & IsOrgUser]


class SignedIn(Premium):
    permission_classes = [IsAuthenticated, HasAccessLevel("Premium")]


class PremiumPage(AccessLevelRequiredMixin, View):
    access_levels = ["Premium"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("premium page")


@access_level_required("Premium")
def premium(request: HttpRequest) -> HttpResponse:
    return HttpResponse("premium")


@access_level_required("Premium")
async def premium_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse("premium")


def how_fresh(request: HttpRequest) -> HttpResponse:
    access = get_access(request, *request.GET.getlist("level"))
    return HttpResponse(f"{access.allowed} {access.fresh}")


def teaser(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string(
        '{% load identityx %}{% identityx_access "Premium" as access %}'
        "{% if access.allowed %}all of it{% elif access.unavailable %}later"
        "{% else %}{{ access.message }}{% endif %}"
    )
    return HttpResponse(template.render({}, request))


urlpatterns = [
    *urls.urlpatterns,
    path("premium-api/", Premium.as_view()),
    path("anyone/", Anyone.as_view()),
    path("no-premium/", NoPremium.as_view()),
    path("premium-or-staff/", PremiumOrStaff.as_view()),
    path("premium-reader/", PremiumReader.as_view()),
    path("of-staff/", OfStaff.as_view()),
    path("signed-in/", SignedIn.as_view()),
    path("premium-page/", PremiumPage.as_view()),
    path("premium/", premium),
    path("premium-async/", premium_async),
    path("teaser/", teaser),
    path("how-fresh/", how_fresh),
]

PAGES = ["/premium/", "/premium-page/"]


@pytest.fixture(autouse=True)
def _direct(settings) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = 0


def bearer(sandbox: Sandbox, email: str, kind: TokenType = TokenType.APP_USER) -> dict[str, Any]:
    return {"headers": authorization(sandbox, email, kind)}


def signed_in(sandbox: Sandbox, email: str) -> Client:
    client = Client()
    login(client, sandbox, email)
    return client


# --- DRF ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "url", "status"),
    [
        (SUBSCRIBER, "/premium-api/", 200),
        (READER, "/premium-api/", 403),
        (READER, "/anyone/", 200),
        (READER, "/no-premium/", 200),
        (SUBSCRIBER, "/no-premium/", 403),
        (SUBSCRIBER, "/premium-or-staff/", 200),
        (READER, "/premium-or-staff/", 403),
        (SUBSCRIBER, "/premium-reader/", 200),
        (READER, "/premium-reader/", 403),
        (SUBSCRIBER, "/signed-in/", 200),
    ],
)
def test_by_bearer(sandbox: Sandbox, client: Client, email: str, url: str, status: int) -> None:
    response = client.get(url, REMOTE_ADDR=ELSEWHERE, **bearer(sandbox, email))
    assert response.status_code == status
    assert response["Cache-Control"] == "private, no-store"


def test_a_refusal_says_what_it_takes(sandbox: Sandbox, client: Client) -> None:
    for url in ("/premium-api/", "/premium-or-staff/", "/signed-in/"):
        response = client.get(url, REMOTE_ADDR=ELSEWHERE, **bearer(sandbox, READER))
        assert response.status_code == 403
        assert response.json() == {
            "code": "access_level_required",
            "detail": "This needs an access level that you don't have.",
            "message": "Your account does not include this.",
            "required_access_levels": [{"id": "", "name": "Premium"}],
        }


def test_who_is_nobody_is_challenged(sandbox: Sandbox, client: Client) -> None:
    for url in ("/premium-api/", "/anyone/", "/premium-or-staff/"):
        response = client.get(url, REMOTE_ADDR=ELSEWHERE)
        assert response.status_code == 401, url
        assert response["WWW-Authenticate"].startswith("Bearer ")
        assert response.json()["code"] == "login_required"
        assert response.json()["detail"] == "Sign in to read this."
        assert response.json()["message"] == "Sign in to read this."
        assert "required_access_levels" in response.json()


def test_the_status_of_a_denial() -> None:
    def denied(reason: str) -> Access:
        return Access(False, reason, "", (), (), True)

    assert denied_status(denied("login_required")) == 401
    assert denied_status(denied("access_level_required")) == 403


def test_what_was_turned_round_is_no_denial_by_access(sandbox: Sandbox, client: Client) -> None:
    response = client.get("/of-staff/", REMOTE_ADDR=ELSEWHERE, **bearer(sandbox, READER))
    assert response.status_code == 403
    assert "required_access_levels" not in response.json()


def test_staff_have_no_levels_of_the_reader_with_their_address(
    sandbox: Sandbox, client: Client
) -> None:
    owner = bearer(sandbox, "owner@example.com", TokenType.ORG_USER)
    assert client.get("/premium-or-staff/", REMOTE_ADDR=ELSEWHERE, **owner).status_code == 200
    assert client.get("/premium-api/", REMOTE_ADDR=ELSEWHERE, **owner).status_code == 403


# --- networks and domains -----------------------------------------------------------------------


def test_a_network_reads_without_signing_in(sandbox: Sandbox, client: Client) -> None:
    for url in ("/premium-api/", "/anyone/", *PAGES, "/teaser/"):
        assert client.get(url, REMOTE_ADDR=OFFICE).status_code == 200
    assert client.get("/premium-api/", REMOTE_ADDR=ELSEWHERE).status_code == 401


def test_a_network_counts_for_people_who_are_signed_in(sandbox: Sandbox) -> None:
    client = signed_in(sandbox, READER)
    assert client.get("/premium/", REMOTE_ADDR=ELSEWHERE).status_code == 403
    assert client.get("/premium/", REMOTE_ADDR=OFFICE).status_code == 200


def test_nobody_chooses_their_network(sandbox: Sandbox, client: Client, settings) -> None:
    claim = {"headers": {"X-Forwarded-For": OFFICE}}
    assert client.get("/premium-api/", REMOTE_ADDR=ELSEWHERE, **claim).status_code == 401
    settings.IDENTITYX_TRUSTED_PROXIES = None
    assert client.get("/premium-api/", REMOTE_ADDR=OFFICE, **claim).status_code == 401


def test_the_domain_counts(sandbox: Sandbox) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=ELSEWHERE)
    request.session = signed_in(sandbox, STAFF).session
    IdentityXMiddleware(lambda request: HttpResponse())(request)
    access = get_access(request, "Basic")
    assert access.allowed
    assert [level.name for level in access.levels] == ["Basic"]
    assert [level.name for level in access.required] == ["Basic"]


# --- pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", PAGES)
def test_pages_for_who_has_it_and_who_hasnt(sandbox: Sandbox, url: str) -> None:
    opened = signed_in(sandbox, SUBSCRIBER).get(url, REMOTE_ADDR=ELSEWHERE)
    assert opened.status_code == 200
    assert opened["Cache-Control"] == "private, no-store"
    refused = signed_in(sandbox, READER).get(url, REMOTE_ADDR=ELSEWHERE)
    assert refused.status_code == 403
    assert refused["Cache-Control"] == "private, no-store"
    assert "identityx/no_access.html" in [t.name for t in refused.templates]
    assert "identityx:login" not in refused.content.decode()


@pytest.mark.parametrize("url", PAGES)
def test_who_is_nobody_may_sign_in_and_comes_back(sandbox: Sandbox, client: Client, url) -> None:
    response = client.get(f"{url}?page=2", REMOTE_ADDR=ELSEWHERE)
    assert response.status_code == 403
    assert f"login/?next={url.replace('/', '%2F')}%3Fpage%3D2" in response.content.decode()


def test_async_views(sandbox: Sandbox) -> None:
    from asgiref.sync import async_to_sync

    get = async_to_sync(AsyncClient().get)
    assert get("/premium-async/", REMOTE_ADDR=ELSEWHERE).status_code == 403
    signed = AsyncClient()
    signed.cookies = signed_in(sandbox, SUBSCRIBER).cookies
    assert async_to_sync(signed.get)("/premium-async/").status_code == 200


# --- messages -----------------------------------------------------------------------------------


def test_with_an_api_token_levels_speak_for_themselves(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_API_TOKEN = sandbox.api_token("owner@example.com")
    nobody = Client().get("/premium-api/", REMOTE_ADDR=ELSEWHERE).json()
    assert nobody["message"] == "<p>Log in for Premium.</p>"
    assert nobody["required_access_levels"][0]["id"]
    somebody = signed_in(sandbox, READER).get("/teaser/", REMOTE_ADDR=ELSEWHERE)
    assert somebody.content == b"<p>Premium only.</p>"


def test_html_of_identityx_is_made_safe(sandbox: Sandbox, settings) -> None:
    from django_identityx.access.messages import safe_html

    assert safe_html('<p onclick="x()">Hi <script>alert(1)</script></p>') == "<p>Hi </p>"


def test_by_id_the_message_comes_without_a_token(sandbox: Sandbox) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=OFFICE)
    request.session = Client().session
    (premium,) = get_access(request, "Premium").levels
    request = RequestFactory().get("/", REMOTE_ADDR=ELSEWHERE)
    request.session = Client().session
    access = get_access(request, premium.id)
    assert (access.allowed, access.reason) == (False, "login_required")
    assert access.message == "<p>Log in for Premium.</p>"
    assert access.required == (premium,)


def test_an_id_that_does_not_exist_opens_nothing(sandbox: Sandbox) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=ELSEWHERE)
    request.session = signed_in(sandbox, SUBSCRIBER).session
    assert not get_access(request, "0" * 24).allowed


def test_an_unknown_name_is_the_sites_mistake(sandbox: Sandbox, settings) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=ELSEWHERE)
    request.session = Client().session
    assert not get_access(request, "Premum").allowed
    settings.IDENTITYX_API_TOKEN = sandbox.api_token("owner@example.com")
    with pytest.raises(ConfigurationError, match=r"Premum.*Basic, Premium"):
        get_access(request, "Premum")


# --- three answers ------------------------------------------------------------------------------


def test_trouble_is_neither_yes_nor_no(sandbox: Sandbox) -> None:
    client = Client()
    sandbox.set_fault("html502")
    for url in ("/premium-api/", "/no-premium/", "/anyone/", "/premium-or-staff/"):
        assert client.get(url, REMOTE_ADDR=ELSEWHERE).status_code == 503, url
    for url in PAGES:
        assert client.get(url, REMOTE_ADDR=ELSEWHERE).status_code == 503
    assert client.get("/teaser/", REMOTE_ADDR=ELSEWHERE).content == b"later"


def test_what_was_known_serves_on(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_VERIFICATION_TTL = 0.2
    settings.IDENTITYX_LOCAL_TTL = 0.2
    client = signed_in(sandbox, SUBSCRIBER)
    assert client.get("/premium/", REMOTE_ADDR=ELSEWHERE).status_code == 200
    sandbox.set_fault("html502")
    threading.Event().wait(0.3)
    assert client.get("/premium/", REMOTE_ADDR=ELSEWHERE).status_code == 200
    # Of another address nothing is known.
    assert client.get("/premium/", REMOTE_ADDR=OFFICE).status_code == 503


def test_an_answer_is_as_fresh_as_who_it_is_about(sandbox: Sandbox) -> None:
    """The session says who it is in an outage, while what they may see is still fresh."""
    client = signed_in(sandbox, SUBSCRIBER)
    questions = ["/how-fresh/", "/how-fresh/?level=Premium", "/how-fresh/?level=Gold"]
    for url, allowed in zip(questions, (True, True, False), strict=True):
        assert client.get(url, REMOTE_ADDR=ELSEWHERE).content.decode() == f"{allowed} True"
    verification.forget(sessions_credential(client))
    sandbox.set_fault("html502")
    for url, allowed in zip(questions, (True, True, False), strict=True):
        assert client.get(url, REMOTE_ADDR=ELSEWHERE).content.decode() == f"{allowed} False"


def sessions_credential(client: Client) -> Credential:
    request = RequestFactory().get("/")
    request.session = client.session
    credential = sessions.get_credential(request)
    assert credential is not None
    return credential


def test_in_an_outage_a_denial_goes_without_the_catalogue(sandbox: Sandbox, settings) -> None:
    client = signed_in(sandbox, READER)
    assert client.get("/premium/", REMOTE_ADDR=ELSEWHERE).status_code == 403
    settings.IDENTITYX_API_TOKEN = sandbox.api_token("owner@example.com")  # asked for nothing yet
    sandbox.set_fault("html502")
    denied = client.get("/premium/", REMOTE_ADDR=ELSEWHERE)
    assert denied.status_code == 403
    assert "Premium" in denied.content.decode()


def test_what_was_kept_for_another_application_is_not_believed(sandbox: Sandbox, settings) -> None:
    location = {"BACKEND": "tests.cache_backends.Remote", "LOCATION": "access"}
    settings.CACHES = {"default": location}
    caches["default"].clear()
    client = Client()
    assert client.get("/premium-api/", REMOTE_ADDR=ELSEWHERE).status_code == 401
    (key,) = (key.split(":", 2)[2] for key in caches["default"].keys if ":access:" in key)
    kept = caches["default"].get(key)
    levels = [["5d1b36070ce467bff670a0aa", "Premium"]]
    other = {"app": "5d1b36070ce467bff670a053", "levels": levels, "team": True}
    caches["default"].set(key, {**kept, "value": other})
    process.reset()
    assert client.get("/premium-api/", REMOTE_ADDR=ELSEWHERE).status_code == 401
    caches["default"].set(key, {**kept, "value": {**other, "app": kept["value"]["app"]}})
    process.reset()
    assert client.get("/premium-api/", REMOTE_ADDR=ELSEWHERE).status_code == 200


ACCIDENTS = {
    "drop": drop,
    "reset": reset,
    "html502": html502,
    "cut_json": cut_json,
    "cut_mid_body": cut_mid_body,
    "hang": hang,
    "trickle": trickle,
    "redirect": lambda: redirect("http://127.0.0.1:9/"),
}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_accidents_open_nothing(settings, accident: str) -> None:
    settings.IDENTITYX_TIMEOUT = (0.3, 0.3)
    request = RequestFactory().get("/", REMOTE_ADDR=OFFICE)
    request.session = Client().session
    with FaultyServer(ACCIDENTS[accident]()) as server:
        settings.IDENTITYX_API_URL = server.url
        with pytest.raises(Unavailable):
            get_access(request, "Premium")
        with pytest.raises(Unavailable):
            get_access(request)
        for url in ("/premium-api/", "/no-premium/", "/anyone/", "/premium-or-staff/", *PAGES):
            assert Client().get(url, REMOTE_ADDR=OFFICE).status_code == 503, url
        assert Client().get("/teaser/", REMOTE_ADDR=OFFICE).content == b"later"


def test_an_endpoint_that_is_gone_opens_nothing(settings) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=OFFICE)
    request.session = Client().session
    with refusing_port() as url:
        settings.IDENTITYX_API_URL = url
        with pytest.raises(Unavailable):
            get_access(request)


def test_a_token_that_ended_meanwhile_is_nobody(sandbox: Sandbox) -> None:
    client = signed_in(sandbox, SUBSCRIBER)
    assert client.get("/members/").status_code == 200  # verified, and kept
    sandbox.reset()
    assert client.get("/premium/", REMOTE_ADDR=ELSEWHERE).status_code == 403
    assert client.get("/members/").status_code == 302


# --- one question a visitor ---------------------------------------------------------------------


def test_an_office_asks_once(sandbox: Sandbox) -> None:
    before = len(sandbox.calls)
    start = threading.Barrier(64)

    def visit() -> bool:
        request = RequestFactory().get("/", REMOTE_ADDR=OFFICE)
        request.session = {}
        start.wait()
        return get_access(request, "Premium").allowed

    with ThreadPoolExecutor(64) as threads:
        assert all(threads.map(lambda _: visit(), range(64)))
    assert len(sandbox.calls) == before + 1


def test_whatever_levels_are_asked_for(sandbox: Sandbox) -> None:
    client = signed_in(sandbox, SUBSCRIBER)
    client.get("/premium/")
    before = len(sandbox.calls)
    client.get("/premium/")
    client.get("/anyone/")
    client.get("/teaser/")
    assert len(sandbox.calls) == before
    process.reset()
    client.get("/premium/")
    assert len(sandbox.calls) <= before + 3
