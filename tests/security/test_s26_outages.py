"""S26: no dependency on IdentityX takes down what doesn't need it; a 503 speaks to its client."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.decorators import login_required
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client
from django.urls import path, reverse
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.request import Request
from rest_framework.response import Response

from django_identityx import process, sessions
from django_identityx.decorators import app_user_required, bearer_required, max_age
from django_identityx.sandbox import Sandbox
from django_identityx.testing import authorization
from tests import urls
from tests.site import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.security.test_s26_outages")]

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


def home(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string(
        "{% if user.is_authenticated %}Hello {{ user }}{% else %}Hello{% endif %}"
    )
    return HttpResponse(template.render({}, request))


@max_age(0)
@login_required
def delete_account(request: HttpRequest) -> HttpResponse:
    return HttpResponse("deleted")


@login_required
def fresh(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.identityx.fresh))


@app_user_required
def readers(request: HttpRequest) -> HttpResponse:
    return HttpResponse("readers")


@bearer_required
def script(request: HttpRequest) -> HttpResponse:
    return HttpResponse("script")


@api_view(["GET", "POST"])
@authentication_classes([SessionAuthentication])
def public_api(request: Request) -> Response:
    return Response({"articles": []})


urlpatterns = [
    *urls.urlpatterns,
    path("", home),
    path("delete/", delete_account),
    path("fresh/", fresh),
    path("readers/", readers),
    path("script/", script),
    path("api/public/", public_api),
    path("admin/", AdminSite().urls),
]


@pytest.fixture
def reader(sandbox: Sandbox) -> Visitor:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    return visitor


@pytest.fixture(autouse=True)
def _admin(settings) -> None:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.admin"]


def age(visitor: Visitor, hours: float) -> None:
    """Let the session's last verdict be older than it is, and nothing else be known."""
    session = visitor.session
    verified = session[sessions.KEY]["verified"] - hours * 3600
    session[sessions.KEY] = {**session[sessions.KEY], "verified": verified}
    session.save()
    process.reset()


