"""Each check by its id: what trips it, and that a good site has none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.core import checks
from django.test import override_settings

import django_identityx
from django_identityx.conf.rules import RULES

DB = ("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions")
OURS = ("rest_framework", "django_identityx")
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
MIDDLEWARE = "django_identityx.middleware.IdentityXMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"

GOOD = {
    "SESSION_COOKIE_SECURE": True,
    "CACHES": {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    },
    "IDENTITYX_CALLBACK_URL": "https://testserver/identityx/callback/",
    "IDENTITYX_API_URL": "https://identity-x.parameter1.com/graphql",
}


def found(**settings) -> set[str]:
    with override_settings(**{**GOOD, **settings}):
        messages = checks.run_checks(tags=["identityx"])
    return {message.id.removeprefix("identityx.") for message in messages}


def test_a_good_site_has_none() -> None:
    assert found() == set()


BEARER = {"DEFAULT_AUTHENTICATION_CLASSES": ["tests.test_checks.BearerToken", "x.y"]}

TRIPS = {
    "E001": {"INSTALLED_APPS": ["django.contrib.contenttypes", *OURS]},
    "W001": {"INSTALLED_APPS": [*DB, *OURS, "django.contrib.messages", "django.contrib.admin"]},
    "W002": {"IDENTITYX_APP_ID": None},
    "W003": {"IDENTITYX_CALLBACK_URL": None},
    "E002": {"IDENTITYX_API_URL": "http://identityx.example/graphql"},
    "E003": {"IDENTITYX_CALLBACK_URL": "http://site.example/identityx/callback/"},
    "W004": {"IDENTITYX_CALLBACK_URL": "https://testserver/identityx/callback"},
    "E004": {"IDENTITYX_CALLBACK_URL": "https://testserver/elsewhere/"},
    "E005": {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"},
    "E006": {"SESSION_COOKIE_SECURE": False},
    "W005": {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}},
    "W006": {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}},
    "W007": {"MIDDLEWARE": [SESSION, AUTH]},
    "E007": {"MIDDLEWARE": [MIDDLEWARE, SESSION, AUTH]},
    "E008": {"MIDDLEWARE": [SESSION, AUTH, LOGIN_REQUIRED, MIDDLEWARE]},
    "E009": {
        "REST_FRAMEWORK": {
            "DEFAULT_AUTHENTICATION_CLASSES": [
                "tests.test_checks.BearerToken",
                "django_identityx.authentication.IdentityXAuthentication",
            ]
        }
    },
}

BAD_VALUES = {
    "API_URL": ["", "identityx.example", "ftp://x.example", "https://", 7],
    "APP_ID": ["nope", "5D1B36070CE467BFF670A052", 7],
    "ORG_ID": ["nope"],
    "API_TOKEN": ["OrgUserApiToken x", 7],
    "CALLBACK_URL": ["/callback/", "https://x.example/?a=b", "https://x.example/#f"],
    "AUTHORIZATION_FORMAT": ["Bearer", None],
    "TIMEOUT": [0, -1, None, (1,), (1, 0), "5"],
    "CACHE": ["nowhere", None],
    "VERIFICATION_TTL": [-1, None, "60", True, float("inf")],
    "LOCAL_TTL": [-1],
    "LOCAL_SIZE": [0, 1.5],
    "REJECTION_TTL": [-1],
    "STALE_IF_ERROR": [-1, float("nan")],
    "MAX_VERIFICATIONS": [0, None],
    "UNSAFE_METHODS_MAX_AGE": [-1, "0"],
    "LINK_MAX_AGE": [0],
    "LINK_CONFIRMATION": ["sometimes"],
    "CREATE_APP_USERS": [1],
    "REQUEST_USER": ["no"],
    "USER_LOADER": ["nowhere.at_all", "django_identityx.conf.DEFAULTS"],
    "REFUSE_BANNED": [0],
    "SESSION_AGE": ["1d"],
    "THROTTLE_RATES": [{"send-emails": "1/min"}, {"send-email": "often"}, {"send-email": 5}, []],
    "THROTTLE_EXEMPT": ["10.0.0.0/8", ["nowhere"]],
    "TRUSTED_PROXIES": [-1, True, ["nowhere"], "10.0.0.0/8"],
    "ALLOWED_REDIRECT_HOSTS": ["site.example", ["https://site.example/"]],
    "METRICS": ["nowhere.at_all"],
    "APPLICATION_RESOLVER": ["nowhere.at_all"],
}


class BearerToken:
    """An authentication class that takes every Bearer for its own."""

    def authenticate_header(self, request) -> str:
        return "Bearer"


@pytest.mark.parametrize("id_", TRIPS)
def test_trips(id_: str) -> None:
    assert id_ in found(**TRIPS[id_])


@pytest.mark.parametrize(
    ("rule", "value"), [(rule, value) for rule in RULES for value in BAD_VALUES[rule.setting]]
)
def test_bad_values(rule, value) -> None:
    assert rule.id in found(**{f"IDENTITYX_{rule.setting}": value})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("TIMEOUT", 5),
        ("TIMEOUT", (0.5, 2)),
        ("THROTTLE_RATES", None),
        ("THROTTLE_RATES", {"send-email": ["5/m", "20/hour"], "send-address": None}),
        ("THROTTLE_EXEMPT", ["10.0.0.0/8", "2001:db8::/32"]),
        ("TRUSTED_PROXIES", 2),
        ("TRUSTED_PROXIES", ["10.0.0.0/8"]),
        ("USER_LOADER", "tests.test_loading.row_of"),
        ("ALLOWED_REDIRECT_HOSTS", ["shop.example:8443"]),
    ],
)
def test_good_values(setting: str, value) -> None:
    assert found(**{f"IDENTITYX_{setting}": value}) == set()


def test_every_setting_has_a_rule() -> None:
    from django_identityx.conf import DEFAULTS

    assert {rule.setting for rule in RULES} == set(DEFAULTS)
    assert set(BAD_VALUES) == set(DEFAULTS)


def test_ids_are_unique_and_each_has_a_test() -> None:
    source = (Path(django_identityx.__file__).parent / "checks.py").read_text()
    written = [
        node.value.removeprefix("identityx.")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("identityx.E", "identityx.W"))
    ]
    ids = written + [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert set(written) == set(TRIPS)


@override_settings(DEBUG=True)
def test_development_is_left_in_peace() -> None:
    local = {"CACHES": TRIPS["W006"]["CACHES"], "SESSION_COOKIE_SECURE": False, "DEBUG": True}
    assert found(**local, IDENTITYX_API_URL="http://sandbox.test:8787/graphql") == set()


def test_the_callback_under_a_language_prefix() -> None:
    settings = {"ROOT_URLCONF": "tests.urls_i18n", "LANGUAGES": [("en", "en"), ("es", "es")]}
    path = "https://testserver/es/account/callback/"
    assert found(**settings, IDENTITYX_CALLBACK_URL=path) == set()


def test_the_callback_under_a_script_prefix() -> None:
    from django.urls import set_script_prefix

    set_script_prefix("/site/")
    try:
        good = "https://testserver/site/identityx/callback/"
        assert found(IDENTITYX_CALLBACK_URL=good) == set()
        bad = "https://testserver/identityx/callback/"
        assert found(IDENTITYX_CALLBACK_URL=bad) == {"E004"}
    finally:
        set_script_prefix("/")
