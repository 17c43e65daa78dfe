"""OrgUsers: their links, tokens and memberships."""

from __future__ import annotations

from typing import Any

from .. import mail, tokens
from ..context import RequestContext
from ..errors import no_such_user, required
from ..world import Document, normalize
from .registry import Input, mutation, query


@query("activeUser")
def active_user(request: RequestContext, data: Input) -> Document:
    """Return the administrator who calls."""
    return request.administrator().user


@query("userOrganizations")
def user_organizations(request: RequestContext, data: Input) -> list[Document]:
    """Return the memberships of the administrator who calls."""
    user_id = request.administrator().user["id"]
    request.reach("membership", direct=True)
    return [entry for entry in request.world.memberships.values() if entry["userId"] == user_id]


@query("activeOrganization")
def active_organization(request: RequestContext, data: Input) -> Document:
    """Return the organization of the request."""
    return request.with_org_role()


@query("organizationUsers")
def organization_users(request: RequestContext, data: Input) -> list[Document]:
    """Return the memberships of the request's organization."""
    org_id = request.with_org_role()["id"]
    found = request.world.memberships.values()
    return [entry for entry in found if entry["organizationId"] == org_id]


@mutation("sendUserLoginLink")
def send_user_login_link(request: RequestContext, data: Input) -> str:
    """Mail a link that leads to IdentityX's own site, which the sandbox stands in for."""
    email = normalize(data["email"])
    if not email:
        raise required("email")
    request.reach("user")
    user = request.world.user(email)
    if user is None:
        raise no_such_user(email)
    token = request.tokens.issue(
        tokens.new_claims(
            tokens.USER_LOGIN_LINK, user["email"], request.clock(), life=tokens.LINK_LIFE
        )
    )
    request.reach("mailer")
    url = f"{request.base_url}/authenticate/{token}"
    request.world.outbox.append(mail.user_login_mail(user["email"], url))
    return "ok"


@mutation("userLogin")
def user_login(request: RequestContext, data: Input) -> dict[str, Any]:
    """Redeem a login link; it works again until it expires."""
    claims = request.redeem(tokens.USER_LOGIN_LINK, data["token"])
    email = str(claims.get("aud"))
    request.reach("user")
    user = request.world.user(email)
    if user is None:
        raise no_such_user(email)
    fresh = tokens.new_claims(tokens.USER_AUTH, user["email"], request.clock())
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


def api_token(request: RequestContext, user: Document) -> str:
    """Return an administrator's token for scripts, made at the first time."""
    if "apiToken" not in user:
        claims = tokens.new_claims(tokens.USER_API_TOKEN, user["email"], request.clock())
        user["apiToken"] = request.tokens.issue(claims)
    return str(user["apiToken"])
