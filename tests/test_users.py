"""The people: Django's user protocol, frozen, equal by who they are."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import pickle
from typing import TypeGuard, get_type_hints

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.utils.functional import SimpleLazyObject

from django_identityx.users import (
    AccessLevel,
    ApiTokenUser,
    AppUser,
    IdentityXUser,
    Membership,
    OrgUser,
    Team,
    is_app_user,
    is_org_user,
)

READER = AppUser(
    id="1",
    email="reader@example.net",
    given_name="Rita",
    family_name="Reader",
    app_id="a",
    display_name="rita",
    verified=True,
    access_levels=(AccessLevel("p", "Premium"),),
    teams=(Team("t", "Office"),),
)
OWNER = OrgUser(
    id="2",
    email="owner@example.com",
    given_name="Olive",
    memberships=(Membership("Owner", "o", "Acme Media"), Membership("Guest", "p", "Other")),
)
SCRIPT = ApiTokenUser(id="2", email="owner@example.com")
EVERYBODY = pytest.mark.parametrize("user", [READER, OWNER, SCRIPT], ids=lambda u: u.kind)


@EVERYBODY
def test_all_that_an_anonymous_user_has(user: IdentityXUser) -> None:
    expected = {name for name in dir(AnonymousUser()) if not name.startswith("_")}
    assert expected - set(dir(user)) == set()
    for name in expected:
        theirs, mine = getattr(AnonymousUser(), name), getattr(user, name)
        assert callable(theirs) == callable(mine), name
        assert inspect.iscoroutinefunction(theirs) == inspect.iscoroutinefunction(mine), name


@EVERYBODY
def test_who_they_are_to_django(user: IdentityXUser) -> None:
    assert user.is_authenticated is True
    assert user.is_anonymous is False
    assert user.is_active is True
    assert user.is_staff is False
    assert user.is_superuser is False
    assert user.pk == user.id
    assert user.username == user.get_username() == str(user) == user.email
    assert user.natural_key() == (user.email,)
    assert getattr(user, user.USERNAME_FIELD) == getattr(user, user.EMAIL_FIELD) == user.email
    assert user.first_name == user.given_name == user.get_short_name()
    assert user.last_name == user.family_name
    assert user.get_session_auth_hash() == ""


def test_names() -> None:
    assert READER.name == READER.get_full_name() == "Rita Reader"
    assert OWNER.name == "Olive"
    assert AppUser(id="1", email="x", family_name="Reader").name == "Reader"
    assert SCRIPT.name == ""


@EVERYBODY
def test_no_permissions_of_django(user: IdentityXUser) -> None:
    assert user.get_user_permissions() == set()
    assert user.get_group_permissions(obj=1) == set()
    assert user.get_all_permissions() == set()
    assert not user.has_perm("app.view")
    assert not user.has_perms(["app.view"])
    assert user.has_perms([])
    assert not user.has_module_perms("app")
    with pytest.raises(ValueError, match="iterable"):
        user.has_perms("app.view")


@EVERYBODY
def test_no_permissions_of_django_in_async_views(user: IdentityXUser) -> None:
    async def ask() -> None:
        assert await user.aget_user_permissions() == set()
        assert await user.aget_group_permissions(obj=1) == set()
        assert await user.aget_all_permissions() == set()
        assert not await user.ahas_perm("app.view")
        assert not await user.ahas_perms(["app.view"])
        assert not await user.ahas_module_perms("app")
        assert not await user.acheck_password("")

    asyncio.run(ask())


@EVERYBODY
def test_groups_are_empty_and_cost_no_query(user: IdentityXUser) -> None:
    assert list(user.groups.all()) == []
    assert list(user.user_permissions.filter(codename="x")) == []
    assert user.groups.model is Group
    assert user.user_permissions.model is Permission


@EVERYBODY
def test_no_password_and_no_row(user: IdentityXUser) -> None:
    assert not user.has_usable_password()
    assert not user.check_password("")
    with pytest.raises(NotImplementedError):
        user.set_password("x")
    with pytest.raises(NotImplementedError):
        user.save()
    with pytest.raises(NotImplementedError):
        user.delete()
    with pytest.raises(TypeError, match="id"):
        int(user)


@EVERYBODY
def test_frozen(user: IdentityXUser) -> None:
    for name in [field.name for field in dataclasses.fields(user)]:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(user, name, "x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        user.is_superuser = True  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del user.id


@EVERYBODY
def test_pickled(user: IdentityXUser) -> None:
    copy = pickle.loads(pickle.dumps(user))
    assert copy == user
    assert vars(copy) == vars(user)
    assert type(copy) is type(user)


def test_a_pickle_from_before_a_field_was_added() -> None:
    old = pickle.loads(pickle.dumps(READER))
    del old.__dict__["banned"]
    copy = pickle.loads(pickle.dumps(old))
    assert copy.banned is False
    assert not hasattr(READER, "__slots__")


def test_equal_by_kind_application_and_id() -> None:
    same = AppUser(id="1", email="new@example.net", app_id="a", banned=True)
    assert same == READER
    assert hash(same) == hash(READER)
    assert len({same, READER}) == 1
    assert dataclasses.replace(READER, app_id="b") != READER
    assert dataclasses.replace(READER, id="2") != READER
    assert OWNER != SCRIPT
    assert AppUser(id="2", email="x") != OWNER
    for other in (AnonymousUser(), "1", 1, None, ("AppUser", "a", "1")):
        assert same != other


def test_equal_through_djangos_lazy_object() -> None:
    user, lazy = READER, SimpleLazyObject(lambda: READER)
    assert lazy == user
    assert user == lazy
    assert hash(lazy) == hash(user)


def test_kinds_are_told_apart() -> None:
    for user, app, org in (
        (READER, True, False),
        (OWNER, False, True),
        (SCRIPT, False, True),
        (AnonymousUser(), False, False),
        (None, False, False),
        (SimpleLazyObject(lambda: READER), True, False),
        (SimpleLazyObject(lambda: SCRIPT), False, True),
    ):
        assert is_app_user(user) is app
        assert is_org_user(user) is org


def test_type_checkers_follow() -> None:
    assert get_type_hints(is_app_user)["return"] == TypeGuard[AppUser]
    assert get_type_hints(is_org_user)["return"] == TypeGuard[OrgUser]


def test_roles() -> None:
    assert OWNER.role_in("o") == "Owner"
    assert OWNER.role_in("p") == "Guest"
    assert OWNER.role_in("q") is None
    assert SCRIPT.role_in("o") is None


def test_kinds_are_the_prefixes() -> None:
    assert [READER.kind, OWNER.kind, SCRIPT.kind] == ["AppUser", "OrgUser", "OrgUserApiToken"]
