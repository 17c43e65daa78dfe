"""Who is let into Django views: decorators and mixins, functions and classes, sync and async."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import AsyncClient, Client
from django.urls import include, path, reverse
from django.views import View

from django_identityx.authentication import OrgUserAuthentication
from django_identityx.credentials import TokenType
from django_identityx.decorators import (
    app_user_required,
    bearer_required,
    max_age,
    org_role_required,
    org_user_required,
)
from django_identityx.mixins import (
    AppUserRequiredMixin,
    OrgRoleRequiredMixin,
    OrgUserRequiredMixin,
)
from django_identityx.sandbox import ORG_ID, Sandbox
from django_identityx.testing import authorization, login

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.test_guards")]

READER, OWNER, MEMBER = "reader@example.net", "owner@example.com", "member@example.com"
DECORATORS = {
    "reader": app_user_required,
    "staff": org_user_required,
    "owners": org_role_required("Owner", "Administrator"),
    "sure": max_age(0),
    "bearer": bearer_required,
    "script": bearer_required(OrgUserAuthentication),
}
MIXINS = {"reader": AppUserRequiredMixin, "staff": OrgUserRequiredMixin}


class Owners(OrgRoleRequiredMixin):
    roles = ("Owner", "Administrator")


def said(request: HttpRequest) -> HttpResponse:
    known = request.identityx  # type: ignore[attr-defined]
    return HttpResponse(f"{known.user} {known.credential is not None} {request.user}")


def function(decorate: Any) -> Any:
    return decorate(said)


def coroutine(decorate: Any) -> Any:
    async def view(request: HttpRequest) -> HttpResponse:
        return said(request)

    return decorate(view)


def class_based(decorate: Any) -> Any:
    class Plain(View):
        def get(self, request: HttpRequest) -> HttpResponse:
            return said(request)

        post = get

    return decorate(Plain).as_view()


def async_class_based(decorate: Any) -> Any:
    class Plain(View):
        async def get(self, request: HttpRequest) -> HttpResponse:
            return said(request)

        post = get

    return decorate(Plain).as_view()


def mixed(mixin: Any, *, is_async: bool) -> Any:
    class Sync(mixin, View):  # type: ignore[misc]
        def get(self, request: HttpRequest) -> HttpResponse:
            return said(request)

    class Async(mixin, View):  # type: ignore[misc]
        async def get(self, request: HttpRequest) -> HttpResponse:
            return said(request)

    return (Async if is_async else Sync).as_view()


SHAPES = {
    "function": function,
    "coroutine": coroutine,
    "class": class_based,
    "async-class": async_class_based,
}


def template(request: HttpRequest) -> HttpResponse:
    known = "{{ request.identityx.%s }}"
    names = ("user", "hint", "fresh", "actor", "application.app_id", "credential.token_type")
    text = " ".join(known % name for name in names)
    return HttpResponse(engines["django"].from_string(text).render({}, request))


urlpatterns = [
    path("identityx/", include("django_identityx.urls")),
    path("template/", template),
    *[
        path(f"{shape}/{name}/", make(decorate))
        for shape, make in SHAPES.items()
        for name, decorate in DECORATORS.items()
    ],
    *[
        path(f"{shape}/{name}/", mixed(mixin, is_async=shape == "async-mixin"))
        for shape in ("mixin", "async-mixin")
        for name, mixin in {**MIXINS, "owners": Owners}.items()
    ],
]

every = pytest.mark.parametrize("shape", [*SHAPES, "mixin", "async-mixin"])
decorated = pytest.mark.parametrize("shape", SHAPES)


@pytest.fixture(autouse=True)
def _settings(settings) -> None:
    settings.IDENTITYX_ORG_ID = ORG_ID


@pytest.fixture(params=[True, False], ids=["identityx's user", "Django's user"])
def request_user(request: pytest.FixtureRequest, settings) -> bool:
    settings.IDENTITYX_REQUEST_USER = request.param
    return bool(request.param)


def client(sandbox: Sandbox, email: str = "") -> Any:
    """A client in both worlds."""
    known = Client()
    if email:
        kind = TokenType.ORG_USER if email.endswith(".com") else TokenType.APP_USER
        login(known, sandbox, email, kind)
    return known


def get(client: Client, url: str, *, asgi: bool) -> HttpResponse:
    if not asgi:
        return client.get(url)  # type: ignore[return-value]
    other = AsyncClient()
    other.cookies = client.cookies
    return async_to_sync(other.get)(url)  # type: ignore[return-value]


@every
@pytest.mark.parametrize("asgi", [False, True])
class TestWhoIsLetIn:
    @pytest.mark.sampled(one_in=3)
    def test_a_reader(self, sandbox: Sandbox, request_user: bool, shape: str, asgi: bool) -> None:
        reader = client(sandbox, READER)
        answer = get(reader, f"/{shape}/reader/", asgi=asgi)
        assert answer.status_code == 200
        assert answer.content.decode().startswith("reader@example.net True ")
        assert answer.content.decode().endswith(READER if request_user else "AnonymousUser")
        assert get(reader, f"/{shape}/staff/", asgi=asgi).status_code == 403
        assert get(reader, f"/{shape}/owners/", asgi=asgi).status_code == 403

    @pytest.mark.sampled(one_in=3)
    def test_staff(self, sandbox: Sandbox, request_user: bool, shape: str, asgi: bool) -> None:
        owner, member = client(sandbox, OWNER), client(sandbox, MEMBER)
        assert get(owner, f"/{shape}/staff/", asgi=asgi).status_code == 200
        assert get(owner, f"/{shape}/owners/", asgi=asgi).status_code == 200
        assert get(owner, f"/{shape}/reader/", asgi=asgi).status_code == 403
        assert get(member, f"/{shape}/staff/", asgi=asgi).status_code == 200
        assert get(member, f"/{shape}/owners/", asgi=asgi).status_code == 403

    @pytest.mark.sampled(one_in=3)
    def test_nobody_is_led_to_the_right_sign_in(
        self, sandbox: Sandbox, request_user: bool, shape: str, asgi: bool
    ) -> None:
        for name, form in (("reader", "login"), ("staff", "org-login"), ("owners", "org-login")):
            answer = get(Client(), f"/{shape}/{name}/", asgi=asgi)
            assert answer.status_code == 302
            assert answer["Location"] == f"{reverse(f'identityx:{form}')}?next=/{shape}/{name}/"
        assert sandbox.count() == 0


@every
def test_a_django_user_is_no_reader(
    sandbox: Sandbox, request_user: bool, django_user_model: Any, shape: str
) -> None:
    known = Client()
    known.force_login(django_user_model.objects.create_superuser("root"))
    assert known.get(f"/{shape}/reader/").status_code == 302


@every
def test_whom_the_loader_does_not_admit_is_nobody(
    sandbox: Sandbox, request_user: bool, settings, shape: str
) -> None:
    reader = client(sandbox, READER)
    settings.IDENTITYX_USER_LOADER = "tests.test_loading.nobody"
    assert reader.get(f"/{shape}/reader/").status_code == 302
    assert reader.get(reverse("identityx:api-me")).status_code == 401


def test_views_stay_what_they_are() -> None:
    assert iscoroutinefunction(coroutine(app_user_required))
    assert iscoroutinefunction(async_class_based(app_user_required))
    assert not iscoroutinefunction(function(app_user_required))
    assert app_user_required(said).__name__ == "said"


@decorated
@pytest.mark.parametrize("asgi", [False, True])
def test_max_age_asks_each_time(sandbox: Sandbox, shape: str, asgi: bool) -> None:
    reader = client(sandbox, READER)
    asked = sandbox.count("activeAppUser")
    for number in (1, 2):
        answer = get(reader, f"/{shape}/sure/", asgi=asgi)
        assert answer.content.decode().startswith(READER)
        assert sandbox.count("activeAppUser") == asked + number


@decorated
class TestBearers:
    def test_a_bearer(self, sandbox: Sandbox, request_user: bool, shape: str) -> None:
        headers = authorization(sandbox, READER)
        answer = Client(enforce_csrf_checks=True).post(f"/{shape}/bearer/", headers=headers)
        assert answer.status_code == 200
        assert answer.content.decode().startswith(f"{READER} True")
        assert answer.content.decode().endswith(READER if request_user else "AnonymousUser")
        assert "Authorization" in answer["Vary"]

    def test_no_cookie_counts(self, sandbox: Sandbox, request_user: bool, shape: str) -> None:
        reader = client(sandbox, READER)
        answer = reader.get(f"/{shape}/bearer/")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
        assert answer.json()["code"] == "not_authenticated"

    def test_the_header_goes_before_the_session(self, sandbox: Sandbox, shape: str) -> None:
        reader = client(sandbox, READER)
        headers = authorization(sandbox, "subscriber@example.net")
        answer = reader.get(f"/{shape}/bearer/", headers=headers)
        assert answer.content.decode() == "subscriber@example.net True subscriber@example.net"

    def test_one_that_is_no_good(self, sandbox: Sandbox, shape: str) -> None:
        answer = Client().get(f"/{shape}/bearer/", headers={"Authorization": "AppUser a.b.c"})
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer["WWW-Authenticate"]
        assert answer.json()["code"] == "malformed"

    def test_of_one_kind(self, sandbox: Sandbox, shape: str) -> None:
        api = authorization(sandbox, OWNER, TokenType.ORG_USER_API_TOKEN)
        assert Client().get(f"/{shape}/script/", headers=api).status_code == 200
        other = authorization(sandbox, READER)
        assert Client().get(f"/{shape}/script/", headers=other).status_code == 401

    def test_no_login_is_asked_for(self, sandbox: Sandbox, settings, shape: str) -> None:
        required = "django.contrib.auth.middleware.LoginRequiredMiddleware"
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, required]
        assert Client().get(f"/{shape}/bearer/").status_code == 401


def test_templates_have_all_of_it(sandbox: Sandbox, request_user: bool) -> None:
    page = client(sandbox, READER).get("/template/").content.decode()
    assert page == f"{READER} Rita Reader True None 5d1b36070ce467bff670a052 AppUser"
    assert "None" in Client().get("/template/").content.decode()
