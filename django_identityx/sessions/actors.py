"""Who may act for a reader, and for whom not even they."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

from .. import verification
from ..applications import ANY_ORGANIZATION, Application
from ..users import ApiTokenUser, OrgUser
from ..verification import Verdict

ROLES = frozenset({"Owner", "Administrator"})


@dataclass(slots=True)
class Acted(Verdict):
    """A verdict about a reader for whom ``actor`` acts, by a verdict about them."""

    actor: OrgUser | None = None


def may_act(user: object, application: Application) -> TypeGuard[OrgUser]:
    """Whether ``user`` may act for readers: by role in our organization, and in person.

    Where no one organization is ours, nobody may. Raises `Unavailable` or `ConfigurationError`.
    """
    if not isinstance(user, OrgUser) or isinstance(user, ApiTokenUser):
        return False
    organization = verification.organization_of(application)
    return organization != ANY_ORGANIZATION and user.role_in(organization) in ROLES


def is_powerful(loaded: Any) -> bool:
    """Whether a reader is more on this site than IdentityX knows: their powers are not lent."""
    return bool(getattr(loaded, "is_staff", False) or getattr(loaded, "is_superuser", False))
