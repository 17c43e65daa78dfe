"""What administrators do with readers, and what comes out of it."""

from __future__ import annotations

from typing import Any

import pytest

from django_identityx.sandbox import DAILY_APP_ID, ORG_ID, WEEKLY_APP_ID

from .conftest import ME, Api, id_of, refusal
from .documents import NO_ROLE, NO_TOKEN, NOBODY, UPDATE, mutation, query, reader, staff

INNER = "INTERNAL_SERVER_ERROR"
DELETE = mutation(
    "deleteAppUserForCurrentApplication",
    input_type="DeleteAppUserForCurrentApplicationInput",
)
EXTERNAL = mutation(
    "addAppUserExternalId",
    "{ externalIds { id identifier { value type } namespace { provider tenant type } } }",
    "SetAppUserExternalIdMutationInput",
)
FIND = query("appUserByExternalId", "{ email }")
ATTRIBUTES = mutation("updateOwnAppUserCustomAttributes", "{ customAttributes }")
E11000 = (
    "E11000 duplicate key error collection: identity-x.app-users index: applicationId_1_email_1 "
    f"dup key: {{ : ObjectId('{DAILY_APP_ID}'), : \"subscriber@example.net\" }}"
)


@pytest.mark.parametrize(
    ("payload", "message", "status"),
    [
        ({"email": "subscriber@example.net"}, E11000, 422),
        (
            {"email": "x@mailinator.com"},
            'The email domain "mailinator.com" is not allowed. Please enter a valid email address.',
            422,
        ),
        ({"email": "nope"}, "Invalid email address nope\nPath `domain` is required.", 422),
        ({"email": ""}, "Path `email` is required.\nPath `domain` is required.", 422),
        (
            {"email": "reader@example.net", "teamIds": ["xx"]},
            'CastError: Cast to Array failed for value "[ \'xx\' ]" at path "teamIds"',
            422,
        ),
        (
            {"email": "reader@example.net", "countryCode": "CA", "postalCode": "44100"},
            "Invalid postal code 44100 for the provided country.\n"
            "Either an invalid region code WI was set, or no country was defined.",
            422,
        ),
    ],
)
def test_changes_that_are_refused(
    api: Api, payload: dict[str, Any], message: str, status: int
) -> None:
    given = {"id": id_of(api, "reader@example.net"), "payload": payload}
    error = api.error(UPDATE, {"input": given}, auth=staff("owner")(api.sandbox))
    assert refusal(error) == (message, INNER, status)


@pytest.mark.parametrize(
    ("user_id", "message", "status"),
    [
        (NOBODY, f"No user was found for '{NOBODY}'", 404),
        ("q", 'Cast to ObjectId failed for value "q" at path "_id" for model "app-user"', 500),
        ("", "The path 'params.id' is required.", 400),
    ],
)
def test_ids_that_lead_nowhere(api: Api, user_id: str, message: str, status: int) -> None:
    owner = staff("owner")(api.sandbox)
    given = {"id": user_id, "payload": {"email": "reader@example.net"}}
    assert refusal(api.error(UPDATE, {"input": given}, auth=owner)) == (message, INNER, status)
    impersonate = mutation("impersonateAppUser", "{ user { id } }")
    error = api.error(impersonate, {"input": {"id": user_id}}, auth=owner)
    assert refusal(error) == (message, INNER, status)


def test_what_is_left_out_stays_and_null_clears(api: Api) -> None:
    change = mutation("updateAppUser", "{ givenName countryCode regionCode postalCode city }")
    user_id = id_of(api, "reader@example.net")

    def write(**payload: Any) -> Any:
        given = {"id": user_id, "payload": {"email": "reader@example.net", **payload}}
        return api.data(change, {"input": given}, auth=staff("member")(api.sandbox))[
            "updateAppUser"
        ]

    place = {"countryCode": "US", "regionCode": "WI", "postalCode": "53538"}
    assert write() == {"givenName": "Rita", **place, "city": "Fort Atkinson"}
    moved = write(countryCode="mex", regionCode="jal", postalCode=" 44100 ", city="")
    mexico = {"countryCode": "MX", "regionCode": "JAL", "postalCode": "44100"}
    assert moved == {"givenName": "Rita", **mexico, "city": ""}
    gone = write(countryCode=None, givenName=None)
    nowhere = {"countryCode": None, "regionCode": None, "postalCode": "44100"}
    assert gone == {"givenName": None, **nowhere, "city": ""}


