"""Organizations, their people, applications and policies; and that anybody can found one."""

from __future__ import annotations

from typing import Any

import pytest

from django_identityx.sandbox import DAILY_APP_ID, ORG_ID

from .conftest import STAFF, Api, refusal
from .documents import NO_ROLE, NOBODY, ORGANIZATIONS, mutation, query, reader, staff

INNER = "INTERNAL_SERVER_ERROR"
HEADERS = {"x-org-id": ORG_ID}
REGISTER = mutation(
    "registerNewUser", "{ user { id email photoURL } organization { id name company { name } } }"
)
INVITE = mutation("inviteUserToOrg")
PEOPLE = "{ organizationUsers { role user { email } } }"
NEW = {"email": " New@Corp.org ", "givenName": "Nia", "familyName": "New", "orgName": " Corp "}


def ask(api: Api, document: str, who: str = "owner", **given: Any) -> Any:
    auth = staff(who)(api.sandbox)
    return next(iter(api.data(document, {"input": given}, auth=auth, headers=HEADERS).values()))


def fail(api: Api, document: str, who: str = "owner", **given: Any) -> tuple[str, str, int | None]:
    auth = staff(who)(api.sandbox)
    return refusal(api.error(document, {"input": given}, auth=auth, headers=HEADERS))


def test_anybody_becomes_an_owner_of_something(api: Api) -> None:
    made = api.data(REGISTER, {"input": NEW}, app=None)["registerNewUser"]
    assert made["user"]["email"] == "new@corp.org"
    assert made["user"]["photoURL"].startswith("https://www.gravatar.com/avatar/")
    assert made["organization"]["name"] == "Corp"
    assert made["organization"]["company"] == {"name": "Corp"}
    assert api.sandbox.outbox[-1].to == "new@corp.org"
    auth = f"OrgUser {api.sandbox.org_user_token('new@corp.org')}"
    mine = api.data(ORGANIZATIONS, auth=auth)["userOrganizations"]
    corp = {"id": made["organization"]["id"], "name": "Corp"}
    assert mine == [{"role": "Owner", "organization": corp}]
    users = "{ appUsers(input: {}) { totalCount } }"
    assert api.error(users, auth=auth)["message"] == NO_ROLE
    again = {**NEW, "givenName": "Somebody else", "orgName": "Corp 2"}
    assert api.data(REGISTER, {"input": again})["registerNewUser"]["user"] == made["user"]
    owner = {**NEW, "email": "owner@example.com"}
    assert api.data(REGISTER, {"input": owner})
    roles = {user["email"]: user["role"] for user in api.sandbox.administrators()}
    assert (roles["owner@example.com"], roles["new@corp.org"]) == ("Owner", None)


@pytest.mark.parametrize(
    ("given", "message", "status"),
    [
        ({"email": ""}, "The path 'params.email' is required.", 400),
        ({"email": "q"}, "Invalid email address q", 422),
        ({"orgName": ""}, "Path `name` is required.", 422),
    ],
)
def test_registrations_that_are_refused(
    api: Api, given: dict[str, str], message: str, status: int
) -> None:
    error = api.error(REGISTER, {"input": {**NEW, **given}})
    assert refusal(error) == (message, INNER, status)


def test_founding_an_organization(api: Api) -> None:
    create = mutation(
        "createOrganization", "{ name company { name supportEmail } applications { id } }"
    )
    company = {"name": "C\nLtd", "supportEmail": " Help@Corp.org "}
    assert ask(api, create, "stranger", name=" Mine ", company=company) == {
        "name": "Mine",
        "company": {"name": "C Ltd", "supportEmail": "help@corp.org"},
        "applications": [],
    }
    text = "Invalid email address q\nValidationError: supportEmail: Invalid email address q"
    bad = {"name": "x", "company": {"supportEmail": "q"}}
    assert fail(api, create, **bad) == (text, INNER, 422)
    wrong = api.error(create, {"input": {"name": "x"}}, auth=reader(api.sandbox))
    assert wrong["message"] == "The wrong user authorization type was provided."


