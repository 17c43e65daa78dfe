"""Django's own CSRF check, run by our views."""

from __future__ import annotations

import json

import pytest
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.signin import csrf

from .site import READER, Visitor

factory = RequestFactory()


def cookie_of(request) -> str:
    response = HttpResponse()
    csrf.leave_cookie(request, response)
    return response.cookies["csrftoken"].value


class TestTheCheck:
    def post(self, data=None, *, cookie: str = "", **headers: str):
        request = factory.post("/", data or {}, **headers)
        if cookie:
            request.COOKIES["csrftoken"] = cookie
        return request

    def test_nothing_fails_it(self) -> None:
        assert csrf.failure(self.post())

    def test_both_halves_pass(self) -> None:
        cookie = cookie_of(factory.get("/"))
        form = self.post({"csrfmiddlewaretoken": cookie}, cookie=cookie)
        assert csrf.failure(form) == ""
        assert csrf.failure(self.post(cookie=cookie, HTTP_X_CSRFTOKEN=cookie)) == ""

    @pytest.mark.parametrize("half", ["cookie", "field"])
    def test_one_half_fails(self, half: str) -> None:
        cookie = cookie_of(factory.get("/"))
        request = (
            self.post(cookie=cookie)
            if half == "cookie"
            else self.post({"csrfmiddlewaretoken": cookie})
        )
        assert csrf.failure(request)

    def test_of_another_browser_fails(self) -> None:
        mine, theirs = cookie_of(factory.get("/")), cookie_of(factory.get("/"))
        assert csrf.failure(self.post({"csrfmiddlewaretoken": theirs}, cookie=mine))

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", "http://testserver.evil.example", "x"]
    )
    def test_another_origin_fails(self, origin: str) -> None:
        cookie = cookie_of(factory.get("/"))
        form = {"csrfmiddlewaretoken": cookie}
        assert csrf.failure(self.post(form, cookie=cookie, HTTP_ORIGIN=origin))
        assert csrf.failure(self.post(form, cookie=cookie, HTTP_ORIGIN="http://testserver")) == ""

    def test_https_wants_a_referrer_of_the_site(self) -> None:
        cookie = cookie_of(factory.get("/"))
        form = {"csrfmiddlewaretoken": cookie}
        for referrer, passes in ((None, False), ("https://evil.example/", False)):
            headers = {"HTTP_REFERER": referrer} if referrer else {}
            request = self.post(form, cookie=cookie, secure=True, **headers)
            assert (csrf.failure(request) == "") is passes
        good = self.post(form, cookie=cookie, secure=True, HTTP_REFERER="https://testserver/a")
        assert csrf.failure(good) == ""

    def test_get_passes(self) -> None:
        assert csrf.failure(factory.get("/")) == ""

    def test_a_token_that_is_there_stays(self) -> None:
        cookie = cookie_of(factory.get("/"))
        request = factory.get("/")
        request.COOKIES["csrftoken"] = cookie
        assert csrf.failure(request) == ""  # reads the cookie, as the middleware does
        get_token(request)
        assert cookie_of(request) == cookie


FORMS = ["login", "org-login", "callback", "logout", "link-sent"]
TWINS = ["api-login-link", "api-login", "api-logout"]


@pytest.mark.django_db
class TestOnTheSite:
    @pytest.fixture(params=[True, False], ids=["with the middleware", "without"])
    def _middleware(self, request: pytest.FixtureRequest, settings) -> None:
        if not request.param:
            settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if "csrf" not in m]

    @pytest.mark.usefixtures("_middleware")
    @pytest.mark.parametrize("name", FORMS)
    def test_s18_forms_are_checked(self, sandbox: Sandbox, name: str) -> None:
        client = Client(enforce_csrf_checks=True)
        response = client.post(reverse(f"identityx:{name}"), {"email": READER, "link": "a"})
        assert response.status_code == 403
        assert b"identityx" in response.content  # a page of ours, not a bare one
        assert sandbox.count() == 0

    @pytest.mark.usefixtures("_middleware")
    @pytest.mark.parametrize("name", TWINS)
    def test_s18_json_is_checked(self, sandbox: Sandbox, name: str) -> None:
        client = Client(enforce_csrf_checks=True)
        path = reverse(f"identityx:{name}")
        body = json.dumps({"email": READER, "token": sandbox.login_link_token(READER)})
        response = client.post(path, body, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (403, "csrf")
        token = response.cookies["csrftoken"].value
        again = client.post(
            path, body, content_type="application/json", headers={"X-CSRFToken": token}
        )
        assert again.status_code != 403

    @pytest.mark.usefixtures("_middleware")
    def test_the_whole_way(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.sign_in(sandbox)
        assert visitor.signed_in_as == "Rita Reader"

    def test_in_sessions(self, sandbox: Sandbox, settings) -> None:
        settings.CSRF_USE_SESSIONS = True
        visitor = Visitor()
        visitor.sign_in(sandbox)
        assert visitor.signed_in_as == "Rita Reader"

    def test_with_djangos_cookies_kept_from_sibling_hosts(self, sandbox: Sandbox, settings) -> None:
        settings.SESSION_COOKIE_NAME = "__Host-sessionid"
        settings.CSRF_COOKIE_NAME = "__Host-csrftoken"
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
        visitor = Visitor()
        visitor.sign_in(sandbox)
        assert visitor.signed_in_as == "Rita Reader"
        for cookie in visitor.cookies.values():
            assert cookie.key.startswith("__Host-")
            assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
        visitor.submit(visitor.get(reverse("identityx:logout")))
        assert visitor.signed_in_as == ""

    def test_cookies_off_is_told_apart(self) -> None:
        login = reverse("identityx:login")
        off = Client(enforce_csrf_checks=True).post(login, {"email": READER})
        assert b"does not keep cookies" in off.content
        stale = Client(enforce_csrf_checks=True)
        stale.cookies["another"] = "cookie"
        assert b"open for too long" in stale.post(login, {"email": READER}).content
