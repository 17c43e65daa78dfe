"""Each check by its id: what trips it, and that a good site has none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.core import checks
from django.core.cache.backends.redis import RedisCache
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

import django_identityx
from django_identityx import ratelimits
from django_identityx.conf import SETTINGS, conf
from django_identityx.exceptions import ConfigurationError
from django_identityx.sending import callback_url
from django_identityx.service.transport import Transport

DB = ("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions")
OURS = ("rest_framework", "django_identityx")
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
MIDDLEWARE = "django_identityx.middleware.IdentityXMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"

pytestmark = pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")

REDIS = "django.core.cache.backends.redis.RedisCache"
TABLE = "django.core.cache.backends.db.DatabaseCache"
MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"

GOOD = {
    "SESSION_COOKIE_SECURE": True,
    "CACHES": {
        "default": {
            "BACKEND": REDIS,
            "LOCATION": "redis://127.0.0.1:9/0",
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    },
    "IDENTITYX_TRUSTED_PROXIES": 0,
    "IDENTITYX_CALLBACK_URL": "https://testserver/identityx/callback/",
    "IDENTITYX_API_URL": "https://identity-x.parameter1.com/graphql",
}


def told(*, deploy: bool = True, **settings) -> dict[str, checks.CheckMessage]:
    with override_settings(**{**GOOD, **settings}):
        messages = checks.run_checks(tags=["identityx"], include_deployment_checks=deploy)
    return {message.id.removeprefix("identityx."): message for message in messages}


def found(**settings) -> set[str]:
    return set(told(**settings))


def test_a_good_site_has_none() -> None:
    assert found() == set()


BEARER = {"DEFAULT_AUTHENTICATION_CLASSES": ["tests.test_checks.BearerToken", "x.y"]}

TRIPS = {
    "E001": {"INSTALLED_APPS": ["django.contrib.contenttypes", *OURS]},
    "W001": {"INSTALLED_APPS": [*DB, *OURS, "django.contrib.messages", "django.contrib.admin"]},
    "W002": {"IDENTITYX_APP_ID": None, "IDENTITYX_ORG_ID": "any"},
    "E047": {"IDENTITYX_APP_ID": None},
    "E046": {"IDENTITYX_API_URL": "http://localhost:8787/graphql"},
    "W010": {"IDENTITYX_TRUSTED_PROXIES": None},
    "W003": {"IDENTITYX_CALLBACK_URL": None},
    "E002": {"IDENTITYX_API_URL": "http://identityx.example/graphql"},
    "E003": {"IDENTITYX_CALLBACK_URL": "http://site.example/identityx/callback/"},
    "W004": {"IDENTITYX_CALLBACK_URL": "https://testserver/identityx/callback"},
    "W011": {"IDENTITYX_CALLBACK_URL": "https://testserver/elsewhere/"},
    "E004": {"ROOT_URLCONF": "tests.cache_backends"},
    "E048": {"DATABASES": {"default": {"ENGINE": "django.db.backends.dummy"}}},
    "E005": {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"},
    "E006": {"SESSION_COOKIE_SECURE": False},
    "W005": {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}},
    "W006": {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}},
    "W008": {"CACHES": {"default": {"BACKEND": REDIS, "LOCATION": "redis://127.0.0.1:9/0"}}},
    "W009": {"CACHES": {"default": {"BACKEND": TABLE, "LOCATION": "cache_table"}}},
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
    "API_URL": ["", "identityx.example", "ftp://x.example", "https://", 7, None],
    "APP_ID": ["nope", "5D1B36070CE467BFF670A052", 7],
    "ORG_ID": ["nope", "Any", 7],
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
    "USER_LOADER": ["nowhere.at_all", "django_identityx.conf.SETTINGS"],
    "REFUSE_BANNED": [0],
    "SESSION_AGE": ["1d"],
    "THROTTLE_RATES": [{"send-emails": "1/min"}, {"send-email": "often"}, {"send-email": 5}, []],
    "THROTTLE_EXEMPT": ["10.0.0.0/8", ["nowhere"]],
    "TRUSTED_PROXIES": [-1, True, ["nowhere"], "10.0.0.0/8"],
    "ALLOWED_REDIRECT_HOSTS": ["site.example", ["https://site.example/"]],
    "METRICS": ["nowhere.at_all"],
    "APPLICATION_RESOLVER": ["nowhere.at_all"],
    "SIGN_IN_KINDS": [None, "AppUser", ["OrgUserApiToken"]],
    "SESSION_STALE_IF_ERROR": [-1, None],
    "STAFF_ROLES": [
        None,
        {"Boss": {}},
        {"Owner": {"is_active": True}},
        {"Owner": {"is_staff": "yes"}},
        {"Owner": {"groups": "Editors"}},
        {"Owner": {"groups": [7]}},
        {"Owner": None},
    ],
    "ACCOUNT_FIELDS": ["nowhere.at_all"],
    "LINK_ACCOUNTS": ["always", None],
    "LOCAL_LOGIN_URL": [7, " "],
    "REQUIRED_FIELDS": [None, "given_name", ["givenName"], ["save"], [7]],
    "REQUIRED_CREATE_FIELDS": ["given_name"],
    "SITE_NAME": [7],
}


class SessionStore(SignedCookies):
    """A site's own."""


