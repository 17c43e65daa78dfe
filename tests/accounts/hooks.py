"""Functions for ``IDENTITYX_ACCOUNT_FIELDS``, and a loader."""

from __future__ import annotations

import uuid
from typing import Any

from django_identityx.accounts import load_user


def named(user: Any) -> dict[str, Any]:
    return {"username": f"{user.given_name}-{user.family_name}".lower()}


def nobody(user: Any) -> None:
    return None


def unknown(user: Any) -> dict[str, Any]:
    return {"colour": "red"}


def a_list(user: Any) -> list[str]:
    return ["username"]


def bad(user: Any) -> dict[str, Any]:
    return {"username": "not a user name!"}


def taken(user: Any) -> dict[str, Any]:
    return {"username": "taken"}


def nothing_unique(user: Any) -> dict[str, Any]:
    return {"username": uuid.uuid4().hex}


def only_members(user: Any, **told: Any) -> Any:
    row = load_user(user, **told)
    return row if row is not None and row.date_joined.year < 2000 else None
