"""What sites get for their own test suites: helpers, and the fixtures of the pytest plugin."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from django_identityx import testing
from django_identityx.credentials import TokenType
from django_identityx.sandbox import Sandbox
from django_identityx.users import AppUser, OrgUser
from django_identityx.verification import verify


def test_a_sandbox_without_pytest() -> None:
    before = settings.IDENTITYX_API_URL
    with testing.running_sandbox(dialect="bearer") as sandbox:
        assert before != settings.IDENTITYX_API_URL
        user = verify(testing.credential(sandbox, "reader@example.net"))
        assert isinstance(user, AppUser)
    assert before == settings.IDENTITYX_API_URL


@pytest.mark.parametrize("token_type", TokenType)
def test_headers_for_the_test_client(identityx: Sandbox, token_type: TokenType) -> None:
    email = "reader@example.net" if token_type is TokenType.APP_USER else "owner@example.com"
    headers = testing.authorization(identityx, email, token_type)
    answer = Client().get("/api/protected/", headers=headers)
    assert answer.json()["kind"] == token_type.value


@pytest.mark.django_db
def test_the_login_fixture(identityx: Sandbox, identityx_login, client: Client) -> None:
    user = identityx_login(client, "owner@example.com", token_type=TokenType.ORG_USER)
    assert isinstance(user, OrgUser)
    assert client.get("/members/").content == b"members: owner@example.com"


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_starts_from_the_seed(identityx: Sandbox, turn: int) -> None:
    assert identityx.count() == 0
    identityx.set_fault("html502")


def test_reset_drops_what_the_process_remembers(identityx: Sandbox, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    known = testing.credential(identityx, "reader@example.net")
    verify(known)
    verify(known)
    asked = identityx.count("activeAppUser")
    testing.reset()
    verify(known)
    assert identityx.count("activeAppUser") > asked
