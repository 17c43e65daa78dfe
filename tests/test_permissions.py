"""Permissions look at the credential's kind, then at the user, and compose."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser

from django_identityx.credentials import Credential, TokenType
from django_identityx.permissions import IsAppUser, IsOrgUser
from django_identityx.users import ApiTokenUser, AppUser, OrgUser

READER = AppUser(id="1", email="reader@example.net")
OWNER = OrgUser(id="2", email="owner@example.com")
SCRIPT = ApiTokenUser(id="2", email="owner@example.com")


def allowed(permission, user, auth=None) -> bool:
    return permission().has_permission(SimpleNamespace(user=user, auth=auth), None)


@pytest.mark.parametrize(
    ("user", "reader", "staff"),
    [(READER, True, False), (OWNER, False, True), (SCRIPT, False, True)],
)
def test_by_user(user, reader: bool, staff: bool) -> None:
    assert allowed(IsAppUser, user) is reader
    assert allowed(IsOrgUser, user) is staff


def test_nobody_is_neither() -> None:
    assert not allowed(IsAppUser, AnonymousUser())
    assert not allowed(IsOrgUser, AnonymousUser())


@pytest.mark.parametrize("token_type", TokenType)
def test_under_a_loader_the_credential_decides(token_type: TokenType) -> None:
    row = SimpleNamespace(is_authenticated=True)
    auth = Credential(token_type, "a.b.c")
    assert allowed(IsAppUser, row, auth) is (token_type is TokenType.APP_USER)
    assert allowed(IsOrgUser, row, auth) is (token_type is not TokenType.APP_USER)


def test_they_compose() -> None:
    assert allowed(IsAppUser | IsOrgUser, OWNER)
    assert not allowed(IsAppUser & IsOrgUser, OWNER)
    assert allowed(~IsAppUser, OWNER)
