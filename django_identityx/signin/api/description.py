"""What ``api-me`` says of a user."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...profile import gap
from ...users import PROFILE_FIELDS, AppUser, OrgUser

_ALL = ("id", "email", "name", "given_name", "family_name")
# By whether it is a reader: what else is told, and which lists.
_KINDS = {
    True: (("display_name", "verified", "banned"), ("access_levels", "teams")),
    False: (("photo_url",), ("memberships",)),
}


def describe(user: AppUser | OrgUser) -> dict[str, Any]:
    """Flat, ``type`` first."""
    names, lists = _KINDS[isinstance(user, AppUser)]
    told = {name: getattr(user, name) for name in (*_ALL, *names)}
    parts = {name: [asdict(part) for part in getattr(user, name)] for name in lists}
    return {"type": user.kind, **told, **parts}


def describe_profile(user: AppUser) -> dict[str, Any]:
    """What ``PATCH`` changes by the same names, and what the site finds ``missing``, or None."""
    names = (*PROFILE_FIELDS, "receive_email")
    return {name: getattr(user, name) for name in names} | {"missing": gap(user)}