class OwnRedis(RedisCache):
    """A site's own."""


class BearerToken:
    """An authentication class that takes every Bearer for its own."""

    def authenticate_header(self, request) -> str:
        return "Bearer"


@pytest.mark.parametrize("id_", TRIPS)
def test_trips(id_: str) -> None:
    assert id_ in found(**TRIPS[id_])


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in SETTINGS for value in BAD_VALUES[name]]
)
def test_bad_values(name: str, value) -> None:
    assert SETTINGS[name].id in found(**{f"IDENTITYX_{name}": value})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("TIMEOUT", 5),
        ("TIMEOUT", (0.5, 2)),
        ("THROTTLE_RATES", None),
        ("THROTTLE_RATES", {"send-email": ["5/m", "20/hour"], "send-address": None}),
        ("THROTTLE_EXEMPT", ["10.0.0.0/8", "2001:db8::/32"]),
        ("TRUSTED_PROXIES", 0),
        ("TRUSTED_PROXIES", 2),
        ("ORG_ID", "any"),
        ("SIGN_IN_KINDS", []),
        ("STAFF_ROLES", {"Owner": {"is_staff": True, "groups": ["Editors"]}, "Guest": {}}),
        ("LOCAL_LOGIN_URL", "admin:login"),
        ("REQUIRED_FIELDS", ["given_name", "country_code"]),
        ("SITE_NAME", "Acme Daily"),
        ("TRUSTED_PROXIES", ["10.0.0.0/8"]),
        ("USER_LOADER", "tests.test_loading.row_of"),
        ("ALLOWED_REDIRECT_HOSTS", ["shop.example:8443"]),
    ],
)
def test_good_values(setting: str, value) -> None:
    assert found(**{f"IDENTITYX_{setting}": value}) == set()


def test_every_setting_has_bad_values() -> None:
    assert set(BAD_VALUES) == set(SETTINGS)


def test_ids_never_change() -> None:
    """What somebody has in ``SILENCED_SYSTEM_CHECKS`` goes on meaning the same."""
    ids = "API_URL APP_ID ORG_ID API_TOKEN CALLBACK_URL AUTHORIZATION_FORMAT TIMEOUT CACHE "
    ids += "VERIFICATION_TTL LOCAL_TTL LOCAL_SIZE REJECTION_TTL STALE_IF_ERROR MAX_VERIFICATIONS "
    ids += "UNSAFE_METHODS_MAX_AGE LINK_MAX_AGE LINK_CONFIRMATION CREATE_APP_USERS REQUEST_USER "
    ids += "USER_LOADER REFUSE_BANNED SESSION_AGE THROTTLE_RATES THROTTLE_EXEMPT TRUSTED_PROXIES "
    ids += "ALLOWED_REDIRECT_HOSTS METRICS APPLICATION_RESOLVER SIGN_IN_KINDS "
    ids += "SESSION_STALE_IF_ERROR STAFF_ROLES LINK_ACCOUNTS LOCAL_LOGIN_URL REQUIRED_FIELDS "
    ids += "REQUIRED_CREATE_FIELDS SITE_NAME"
    expected = {name: f"E{number:03}" for number, name in enumerate(ids.split(), 10)}
    expected["ACCOUNT_FIELDS"] = "E050"
    assert {name: setting.id for name, setting in SETTINGS.items()} == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_URL", "https://user:pw@identityx.example/graphql"),
        ("API_URL", "https://identityx.example/a b"),
        ("CALLBACK_URL", "https://www.exämple.com/cb/"),
        ("CALLBACK_URL", "https://www.example.com/a b/"),
        ("CALLBACK_URL", "https://user@www.example.com/cb/"),
        ("CALLBACK_URL", "https://www.example.com:port/cb/"),
    ],
)
def test_what_a_check_names_the_code_refuses(name: str, value: str) -> None:
    with override_settings(DEBUG=False, **{f"IDENTITYX_{name}": value}):
        problem = SETTINGS[name].problem
        assert problem
        with pytest.raises((ConfigurationError, ImproperlyConfigured), match=re.escape(problem)):
            (Transport if name == "API_URL" else callback_url_of)(value)


