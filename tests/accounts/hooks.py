"""Functions for ``IDENTITYX_ACCOUNT_FIELDS``."""

from __future__ import annotations

import uuid
from typing import Any


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
