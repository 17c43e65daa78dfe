"""What succeeds in the sandbox, and the surprises of IdentityX on the way."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from django_identityx.sandbox import DAILY_APP_ID, ORG_ID, WEEKLY_APP_ID, Sandbox

from .conftest import ME, STAFF, Api
from .documents import (
    ACCESS,
    CHANGE,
    CONTEXT,
    CREATE,
    IMPERSONATE,
    LOGIN,
    LOGIN_STAFF,
    LOGOUT,
    NO_TOKEN,
    NOBODY,
    ORGANIZATIONS,
    OWN,
    SEND,
    SEND_CHANGE,
    SEND_STAFF,
    UNVERIFIED,
    UPDATE,
    URL,
    USERS,
    WRONG_TYPE,
    Auth,
    credential,
    forged,
    payload_of,
    reader,
    revoked,
    script,
    staff,
)

BAD_CREDENTIALS = (
    None,
    "AppUser",
    "AppUser garbage",
    "Basic dXNlcjpwYXNz",
    forged(key=b"another"),
    revoked,
    lambda sandbox: f"Bearer {reader(sandbox)}",
)


@pytest.mark.parametrize("auth", BAD_CREDENTIALS)
def test_public_operations_answer_for_nobody(api: Api, auth: Auth) -> None:
    header = credential(auth, api.sandbox)
    found = api.data(CONTEXT, auth=header)["activeAppContext"]
    assert (found["user"], found["hasUser"]) == (None, False)
    access = api.data(ACCESS, {"input": {"isEnabled": True}}, auth=header)["checkContentAccess"]
    assert access["isLoggedIn"] is False


def test_one_document_shows_the_bad_token(api: Api) -> None:
    query = "{ activeAppContext { hasUser } activeAppUser { id } }"
    answer = api.post(query, auth="AppUser garbage").json()
    assert answer["data"] == {"activeAppContext": {"hasUser": False}, "activeAppUser": None}
    assert [error["path"] for error in answer["errors"]] == [["activeAppUser"]]


def test_active_app_user_does_not_compare_the_application(api: Api) -> None:
    me = api.data(ME, auth=reader(api.sandbox), app=WEEKLY_APP_ID)["activeAppUser"]
    assert me["email"] == "reader@example.net"


def test_extra_words_and_outer_blanks_are_ignored(api: Api) -> None:
    assert api.data(ME, auth=f"{reader(api.sandbox)} extra")["activeAppUser"]


def test_bearer_dialect(api: Api) -> None:
    sandbox = Sandbox(dialect="bearer")

    def ask(header: str) -> Any:
        sent = {"content-type": "application/json", "authorization": header}
        return sandbox.handle("POST", "/", sent, json.dumps({"query": ME}).encode()).json()

    token = sandbox.app_user_token("reader@example.net")
    assert ask(f"Bearer AppUser {token}")["data"]["activeAppUser"]
    for header in (f"AppUser {token}", f"bearer AppUser {token}", f"Bearer {token}", "Bearer"):
        assert ask(header)["errors"][0]["message"] == WRONG_TYPE


def test_login_link_journey(api: Api) -> None:
    given = {
        "email": " Reader@Example.NET ",
        "authUrl": f"{URL}?a=b",
        "redirectTo": "/x?y=1 2",
        "source": "newsletter",
        "additionalContext": {"article": 7},
    }
    assert api.data(SEND, {"input": given}) == {"sendAppUserLoginLink": "ok"}
    mail = api.sandbox.outbox[-1]
    assert mail.to == "reader@example.net"
    assert mail.sender == "Acme Daily <noreply@identity-x.parameter1.com>"
    assert mail.subject == "Your personal login link"
    assert mail.url.startswith(f"{URL}?a=b?token=")
    assert mail.url.endswith("&redirectTo=%2Fx%3Fy%3D1%202")
    assert mail.url in mail.text
    token = mail.url.partition("token=")[2].partition("&")[0]
    assert list(payload_of(token)) == ["aud", "data", "jti", "iat", "sub", "iss", "exp"]
    first, second = (api.data(LOGIN, {"input": {"token": token}})["loginAppUser"] for _ in range(2))
    assert first["loginSource"] == "newsletter"
    assert first["additionalContext"] == {"article": 7, "source": "newsletter"}
    assert second["user"]["verifiedCount"] == first["user"]["verifiedCount"] + 1
    assert first["token"]["value"] != second["token"]["value"]
    made = payload_of(first["token"]["value"])
    assert list(made) == ["aud", "jti", "iat", "sub", "iss"]
    assert made["jti"] == first["token"]["id"]


def test_link_of_a_context_has_its_sender_and_subject(api: Api) -> None:
    contexts = api.data("{ activeApplication { contexts { id name } } }")
    context = contexts["activeApplication"]["contexts"][0]
    given = {"email": "reader@example.net", "authUrl": URL}
    api.data(SEND, {"input": {**given, "appContextId": context["id"]}})
    api.data(SEND, {"input": {**given, "appContextId": "nope"}})
    spanish, plain = api.sandbox.outbox
    assert (spanish.subject, plain.subject) == ("Tu enlace", "Your personal login link")
    assert spanish.sender.startswith(context["name"])


@pytest.mark.parametrize(
    ("options", "message", "status"),
    [
        ({"age": 3601}, "jwt expired", 401),
        ({"app_id": WEEKLY_APP_ID}, "The requested application ID does not match the token payload",
         400),
    ],
)  # fmt: skip
def test_links_that_do_not_count(
    api: Api, options: dict[str, Any], message: str, status: int
) -> None:
    token = api.sandbox.login_link_token("reader@example.net", **options)
    error = api.error(LOGIN, {"input": {"token": token}})
    assert error["message"] == message
    assert error["extensions"]["exception"]["statusCode"] == status


def test_logging_out_ends_the_token_and_not_the_link(api: Api) -> None:
    link = api.sandbox.login_link_token("reader@example.net")
    token = api.data(LOGIN, {"input": {"token": link}})["loginAppUser"]["token"]["value"]
    assert api.data(LOGOUT, {"input": {"token": token}}) == {"logoutAppUser": "ok"}
    assert api.error(ME, auth=f"AppUser {token}")["message"] == NO_TOKEN
    assert api.error(LOGOUT, {"input": {"token": token}})["message"] == NO_TOKEN
    assert api.data(LOGIN, {"input": {"token": link}})


def test_banned_readers_sign_in(api: Api) -> None:
    link = api.sandbox.login_link_token("banned@example.net")
    assert api.data(LOGIN, {"input": {"token": link}})


def test_creating_returns_an_existing_reader_as_it_is(api: Api) -> None:
    given = {"email": "New.Reader@Example.NET", "givenName": "Nia", "countryCode": "us"}
    made = api.data(CREATE, {"input": given})["createAppUser"]
    assert (made["email"], made["domain"]) == ("new.reader@example.net", "example.net")
    assert (made["name"], made["displayName"], made["countryCode"]) == ("Nia", "new.reader", "US")
    assert made["verified"] is False
    again = {"email": "new.reader@example.net", "givenName": "Somebody else"}
    assert api.data(CREATE, {"input": again})["createAppUser"] == made


def test_root_mutations_run_in_order_and_a_failed_one_stops_the_rest(api: Api) -> None:
    query = """mutation($bad: CreateAppUserMutationInput!, $good: CreateAppUserMutationInput!) {
      a: sendAppUserLoginLink(input: { email: "no@example.net", authUrl: "https://a.example" })
      b: sendAppUserLoginLink(input: { email: "reader@example.net", authUrl: "https://a.example" })
      c: createAppUser(input: $bad) { id }
      d: createAppUser(input: $good) { id }
    }"""
    bad, good = {"email": "x@example.com"}, {"email": "later@example.net"}
    answer = api.post(query, {"bad": bad, "good": good}).json()
    assert answer["data"] is None
    assert [error["path"] for error in answer["errors"]] == [["a"], ["c"]]
    assert len(api.sandbox.outbox) == 1
    assert api.data('{ appUser(input: { email: "later@example.net" }) { id } }')["appUser"] is None


def test_unverified_data(api: Api) -> None:
    policy = api.data("{ activeApplication { organization { regionalConsentPolicies { id } } } }")
    policy_id = policy["activeApplication"]["organization"]["regionalConsentPolicies"][0]["id"]
    email = "unverified@example.net"
    consent = [{"policyId": policy_id, "given": True}]

    def write(**given: Any) -> Any:
        answer = api.data(UNVERIFIED, {"input": {"email": email, **given}})
        return answer["setAppUserUnverifiedData"]

    first = write(givenName="Una", familyName="V", regionalConsentAnswers=consent)
    assert first["regionalConsentAnswers"] == [{"given": True}]
    second = write(givenName=None)
    assert (second["givenName"], second["familyName"]) == (None, "V")
    assert second["regionalConsentAnswers"] == []
    verified = api.data(UNVERIFIED, {"input": {"email": "reader@example.net", "givenName": "X"}})
    assert verified["setAppUserUnverifiedData"]["givenName"] == "Rita"


def test_updating_ones_own_profile(api: Api) -> None:
    given = {"givenName": "Line\none", "regionCode": "CA", "postalCode": "90001"}
    changed = api.data(OWN, {"input": given}, auth=reader(api.sandbox))["updateOwnAppUser"]
    assert (changed["givenName"], changed["familyName"]) == ("Line one", "Reader")
    assert changed["region"] == {"id": "US-CA", "name": "California"}
    cleared = api.data(OWN, {"input": {"familyName": None}}, auth=reader(api.sandbox))
    assert cleared["updateOwnAppUser"]["name"] == "Line one"


def test_custom_fields(api: Api) -> None:
    auth = reader(api.sandbox)
    query = """{ activeAppUser {
      customBooleanFieldAnswers { id value field { name whenTrue { type value } } }
      customSelectFieldAnswers { id answers { label writeInValue } field { choices { label } } }
      customTextFieldAnswers { id value } regionalConsentAnswers { given policy { name } } } }"""
    me = api.data(query, auth=auth)["activeAppUser"]
    assert me["customBooleanFieldAnswers"][0]["value"] is True
    labels = [entry["label"] for entry in me["customSelectFieldAnswers"][0]["answers"]]
    assert labels == ["Engineering", "Other"]
    assert me["regionalConsentAnswers"] == [{"given": True, "policy": {"name": "GDPR"}}]
    field_id = me["customSelectFieldAnswers"][0]["id"]
    update = """mutation($input: UpdateOwnAppUserCustomSelectAnswersMutationInput!) {
      updateOwnAppUserCustomSelectAnswers(input: $input) {
        customSelectFieldAnswers { answers { label } } } }"""

    def answer(**given: Any) -> Any:
        variables = {"input": {"answers": [{"fieldId": field_id, "optionIds": [], **given}]}}
        changed = api.data(update, variables, auth=auth)["updateOwnAppUserCustomSelectAnswers"]
        return changed["customSelectFieldAnswers"][0]["answers"]

    assert len(answer()) == 2
    assert answer(forceUnset=True) == []


def test_change_of_address(api: Api) -> None:
    old = f"AppUser {api.sandbox.app_user_token('staff@example.org')}"
    given = {"email": "staff2@example.org", "authUrl": URL, "redirectTo": "/profile"}
    api.data(SEND_CHANGE, {"input": given}, auth=old)
    mail = api.sandbox.outbox[-1]
    assert mail.subject == "Change your email address on Acme Daily"
    assert api.data(ME, auth=old)["activeAppUser"]["verified"] is False
    token = parse_qs(urlsplit(mail.url).query)["token"][0]
    changed = api.data(CHANGE, {"input": {"token": token}})["changeAppUserEmail"]
    assert changed["user"]["email"] == "staff2@example.org"
    assert (changed["loginSource"], changed["additionalContext"]) == (None, None)
    assert api.error(ME, auth=old)["message"] == "No user was found for 'staff@example.org'"
    assert api.data(ME, auth=f"AppUser {changed['token']['value']}")
    assert api.error(CHANGE, {"input": {"token": token}})["message"] == NO_TOKEN


def test_a_new_address_with_capitals_never_verifies(api: Api) -> None:
    old = f"AppUser {api.sandbox.app_user_token('staff@example.org')}"
    api.data(SEND_CHANGE, {"input": {"email": "Staff2@example.org", "authUrl": URL}}, auth=old)
    token = parse_qs(urlsplit(api.sandbox.outbox[-1].url).query)["token"][0]
    changed = api.data(CHANGE, {"input": {"token": token}})["changeAppUserEmail"]
    error = api.error(ME, auth=f"AppUser {changed['token']['value']}")
    assert error["message"] == "The user email does not match the token email."


def test_a_change_in_the_other_application(api: Api) -> None:
    given = {"input": {"email": "new@example.org", "authUrl": URL}}
    auth = f"AppUser {api.sandbox.app_user_token('staff@example.org')}"
    error = api.error(SEND_CHANGE, given, auth=auth, app=WEEKLY_APP_ID)
    assert error["message"] == "No user was found for 'staff@example.org'"
    assert error["extensions"]["exception"] == {"statusCode": 404}


def test_an_address_that_is_none_is_found_out_late(api: Api) -> None:
    given = {"input": {"email": "a..b@example.org", "authUrl": URL}}
    assert api.data(SEND_CHANGE, given, auth=reader(api.sandbox))
    token = parse_qs(urlsplit(api.sandbox.outbox[-1].url).query)["token"][0]
    error = api.error(CHANGE, {"input": {"token": token}})
    text = "app-user validation failed: email: Invalid email address a..b@example.org"
    assert error["message"] == text
    assert error["extensions"]["exception"] == {"statusCode": 500}
    assert api.error(CHANGE, {"input": {"token": token}})["message"] == NO_TOKEN


@pytest.mark.parametrize(
    ("email", "taken"),
    [
        ("a..b@example.net", False),
        (".a@example.net", False),
        ("a@example", False),
        ("a@-x.net", False),
        ("a@x_y.net", False),
        ("a@1.2.3.4", False),
        ("a" * 65 + "@example.net", False),
        ("a@" + "b" * 64 + ".net", False),
        ("a,b@example.net", False),
        ("a@example.net.", False),
        ("\u00fcn\u00ef@example.net", True),
        ("a@ex\u00e4mple.net", True),
        ("a+b/c@example.net", True),
        ('"a b"@example.net', True),
        ("x@sub.example.com", True),
    ],
)
def test_addresses(api: Api, email: str, taken: bool) -> None:
    answer = api.post(CREATE, {"input": {"email": email}}).json()
    assert ("errors" not in answer) is taken
    if not taken:
        assert answer["errors"][0]["message"] == f"Invalid email address {email}"


def test_change_without_the_current_address(api: Api) -> None:
    given = {"email": "rita@example.net", "authUrl": URL}
    api.data(SEND_CHANGE, {"input": given}, auth=reader(api.sandbox))
    token = parse_qs(urlsplit(api.sandbox.outbox[-1].url).query)["token"][0]
    odd = api.sandbox.sign({**payload_of(token), "data": {}})
    error = api.error(CHANGE, {"input": {"token": odd}})
    assert error["message"] == "The current email is missing from the token payload!"


@pytest.mark.parametrize(
    ("who", "address", "levels", "teams"),
    [
        (None, "203.0.113.7", [], []),
        (None, "10.1.2.3", ["Premium"], ["Office network"]),
        (None, "10.1.2.3, 203.0.113.7", [], []),
        (None, "203.0.113.7, 10.1.2.3", [], []),
        (None, "10.1.2.3, 192.168.0.1", ["Premium"], ["Office network"]),
        (None, "", [], []),
        ("subscriber@example.net", "", ["Premium"], []),
        ("staff@example.org", "", ["Basic"], ["Example.org staff"]),
        ("staff@example.org", "::ffff:10.1.2.3", ["Basic", "Premium"],
         ["Office network", "Example.org staff"]),
    ],
)  # fmt: skip
def test_context(
    api: Api, who: str | None, address: str, levels: list[str], teams: list[str]
) -> None:
    auth = f"AppUser {api.sandbox.app_user_token(who)}" if who else None
    found = api.data(CONTEXT, auth=auth, headers={"x-forwarded-for": address})["activeAppContext"]
    assert found["application"] == {"id": DAILY_APP_ID, "organization": {"id": ORG_ID}}
    assert sorted(level["name"] for level in found["mergedAccessLevels"]) == levels
    assert [team["name"] for team in found["mergedTeams"]] == teams
    assert found["hasTeams"] is bool(teams)
    assert found["hasUser"] is (who is not None)


def test_an_org_user_token_counts_as_the_reader_with_the_same_address(api: Api) -> None:
    auth = staff("owner")(api.sandbox)
    assert api.data(CONTEXT, auth=auth)["activeAppContext"]["user"] is None
    register = """mutation { registerNewUser(input: {
      email: "reader@example.net", givenName: "R", familyName: "R", orgName: "R" }) { user { id } }
    }"""
    api.data(register, app=None)
    both = f"OrgUser {api.sandbox.org_user_token('reader@example.net')}"
    found = api.data(CONTEXT, auth=both)["activeAppContext"]["user"]
    assert found == {"email": "reader@example.net"}


@pytest.mark.parametrize(
    ("who", "level", "enabled", "access", "logged_in"),
    [
        (None, "Premium", False, True, False),
        (None, "Premium", True, False, False),
        (None, None, True, False, False),
        (None, NOBODY, True, False, False),
        ("reader@example.net", "Premium", True, False, True),
        ("reader@example.net", None, True, True, True),
        ("reader@example.net", NOBODY, True, True, True),
        ("subscriber@example.net", "Premium", True, True, True),
    ],
)
def test_content_access(
    api: Api, who: str | None, level: str | None, enabled: bool, access: bool, logged_in: bool
) -> None:
    nodes = api.data("{ accessLevels { edges { node { id name } } } }")["accessLevels"]["edges"]
    ids = {edge["node"]["name"]: edge["node"]["id"] for edge in nodes}
    given: dict[str, Any] = {"isEnabled": enabled}
    if level is not None:
        given["requiredAccessLevelIds"] = [ids.get(level, level), None]
    auth = f"AppUser {api.sandbox.app_user_token(who)}" if who else None
    found = api.data(ACCESS, {"input": given}, auth=auth)["checkContentAccess"]
    assert (found["canAccess"], found["isLoggedIn"]) == (access, logged_in)
    assert found["requiresAccessLevel"] is (level == "Premium")
    messages = {
        "loggedInNoAccess": "<p>Premium only.</p>",
        "loggedOutNoAccess": "<p>Log in for Premium.</p>",
    }
    assert found["messages"] == (messages if level == "Premium" else None)


def test_staff_journey(api: Api) -> None:
    assert api.data(SEND_STAFF, {"input": {"email": " Owner@Example.COM "}}, app=None)
    mail = api.sandbox.outbox[-1]
    assert mail.url.startswith(f"{api.server.base_url}/authenticate/")
    assert mail.sender == "IdentityX <noreply@identity-x.parameter1.com>"
    token = mail.url.rpartition("/")[2]
    assert list(payload_of(token)) == ["aud", "jti", "iat", "sub", "exp"]
    login = api.data(LOGIN_STAFF, {"input": {"token": token}}, app=None)["userLogin"]
    assert login["user"]["photoURL"].startswith("https://www.gravatar.com/avatar/4cb1f144288e")
    auth = f"OrgUser {login['token']['value']}"
    memberships = api.data(ORGANIZATIONS, auth=auth, app=None)["userOrganizations"]
    assert memberships == [{"role": "Owner", "organization": {"id": ORG_ID, "name": "Acme Media"}}]
    query = "mutation { createActiveUserApiToken }"
    made, again = (api.data(query, auth=auth)["createActiveUserApiToken"] for _ in range(2))
    assert made == again
    assert api.data(STAFF, auth=f"OrgUserApiToken {made}")["activeUser"]
    assert api.data("mutation { userLogout }", auth=auth) == {"userLogout": "ok"}
    assert api.error(STAFF, auth=auth)["message"] == NO_TOKEN
    assert api.data(STAFF, auth=f"OrgUserApiToken {made}")["activeUser"]


def test_paging(api: Api) -> None:
    auth = staff("guest")(api.sandbox)
    found: list[str] = []
    after = None
    for _ in range(3):
        given = {
            "sort": {"field": "email", "order": "asc"},
            "pagination": {"limit": 2, "after": after},
        }
        page = api.data(USERS, {"input": given}, auth=auth)["appUsers"]
        found += [edge["node"]["email"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert page["totalCount"] == 5
    assert page["pageInfo"] == {"hasNextPage": False, "endCursor": None}
    assert found == sorted(found)
    assert len(found) == 5
    for limit in (0, -1):
        given = {"pagination": {"limit": limit}}
        assert len(api.data(USERS, {"input": given}, auth=auth)["appUsers"]["edges"]) == 5


def test_impersonation_does_not_compare_the_application(api: Api) -> None:
    owner = staff("owner")(api.sandbox)
    user = api.data('{ appUser(input: { email: "unverified@example.net" }) { id } }')["appUser"]
    given = {"input": {"id": user["id"]}}
    made = api.data(IMPERSONATE, given, auth=owner, app=WEEKLY_APP_ID)["impersonateAppUser"]
    assert made["user"] == {"email": "unverified@example.net", "verified": False}
    assert payload_of(made["token"]["value"])["iss"] == WEEKLY_APP_ID
    given["input"]["verify"] = True
    assert api.data(IMPERSONATE, given, auth=owner)["impersonateAppUser"]["user"]["verified"]


def test_managing_readers(api: Api) -> None:
    owner = staff("owner")(api.sandbox)
    sub = f"AppUser {api.sandbox.app_user_token('subscriber@example.net')}"
    me = api.data(ME, auth=sub)["activeAppUser"]
    assert me["accessLevels"] == [{"name": "Premium"}]
    ban = """mutation($input: SetAppUserBannedMutationInput!) {
      setAppUserBanned(input: $input) { banned } }"""
    banned = api.data(ban, {"input": {"id": me["id"], "value": True}}, auth=owner)
    assert banned == {"setAppUserBanned": {"banned": True}}
    payload = {"id": me["id"], "payload": {"email": me["email"]}}
    kept = api.data(UPDATE, {"input": payload}, auth=owner)["updateAppUser"]
    assert kept == {"givenName": "Sue", "accessLevels": []}
    match = """{ matchAppUsers(input: { field: "email", phrase: "SUB", position: starts }) {
      totalCount } }"""
    assert api.data(match, auth=owner)["matchAppUsers"]["totalCount"] == 1
    delete = """mutation($input: DeleteAppUserForCurrentApplicationInput!) {
      deleteAppUserForCurrentApplication(input: $input) }"""
    gone = {"input": {"email": "subscriber@example.net"}}
    assert api.data(delete, gone, auth=owner) == {"deleteAppUserForCurrentApplication": True}
    assert api.data(delete, gone, auth=owner) == {"deleteAppUserForCurrentApplication": False}
    assert api.error(ME, auth=sub)["message"] == NO_TOKEN


def test_roles_that_may(api: Api) -> None:
    level = 'mutation { createAccessLevel(input: { name: "Gold" }) { name } }'
    assert api.data(level, auth=staff("member")(api.sandbox))
    rename = 'mutation { setApplicationName(input: { value: "Daily" }) { name } }'
    assert api.data(rename, auth=staff("admin")(api.sandbox))
    teams = api.data("{ teams { edges { node { name accessLevels { name } } } } }",
                     auth=staff("guest")(api.sandbox))["teams"]["edges"]  # fmt: skip
    assert [edge["node"]["name"] for edge in teams] == ["Example.org staff", "Office network"]
    headers = {"x-org-id": ORG_ID}
    sort = "{ organizationApplications(input: { sort: { field: name, order: desc } }) { name } }"
    names = api.data(sort, auth=script(api.sandbox), headers=headers)["organizationApplications"]
    assert [entry["name"] for entry in names] == ["Daily", "Acme Weekly"]
    people = "{ organizationUsers { role user { email } } activeOrganization { name } }"
    found = api.data(people, auth=staff("guest")(api.sandbox), headers=headers)
    roles = [entry["role"] for entry in found["organizationUsers"]]
    assert roles == ["Owner", "Member", "Administrator", "Guest"]


def test_must_re_verify_needs_an_application(api: Api) -> None:
    query = "{ activeAppUser { mustReVerifyProfile } }"
    for app in (DAILY_APP_ID, None):
        assert api.data(query, auth=reader(api.sandbox), app=app) == {
            "activeAppUser": {"mustReVerifyProfile": False}
        }


OWN_ANSWERS = """mutation($newsletter: String!, $badge: String!, $policy: String!) {
  updateOwnAppUserCustomBooleanAnswers(
    input: { answers: [{ fieldId: $newsletter, value: false }] }
  ) { customBooleanFieldAnswers { answer } }
  updateOwnAppUserCustomTextAnswers(
    input: { answers: [{ fieldId: $badge, value: "R." }] }
  ) { customTextFieldAnswers { hasAnswered value } }
  setAppUserRegionalConsent(
    input: { answers: [{ policyId: $policy, given: false }] }
  ) { regionalConsentAnswers { given } }
}"""


def test_answering_fields_and_policies(api: Api) -> None:
    auth = reader(api.sandbox)
    ids = api.data(
        """{ activeAppUser { segments { id }
          customBooleanFieldAnswers(input: { onlyAnswered: true }) { id }
          customTextFieldAnswers(input: { onlyActive: true }) { id }
          regionalConsentAnswers { id } } }""",
        auth=auth,
    )["activeAppUser"]
    assert ids["segments"] == []
    variables = {
        "newsletter": ids["customBooleanFieldAnswers"][0]["id"],
        "badge": ids["customTextFieldAnswers"][0]["id"],
        "policy": ids["regionalConsentAnswers"][0]["id"],
    }
    assert api.data(OWN_ANSWERS, variables, auth=auth) == {
        "updateOwnAppUserCustomBooleanAnswers": {"customBooleanFieldAnswers": [{"answer": False}]},
        "updateOwnAppUserCustomTextAnswers": {
            "customTextFieldAnswers": [{"hasAnswered": True, "value": "R."}]
        },
        "setAppUserRegionalConsent": {"regionalConsentAnswers": [{"given": False}]},
    }


def test_unanswered_fields_are_shown(api: Api) -> None:
    auth = f"AppUser {api.sandbox.app_user_token('subscriber@example.net')}"
    query = """{ activeAppUser {
      customBooleanFieldAnswers { hasAnswered value }
      customSelectFieldAnswers { hasAnswered answers { id } }
      customTextFieldAnswers(input: { onlyAnswered: true }) { value } } }"""
    assert api.data(query, auth=auth)["activeAppUser"] == {
        "customBooleanFieldAnswers": [{"hasAnswered": False, "value": None}],
        "customSelectFieldAnswers": [{"hasAnswered": False, "answers": []}],
        "customTextFieldAnswers": [],
    }


def test_levels_and_teams_one_by_one(api: Api) -> None:
    guest = staff("guest")(api.sandbox)
    lists = api.data(
        "{ accessLevels { edges { node { id } } } teams { edges { node { id } } } }", auth=guest
    )
    level, team = (lists[name]["edges"][0]["node"]["id"] for name in ("accessLevels", "teams"))
    one = """query($level: String!, $team: String!) {
      accessLevel(input: { id: $level }) { name } team(input: { id: $team }) { name cidrs } }"""
    found = api.data(one, {"level": level, "team": team}, auth=guest)
    assert found == {
        "accessLevel": {"name": "Basic"},
        "team": {"name": "Example.org staff", "cidrs": []},
    }
    assert api.data(one, {"level": level, "team": team}, app=WEEKLY_APP_ID) == found
    for name in ("accessLevel", "team"):
        error = api.error(f'{{ {name}(input: {{ id: "nope" }}) {{ id }} }}')
        assert error["message"].startswith('Cast to ObjectId failed for value "nope"')
        assert error["extensions"]["exception"] == {"statusCode": 500}
        unknown = f'{{ {name}(input: {{ id: "{NOBODY}" }}) {{ id }} }}'
        assert api.data(unknown) == {name: None}


def test_an_organization_in_full(api: Api) -> None:
    query = """{ activeApplication { organization { name company { name supportEmail }
      applications { name }
      regionalConsentPolicies(input: { status: enabled }) {
        name required countries { id alpha3 flag } } } } }"""
    found = api.data(query)["activeApplication"]["organization"]
    assert found["company"] == {"name": "Acme Media LLC", "supportEmail": "support@acme.example"}
    assert [entry["name"] for entry in found["applications"]] == ["Acme Daily", "Acme Weekly"]
    policy = found["regionalConsentPolicies"][0]
    assert (policy["name"], policy["required"]) == ("GDPR", True)
    assert policy["countries"][0] == {"id": "DE", "alpha3": "DEU", "flag": "\U0001f1e9\U0001f1ea"}


def test_a_profile_that_has_to_be_verified_again(api: Api) -> None:
    owner, auth = staff("owner")(api.sandbox), reader(api.sandbox)
    user = api.data("{ activeAppUser { id email } }", auth=auth)["activeAppUser"]
    payload = {"email": user["email"], "forceProfileReVerification": True}
    api.data(UPDATE, {"input": {"id": user["id"], "payload": payload}}, auth=owner)
    query = "{ activeAppUser { mustReVerifyProfile } }"
    assert api.data(query, auth=auth)["activeAppUser"]["mustReVerifyProfile"] is True
    api.data(OWN, {"input": {}}, auth=auth)
    assert api.data(query, auth=auth)["activeAppUser"]["mustReVerifyProfile"] is False


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ("nope", "Unexpected token \ufffd in JSON at position 0"),
        ("NQ", 'Cast to ObjectId failed for value "5" at path "_id" for model "app-user"'),
        ("eyJhIjoxfQ", 'Cast to ObjectId failed for value "{ a: 1 }" at path "_id" for model '
         '"app-user"'),
    ],
)  # fmt: skip
def test_cursors_that_lead_nowhere(api: Api, after: str, message: str) -> None:
    variables = {"input": {"pagination": {"after": after}}}
    error = api.error(USERS, variables, auth=staff("owner")(api.sandbox))
    assert error["message"] == message
    assert error["extensions"]["exception"] == {"statusCode": 500}


def test_deleting_by_id(api: Api) -> None:
    owner = staff("owner")(api.sandbox)
    user = api.data('{ appUser(input: { email: "banned@example.net" }) { id } }')["appUser"]
    query = """mutation($id: ObjectID!) {
      deleteAppUserForCurrentApplication(input: { userId: $id }) }"""
    assert api.data(query, {"id": user["id"]}, auth=owner)["deleteAppUserForCurrentApplication"]
    missing = "query($id: String!) { appUserById(input: { id: $id }) { id } }"
    assert api.data(missing, {"id": user["id"]}, auth=owner) == {"appUserById": None}


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("aud", "No email address was provided in the token payload"),
        ("iss", "No application ID was provided in the token payload"),
    ],
)
def test_redeeming_without_a_claim(api: Api, claim: str, message: str) -> None:
    link = payload_of(api.sandbox.login_link_token("reader@example.net"))
    del link[claim]
    token = api.sandbox.sign(link)
    assert api.error(LOGIN, {"input": {"token": token}})["message"] == message