@pytest.fixture
def gone_for_hours(sandbox: Sandbox, reader: Visitor, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.cache_backends.Remote", "LOCATION": "s26"}}
    age(reader, 11)
    sandbox.set_fault("html502")


@pytest.mark.usefixtures("gone_for_hours")
class TestGoneForHours:
    @pytest.mark.parametrize(
        "url", ["/", "/members/", "/admin/login/", "/api/public/", "/readers/", "/api/by-session/"]
    )
    def test_reading_goes_on(self, reader: Visitor, url: str) -> None:
        answer = reader.get(url)
        assert answer.status_code == 200, answer.content
        assert reader.get(url, headers=HTML).status_code == 200

    def test_the_verdict_says_that_it_is_not_fresh(self, reader: Visitor) -> None:
        assert reader.get("/fresh/").content == b"False"
        assert reader.get("/api/by-session/").json()["fresh"] is False

    def test_templates_know_who_reads(self, reader: Visitor) -> None:
        assert reader.get("/").content == b"Hello reader@example.net"

    def test_a_demanded_age_is_503(self, reader: Visitor) -> None:
        assert reader.get("/delete/").status_code == 503

    def test_writing_is_503(self, reader: Visitor) -> None:
        answer = reader.post("/api/public/", headers=JSON)
        assert answer.status_code == 503
        assert answer.json()["code"] == "unavailable"

    def test_strangers_read_on(self) -> None:
        for url in ("/", "/admin/login/", "/api/public/"):
            assert Client().get(url).status_code == 200

    def test_nobody_is_signed_out(self, sandbox: Sandbox, reader: Visitor) -> None:
        reader.get("/")
        sandbox.clear_fault()
        process.reset()
        assert reader.get("/fresh/").content == b"True"


def test_it_ends_after_its_time(sandbox: Sandbox, reader: Visitor, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.cache_backends.Remote", "LOCATION": "s26b"}}
    age(reader, 12.1)
    sandbox.set_fault("html502")
    assert reader.get("/members/").status_code == 503
    settings.IDENTITYX_SESSION_STALE_IF_ERROR = 13 * 3600
    assert reader.get("/members/").status_code == 200


def test_a_denied_token_is_served_by_no_snapshot(sandbox: Sandbox, reader: Visitor) -> None:
    from django_identityx import verification
    from django_identityx.credentials import Credential, TokenType

    held = Credential(TokenType.APP_USER, reader.session[sessions.KEY]["token"])
    verification.deny(held)
    sandbox.set_fault("html502")
    assert reader.get("/members/").status_code == 302
    assert reader.signed_in_as == ""


def test_a_snapshot_of_somebody_else_serves_nobody(
    sandbox: Sandbox, reader: Visitor, settings
) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.cache_backends.Remote", "LOCATION": "s26d"}}
    age(reader, 1)
    session = reader.session
    user = {**session[sessions.KEY]["user"], "id": "5d1b36070ce467bff670ffff"}
    session[sessions.KEY] = {**session[sessions.KEY], "user": user}
    session.save()
    sandbox.set_fault("html502")
    assert reader.get("/members/").status_code == 503


def test_a_clock_that_was_set_back(sandbox: Sandbox, reader: Visitor, settings) -> None:
    """A verdict out of the future is no verdict."""
    settings.CACHES = {"default": {"BACKEND": "tests.cache_backends.Remote", "LOCATION": "s26c"}}
    age(reader, -1)
    sandbox.set_fault("html502")
    assert reader.get("/members/").status_code == 503


def test_the_snapshot_is_taken_anew_every_ten_minutes(sandbox: Sandbox, reader: Visitor) -> None:
    session = reader.session
    taken = session[sessions.KEY]["verified"]
    reader.get("/members/")
    assert reader.session[sessions.KEY]["verified"] == taken
    session[sessions.KEY] = {**session[sessions.KEY], "renewed": time.time() - 601}
    session.save()
    process.reset()
    reader.get("/members/")
    assert reader.session[sessions.KEY]["verified"] > taken


class TestTheAnswer:
    """Whatever raised it, and whoever asks."""

    @pytest.fixture(autouse=True)
    def _no_verdict(self, sandbox: Sandbox, reader: Visitor, settings) -> None:
        settings.IDENTITYX_SESSION_STALE_IF_ERROR = settings.IDENTITYX_STALE_IF_ERROR = 0
        settings.IDENTITYX_VERIFICATION_TTL = settings.IDENTITYX_LOCAL_TTL = 0
        settings.CACHES = {"default": {"BACKEND": "tests.cache_backends.Remote", "LOCATION": "a"}}
        sandbox.set_fault("html502")

    @pytest.mark.parametrize("url", ["/members/", "/api/public/", "/readers/", "/"])
    def test_a_page_for_browsers(self, reader: Visitor, url: str) -> None:
        answer = reader.get(url, headers=HTML)
        assert answer.status_code == 503
        assert answer["Content-Type"].startswith("text/html")
        assert "You stay signed in" in answer.content.decode()
        assert int(answer["Retry-After"]) >= 1
        assert answer["Cache-Control"] == "no-store"

    @pytest.mark.sampled(one_in=3)
    @pytest.mark.parametrize("headers", [JSON, {"Accept": "*/*"}, {}])
    @pytest.mark.parametrize("url", ["/members/", "/api/public/", "/api/by-session/", "/readers/"])
    def test_json_for_the_others(self, reader: Visitor, url: str, headers: Any) -> None:
        answer = reader.get(url, headers=headers)
        assert answer.status_code == 503
        assert answer.json()["code"] == "unavailable"
        assert "unavailable" in answer.json()["detail"]
        assert int(answer["Retry-After"]) >= 1
        assert answer["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("url", ["/api/protected/", "/script/"])
    def test_bearers(self, sandbox: Sandbox, url: str) -> None:
        headers = authorization(sandbox, "subscriber@example.net")
        answer = Client().get(url, headers=headers)
        assert answer.status_code == 503
        assert answer.json()["code"] == "unavailable"
        assert int(answer["Retry-After"]) >= 1

    def test_it_speaks_the_client_s_language(self, reader: Visitor, settings) -> None:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
        spaniard = Client()  # a client keeps the middleware that it began with
        spaniard.cookies = reader.cookies
        answer = spaniard.get("/members/", headers={**HTML, "Accept-Language": "es"})
        assert 'lang="es"' in answer.content.decode()

    def test_the_admins_get_no_mail_each_time(
        self, sandbox: Sandbox, reader: Visitor, settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Under Django's own logging; our logger says it once a minute."""
        settings.ADMINS = ["admin@example.com"]
        if settings.ADMINS and isinstance(settings.ADMINS[0], str):
            import django

            if django.VERSION < (6, 0):
                settings.ADMINS = [("Admin", "admin@example.com")]
        bearer = authorization(sandbox, "subscriber@example.net")
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                reader.get("/members/", headers=HTML)
                reader.get("/api/by-session/")
                Client().get("/api/protected/", headers=bearer)
                Client().get("/script/", headers=bearer)
        assert mail.outbox == []
        assert not [r for r in caplog.records if r.name == "django.request"]
        told = [r for r in caplog.records if "Answering 503" in r.message]
        assert len(told) == 1

    def test_a_site_s_own_503_is_still_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        from django.utils.log import log_response

        log_response("down", response=HttpResponse(status=503), request=HttpRequest())
        assert [r.name for r in caplog.records] == ["django.request"]

    def test_our_own_pages_work(self, reader: Visitor) -> None:
        assert Client().get(reverse("identityx:login")).status_code == 200
        page = reader.get(reverse("identityx:logout"))
        assert reader.submit(page).status_code == 302
        assert reader.signed_in_as == ""
