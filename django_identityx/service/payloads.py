"""From IdentityX's JSON to our types, strictly: another shape is no verdict.

The fragments that the client selects and the functions that read them stand side by side here,
so that a field is added in one place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..credentials import Credential, TokenType
from ..exceptions import Unclear
from ..users import AccessLevel, ApiTokenUser, AppUser, Membership, OrgUser, Team

APP_USER_FIELDS = (
    "id email givenName familyName displayName verified banned"
    " accessLevels { id name } teams { id name }"
)
ORG_USER_FIELDS = "id email givenName familyName photoURL"
MEMBERSHIP_FIELDS = "role organization { id name }"

ROLES = frozenset({"Owner", "Administrator", "Member", "Guest"})


@dataclass(frozen=True)
class AppUserLogin:
    """What a login link was exchanged for."""

    user: AppUser
    credential: Credential
    login_source: str | None = None
    additional_context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OrgUserLogin:
    """What a staff login link was exchanged for; ``user`` has no memberships yet."""

    user: OrgUser
    credential: Credential


@dataclass(frozen=True)
class AppContext:
    """Application and organization ids, and what a visitor is entitled to altogether."""

    app_id: str
    organization_id: str
    user: AppUser | None
    access_levels: tuple[AccessLevel, ...]
    teams: tuple[Team, ...]


@dataclass(frozen=True)
class ContentAccess:
    """IdentityX's answer to whether some content may be shown. ``messages`` are its HTML."""

    can_access: bool
    is_logged_in: bool
    has_required_access_level: bool
    requires_access_level: bool
    required_access_levels: tuple[AccessLevel, ...]
    messages: dict[str, str]


def app_user(value: Any, app_id: str) -> AppUser:
    """Read ``APP_USER_FIELDS``; ``app_id`` is the application that the user belongs to."""
    user = _object(value)
    return AppUser(
        id=_required(user, "id"),
        email=_required(user, "email"),
        given_name=_optional(user, "givenName"),
        family_name=_optional(user, "familyName"),
        app_id=app_id,
        display_name=_optional(user, "displayName"),
        verified=_flag(user, "verified"),
        banned=_flag(user, "banned"),
        access_levels=_levels(user, "accessLevels"),
        teams=_teams(user, "teams"),
    )


def org_user(
    value: Any, memberships: Any, token_type: TokenType = TokenType.ORG_USER
) -> OrgUser | ApiTokenUser:
    """Read ``ORG_USER_FIELDS`` and a list of ``MEMBERSHIP_FIELDS``.

    A null membership is trouble at IdentityX, not "no role".
    """
    user = _object(value)
    kind = ApiTokenUser if token_type is TokenType.ORG_USER_API_TOKEN else OrgUser
    if not isinstance(memberships, list):
        raise _shape("userOrganizations")
    return kind(
        id=_required(user, "id"),
        email=_required(user, "email"),
        given_name=_optional(user, "givenName"),
        family_name=_optional(user, "familyName"),
        photo_url=_optional(user, "photoURL"),
        memberships=tuple(_membership(entry) for entry in memberships),
    )


def _membership(value: Any) -> Membership:
    membership = _object(value)
    organization = _object(membership.get("organization"))
    role = _required(membership, "role")
    if role not in ROLES:
        raise _shape("role")
    return Membership(role, _required(organization, "id"), _required(organization, "name"))


def app_context(value: Any, app_id: str) -> AppContext:
    """Read an ``activeAppContext``."""
    context = _object(value)
    application = _object(context.get("application"))
    user = context.get("user")
    return AppContext(
        app_id=_required(application, "id"),
        organization_id=_required(_object(application.get("organization")), "id"),
        user=None if user is None else app_user(user, app_id),
        access_levels=_levels(context, "mergedAccessLevels"),
        teams=_teams(context, "mergedTeams"),
    )


def content_access(value: Any) -> ContentAccess:
    """Read a ``checkContentAccess``; a flag that is missing is no verdict."""
    access = _object(value)
    messages = access.get("messages")
    return ContentAccess(
        can_access=_certain(access, "canAccess"),
        is_logged_in=_certain(access, "isLoggedIn"),
        has_required_access_level=_certain(access, "hasRequiredAccessLevel"),
        requires_access_level=_certain(access, "requiresAccessLevel"),
        required_access_levels=_levels(access, "requiredAccessLevels"),
        messages={
            k: v
            for k, v in (messages if isinstance(messages, dict) else {}).items()
            if isinstance(v, str)
        },
    )


def token_value(value: Any) -> str:
    """Read ``token { id value }``."""
    return _required(_object(_object(value).get("token")), "value")


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _shape("an object")
    return value


def _required(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text:
        raise _shape(name)
    return text


def _optional(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise _shape(name)
    return text


def _flag(value: dict[str, Any], name: str) -> bool:
    flag = value.get(name)
    if flag is not None and not isinstance(flag, bool):
        raise _shape(name)
    return bool(flag)


def _certain(value: dict[str, Any], name: str) -> bool:
    if not isinstance(value.get(name), bool):
        raise _shape(name)
    return bool(value[name])


def _levels(value: dict[str, Any], name: str) -> tuple[AccessLevel, ...]:
    return tuple(AccessLevel(*pair) for pair in _named(value, name))


def _teams(value: dict[str, Any], name: str) -> tuple[Team, ...]:
    return tuple(Team(*pair) for pair in _named(value, name))


def _named(value: dict[str, Any], name: str) -> list[tuple[str, str]]:
    entries = value.get(name)
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise _shape(name)
    # A null element is a level or team that was deleted while still assigned.
    return [
        (_required(_object(e), "id"), _required(_object(e), "name"))
        for e in entries
        if e is not None
    ]


def _shape(name: str) -> Unclear:
    return Unclear(f"IdentityX's answer has another shape at {name}.")