def test_inviting_and_joining(api: Api) -> None:
    assert ask(api, INVITE, "admin", email="Stranger@example.com", role="Guest") == "ok"
    mail = api.sandbox.outbox[-1]
    assert mail.subject == "You've been invited to join Acme Media"
    assert mail.sender.startswith("Ada Admin <")
    assert "/authenticate/" in mail.url
    assert "?route-name=manage.invites.view&route-segments=" in mail.url
    assert fail(api, INVITE, email="stranger@example.com")[0].startswith("E11000 duplicate key")
    member = fail(api, INVITE, email="guest@example.com")
    assert member == ("This user is already a member of Acme Media.", INNER, 400)
    view = query("viewInvitation", "{ role organization { id } invitedBy { email } }")
    assert ask(api, view, "stranger", organizationId=ORG_ID) == {
        "role": "Guest",
        "organization": {"id": ORG_ID},
        "invitedBy": {"email": "admin@example.com"},
    }
    accept = mutation("acceptOrgInvite")
    assert ask(api, accept, "stranger", organizationId=ORG_ID) == "ok"
    text = "No invitation to this organization was found for stranger@example.com."
    assert fail(api, accept, "stranger", organizationId=ORG_ID) == (text, INNER, 404)
    found = api.data(PEOPLE, auth=staff("stranger")(api.sandbox), headers=HEADERS)
    assert found["organizationUsers"][-1] == {
        "role": "Guest",
        "user": {"email": "stranger@example.com"},
    }


def test_invitations_that_come_to_nothing(api: Api) -> None:
    ask(api, INVITE, email="stranger@example.com")
    lists = "{ organizationInvitations { role } userInvitations { role } }"
    found = api.data(lists, auth=staff("owner")(api.sandbox), headers=HEADERS)
    assert found == {"organizationInvitations": [{"role": "Member"}], "userInvitations": []}
    assert ask(api, mutation("rejectOrgInvite"), "stranger", organizationId=ORG_ID) == "ok"
    view = query("viewInvitation", "{ role }")
    text = "No invite was found for the provided organization and email address."
    assert fail(api, view, "stranger", organizationId=ORG_ID) == (text, INNER, 404)
    ask(api, INVITE, email="stranger@example.com")
    assert ask(api, mutation("removeUserInvite"), email="Stranger@example.com") is None
    found = api.data(lists, auth=staff("owner")(api.sandbox), headers=HEADERS)
    assert found["organizationInvitations"] == []


def test_roles(api: Api) -> None:
    change, remove = mutation("updateUserOrgRole", "{ role }"), mutation("removeUserFromOrg")
    assert ask(api, change, email="Guest@example.com", role="Member") == {"role": "Member"}
    admin = fail(api, change, "admin", email="guest@example.com", role="Guest")
    assert admin == (NO_ROLE, "UNAUTHORIZED", None)
    own = fail(api, change, email="owner@example.com", role="Guest")
    text = "As an organization owner, you cannot change your role."
    assert own == (text, "BAD_USER_INPUT", None)
    nobody = fail(api, change, email="no@corp.org", role="Guest")
    text = "No organization membership was found for the provided org and user"
    assert nobody == (text, INNER, 404)
    text = "As an organization owner, you cannot remove yourself."
    assert fail(api, remove, email="owner@example.com") == (text, "BAD_USER_INPUT", None)
    assert ask(api, remove, "admin", email="guest@example.com") == "ok"
    assert ask(api, remove, "admin", email="guest@example.com") == "ok"
    error = api.error(PEOPLE, auth=staff("guest")(api.sandbox), headers=HEADERS)
    assert error["message"] == NO_ROLE


def test_ones_own_profile(api: Api) -> None:
    change = mutation("updateUserProfile", "{ givenName familyName photoURL }")
    kept = ask(api, change, "guest", givenName=" G ", familyName="")
    assert (kept["givenName"], kept["familyName"]) == ("G", "")
    assert kept["photoURL"]
    cleared = ask(api, change, "guest", givenName="G", familyName="", photoURL=None)
    assert cleared["photoURL"] is None
    assert api.data(STAFF, auth=staff("guest")(api.sandbox))


