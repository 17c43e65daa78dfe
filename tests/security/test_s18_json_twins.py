"""S18: the JSON twins are about the session: JSON only, CSRF for everybody, no other credential."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from tests.site import OWNER, READER, Visitor

pytestmark = pytest.mark.django_db

ME = reverse("identityx:api-me")
TWINS = [reverse(f"identityx:api-{name}") for name in ("login-link", "login", "logout")]
BY_SESSION = "/api/by-session/"


class Script(Visitor):
    """A single-page site: the CSRF cookie in a header."""

    def send(self, path: str, data: Any = None, *, kind: str = "application/json") -> Any:
        if "csrftoken" not in self.cookies:
            self.get(ME)
        headers = {"X-CSRFToken": self.cookies["csrftoken"].value}
        body = data if isinstance(data, str) else json.dumps(data or {})
        return self.post(path, body, content_type=kind, headers=headers)


def data(sandbox: Sandbox) -> dict[str, Any]:
    return {"email": READER, "token": sandbox.login_link_token(READER), "confirmed": True}


@pytest.mark.parametrize("path", TWINS)
class TestCSRF:
    def test_nobody_without_a_token(self, sandbox: Sandbox, path: str) -> None:
        for client in (Client(enforce_csrf_checks=True), Visitor()):
            response = client.post(path, data(sandbox), content_type="application/json")
            assert response.status_code == 403
            assert response.json()["code"] == "csrf"
        assert sandbox.count() == 0

    def test_no_header_without_the_cookie(self, sandbox: Sandbox, path: str) -> None:
        response = Visitor().post(
            path, data(sandbox), content_type="application/json", headers={"X-CSRFToken": "a" * 32}
        )
        assert response.status_code == 403

    def test_no_other_origin(self, sandbox: Sandbox, path: str) -> None:
        script = Script()
        script.get(ME)
        headers = {"X-CSRFToken": script.cookies["csrftoken"].value, "Origin": "https://a.example"}
        response = script.post(
            path, data(sandbox), content_type="application/json", headers=headers
        )
        assert response.status_code == 403
        assert sandbox.count() == 0

    def test_a_credential_in_the_header_is_no_way_around(self, sandbox: Sandbox, path: str) -> None:
        header = f"Bearer AppUser {sandbox.app_user_token(READER)}"
        response = Visitor().post(
            path,
            data(sandbox),
            content_type="application/json",
            headers={"Authorization": header},
        )
        assert response.status_code == 403

    def test_without_the_sites_middleware(self, sandbox: Sandbox, settings, path: str) -> None:
        settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if "csrf" not in m]
        response = Visitor().post(path, data(sandbox), content_type="application/json")
        assert response.status_code == 403
        assert Script().send(path, data(sandbox)).status_code in {200, 202, 204}
        assert wait_until_sent()

    def test_tokens_in_the_session(self, sandbox: Sandbox, settings, path: str) -> None:
        settings.CSRF_USE_SESSIONS = True
        response = Visitor().post(path, data(sandbox), content_type="application/json")
        assert response.status_code == 403

    @pytest.mark.parametrize(
        "kind",
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=a",
            "application/jsonp",
            "application/problem+json",
            "*/*",
            "",
        ],
    )
    def test_json_only(self, sandbox: Sandbox, path: str, kind: str) -> None:
        response = Script().send(path, json.dumps(data(sandbox)), kind=kind)
        assert response.status_code in {400, 415}
        assert sandbox.count() == 0

    def test_json_whatever_the_site_parses(self, sandbox: Sandbox, settings, path: str) -> None:
        settings.REST_FRAMEWORK = {
            "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
            "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
            "EXCEPTION_HANDLER": "nowhere.at.all",
        }
        response = Script().send(path, {"nonsense": True})
        assert response.status_code in {204, 400}
        assert response.status_code == 204 or {"code", "detail"} <= set(response.json())


class TestMe:
    @pytest.mark.parametrize("method", ["get", "head"])
    def test_nobody_gets_the_cookie_with_the_401(self, method: str) -> None:
        response = getattr(Visitor(), method)(ME)
        assert response.status_code == 401
        assert response.cookies["csrftoken"].value
        assert "www-authenticate" in response.headers

    @pytest.mark.parametrize("prefix", ["Bearer AppUser", "AppUser"])
    def test_a_header_is_nobody(self, sandbox: Sandbox, prefix: str) -> None:
        header = f"{prefix} {sandbox.app_user_token(READER)}"
        response = Visitor().get(ME, headers={"Authorization": header})
        assert response.status_code == 401
        assert sandbox.count() == 0

    def test_a_header_does_not_change_who_the_session_is(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.sign_in(sandbox)
        header = f"Bearer OrgUser {sandbox.org_user_token(OWNER)}"
        assert visitor.get(ME, headers={"Authorization": header}).json()["email"] == READER

    def test_post_is_not_for_it(self) -> None:
        assert Script().send(ME).status_code == 405


class TestTheSitesOwnViews:
    """`IdentityXSessionAuthentication` enforces CSRF as DRF's own session class does."""

    def test_a_post_needs_the_token(self, sandbox: Sandbox) -> None:
        visitor = Script()
        visitor.sign_in(sandbox)
        assert visitor.get(BY_SESSION).status_code == 200
        assert visitor.post(BY_SESSION, {}, content_type="application/json").status_code == 403
        assert visitor.send(BY_SESSION).status_code == 200


def test_django_errors_have_the_shape_too() -> None:
    response = Visitor().get(ME, {"format": "xml"})
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    refused = Visitor().get(ME, headers={"accept": "text/html"})
    assert refused.status_code == 406
    assert set(refused.json()) == {"code", "detail"}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["api-login", "api-logout", "api-login-link", "api-devices"])
@pytest.mark.parametrize("debug", [True, False])
def test_s18_a_form_that_nobody_can_read(name: str, debug: bool, settings: Any) -> None:
    settings.DEBUG = debug
    browser = Client(enforce_csrf_checks=True)
    browser.get(reverse("identityx:api-me"))
    response = browser.generic(
        "POST",
        reverse(f"identityx:{name}"),
        b"{}",
        content_type="multipart/form-data",  # without a boundary
        headers={"x-csrftoken": browser.cookies["csrftoken"].value},
    )
    assert response.status_code == 400
    assert response.json()["code"] == "parse_error"