def test_creating_for_somebody_else(api: Api) -> None:
    create = mutation("manageCreateAppUser", "{ email verified accessLevels { name } }")
    owner = staff("owner")(api.sandbox)
    levels = api.data("{ accessLevels { edges { node { id } } } }")["accessLevels"]["edges"]
    given = {"email": " New@Example.net", "accessLevelIds": [levels[0]["node"]["id"]]}
    assert api.data(create, {"input": given}, auth=owner)["manageCreateAppUser"] == {
        "email": "new@example.net",
        "verified": False,
        "accessLevels": [{"name": "Basic"}],
    }
    assert api.error(create, {"input": given}, auth=owner)["message"].startswith("E11000")
    guest = api.error(create, {"input": given}, auth=staff("guest")(api.sandbox))
    assert refusal(guest) == (NO_ROLE, "UNAUTHORIZED", None)


def test_anybody_can_ask_for_a_profile_to_be_verified_again(api: Api) -> None:
    force = mutation("forceProfileReVerificationAppUser", "{ mustReVerifyProfile }")
    given = {"input": {"id": id_of(api, "reader@example.net")}}
    forced = api.data(force, given)["forceProfileReVerificationAppUser"]
    assert forced == {"mustReVerifyProfile": True}
    me = "{ activeAppUser { mustReVerifyProfile } }"
    assert api.data(me, auth=reader(api.sandbox), app=None) == {
        "activeAppUser": {"mustReVerifyProfile": True}
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "email XOR (exclusive or) userId is required!"),
        ({"email": ""}, "email XOR (exclusive or) userId is required!"),
        (
            {"email": "a@b.org", "userId": NOBODY},
            "email XOR (exclusive or) userId is permitted!",
        ),
    ],
)
def test_deleting_takes_either_id_or_address(api: Api, given: dict[str, str], message: str) -> None:
    error = api.error(DELETE, {"input": given}, auth=staff("owner")(api.sandbox))
    assert refusal(error) == (message, "BAD_USER_INPUT", None)


def test_deleting_with_an_id_that_is_none(api: Api) -> None:
    owner = staff("owner")(api.sandbox)
    response = api.post(DELETE, {"input": {"userId": "q"}}, auth=owner)
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == (
        'Variable "$input" got invalid value { userId: "q" }; Expected type ObjectID at '
        "value.userId; Argument passed in must be a single String of 12 bytes or a string of 24 "
        "hex characters"
    )
    elsewhere = id_of(api, "reader@example.net", WEEKLY_APP_ID)
    answer = api.data(DELETE, {"input": {"userId": elsewhere}}, auth=owner)
    assert answer == {"deleteAppUserForCurrentApplication": False}


def test_deleting_from_all_applications(api: Api) -> None:
    delete = mutation("deleteAppUserForCurrentOrg", input_type="DeleteAppUserForCurrentOrgInput")
    daily, weekly = (
        f"AppUser {api.sandbox.app_user_token('reader@example.net', app)}"
        for app in (DAILY_APP_ID, WEEKLY_APP_ID)
    )
    headers = {"x-org-id": ORG_ID}
    owner = staff("owner")(api.sandbox)
    for answer in (True, False):
        given = {"input": {"email": "Reader@example.net"}}
        assert api.data(delete, given, auth=owner, headers=headers) == {
            "deleteAppUserForCurrentOrg": answer
        }
    for header in (daily, weekly):
        assert api.error(ME, auth=header)["message"] == NO_TOKEN