def test_settings_of_an_organization(api: Api) -> None:
    update = mutation("updateOrganization", "{ name appUserAllowedStaleDays }")
    changed = ask(
        api, update, id=ORG_ID, payload={"name": "Acme Media", "appUserAllowedStaleDays": 30}
    )
    assert changed == {"name": "Acme Media", "appUserAllowedStaleDays": 30}
    stale = "{ activeAppUser { mustReVerifyProfile } }"
    auth = f"AppUser {api.sandbox.app_user_token('subscriber@example.net')}"
    assert api.data(stale, auth=auth)["activeAppUser"]["mustReVerifyProfile"] is True
    payload = {"name": "", "appUserAllowedStaleDays": -1}
    assert ask(api, update, id=ORG_ID, payload=payload)["appUserAllowedStaleDays"] is None
    rename = mutation("setOrganizationName", "{ name }")
    assert ask(api, rename, value=" Acme ") == {"name": "Acme"}
    text = "organization validation failed: name: Path `name` is required."
    assert fail(api, rename, value=" ") == (text, INNER, 500)
    company = mutation("setOrganizationCompanyInfo", "{ company { name city } }")
    assert ask(api, company, company={"city": " Town\nx "}) == {
        "company": {"name": "Acme Media LLC", "city": "Town x"}
    }
    photo = mutation("setOrganizationPhotoURL", "{ photoURL }")
    assert ask(api, photo, id=ORG_ID, value="https://x") == {"photoURL": "https://x"}
    missing = fail(api, photo, id=NOBODY, value="x")
    assert missing == (f"No organization found for ID {NOBODY}.", INNER, 404)
    describe = mutation("setOrganizationDescription", "{ description }")
    assert ask(api, describe, value=" d ") == {"description": "d"}
    one = query("organization", "{ id description }")
    assert ask(api, one, "guest", id=ORG_ID) == {"id": ORG_ID, "description": "d"}


def test_policies(api: Api) -> None:
    shown = "{ regionalConsentPolicies { id name enabled countries { id } } }"
    add, update, remove = (
        mutation(f"{verb}OrganizationRegionalConsentPolicy", shown)
        for verb in ("add", "update", "remove")
    )
    payload = {"name": "CASL", "countryCodes": ["CA", "zz", "USA"], "message": "m"}
    added = ask(api, add, payload=payload)["regionalConsentPolicies"][-1]
    policy_id = added.pop("id")
    assert added == {"name": "CASL", "enabled": False, "countries": [{"id": "CA"}, {"id": "US"}]}
    text = (
        "organization validation failed: regionalConsentPolicies.2.countryCodes: "
        "Validator failed for path `countryCodes` with value ``"
    )
    assert fail(api, add, payload={**payload, "countryCodes": []}) == (text, INNER, 500)
    changed = ask(api, update, policyId=policy_id, payload={**payload, "enabled": True})
    assert changed["regionalConsentPolicies"][-1]["enabled"] is True
    assert len(ask(api, remove, policyId=policy_id)["regionalConsentPolicies"]) == 1
    text = f"No regional consent policy was found for '{policy_id}'"
    assert fail(api, remove, policyId=policy_id) == (text, INNER, 404)


def test_applications(api: Api) -> None:
    create = mutation(
        "createApplication", "{ id name email language loginLinkTemplate { subject } }"
    )
    template = {"subject": "<b>a</b><script>x</script>"}
    made = ask(
        api, create, name=" New ", email=" X@Y.org", language="es-mx", loginLinkTemplate=template
    )
    new_id = made.pop("id")
    assert made == {
        "name": "New",
        "email": "x@y.org",
        "language": "en-us",
        "loginLinkTemplate": {"subject": "<b>a</b>x"},
    }
    # The service has a list of the applications that it serves.
    assert api.post("{ ping }", app=new_id).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    update = mutation("updateApplication", "{ name email language }")
    payload = {"name": "", "email": "", "language": "xx"}
    assert ask(api, update, id=DAILY_APP_ID, payload=payload) == payload
    rename = mutation("setApplicationName", "{ name }")
    text = "application validation failed: name: Path `name` is required."
    assert fail(api, rename, value="") == (text, INNER, 500)


def test_contexts(api: Api) -> None:
    shown = "{ contexts { id name language } }"
    add, update, remove = (
        mutation(f"{verb}ApplicationContext", shown) for verb in ("add", "update", "remove")
    )
    where = {"applicationId": DAILY_APP_ID}
    payload = {"name": " C ", "email": "c@y.org", "language": "pt-br"}
    context = ask(api, add, **where, payload=payload)["contexts"][-1]
    assert (context["name"], context["language"]) == ("C", "pt-br")
    text = (
        "application validation failed: contexts.2.name: Path `name` is required., "
        "contexts.2.email: Invalid email address q, "
        "contexts.2.language: `xx` is not a valid enum value for path `language`."
    )
    bad = {"name": "", "email": "q", "language": "xx"}
    assert fail(api, add, **where, payload=bad) == (text, INNER, 500)
    place = {**where, "contextId": context["id"]}
    changed = ask(api, update, **place, payload={**payload, "name": "C2"})
    assert changed["contexts"][-1]["name"] == "C2"
    assert len(ask(api, remove, **place)["contexts"]) == 1
    text = f"No application context was found for '{context['id']}'"
    assert fail(api, remove, **place) == (text, INNER, 404)
