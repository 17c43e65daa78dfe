"""From IdentityX's JSON to our types: another shape is no verdict."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_identityx.client import AppContext, ContentAccess, IdentityXClient
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import Unclear
from django_identityx.service import read
from django_identityx.users import (
    AccessLevel,
    ApiTokenUser,
    AppUser,
    Membership,
    OrgUser,
    Team,
)

from . import faulty_server as wire
from .faulty_server import FaultyServer
from .leaks import text_of, unsigned

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
    "application": {"id": "a", "organization": {"id": "o", "name": "Acme Media"}},
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
    "messages": {"loggedInNoAccess": "<p>Premium only.</p>"},
}


TOKEN = unsigned({"sub": "app-user-auth", "iss": "a"})
READ_BY = Credential(TokenType.APP_USER, TOKEN)


@pytest.fixture(scope="module", autouse=True)
def answering() -> Iterator[None]:
    global server
    with FaultyServer() as server:
        yield


server: FaultyServer


def client(**data: Any) -> IdentityXClient:
    """A client to whom this is answered next."""
    server.script(wire.graphql(data))
    return IdentityXClient(server.url, app_id="a", timeout=(1, 1))


def app_user(value: Any, app_id: str) -> AppUser:
    return read(AppUser, value, app_id=app_id)


def org_user(value: Any, memberships: Any, token_type: TokenType = TokenType.ORG_USER) -> OrgUser:
    asking = client(activeUser=value, userOrganizations=memberships)
    return asking.active_user(Credential(token_type, TOKEN))


def app_context(value: Any, app_id: str) -> AppContext:
    return client(activeAppContext=value).active_app_context()


def content_access(value: Any) -> ContentAccess:
    return client(checkContentAccess=value).check_content_access(required_access_level_ids=[])


def login(value: Any) -> str:
    answer = {"user": READER, **value} if isinstance(value, dict) else value
    return client(loginAppUser=answer).login_app_user("x").credential.token


def without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: entry for key, entry in value.items() if key != name}


def test_app_user() -> None:
    user = app_user(READER, "a")
    assert user == AppUser(id="1", email="", app_id="a")
    assert (
        vars(user).items()
        >= {
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
            "profile": None,
        }.items()
    )


def test_org_user_by_the_kind_of_credential() -> None:
    for token_type, kind in (
        (TokenType.ORG_USER, OrgUser),
        (TokenType.ORG_USER_API_TOKEN, ApiTokenUser),
    ):
        user = org_user(STAFF, MEMBERSHIPS, token_type)
        assert type(user) is kind
        assert user.memberships == (Membership("Owner", "o", "Acme Media"),)
        assert user.photo_url == "https://photos.example/olive"
    assert org_user(STAFF, []).memberships == ()


def test_app_context() -> None:
    context = app_context(CONTEXT, "a")
    assert (context.app_id, context.organization_id) == ("a", "o")
    assert context.user == app_user(READER, "a")
    assert context.access_levels == (AccessLevel("p", "Premium"),)
    assert context.teams == (Team("t", "Office"),)
    assert app_context({**CONTEXT, "user": None}, "a").user is None


def test_content_access() -> None:
    access = content_access(ACCESS)
    assert access.can_access
    assert not access.has_required_access_level
    assert access.required_access_levels == (AccessLevel("p", "Premium"),)
    assert access.messages == {"loggedInNoAccess": "<p>Premium only.</p>"}
    assert content_access({**ACCESS, "messages": None}).messages == {}


def test_token_value() -> None:
    assert login({"token": {"id": "j", "value": TOKEN}}) == TOKEN


@pytest.mark.parametrize("name", ["givenName", "familyName", "displayName"])
@pytest.mark.parametrize("value", [None, ""])
def test_names_may_be_missing(name: str, value: object) -> None:
    assert app_user({**READER, name: value}, "a")
    assert app_user(without(READER, name), "a")


@pytest.mark.parametrize("name", ["verified", "banned"])
def test_flags_that_are_not_set_are_false(name: str) -> None:
    assert getattr(app_user({**READER, name: None}, "a"), name) is False
    assert getattr(app_user(without(READER, name), "a"), name) is False


def test_deleted_levels_and_teams_are_left_out() -> None:
    user = app_user({**READER, "accessLevels": [None], "teams": None}, "a")
    assert (user.access_levels, user.teams) == ((), ())


NOT_TEXT: list[object] = [1, True, [], {}, ["x"], 1.5]
NOT_OBJECTS: list[object] = [None, "x", 1, True, [], [READER]]


@pytest.mark.parametrize("value", NOT_OBJECTS)
def test_not_an_object(value: object) -> None:
    for reading in (
        lambda: app_user(value, "a"),
        lambda: org_user(value, []),
        lambda: app_context(value, "a"),
        lambda: content_access(value),
        lambda: login(value),
        lambda: login({"token": value}),
        lambda: org_user(STAFF, [value]),
        lambda: org_user(STAFF, [{"role": "Owner", "organization": value}]),
        lambda: app_context({**CONTEXT, "application": value}, "a"),
        lambda: app_context({**CONTEXT, "application": {"id": "a", "organization": value}}, "a"),
    ):
        with pytest.raises(Unclear):
            reading()


@pytest.mark.parametrize("name", ["id", "email"])
@pytest.mark.parametrize("value", [None, "", *NOT_TEXT])
def test_ids_and_addresses_must_be_there(name: str, value: object) -> None:
    with pytest.raises(Unclear):
        app_user({**READER, name: value}, "a")
    with pytest.raises(Unclear):
        org_user({**STAFF, name: value}, [])
    with pytest.raises(Unclear):
        app_user(without(READER, name), "a")


@pytest.mark.parametrize("value", NOT_TEXT)
def test_names_are_text(value: object) -> None:
    for name in ("givenName", "familyName", "displayName"):
        with pytest.raises(Unclear):
            app_user({**READER, name: value}, "a")
    for name in ("givenName", "familyName", "photoURL"):
        with pytest.raises(Unclear):
            org_user({**STAFF, name: value}, [])


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
def test_flags_are_true_or_false(value: object) -> None:
    for name in ("verified", "banned"):
        with pytest.raises(Unclear):
            app_user({**READER, name: value}, "a")
    for name in ("canAccess", "isLoggedIn", "hasRequiredAccessLevel", "requiresAccessLevel"):
        with pytest.raises(Unclear):
            content_access({**ACCESS, name: value})


@pytest.mark.parametrize(
    "name", ["canAccess", "isLoggedIn", "hasRequiredAccessLevel", "requiresAccessLevel"]
)
def test_a_missing_flag_grants_nothing(name: str) -> None:
    with pytest.raises(Unclear):
        content_access(without(ACCESS, name))
    with pytest.raises(Unclear):
        content_access({**ACCESS, name: None})


@pytest.mark.parametrize(
    "value",
    ["Premium", 1, {}, {"id": "p"}, ["p"], [{"id": "p"}], [{"id": 1, "name": "x"}], [[]], True],
)
def test_levels_and_teams_are_lists_of_named_things(value: object) -> None:
    for name in ("accessLevels", "teams"):
        with pytest.raises(Unclear):
            app_user({**READER, name: value}, "a")
    for name in ("mergedAccessLevels", "mergedTeams"):
        with pytest.raises(Unclear):
            app_context({**CONTEXT, name: value}, "a")
    with pytest.raises(Unclear):
        content_access({**ACCESS, "requiredAccessLevels": value})


@pytest.mark.parametrize("value", [None, {}, "Owner", 1, [None], [*MEMBERSHIPS, None]])
def test_null_memberships_are_trouble_and_not_no_role(value: object) -> None:
    with pytest.raises(Unclear):
        org_user(STAFF, value)


@pytest.mark.parametrize("role", ["owner", "OWNER", "Root", "", None, 1, ["Owner"]])
def test_a_role_that_is_unknown_is_no_role(role: object) -> None:
    with pytest.raises(Unclear):
        org_user(STAFF, [{**MEMBERSHIPS[0], "role": role}])


@pytest.mark.parametrize("name", ["id", "name"])
def test_an_organization_has_id_and_name(name: str) -> None:
    membership = copy.deepcopy(MEMBERSHIPS[0])
    membership["organization"][name] = None
    with pytest.raises(Unclear):
        org_user(STAFF, [membership])


def test_the_complaint_has_nothing_of_the_answer() -> None:
    with pytest.raises(Unclear) as caught:
        login({"token": {"value": ["secret-token"]}})
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
    for reading in (
        lambda: app_user(value, "a"),
        lambda: org_user(value, other),
        lambda: org_user(STAFF, other),
        lambda: app_context(value, "a"),
        lambda: content_access(value),
        lambda: login(value),
    ):
        with contextlib.suppress(Unclear):
            reading()
