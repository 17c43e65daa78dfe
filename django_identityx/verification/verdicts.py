"""Verdicts, and the plain data that stands for them in a cache that other versions share too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..users import AccessLevel, ApiTokenUser, AppUser, Membership, OrgUser, Team

FORMAT = 1  # changes whenever the meaning of the packed data does


@dataclass(frozen=True)
class Verdict:
    """Whom a token belongs to, when IdentityX was asked, and whether that is still fresh."""

    user: AppUser | OrgUser
    verified_at: float  # seconds since the epoch, before the question was sent
    fresh: bool = True


@dataclass(frozen=True)
class Kept:
    """A verdict as it is kept: with the end of its token, and the purge that it came after."""

    verdict: Verdict
    expires: float | None = None  # the token's ``exp``, leeway included
    generation: str = ""

    def as_stale(self) -> Kept:
        return replace(self, verdict=replace(self.verdict, fresh=False))


def pack(kept: Kept) -> dict[str, Any]:
    """Turn a verdict into plain data: no class of ours is in it."""
    user = kept.verdict.user
    common = [user.id, user.email, user.given_name, user.family_name]
    if isinstance(user, AppUser):
        own: list[Any] = [
            user.app_id,
            user.display_name,
            user.verified,
            user.banned,
            [[level.id, level.name] for level in user.access_levels],
            [[team.id, team.name] for team in user.teams],
        ]
    else:
        own = [
            user.photo_url,
            [[m.role, m.organization_id, m.organization_name] for m in user.memberships],
        ]
    return {
        "v": FORMAT,
        "kind": user.kind,
        "at": kept.verdict.verified_at,
        "exp": kept.expires,
        "gen": kept.generation,
        "user": common + own,
    }


def unpack(data: Any) -> Kept | None:
    """Read what `pack` made; None if it is something else, or of another version."""
    try:
        if data["v"] != FORMAT:
            return None
        kept = Kept(
            Verdict(_READERS[data["kind"]](*data["user"]), data["at"]), data["exp"], data["gen"]
        )
    except (TypeError, KeyError, ValueError, IndexError, AttributeError):
        return None
    return kept if _is_plausible(kept) else None


def _is_plausible(kept: Kept) -> bool:
    user = kept.verdict.user
    return (
        type(kept.verdict.verified_at) is float
        and (kept.expires is None or type(kept.expires) is float)
        and type(kept.generation) is str
        and type(user.id) is str
        and type(user.email) is str
        and bool(user.id)
    )


def _app_user(
    id_: str,
    email: str,
    given_name: str,
    family_name: str,
    app_id: str,
    display_name: str,
    verified: bool,
    banned: bool,
    levels: list[list[str]],
    teams: list[list[str]],
) -> AppUser:
    return AppUser(
        id_,
        email,
        given_name,
        family_name,
        app_id,
        display_name,
        verified,
        banned,
        tuple([AccessLevel(*level) for level in levels]),
        tuple([Team(*team) for team in teams]),
    )


def _org_user(
    id_: str,
    email: str,
    given_name: str,
    family_name: str,
    photo_url: str,
    memberships: list[list[str]],
) -> OrgUser:
    held = tuple([Membership(*membership) for membership in memberships])
    return OrgUser(id_, email, given_name, family_name, photo_url, held)


def _api_token_user(
    id_: str,
    email: str,
    given_name: str,
    family_name: str,
    photo_url: str,
    memberships: list[list[str]],
) -> ApiTokenUser:
    held = tuple([Membership(*membership) for membership in memberships])
    return ApiTokenUser(id_, email, given_name, family_name, photo_url, held)


_READERS: dict[str, Any] = {
    "AppUser": _app_user,
    "OrgUser": _org_user,
    "OrgUserApiToken": _api_token_user,
}
