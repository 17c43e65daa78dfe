"""Who belongs to an organization, and who is invited to."""

from __future__ import annotations

import json
from urllib.parse import quote

from .. import mail, validation
from ..context import MANAGERS, RequestContext
from ..errors import bad_input, refused
from ..inputs import Input, address, given
from ..validation import duplicate, fail
from ..world import Document, first
from .organizations import join
from .records import add, checked_id
from .registry import field, mutation, query
from .sign_in import send
from .staff import login_link_token, register

_INVITATION_LIFE = 30 * 24 * 3600


@query("userOrganizations")
def user_organizations(request: RequestContext, data: Input) -> list[Document]:
    """Return the memberships of the administrator who calls."""
    user_id = request.administrator().user["id"]
    request.ask("membership")
    return [entry for entry in request.world.memberships.values() if entry["userId"] == user_id]


@query("organizationUsers")
def organization_users(request: RequestContext, data: Input) -> list[Document]:
    """Return the memberships of the request's organization."""
    org_id = request.with_org_role()["id"]
    known = request.world.memberships.values()
    return [entry for entry in known if entry["organizationId"] == org_id]


@query("organizationInvitations")
def organization_invitations(request: RequestContext, data: Input) -> list[Document]:
    """Return the open invitations of the request's organization."""
    org_id = request.with_org_role()["id"]
    known = request.world.invitations.values()
    return [entry for entry in known if entry["organizationId"] == org_id]


@query("userInvitations")
def user_invitations(request: RequestContext, data: Input) -> list[Document]:
    """Return the open invitations of the administrator who calls."""
    user_id = request.administrator().user["id"]
    request.ask("membership")
    return [entry for entry in request.world.invitations.values() if entry["userId"] == user_id]


@query("viewInvitation")
def view_invitation(request: RequestContext, data: Input) -> Document:
    """Return the caller's invitation to an organization."""
    user = request.administrator().user
    request.ask("membership")
    org_id = checked_id(given(data, "organizationId"), "org-invitation", "organizationId")
    known = _invitation(request, org_id, user["email"])
    if known is None:
        text = "No invite was found for the provided organization and email address."
        raise refused(text, 404)
    return known


@mutation("inviteUserToOrg")
def invite(request: RequestContext, data: Input) -> str:
    """Invite somebody by mail, who becomes an OrgUser at once."""
    organization = request.with_org_role(*MANAGERS)
    host = request.administrator().user
    user = register(request, given(data, "email"), {})
    org_id = organization["id"]
    if request.world.membership(user["id"], org_id) is not None:
        raise refused(f"This user is already a member of {organization['name']}.", 400)
    values = {
        "organizationId": org_id,
        "userId": user["id"],
        "role": data.get("role"),
        "invitedById": host["id"],
    }
    fail("org-invitation", validation.needed(values, "role"))
    if _invitation(request, org_id, user["email"]) is not None:
        raise duplicate("org-invitations", "organizationId_1_email_1", org_id, user["email"], 500)
    add(request, request.world.invitations, values)
    token = login_link_token(request, user["email"], _INVITATION_LIFE)
    place = quote(json.dumps([org_id], separators=(",", ":")))
    url = (
        f"{request.base_url}/authenticate/{token}"
        f"?route-name=manage.invites.view&route-segments={place}"
    )
    name = f"{host['givenName']} {host['familyName']}"
    letter = mail.invitation_mail(user["email"], name, host["email"], organization["name"], url)
    send(request, letter, token)
    return "ok"


@mutation("acceptOrgInvite")
def accept(request: RequestContext, data: Input) -> str:
    """Become a member of an organization that has invited the caller."""
    user = request.administrator().user
    request.ask("membership")
    org_id = checked_id(given(data, "organizationId"), "org-membership", "organizationId")
    known = _invitation(request, org_id, user["email"])
    if known is None:
        text = f"No invitation to this organization was found for {user['email']}."
        raise refused(text, 404)
    if request.world.membership(user["id"], org_id) is not None:
        raise refused("This user is already a member of this organization.", 400)
    join(request, org_id, user, known["role"])
    del request.world.invitations[known["id"]]
    return "ok"


@mutation("rejectOrgInvite")
def reject(request: RequestContext, data: Input) -> str:
    """Turn an invitation down; one that does not exist as well."""
    user = request.administrator().user
    request.ask("membership")
    org_id = checked_id(given(data, "organizationId"), "org-invitation", "organizationId")
    _forget(request, org_id, user["email"])
    return "ok"


@mutation("removeUserInvite")
def remove_invitation(request: RequestContext, data: Input) -> None:
    """Take an invitation back."""
    org_id = request.with_org_role(*MANAGERS)["id"]
    _forget(request, org_id, _removed(data))


@mutation("updateUserOrgRole")
def update_role(request: RequestContext, data: Input) -> Document:
    """Give a member another role; only an Owner may."""
    org_id = request.with_org_role("Owner")["id"]
    if data["email"] == request.administrator().user["email"]:
        raise bad_input("As an organization owner, you cannot change your role.")
    known = _membership(request, org_id, address(data))
    if known is None:
        text = "No organization membership was found for the provided org and user"
        raise refused(text, 404)
    known["role"] = data["role"]
    return known


@mutation("removeUserFromOrg")
def remove_member(request: RequestContext, data: Input) -> str:
    """End somebody's membership; say "ok" if there was none as well."""
    org_id = request.with_org_role(*MANAGERS)["id"]
    if data["email"] == request.administrator().user["email"]:
        raise bad_input("As an organization owner, you cannot remove yourself.")
    known = _membership(request, org_id, _removed(data))
    if known is not None:
        del request.world.memberships[known["id"]]
    return "ok"


@field("OrganizationMembership", "user")
@field("OrganizationInvitation", "user")
def member(source: Document, request: RequestContext, data: Input) -> Document:
    """Return the person of a membership."""
    request.ask("user")
    return request.world.users[source["userId"]]


@field("OrganizationInvitation", "invitedBy")
def host_of(source: Document, request: RequestContext, data: Input) -> Document:
    """Return who has sent an invitation."""
    request.ask("user")
    return request.world.users[source["invitedById"]]


def _membership(request: RequestContext, org_id: str, email: str) -> Document | None:
    user = request.world.user(email)
    return request.world.membership(user["id"], org_id) if user else None


def _invitation(request: RequestContext, org_id: str, email: str) -> Document | None:
    user = request.world.user(email)
    return first(
        entry
        for entry in request.world.invitations.values()
        if user and (entry["organizationId"], entry["userId"]) == (org_id, user["id"])
    )


def _forget(request: RequestContext, org_id: str, email: str) -> None:
    known = _invitation(request, org_id, email)
    if known is not None:
        del request.world.invitations[known["id"]]


def _removed(data: Input) -> str:
    email = given(data, "email")
    if not email.strip():
        raise refused("Unable to remove: no email address was provided.", 500)
    return email
