"""Verdicts as plain data: there and back, and nothing else gets in."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_identityx.users import (
    AccessLevel,
    ApiTokenUser,
    AppUser,
    Membership,
    OrgUser,
    Team,
)
from django_identityx.verification.verdicts import FORMAT, Kept, Verdict, pack, unpack

USERS = [
    AppUser(
        "5d1b36070ce467bff670a070",
        "reader@example.net",
        "Rita",
        "Reader",
        "5d1b36070ce467bff670a052",
        "rita",
        verified=True,
        banned=True,
        access_levels=(AccessLevel("1", "Premium"), AccessLevel("2", "Basic")),
        teams=(Team("3", "Office network"),),
    ),
    AppUser("1", "bare@example.net"),
    OrgUser("2", "owner@example.com", memberships=(Membership("Owner", "1", "Acme"),)),
    ApiTokenUser("2", "owner@example.com", photo_url="https://photos.example/2"),
]
KEPT = Kept(Verdict(USERS[0], 1700000000.25), 1700003600.0, "a-generation")


@pytest.mark.parametrize("user", USERS, ids=lambda user: f"{user.kind}-{user.email}")
def test_there_and_back(user: AppUser | OrgUser) -> None:
    kept = unpack(pack(Kept(Verdict(user, 12.5))))
    assert kept is not None
    assert type(kept.verdict.user) is type(user)
    for field in fields(user):
        assert getattr(kept.verdict.user, field.name) == getattr(user, field.name), field.name
    assert kept.verdict.verified_at == 12.5
    assert kept.verdict.fresh
    assert unpack(pack(KEPT)) == KEPT


def test_it_is_plain_data_with_a_version() -> None:
    data = pack(KEPT)
    assert json.loads(json.dumps(data)) == data
    assert data["v"] == FORMAT
    assert b"django_identityx" not in pickle.dumps(data)


def test_it_is_small() -> None:
    assert len(pickle.dumps(pack(KEPT))) < 1024


@pytest.mark.parametrize(
    "foreign",
    [
        None,
        0,
        "text",
        b"bytes",
        [],
        {},
        {"v": 1},
        {**pack(KEPT), "v": FORMAT + 1},
        {**pack(KEPT), "kind": "Admin"},
        {**pack(KEPT), "kind": []},
        {**pack(KEPT), "at": "now"},
        {**pack(KEPT), "at": True},
        {**pack(KEPT), "exp": "never"},
        {**pack(KEPT), "gen": None},
        {**pack(KEPT), "user": []},
        {**pack(KEPT), "user": pack(KEPT)["user"][:-1]},
        {**pack(KEPT), "user": [*pack(KEPT)["user"], 1]},
        {**pack(KEPT), "user": [None, *pack(KEPT)["user"][1:]]},
        {**pack(KEPT), "user": ["", *pack(KEPT)["user"][1:]]},
        {**pack(KEPT), "user": [*pack(KEPT)["user"][:-1], [["too", "many", "values"]]]},
        {**pack(KEPT), "user": "a-text-10c"},
    ],
    ids=repr,
)
def test_anything_else_is_nothing(foreign: Any) -> None:
    assert unpack(foreign) is None


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda children: (
    st.lists(children) | st.dictionaries(st.sampled_from(["v", "kind", "at", "user"]), children)
)))  # fmt: skip
def test_no_data_is_too_strange(data: Any) -> None:
    assert unpack(data) is None