def callback_url_of(url: str) -> None:
    assert url == conf.CALLBACK_URL
    callback_url()


def test_no_rate_passes_that_nobody_can_count() -> None:
    for text in ("1000000000/s", "0/min", "ten/min", "10/week", "10/min "):
        with override_settings(IDENTITYX_THROTTLE_RATES={"send-email": text}):
            assert SETTINGS["THROTTLE_RATES"].problem
            with pytest.raises(ImproperlyConfigured):
                ratelimits.by_email("send-email", "reader@example.net")


def test_ids_are_unique_and_each_has_a_test() -> None:
    source = (Path(django_identityx.__file__).parent / "checks.py").read_text()
    written = [
        node.value.removeprefix("identityx.")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("identityx.E", "identityx.W"))
    ]
    ids = written + [setting.id for setting in SETTINGS.values()]
    assert len(ids) == len(set(ids))
    assert set(written) == set(TRIPS)


@override_settings(DEBUG=True)
def test_development_is_left_in_peace() -> None:
    local = {"CACHES": TRIPS["W006"]["CACHES"], "SESSION_COOKIE_SECURE": False, "DEBUG": True}
    sandbox = "http://localhost:8787/graphql"
    assert found(**local, deploy=False, IDENTITYX_API_URL=sandbox) == set()


@pytest.mark.parametrize("id_", ["E046", "W010"])
def test_only_a_deployment(id_: str) -> None:
    assert found(deploy=False, **TRIPS[id_]) == set()


@pytest.mark.parametrize(
    "cache",
    [
        {"BACKEND": REDIS, "OPTIONS": {"socket_timeout": 1}},
        {"BACKEND": REDIS, "LOCATION": "redis://127.0.0.1:9/0?socket_timeout=1"},
        {"BACKEND": MEMCACHED, "LOCATION": "127.0.0.1:9"},
        {"BACKEND": MEMCACHED, "OPTIONS": {"timeout": 1, "connect_timeout": None}},
        {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"},
        {"BACKEND": "tests.test_checks.OwnRedis"},
    ],
)
def test_a_cache_that_may_hang(cache: dict) -> None:
    assert found(CACHES={"default": cache}) == {"W008"}


@pytest.mark.parametrize(
    "cache",
    [
        {"BACKEND": REDIS, "LOCATION": "redis://x/0?socket_timeout=1&socket_connect_timeout=1"},
        {"BACKEND": MEMCACHED, "OPTIONS": {"timeout": 1, "connect_timeout": 1}},
        {"BACKEND": TABLE, "OPTIONS": {"MAX_ENTRIES": 100_000}},
        {"BACKEND": "django.core.cache.backends.memcached.PyLibMCCache", "LOCATION": "x"},
        {
            "BACKEND": "django_redis.cache.RedisCache",
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1},
        },
    ],
)
def test_a_cache_that_is_as_it_should_be(cache: dict) -> None:
    assert found(CACHES={"default": cache}) == set()


def test_hints_that_say_what_to_write() -> None:
    hint = told(**TRIPS["W008"])["W008"].hint
    assert '"OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1}' in hint
    assert "engine db" in told(**TRIPS["E005"])["E005"].hint


def test_sessions_in_cookies_by_another_name() -> None:
    """The class decides, as in ``sessions.login``."""
    assert "E005" in found(SESSION_ENGINE="tests.test_checks")
    assert "E005" not in found(SESSION_ENGINE="tests.nowhere")


def test_the_callback_of_a_single_page_site() -> None:
    """A warning: nobody can know from here that there is one."""
    for url in ("https://www.acme.example/welcome", "https://testserver/members/"):
        assert found(IDENTITYX_CALLBACK_URL=url) == {"W011"}


def test_the_callback_below_a_prefix_that_the_server_sets() -> None:
    for prefix in ("site", "a/b/c"):
        url = f"https://testserver/{prefix}/identityx/callback/"
        assert found(IDENTITYX_CALLBACK_URL=url) == set()


@pytest.mark.parametrize(
    "urls", [{"IDENTITYX_CALLBACK_URL": None}, {"ROOT_URLCONF": "tests.cache_backends"}]
)
def test_bearers_need_no_database(urls: dict) -> None:
    assert ("E048" in found(DATABASES={}, **urls)) is ("ROOT_URLCONF" not in urls)


def test_a_resolver_knows_the_application() -> None:
    resolver = {"IDENTITYX_APPLICATION_RESOLVER": "tests.test_loading.row_of"}
    assert found(IDENTITYX_APP_ID=None, IDENTITYX_CALLBACK_URL=None, **resolver) == set()


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
        assert found(IDENTITYX_CALLBACK_URL=bad) == {"W011"}
    finally:
        set_script_prefix("/")
