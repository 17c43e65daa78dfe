"""OrgUsers: their links, tokens and profiles."""

from __future__ import annotations

import hashlib
from typing import Any

from .. import mail, tokens, validation
from ..context import RequestContext
from ..errors import no_such_user, refused
from ..inputs import Input, address, given
from ..validation import refuse
from ..world import Document, normalize
from .organizations import found, join
from .records import add, change, texts
from .registry import mutation, query
from .sign_in import mark_used, send


@query("activeUser")
def active_user(request: RequestContext, data: Input) -> Document:
    """Return the administrator who calls."""
    return request.administrator().user


@mutation("registerNewUser")
def register_new_user(request: RequestContext, data: Input) -> dict[str, Any]:
    """Make anybody an OrgUser, with an organization of their own; nobody is asked first."""
    request.ask("user")
    user = register(request, given(data, "email"), texts(data, "givenName", "familyName"))
    request.ask("organization")
    organization = found(request, data["orgName"], None, data.get("company") or {})
    join(request, organization["id"], user, "Owner")
    _send_login_link(request, user)
    return {"user": user, "organization": organization}


@mutation("sendUserLoginLink")
def send_user_login_link(request: RequestContext, data: Input) -> str:
    """Mail a link that leads to IdentityX's own site, which the sandbox stands in for."""
    request.ask("user")
    email = address(data)
    user = request.world.user(email)
    if user is None:
        raise no_such_user(email)
    _send_login_link(request, user)
    return "ok"


@mutation("userLogin")
def user_login(request: RequestContext, data: Input) -> dict[str, Any]:
    """Redeem a login link; it works again until it expires."""
    request.ask("user")
    claims = request.redeem(tokens.USER_LOGIN_LINK, data["token"])
    email = claims.get("aud")
    if not email:
        raise refused("No email address was provided in the token payload", 400)
    user = request.world.user(str(email))
    if user is None:
        raise no_such_user(str(email))
    fresh = tokens.new_claims(tokens.USER_AUTH, user["email"], request.clock())
    mark_used(request, claims)
    return {"token": request.issue(fresh), "user": user}


@mutation("userLogout")
def user_logout(request: RequestContext, data: Input) -> str:
    """End the token in the header; one of a script can't be ended."""
    person = request.administrator()
    request.tokens.end(request.redeem(tokens.USER_AUTH, person.token))
    return "ok"


@mutation("createActiveUserApiToken")
def create_api_token(request: RequestContext, data: Input) -> str:
    """Return the token for scripts, the same one each time."""
    return api_token(request, request.administrator().user)


@mutation("updateUserProfile")
def update_profile(request: RequestContext, data: Input) -> Document:
    """Change the name and the picture of the administrator who calls."""
    user = request.administrator().user
    values = texts(data, "givenName", "familyName")
    if "photoURL" in data:
        values["photoURL"] = data["photoURL"]
    return change(request, user, values)


def register(request: RequestContext, email: str, names: Document) -> Document:
    """Return the OrgUser with an address, made at the first time."""
    values = {"givenName": None, "familyName": None, **names, "email": normalize(email)}
    refuse([*validation.needed(values, "email"), *validation.email(values)])
    known = request.world.user(values["email"])
    if known is not None:
        return known
    return add(request, request.world.users, {**values, "photoURL": picture(values["email"])})


def picture(email: str) -> str:
    """Return the address of somebody's picture."""
    # Gravatar's addresses are MD5 digests; nothing here is secret.
    digest = hashlib.md5(email.encode(), usedforsecurity=False).hexdigest()
    return f"https://www.gravatar.com/avatar/{digest}"


def login_link_token(request: RequestContext, email: str, life: int = tokens.LINK_LIFE) -> str:
    """Return the token of a link for an administrator."""
    claims = tokens.new_claims(tokens.USER_LOGIN_LINK, email, request.clock(), life=life)
    return request.tokens.issue(claims)


def api_token(request: RequestContext, user: Document) -> str:
    """Return an administrator's token for scripts, made at the first time."""
    if "apiToken" not in user:
        claims = tokens.new_claims(tokens.USER_API_TOKEN, user["email"], request.clock())
        user["apiToken"] = request.tokens.issue(claims)
    return str(user["apiToken"])


def _send_login_link(request: RequestContext, user: Document) -> None:
    token = login_link_token(request, user["email"])
    url = f"{request.base_url}/authenticate/{token}"
    send(request, mail.user_login_mail(user["email"], url), token)
