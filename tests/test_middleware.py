"""``request.identityx`` and ``request.user``, sync and async, in fair weather and foul."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import reverse

from django_identityx import process
from django_identityx.middleware import IdentityXMiddleware
from django_identityx.sandbox import Sandbox
from django_identityx.testing import login

pytestmark = pytest.mark.django_db

LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


@pytest.fixture
def reader(sandbox: Sandbox) -> Client:
    client = Client()
    login(client, sandbox, "reader@example.net")
    return client


@pytest.fixture
def no_verdicts(settings) -> None:
    """Every request asks, and nothing stale serves, not even what the session keeps."""
    settings.IDENTITYX_SESSION_STALE_IF_ERROR = 0
    settings.IDENTITYX_VERIFICATION_TTL = 0
    settings.IDENTITYX_LOCAL_TTL = 0
    settings.IDENTITYX_STALE_IF_ERROR = 0
    cache.clear()  # what signing in has remembered


def test_login_required_lets_our_people_in(reader: Client) -> None:
    assert reader.get("/members/").content == b"members: reader@example.net"
    assert Client().get("/members/").status_code == 302


def test_a_request_that_looks_at_nobody_costs_nothing(sandbox: Sandbox, reader: Client) -> None:
    process.reset()
    asked = sandbox.count()
    assert reader.get("/public/").content == b"public: Rita Reader"
    assert sandbox.count() == asked


def test_async_views(sandbox: Sandbox, reader: Client) -> None:
    from asgiref.sync import async_to_sync

    client = AsyncClient()
    client.cookies = reader.cookies
    response = async_to_sync(client.get)("/members-async/")
    assert response.content == b"async: reader@example.net"
    assert async_to_sync(AsyncClient().get)("/members-async/").status_code == 401


def test_drf_session_authentication(reader: Client) -> None:
    assert reader.get("/api/by-session/").json()["kind"] == "AppUser"
    assert Client().get("/api/by-session/").status_code == 403


def test_s18_csrf_stays_on_for_session_authentication(sandbox: Sandbox) -> None:
    client = Client(enforce_csrf_checks=True)
    login(client, sandbox, "reader@example.net")
    assert client.get("/api/by-session/").status_code == 200
    response = client.post("/api/by-session/")
    assert response.status_code == 403
    assert "CSRF" in response.content.decode()


def test_a_django_user_goes_first(sandbox: Sandbox, django_user_model) -> None:
    client = Client()
    client.force_login(django_user_model.objects.create_user("ann"))
    assert client.get("/members/").content == b"members: ann"


def test_request_user_can_be_left_to_django(reader: Client, settings) -> None:
    settings.IDENTITYX_REQUEST_USER = False
    assert reader.get("/members/").status_code == 302
    assert reader.get("/public/").content == b"public: Rita Reader"


def test_the_loaded_user_becomes_request_user(reader: Client, settings) -> None:
    settings.IDENTITYX_USER_LOADER = "tests.test_loading.row_of"
    assert reader.get("/members/").content == b"members: reader@example.net"
    settings.IDENTITYX_USER_LOADER = "tests.test_loading.nobody"
    assert reader.get("/members/").status_code == 302


def test_a_token_revoked_elsewhere_ends_the_session(
    sandbox: Sandbox, reader: Client, no_verdicts: None
) -> None:
    for token in [reader.session["_identityx"]["token"]]:
        sandbox.revoke(token)
    assert reader.get("/members/").status_code == 302
    assert "_identityx" not in reader.session


@pytest.mark.parametrize("mode", ["html502", "drop", "inner", "blocked"])
def test_s06_trouble_is_503_and_the_session_stays(
    sandbox: Sandbox, reader: Client, no_verdicts: None, mode: str
) -> None:
    sandbox.set_fault(mode)
    response = reader.get("/members/")
    assert response.status_code == 503
    assert int(response["Retry-After"]) >= 1
    assert "no-store" in response["Cache-Control"]
    assert reader.get("/public/").content == b"public: Rita Reader"
    sandbox.clear_fault()
    process.reset()
    assert reader.get("/members/").status_code == 200


class TestUnderLoginRequiredMiddleware:
    @pytest.fixture(autouse=True)
    def _installed(self, settings) -> None:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOGIN_REQUIRED]

    def test_our_people_are_let_in(self, reader: Client) -> None:
        assert reader.get("/public/").status_code == 200
        assert Client().get("/public/").status_code == 302

    def test_our_pages_need_no_login(self, sandbox: Sandbox) -> None:
        assert Client().get(reverse("identityx:login")).status_code == 200

    def test_trouble_is_503_on_the_site_s_pages(
        self, sandbox: Sandbox, reader: Client, no_verdicts: None
    ) -> None:
        sandbox.set_fault("html502")
        assert reader.get("/public/").status_code == 503

    @pytest.mark.usefixtures("no_verdicts")
    def test_async(self, sandbox: Sandbox, reader: Client) -> None:
        from asgiref.sync import async_to_sync

        client = AsyncClient()
        client.cookies = reader.cookies
        assert async_to_sync(client.get)("/members-async/").status_code == 200
        assert async_to_sync(AsyncClient().get)("/members-async/").status_code == 302
        sandbox.set_fault("html502")
        assert async_to_sync(client.get)("/members-async/").status_code == 503
        assert async_to_sync(client.get)(reverse("identityx:login")).status_code == 200

    def test_our_own_pages_work_on(
        self, sandbox: Sandbox, reader: Client, no_verdicts: None
    ) -> None:
        sandbox.set_fault("html502")
        assert reader.get(reverse("identityx:login")).status_code == 200
        assert reader.post(reverse("identityx:logout")).status_code == 302
        assert "_identityx" not in reader.session


def test_without_django_s_user_there_is_an_anonymous_one(settings) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(isinstance(request.user, AnonymousUser)))

    request = RequestFactory().get("/")
    request.session = {}
    assert IdentityXMiddleware(view)(request).content == b"True"
