"""What administrators do with AppUsers."""

from __future__ import annotations

from typing import Any

from ..context import EDITORS, MANAGERS, RequestContext
from ..errors import ServiceError, bad_input, refused
from ..inputs import Input, given
from ..profile import clean, complaints, domain_of, new_app_user, settle
from ..validation import duplicate, refuse
from ..world import Collection, Document, normalize
from .readers import MODEL
from .records import add, checked_id, document, owned
from .registry import mutation
from .saving import save, verify_user
from .sign_in import authentication


@mutation("manageCreateAppUser")
def manage_create(request: RequestContext, data: Input) -> Document:
    """Add a reader, with access levels and teams; one who exists is an error here."""
    app_id = request.with_app_role(*EDITORS)["id"]
    lists = {name: list(data.get(name) or []) for name in ("accessLevelIds", "teamIds")}
    fresh = new_app_user(app_id, data["email"], **clean(data), **lists)
    settle(fresh)
    refuse(complaints(fresh))
    _check_free(request, app_id, fresh["email"])
    return save(request, add(request, request.world.app_users, fresh), {})


@mutation("updateAppUser")
def update_app_user(request: RequestContext, data: Input) -> Document:
    """Change a reader; what is left out stays, but levels and teams become empty."""
    app_id = request.with_app_role(*EDITORS)["id"]
    user = owned(request.world.app_users, given(data, "id"), MODEL, app_id, "user")
    payload = data["payload"]
    changes = {
        **clean(payload),
        "email": normalize(payload["email"]),
        "accessLevelIds": list(payload.get("accessLevelIds") or []),
        "teamIds": list(payload.get("teamIds") or []),
        "forceProfileReVerification": payload.get("forceProfileReVerification"),
    }
    if "receiveEmail" in payload:
        changes["receiveEmail"] = payload["receiveEmail"]
    changed = {**user, **changes}
    settle(changed)
    refuse(complaints(changed, payload))
    if changed["email"] != user["email"]:
        _check_free(request, app_id, changed["email"])
    changed["domain"] = domain_of(changed["email"])
    return save(request, user, changed)


@mutation("forceProfileReVerificationAppUser")
def force_re_verification(request: RequestContext, data: Input) -> Document:
    """Ask a reader to look through the profile; anybody with the application's id may do it."""
    app_id = request.application()["id"]
    user = owned(request.world.app_users, given(data, "id"), MODEL, app_id, "user")
    return save(request, user, {"forceProfileReVerification": True})


@mutation("setAppUserBanned")
def set_app_user_banned(request: RequestContext, data: Input) -> Document:
    """Set the flag, on the reader's comments too; a banned reader still signs in."""
    app_id = request.with_app_role(*EDITORS)["id"]
    user = document(request.world.app_users, data, MODEL, app_id)
    if user["banned"] is not data["value"]:
        for comment in request.world.comments.values():
            if comment["appUserId"] == user["id"]:
                comment["banned"] = data["value"]
    return save(request, user, {"banned": data["value"]})


@mutation("impersonateAppUser")
def impersonate_app_user(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a token for a reader, of any application: the service does not compare."""
    app_id = request.with_app_role(*MANAGERS)["id"]
    value = given(data, "id")
    user = request.world.app_users.get(checked_id(value, MODEL))
    if user is None:
        raise refused(f"No user was found for '{value}'", 404)
    answer = authentication(request, user, app_id)
    if data.get("verify"):
        verify_user(user, request.now)
        user["lastLoggedIn"] = request.now
    save(request, user, {})
    return answer


@mutation("deleteAppUserForCurrentApplication")
def delete_app_user(request: RequestContext, data: Input) -> bool:
    """Delete a reader with tokens and comments; say whether there was one."""
    app_id = request.with_app_role(*MANAGERS)["id"]
    email, user_id = data.get("email"), data.get("userId")
    if bool(email) is bool(user_id):
        verb = "permitted" if email else "required"
        raise bad_input(f"email XOR (exclusive or) userId is {verb}!")
    request.ask("application")
    return _delete(request, {app_id}, email, user_id)


@mutation("deleteAppUserForCurrentOrg")
def delete_app_user_everywhere(request: RequestContext, data: Input) -> bool:
    """Delete a reader from all applications of the request's organization."""
    org_id = request.with_org_role(*MANAGERS)["id"]
    request.ask("application")
    email = given(data, "email")
    applications = request.world.applications.values()
    return _delete(
        request, {app["id"] for app in applications if app["organizationId"] == org_id}, email
    )


@mutation("exportAppUsers")
def export(request: RequestContext, data: Input) -> None:
    """Say that the sandbox writes no files of readers."""
    request.with_app_role()
    text = 'The sandbox does not have "exportAppUsers": it writes no files for anybody to fetch.'
    raise ServiceError(text, "INTERNAL_SERVER_ERROR")


def _delete(
    request: RequestContext, app_ids: set[str], email: str | None, user_id: str | None = None
) -> bool:
    world = request.world
    # Blanks around the address are not taken off here.
    wanted = (email or "").lower()
    found = [
        user
        for user in world.app_users.values()
        if user["applicationId"] in app_ids and (user["email"] == wanted or user["id"] == user_id)
    ]
    if found:
        request.services.ask("token")
    gone = {user["id"] for user in found}
    addresses = {user["email"] for user in found}
    _drop(world.app_users, gone)
    _drop(
        world.comments,
        {entry["id"] for entry in world.comments.values() if entry["appUserId"] in gone},
    )
    _drop(
        world.tokens,
        {
            token_id
            for token_id, token in world.tokens.items()
            if token["aud"] in addresses and token.get("iss") in app_ids
        },
    )
    return bool(found)


def _drop(collection: Collection, keys: set[str]) -> None:
    for key in keys:
        del collection[key]


def _check_free(request: RequestContext, app_id: str, email: str) -> None:
    if request.world.app_user(app_id, email) is not None:
        raise duplicate("app-users", "applicationId_1_email_1", app_id, email, 422)
