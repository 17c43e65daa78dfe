"""From IdentityX's JSON to our types: another shape is no verdict."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_identityx.credentials import TokenType
from django_identityx.exceptions import Unclear
from django_identityx.service import payloads
from django_identityx.users import (
    AccessLevel,
    ApiTokenUser,
    AppUser,
    Membership,
    OrgUser,
    Team,
)

from .leaks import text_of

READER: dict[str, Any] = {
    "id": "1",
    "email": "reader@example.net",
    "givenName": "Rita",
    "familyName": "Reader",
    "displayName": "rita",
    "verified": True,
    "banned": False,
    "accessLevels": [{"id": "p", "name": "Premium"}],
    "teams": [{"id": "t", "name": "Office"}],
}
STAFF: dict[str, Any] = {
    "id": "2",
    "email": "owner@example.com",
    "givenName": "Olive",
    "familyName": "Owner",
    "photoURL": "https://photos.example/olive",
}
MEMBERSHIPS: list[Any] = [{"role": "Owner", "organization": {"id": "o", "name": "Acme Media"}}]
CONTEXT: dict[str, Any] = {
    "application": {"id": "a", "organization": {"id": "o"}},
    "user": READER,
    "mergedAccessLevels": [{"id": "p", "name": "Premium"}],
    "mergedTeams": [{"id": "t", "name": "Office"}],
}
ACCESS: dict[str, Any] = {
    "canAccess": True,
    "isLoggedIn": True,
    "hasRequiredAccessLevel": False,
    "requiresAccessLevel": True,
    "requiredAccessLevels": [{"id": "p", "name": "Premium"}],
    "messages": {"loggedInNoAccess": "<p>Premium only.</p>", "odd": 1},
}


def without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: entry for key, entry in value.items() if key != name}


def test_app_user() -> None:
    user = payloads.app_user(READER, "a")
    assert user == AppUser(id="1", email="", app_id="a")
    assert vars(user) == {
        "id": "1",
        "email": "reader@example.net",
        "given_name": "Rita",
        "family_name": "Reader",
        "app_id": "a",
        "display_name": "rita",
        "verified": True,
        "banned": False,
        "access_levels": (AccessLevel("p", "Premium"),),
        "teams": (Team("t", "Office"),),
    }


def test_org_user_by_the_kind_of_credential() -> None:
    for token_type, kind in (
        (TokenType.ORG_USER, OrgUser),
        (TokenType.ORG_USER_API_TOKEN, ApiTokenUser),
    ):
        user = payloads.org_user(STAFF, MEMBERSHIPS, token_type)
        assert type(user) is kind
        assert user.memberships == (Membership("Owner", "o", "Acme Media"),)
        assert user.photo_url == "https://photos.example/olive"
    assert payloads.org_user(STAFF, []).memberships == ()


def test_app_context() -> None:
    context = payloads.app_context(CONTEXT, "a")
    assert (context.app_id, context.organization_id) == ("a", "o")
    assert context.user == payloads.app_user(READER, "a")
    assert context.access_levels == (AccessLevel("p", "Premium"),)
    assert context.teams == (Team("t", "Office"),)
    assert payloads.app_context({**CONTEXT, "user": None}, "a").user is None


def test_content_access() -> None:
    access = payloads.content_access(ACCESS)
    assert access.can_access
    assert not access.has_required_access_level
    assert access.required_access_levels == (AccessLevel("p", "Premium"),)
    assert access.messages == {"loggedInNoAccess": "<p>Premium only.</p>"}
    assert payloads.content_access({**ACCESS, "messages": None}).messages == {}


def test_token_value() -> None:
    assert payloads.token_value({"token": {"id": "j", "value": "a.b.c"}}) == "a.b.c"


@pytest.mark.parametrize("name", ["givenName", "familyName", "displayName"])
@pytest.mark.parametrize("value", [None, ""])
def test_names_may_be_missing(name: str, value: object) -> None:
    assert payloads.app_user({**READER, name: value}, "a")
    assert payloads.app_user(without(READER, name), "a")


@pytest.mark.parametrize("name", ["verified", "banned"])
def test_flags_that_are_not_set_are_false(name: str) -> None:
    assert getattr(payloads.app_user({**READER, name: None}, "a"), name) is False
    assert getattr(payloads.app_user(without(READER, name), "a"), name) is False


def test_deleted_levels_and_teams_are_left_out() -> None:
    user = payloads.app_user({**READER, "accessLevels": [None], "teams": None}, "a")
    assert (user.access_levels, user.teams) == ((), ())


NOT_TEXT: list[object] = [1, True, [], {}, ["x"], 1.5]
NOT_OBJECTS: list[object] = [None, "x", 1, True, [], [READER]]


@pytest.mark.parametrize("value", NOT_OBJECTS)
def test_not_an_object(value: object) -> None:
    for read in (
        lambda: payloads.app_user(value, "a"),
        lambda: payloads.org_user(value, []),
        lambda: payloads.app_context(value, "a"),
        lambda: payloads.content_access(value),
        lambda: payloads.token_value(value),
        lambda: payloads.token_value({"token": value}),
        lambda: payloads.org_user(STAFF, [value]),
        lambda: payloads.org_user(STAFF, [{"role": "Owner", "organization": value}]),
        lambda: payloads.app_context({**CONTEXT, "application": value}, "a"),
        lambda: payloads.app_context(
            {**CONTEXT, "application": {"id": "a", "organization": value}}, "a"
        ),
    ):
        with pytest.raises(Unclear):
            read()


@pytest.mark.parametrize("name", ["id", "email"])
@pytest.mark.parametrize("value", [None, "", *NOT_TEXT])
def test_ids_and_addresses_must_be_there(name: str, value: object) -> None:
    with pytest.raises(Unclear):
        payloads.app_user({**READER, name: value}, "a")
    with pytest.raises(Unclear):
        payloads.org_user({**STAFF, name: value}, [])
    with pytest.raises(Unclear):
        payloads.app_user(without(READER, name), "a")


@pytest.mark.parametrize("value", NOT_TEXT)
def test_names_are_text(value: object) -> None:
    for name in ("givenName", "familyName", "displayName"):
        with pytest.raises(Unclear):
            payloads.app_user({**READER, name: value}, "a")
    for name in ("givenName", "familyName", "photoURL"):
        with pytest.raises(Unclear):
            payloads.org_user({**STAFF, name: value}, [])


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
def test_flags_are_true_or_false(value: object) -> None:
    for name in ("verified", "banned"):
        with pytest.raises(Unclear):
            payloads.app_user({**READER, name: value}, "a")
    for name in ("canAccess", "isLoggedIn", "hasRequiredAccessLevel", "requiresAccessLevel"):
        with pytest.raises(Unclear):
            payloads.content_access({**ACCESS, name: value})


@pytest.mark.parametrize(
    "name", ["canAccess", "isLoggedIn", "hasRequiredAccessLevel", "requiresAccessLevel"]
)
def test_a_missing_flag_grants_nothing(name: str) -> None:
    with pytest.raises(Unclear):
        payloads.content_access(without(ACCESS, name))
    with pytest.raises(Unclear):
        payloads.content_access({**ACCESS, name: None})


@pytest.mark.parametrize(
    "value",
    ["Premium", 1, {}, {"id": "p"}, ["p"], [{"id": "p"}], [{"id": 1, "name": "x"}], [[]], True],
)
def test_levels_and_teams_are_lists_of_named_things(value: object) -> None:
    for name in ("accessLevels", "teams"):
        with pytest.raises(Unclear):
            payloads.app_user({**READER, name: value}, "a")
    for name in ("mergedAccessLevels", "mergedTeams"):
        with pytest.raises(Unclear):
            payloads.app_context({**CONTEXT, name: value}, "a")
    with pytest.raises(Unclear):
        payloads.content_access({**ACCESS, "requiredAccessLevels": value})


@pytest.mark.parametrize("value", [None, {}, "Owner", 1, [None], [*MEMBERSHIPS, None]])
def test_null_memberships_are_trouble_and_not_no_role(value: object) -> None:
    with pytest.raises(Unclear):
        payloads.org_user(STAFF, value)


@pytest.mark.parametrize("role", ["owner", "OWNER", "Root", "", None, 1, ["Owner"]])
def test_a_role_that_is_unknown_is_no_role(role: object) -> None:
    with pytest.raises(Unclear):
        payloads.org_user(STAFF, [{**MEMBERSHIPS[0], "role": role}])


@pytest.mark.parametrize("name", ["id", "name"])
def test_an_organization_has_id_and_name(name: str) -> None:
    membership = copy.deepcopy(MEMBERSHIPS[0])
    membership["organization"][name] = None
    with pytest.raises(Unclear):
        payloads.org_user(STAFF, [membership])


def test_the_complaint_has_nothing_of_the_answer() -> None:
    with pytest.raises(Unclear) as caught:
        payloads.token_value({"token": {"value": ["secret-token"]}})
    assert "secret-token" not in text_of(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just("Owner"),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from([*READER, *CONTEXT, *ACCESS, "token", "value", "organization", "name"]),
            children,
            max_size=6,
        )
    ),
    max_leaves=15,
)


@given(json_values, json_values)
def test_any_value_is_one_of_ours_or_unclear(value: object, other: object) -> None:
    for read in (
        lambda: payloads.app_user(value, "a"),
        lambda: payloads.org_user(value, other),
        lambda: payloads.org_user(STAFF, other),
        lambda: payloads.app_context(value, "a"),
        lambda: payloads.content_access(value),
        lambda: payloads.token_value(value),
    ):
        with contextlib.suppress(Unclear):
            read()
