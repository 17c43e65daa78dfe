"""Why a mail was not sent, for people who wait for it."""

from __future__ import annotations

from typing import Any

from .burners import is_burner
from .context import RequestContext
from .errors import ServiceError
from .inputs import NullInput
from .mail import Refusal
from .world import normalize

_KEPT = 20
_OPERATIONS = frozenset(
    {
        "createAppUser",
        "inviteUserToOrg",
        "registerNewUser",
        "sendAppUserLoginLink",
        "sendOwnAppUserChangeEmailLink",
        "sendUserLoginLink",
    }
)


def note(
    operation: str, request: RequestContext, data: dict[str, Any], error: ServiceError
) -> None:
    """Remember a failed operation that people expect a mail of."""
    if operation not in _OPERATIONS or isinstance(data, NullInput):
        return
    to = normalize(str(data.get("email") or ""))
    found = request.world.refusals
    found.append(Refusal(to, operation, _why(to, error), request.now))
    del found[:-_KEPT]


def _why(to: str, error: ServiceError) -> str:
    domain = to.rpartition("@")[2]
    if domain and is_burner(domain) and "is not allowed" in error.message:
        return f"{domain} is on IdentityX's list of throw-away domains"
    return error.message