def test_external_ids(api: Api) -> None:
    owner, user_id = staff("owner")(api.sandbox), id_of(api, "reader@example.net")
    omeda = {"provider": "omeda", "tenant": "acme", "type": "customer"}

    def add(value: str, kind: str | None, namespace: dict[str, str]) -> list[str]:
        identifier = {"value": value, "type": kind}
        given = {"userId": user_id, "identifier": identifier, "namespace": namespace}
        answer = api.data(EXTERNAL, {"input": given}, auth=owner)["addAppUserExternalId"]
        return [entry["id"] for entry in answer["externalIds"]]

    assert add("1", "cust", omeda) == ["omeda.acme.customer*1~cust"]
    assert add("2", "cust", omeda) == ["omeda.acme.customer*2~cust"]
    assert add("2", "cust", omeda) == ["omeda.acme.customer*2~cust"]
    assert add("3", None, {"type": "c"}) == ["omeda.acme.customer*2~cust", "_._.c*3"]

    def find(value: str, namespace: dict[str, Any]) -> Any:
        given = {"identifier": {"value": value}, "namespace": namespace}
        return api.data(FIND, {"input": given}, auth=owner)["appUserByExternalId"]

    assert find("2", omeda) == {"email": "reader@example.net"}
    assert find("1", omeda) is None
    assert find("2", {"type": "customer", "tenant": "acme"}) is None
    assert find("3", {"type": "c"}) is None
    assert find("3", {"type": "c", "provider": None, "tenant": None})


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ("a.b", "c", "An invalid namespace character was encountered."),
        ("a", "c*d", "An invalid namespace character was encountered."),
        ("", "c", "The identifier `value` is required."),
        ("a", "_", "The entity namespace `type` is required."),
    ],
)
def test_external_ids_that_are_none(api: Api, value: str, kind: str, message: str) -> None:
    given = {
        "userId": id_of(api, "reader@example.net"),
        "identifier": {"value": value},
        "namespace": {"type": kind},
    }
    error = api.error(EXTERNAL, {"input": given}, auth=staff("owner")(api.sandbox))
    assert refusal(error) == (message, INNER, 500)


def test_attributes(api: Api) -> None:
    auth = reader(api.sandbox)

    def write(**attributes: Any) -> Any:
        given = {"input": {"id": "ignored", "attributes": attributes}}
        answer = api.data(ATTRIBUTES, given, auth=auth)["updateOwnAppUserCustomAttributes"]
        return answer["customAttributes"]

    assert write(a=" x ", b=1, c=[1, None], d="", e=None) == {"a": "x", "b": 1, "c": [1, None]}
    assert write(a="", **{"f.g": False}) == {"b": 1, "c": [1, None], "f": {"g": False}}
    response = api.post(ATTRIBUTES, {"input": {"id": "", "attributes": [1]}}, auth=auth)
    assert response.status_code == 400
    message = response.json()["errors"][0]["message"]
    assert message.endswith("JSONObject cannot represent non-object value: 1")
    change = mutation("updateAppUserCustomAttributes", "{ customAttributes }")
    given = {"input": {"id": id_of(api, "staff@example.org"), "attributes": {"k": "v"}}}
    answer = api.data(change, given, auth=staff("member")(api.sandbox))
    assert answer == {"updateAppUserCustomAttributes": {"customAttributes": {"k": "v"}}}


@pytest.mark.parametrize(
    ("phrase", "options", "count"),
    [
        ("rita", {}, 1),
        ("rita sue", {}, 2),
        ("rita   sue", {}, 2),
        ("Rita Xue", {"position": "exact"}, 1),
        ("ita", {"position": "starts"}, 0),
        ("ITA", {"position": "ends"}, 1),
        (".*", {}, 0),
    ],
)
def test_searching(api: Api, phrase: str, options: dict[str, str], count: int) -> None:
    search = query("matchAppUsers", "{ totalCount }", "MatchAppUsersQueryInput")
    given = {"field": "givenName", "phrase": phrase, **options}
    found = api.data(search, {"input": given}, auth=staff("guest")(api.sandbox))
    assert found == {"matchAppUsers": {"totalCount": count}}


def test_logging_out_with_data(api: Api) -> None:
    logout = mutation("logoutAppUserWithData", "{ email }")
    token = api.sandbox.app_user_token("reader@example.net")
    given = {"input": {"token": token}}
    elsewhere = api.error(logout, given, app=WEEKLY_APP_ID)
    assert elsewhere["message"] == "The requested application ID does not match the token payload"
    assert api.data(logout, given) == {"logoutAppUserWithData": {"email": "reader@example.net"}}
    assert refusal(api.error(logout, given)) == (NO_TOKEN, INNER, 404)


def test_the_other_applications_readers(api: Api) -> None:
    auth = staff("guest")(api.sandbox)
    users = "{ appUsers(input: {}) { edges { node { email } } } }"
    edges = api.data(users, auth=auth, app=WEEKLY_APP_ID)["appUsers"]["edges"]
    assert edges == [{"node": {"email": "reader@example.net"}}]
    answers = "{ activeAppUser { customTextFieldAnswers { value } } }"
    me = reader(api.sandbox)
    assert api.data(answers, auth=me)["activeAppUser"]["customTextFieldAnswers"]
    elsewhere = api.data(answers, auth=me, app=WEEKLY_APP_ID)["activeAppUser"]
    assert elsewhere == {"customTextFieldAnswers": []}
