"""The names and paths that sites link to, and that no site's own doors lock them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import resolve, reverse

from django_identityx import urls
from django_identityx.sandbox import Sandbox

PATHS = {
    "login": "login/",
    "link-sent": "link-sent/",
    "callback": "callback/",
    "logout": "logout/",
    "org-login": "org-login/",
    "devices": "devices/",
    "profile": "profile/",
    "act-as": "act-as/",
    "act-end": "act-end/",
    "link-account": "link-account/",
    "change-email": "change-email/",
    "api-login-link": "api/login-link/",
    "api-login": "api/login/",
    "api-logout": "api/logout/",
    "api-me": "api/me/",
    "api-devices": "api/devices/",
    "api-change-email": "api/change-email/",
}
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"

every = pytest.mark.parametrize("name", PATHS)


def test_these_and_no_others() -> None:
    assert urls.app_name == "identityx"
    assert {p.name: str(p.pattern) for p in urls.urlpatterns} == PATHS


@every
def test_path(name: str) -> None:
    assert reverse(f"identityx:{name}") == f"/identityx/{PATHS[name]}"


@every
def test_login_is_not_required(name: str) -> None:
    view: Callable = resolve(reverse(f"identityx:{name}")).func
    assert view.login_required is False


@pytest.mark.sampled(one_in=3)
@every
@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["", "html502"])
def test_behind_login_required_middleware(sandbox: Sandbox, settings, name: str, mode: str) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, LOGIN_REQUIRED]
    if mode:
        sandbox.set_fault(mode)
    client = Client()
    assert client.get("/members/").status_code == 302
    response = client.get(reverse(f"identityx:{name}"))
    assert "/accounts/login/" not in response.headers.get("Location", "")
    expected = {
        "callback": 400,
        "api-me": 401,
        "api-devices": 401,
        "devices": 302,
        "profile": 302,
        "change-email": 302,
        "act-as": 302,
        "act-end": 405,
    }
    unsafe_only = name.startswith("api-") and name != "api-me"
    assert response.status_code == expected.get(name, 405 if unsafe_only else 200)


@every
def test_no_transaction_of_the_site_is_around_what_asks_identityx_for_a_session(
    name: str,
) -> None:
    """A claim must outlive a request that fails later."""
    view: Callable = resolve(reverse(f"identityx:{name}")).func
    atomic = getattr(view, "_non_atomic_requests", set())
    assert ("default" in atomic) is (name in {"callback", "api-login"})


@pytest.mark.sampled(one_in=3)
@every
@pytest.mark.django_db
@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_other_methods(name: str, method: str) -> None:
    if (name, method) == ("api-me", "patch"):
        return
    response = getattr(Client(), method)(reverse(f"identityx:{name}"))
    assert response.status_code == 405
    assert "no-store" in response["Cache-Control"]
