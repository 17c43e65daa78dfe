"""Each check of the app by its id."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks
from django.test import override_settings

GOOD = {
    "IDENTITYX_USER_LOADER": "django_identityx.accounts.load_user",
    "IDENTITYX_LOCAL_LOGIN_URL": "/login/",
    "IDENTITYX_STAFF_ROLES": {"Owner": {"is_staff": True, "groups": ["Editors"]}},
}
TRIPS = {
    "W001": {"IDENTITYX_USER_LOADER": None},
    "W002": {"IDENTITYX_REQUEST_USER": False},
    "W003": {"IDENTITYX_LOCAL_LOGIN_URL": None},
    "W004": {"REST_FRAMEWORK": {}},  # as of a site that has never named its classes
    "E003": {"IDENTITYX_ORG_ID": "any"},
}  # E001 and E002 need another user model: `other_users.walk`


def found(**settings: Any) -> set[str]:
    with override_settings(**{**GOOD, **settings}):
        messages = checks.run_checks(tags=["identityx_accounts"])
    return {message.id.removeprefix("identityx_accounts.") for message in messages}


def test_a_good_site_has_none() -> None:
    assert found() == set()


@pytest.mark.parametrize("id_", TRIPS)
def test_trips(id_: str) -> None:
    assert found(**TRIPS[id_]) == {id_}


@pytest.mark.parametrize("value", ["Owner", 5, {"Owner": 5}, {"Owner": {"is_staff": "False"}}])
def test_roles_that_can_t_be_read_are_told_once(value: Any) -> None:
    with override_settings(**{**GOOD, "IDENTITYX_STAFF_ROLES": value, "DEBUG": True}):
        messages = checks.run_checks(tags=["identityx", "identityx_accounts"])
    assert [message.id for message in messages] == ["identityx.E040"]


def test_asking_needs_no_page_where_nobody_is_asked() -> None:
    for choice in ("email", "never"):
        assert found(IDENTITYX_LOCAL_LOGIN_URL=None, IDENTITYX_LINK_ACCOUNTS=choice) == set()


def test_an_api_for_the_site_s_own_accounts_is_not_open() -> None:
    local = "django_identityx.accounts.authentication.LocalSessionAuthentication"
    assert found(REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [local]}) == set()
    assert found(REST_FRAMEWORK={}, IDENTITYX_REQUEST_USER=False) == {"W002"}


def test_a_schema_knows_the_session() -> None:
    openapi = pytest.importorskip("django_identityx.accounts.openapi")
    from drf_spectacular.extensions import OpenApiAuthenticationExtension

    from django_identityx.accounts.authentication import LocalSessionAuthentication

    scheme = OpenApiAuthenticationExtension.get_match(LocalSessionAuthentication())
    assert isinstance(scheme, openapi.LocalSessionScheme)
