"""Find and manage AppUsers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import tokens
from ..context import RequestContext
from ..errors import refused
from ..paging import page
from ..profile import NAMES, check, clean
from ..world import Document, normalize
from .applications import by_id, owned
from .registry import Input, mutation, query
from .sign_in import authentication, verify_user

_POSITIONS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, phrase: phrase in value,
    "starts": lambda value, phrase: value.startswith(phrase),
    "ends": lambda value, phrase: value.endswith(phrase),
    "exact": lambda value, phrase: value == phrase,
}


@query("activeAppUser")
def active_app_user(request: RequestContext, data: Input) -> Document:
    """Return the reader who calls, whatever application the request names."""
    return request.reader().user


@query("appUser")
def app_user(request: RequestContext, data: Input) -> Document | None:
    """Return a reader by the address; nobody needs to be signed in."""
    app_id = request.application()["id"]
    return request.world.app_user(app_id, data.get("email", ""))


@query("appUserById")
def app_user_by_id(request: RequestContext, data: Input) -> Document | None:
    """Return a reader of the application."""
    app_id = request.with_app_role()["id"]
    return owned(by_id(request.world.app_users, data["id"], "app-user"), app_id)


@query("appUsers")
def app_users(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of readers."""
    app_id = request.with_app_role()["id"]
    return page(request.world.of_application(request.world.app_users, app_id), data)


@query("matchAppUsers")
def match_app_users(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of readers with a phrase in one of their fields."""
    app_id = request.with_app_role()["id"]
    test = _POSITIONS[data.get("position") or "contains"]
    phrase = data["phrase"].lower()
    excluded = data.get("excludeIds") or []
    found = (
        user
        for user in request.world.of_application(request.world.app_users, app_id)
        if user["id"] not in excluded and test(str(user.get(data["field"]) or "").lower(), phrase)
    )
    return page(found, data)


@mutation("updateAppUser")
def update_app_user(request: RequestContext, data: Input) -> Document:
    """Change a reader; what the payload leaves out is reset."""
    app_id = request.with_app_role("Owner", "Administrator", "Member")["id"]
    user = _found(owned(by_id(request.world.app_users, data["id"], "app-user"), app_id), data)
    payload = data["payload"]
    changes = {
        **dict.fromkeys(NAMES),
        **clean(payload),
        "email": normalize(payload["email"]),
        "receiveEmail": payload.get("receiveEmail"),
        "forceProfileReVerification": bool(payload.get("forceProfileReVerification")),
        "accessLevelIds": list(payload.get("accessLevelIds") or []),
        "teamIds": list(payload.get("teamIds") or []),
    }
    check({**user, **changes})
    changes["domain"] = changes["email"].rpartition("@")[2]
    user |= {**changes, "updatedAt": request.now}
    return user


@mutation("setAppUserBanned")
def set_app_user_banned(request: RequestContext, data: Input) -> Document:
    """Set the flag; a banned reader still signs in."""
    app_id = request.with_app_role("Owner", "Administrator", "Member")["id"]
    user = _found(owned(by_id(request.world.app_users, data["id"], "app-user"), app_id), data)
    user |= {"banned": data["value"], "updatedAt": request.now}
    return user


@mutation("impersonateAppUser")
def impersonate_app_user(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a token for a reader, of any application: the service does not compare."""
    app_id = request.with_app_role("Owner", "Administrator")["id"]
    user = _found(by_id(request.world.app_users, data["id"], "app-user"), data)
    if data.get("verify"):
        verify_user(user, request.now)
    return authentication(request, user, app_id)


@mutation("deleteAppUserForCurrentApplication")
def delete_app_user(request: RequestContext, data: Input) -> bool:
    """Delete a reader and end the reader's tokens; say whether there was one."""
    app_id = request.with_app_role("Owner", "Administrator")["id"]
    user = (
        owned(by_id(request.world.app_users, data["userId"], "app-user"), app_id)
        if data.get("userId")
        else request.world.app_user(app_id, data.get("email") or "")
    )
    if user is None:
        return False
    del request.world.app_users[user["id"]]
    owned_by = (tokens.APP_USER_AUTH, user["email"], app_id)
    for token_id, token in list(request.world.tokens.items()):
        if (token["sub"], token["aud"], token.get("iss")) == owned_by:
            del request.world.tokens[token_id]
    return True


def _found(user: Document | None, data: Input) -> Document:
    if user is None:
        raise refused(f"No user was found for ID '{data['id']}'", 404)
    return user
