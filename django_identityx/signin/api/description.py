"""What ``api-me`` says of a user."""

from __future__ import annotations

from typing import Any

from ...profile import gap
from ...users import PROFILE_FIELDS, AppUser, OrgUser


def describe(user: AppUser | OrgUser) -> dict[str, Any]:
    """Flat, ``type`` first."""
    known: dict[str, Any] = {
        "type": user.kind,
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "given_name": user.given_name,
        "family_name": user.family_name,
    }
    if isinstance(user, AppUser):
        known["display_name"] = user.display_name
        known["verified"] = user.verified
        known["banned"] = user.banned
        known["access_levels"] = [{"id": a.id, "name": a.name} for a in user.access_levels]
        known["teams"] = [{"id": team.id, "name": team.name} for team in user.teams]
    else:
        known["photo_url"] = user.photo_url
        known["memberships"] = [
            {
                "role": membership.role,
                "organization_id": membership.organization_id,
                "organization_name": membership.organization_name,
            }
            for membership in user.memberships
        ]
    return known


def describe_profile(user: AppUser) -> dict[str, Any]:
    """What ``PATCH`` changes by the same names, and what the site finds ``missing``, or None."""
    names = (*PROFILE_FIELDS, "receive_email")
    return {name: getattr(user, name) for name in names} | {"missing": gap(user)}
