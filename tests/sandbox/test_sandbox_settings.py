"""Access levels, teams, custom fields, segments and places."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api, refusal
from .documents import ACCESS, CONTEXT, NOBODY, mutation, query, reader, staff

INNER = "INTERNAL_SERVER_ERROR"
MESSAGES = "messages { loggedInNoAccess loggedOutNoAccess }"
SUBSCRIBE = "you must have an active subscription.</p>"
LOG_IN = "you must be logged-in and have an active subscription.</p>"


def ask(api: Api, document: str, who: str = "owner", **given: Any) -> Any:
    auth = staff(who)(api.sandbox)
    return next(iter(api.data(document, {"input": given}, auth=auth).values()))


def fail(api: Api, document: str, **given: Any) -> tuple[str, str, int | None]:
    return refusal(api.error(document, {"input": given}, auth=staff("owner")(api.sandbox)))


def test_levels_get_messages(api: Api) -> None:
    create = mutation("createAccessLevel", f"{{ id name {MESSAGES} }}")
    made = ask(api, create, name=" Gold ")
    assert made["name"] == "Gold"
    assert made["messages"]["loggedInNoAccess"].endswith(SUBSCRIBE)
    assert made["messages"]["loggedOutNoAccess"].endswith(LOG_IN)
    some = ask(api, create, name="x", messages={"loggedInNoAccess": " <p>q</p> "})["messages"]
    assert some["loggedInNoAccess"] == "<p>q</p>"
    assert some["loggedOutNoAccess"].endswith(LOG_IN)
    assert ask(api, create, name="x", messages=None)["messages"] is None
    assert fail(api, create, name=" ") == ("Path `name` is required.", INNER, 422)
    update = mutation("updateAccessLevel", f"{{ name {MESSAGES} }}")
    changed = ask(api, update, id=made["id"], payload={"name": "Gold", "messages": {}})
    assert changed["name"] == "Gold"
    unknown = fail(api, update, id=NOBODY, payload={"name": "x"})
    assert unknown == (f"No access level was found for '{NOBODY}'", INNER, 404)
    given = {"isEnabled": True, "requiredAccessLevelIds": [made["id"]]}
    found = api.data(ACCESS, {"input": given})["checkContentAccess"]
    assert found["messages"]["loggedInNoAccess"].endswith(SUBSCRIBE)
    match = query("matchAccessLevels", "{ totalCount }")
    assert ask(api, match, "guest", field="name", phrase="gol") == {"totalCount": 1}


def test_teams(api: Api) -> None:
    create = mutation("createTeam", "{ id name cidrs ipAddresses domains active }")
    made = ask(api, create, name=" T ", cidrs=["192.0.2.0/24", "2001:db8::1"], domains=["x.org"])
    team_id = made.pop("id")
    networks = ["192.0.2.0/24", "2001:db8::1"]
    assert made == {
        "name": "T", "cidrs": networks, "ipAddresses": networks, "domains": ["x.org"],
        "active": True,
    }  # fmt: skip
    found = api.data(CONTEXT, headers={"x-forwarded-for": "192.0.2.9"})["activeAppContext"]
    assert found["mergedTeams"] == [{"name": "T"}]
    update = mutation("updateTeam", "{ name cidrs domains }")
    emptied = ask(api, update, id=team_id, payload={"name": "T2"})
    assert emptied == {"name": "T2", "cidrs": [], "domains": []}
    match = query("matchTeams", "{ totalCount }")
    assert ask(api, match, "guest", field="name", phrase="T2") == {"totalCount": 1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cidrs": ["300.1.1.1"]}, "Invalid IP Address or CIDR notation 300.1.1.1"),
        ({"cidrs": ["10.1.1.1/40"]}, "Invalid IP Address or CIDR notation 10.1.1.1/40"),
        ({"cidrs": [""]}, "Path `value` is required."),
        ({"domains": ["no domain", "x.org"]}, "Invalid domain name address no domain,x.org"),
        (
            {"accessLevelIds": ["q"]},
            'CastError: Cast to Array failed for value "[ \'q\' ]" at path "accessLevelIds"',
        ),
        ({"name": ""}, "Path `name` is required."),
        ({"domains": None}, "Expected string but received null."),
    ],
)
def test_teams_that_are_refused(api: Api, given: dict[str, Any], message: str) -> None:
    create = mutation("createTeam", "{ id }")
    assert fail(api, create, **{"name": "x", **given}) == (message, INNER, 422)


def test_boolean_fields_have_a_meaning(api: Api) -> None:
    shown = "{ id whenTrue { type value } whenFalse { type value } }"
    made = ask(api, mutation("createBooleanField", shown), name="n", label="l")
    assert made["whenTrue"] == {"type": "BOOLEAN", "value": "true"}
    update = mutation("updateBooleanField", shown)
    changed = ask(
        api, update, id=made["id"], name="n", label="l",
        whenTrue={"type": "FLOAT", "value": "1.50"}, whenFalse={"type": "INTEGER", "value": "x"},
    )  # fmt: skip
    assert changed["whenTrue"] == {"type": "FLOAT", "value": "1.5"}
    assert changed["whenFalse"] == {"type": "INTEGER", "value": "0"}
    answer = mutation(
        "updateOwnAppUserCustomBooleanAnswers", "{ customBooleanFieldAnswers { id answer value } }"
    )
    given = {"input": {"answers": [{"fieldId": made["id"], "value": True}]}}
    user = api.data(answer, given, auth=reader(api.sandbox))["updateOwnAppUserCustomBooleanAnswers"]
    expected = {"id": made["id"], "answer": True, "value": 1.5}
    assert expected in user["customBooleanFieldAnswers"]
    unknown = fail(api, update, id=NOBODY, name="n", label="l")
    assert unknown == (f"No boolean field was found for '{NOBODY}'", INNER, 404)
    text = (
        "field-boolean validation failed: name: Path `name` is required., "
        "label: Path `label` is required."
    )
    create = mutation("createBooleanField", "{ id }")
    assert fail(api, create, name="", label=" ") == (text, INNER, 500)


def test_select_fields(api: Api) -> None:
    shown = """{ id multiple externalId { id } options { id label index externalIdentifier }
      groups { label options { label } } choices { __typename label } }"""
    create, update = mutation("createSelectField", shown), mutation("updateSelectField", shown)
    options = [{"label": " A ", "externalIdentifier": "1"}, {"label": "B", "canWriteIn": True}]
    made = ask(api, create, name="s", label="S", options=options)
    assert [(entry["label"], entry["externalIdentifier"]) for entry in made["options"]] == [
        ("A", None),
        ("B", None),
    ]
    first, second = (entry["id"] for entry in made["options"])
    changed = ask(
        api, update, id=made["id"], name="s", label="S",
        options=[{"id": second, "label": "B"}, {"id": first, "label": "A", "index": 2},
                 {"label": "C", "index": 1}],
        groups=[{"label": "G", "index": 3, "optionIds": [first]}],
        externalId={"identifier": {"value": "5"}, "namespace": {"type": "demo"}},
    )  # fmt: skip
    assert [entry["label"] for entry in changed["options"]] == ["B", "C", "A"]
    assert changed["groups"] == [{"label": "G", "options": [{"label": "A"}]}]
    assert [entry["label"] for entry in changed["choices"]] == ["B", "C", "G"]
    assert changed["choices"][2]["__typename"] == "SelectFieldOptionGroup"
    assert changed["externalId"] == {"id": "_._.demo*5"}
    nothing = fail(api, update, id=made["id"], name="s", label="S", options=[], groups=[])
    text = "The select field options cannot be empty."
    assert nothing == (text, "BAD_USER_INPUT", None)
    foreign = {"id": NOBODY, "label": "q"}
    text = f"No select option found for {NOBODY} in question {made['id']}"
    error = fail(api, update, id=made["id"], name="s", label="S", options=[foreign], groups=[])
    assert error == (text, INNER, 404)


ANSWER = mutation(
    "updateOwnAppUserCustomSelectAnswers",
    "{ customSelectFieldAnswers { hasAnswered answers { label writeInValue } } }",
)


def answered(api: Api, **given: Any) -> Any:
    document = """{ fields { edges { node {
      id name ... on SelectField { options { id label } } } } } }"""
    nodes = api.data(document)["fields"]["edges"]
    job = next(edge["node"] for edge in nodes if edge["node"]["name"] == "Job function")
    ids = {option["label"]: option["id"] for option in job["options"]}
    answer = {
        "fieldId": job["id"],
        "optionIds": [ids.get(label, label) for label in given["chosen"]],
        "writeInValues": [
            {"optionId": ids.get(label, label), "value": text}
            for label, text in given.get("written", {}).items()
        ],
    }
    return api.post(ANSWER, {"input": {"answers": [answer]}}, auth=reader(api.sandbox)).json()


def test_writing_into_options(api: Api) -> None:
    made = answered(api, chosen=["Other", "Sales"], written={"Other": " bees ", "Sales": "no"})
    user = made["data"]["updateOwnAppUserCustomSelectAnswers"]
    assert user["customSelectFieldAnswers"] == [
        {
            "hasAnswered": True,
            "answers": [
                {"label": "Other", "writeInValue": " bees "},
                {"label": "Sales", "writeInValue": None},
            ],
        }
    ]
    unknown = answered(api, chosen=[NOBODY])["data"]["updateOwnAppUserCustomSelectAnswers"]
    assert unknown["customSelectFieldAnswers"] == [{"hasAnswered": False, "answers": []}]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"chosen": ["Other"], "written": {"Other": ""}}, "Path `value` is required."),
        (
            {"chosen": ["xx"]},
            'CastError: Cast to Array failed for value "[ \'xx\' ]" at path "values"',
        ),
        (
            {"chosen": ["Other"], "written": {"zz": "q"}},
            'CastError: Cast to ObjectID failed for value "zz" at path "_id"',
        ),
    ],
)
def test_answers_that_are_refused(api: Api, given: dict[str, Any], message: str) -> None:
    assert refusal(answered(api, **given)["errors"][0]) == (message, INNER, 422)


def test_answers_on_behalf_of_a_reader(api: Api) -> None:
    document = "{ activeAppUser { id customTextFieldAnswers { id } } }"
    me = api.data(document, auth=reader(api.sandbox))["activeAppUser"]
    field_id = me["customTextFieldAnswers"][0]["id"]
    write = mutation("updateAppUserCustomTextAnswers", "{ customTextFieldAnswers { value } }")
    given = {"id": me["id"], "answers": [{"fieldId": field_id, "value": " x "}]}
    assert ask(api, write, "member", **given) == {"customTextFieldAnswers": [{"value": "x"}]}
    unknown = fail(api, write, id=NOBODY, answers=[])
    assert unknown == (f"No user was found for '{NOBODY}'", INNER, 404)


def test_segments(api: Api) -> None:
    create = mutation("createSegment", "{ id name active rules { conditions { id } } }")
    made = ask(api, create, name=" Everybody ", rules=[{"question": NOBODY, "answer": NOBODY}])
    segment_id = made.pop("id")
    assert made == {"name": "Everybody", "active": True, "rules": [{"conditions": []}]}
    auth = reader(api.sandbox)
    mine = "{ activeAppUser { segments { name } } }"
    assert api.data(mine, auth=auth)["activeAppUser"]["segments"] == []
    api.data("mutation { updateOwnAppUser(input: {}) { id } }", auth=auth)
    assert api.data(mine, auth=auth)["activeAppUser"]["segments"] == [{"name": "Everybody"}]
    # A change of address is saved without the answers. Who has to give none stays in.
    given = {"email": "new@example.net", "authUrl": "https://www.example.com/"}
    api.data(mutation("sendOwnAppUserChangeEmailLink"), {"input": given}, auth=auth)
    assert api.data(mine, auth=auth)["activeAppUser"]["segments"] == [{"name": "Everybody"}]
    update = mutation("updateSegment", "{ name active }")
    changed = ask(api, update, id=segment_id, payload={"name": "Nobody", "active": False})
    assert changed == {"name": "Nobody", "active": False}
    assert ask(api, query("matchSegments", "{ totalCount }"), field="name", phrase="no") == {
        "totalCount": 1
    }
    one = query("segment", "{ name context { id } }")
    assert api.data(one, {"input": {"id": segment_id}})["segment"]["context"] is None


def test_places(api: Api) -> None:
    top = api.data("{ localeCountries { id name flag } }")["localeCountries"]
    assert [entry["id"] for entry in top[:4]] == ["US", "CA", "MX", "AF"]
    assert len(top) == 250
    plain = '{ localeCountries(input: { prioritize: ["de", "zz"], withFlag: false }) { id flag } }'
    assert api.data(plain)["localeCountries"][0] == {"id": "DE", "flag": None}
    for code in ("mx", "MEX", "484"):
        document = f'{{ localeCountry(input: {{ code: "{code}" }}) {{ name }} }}'
        assert api.data(document) == {"localeCountry": {"name": "Mexico"}}
    assert api.data('{ localeCountry(input: { code: "zz" }) { name } }')["localeCountry"] is None
    regions = "{ localeRegions(input: { countryCodes: [MX], categories: [Capital] }) { id code } }"
    assert api.data(regions)["localeRegions"] == [{"id": "MX-CMX", "code": "CMX"}]
    assert len(api.data("{ localeRegions { id } }")["localeRegions"]) == 102
    french = '{ localeCountry(input: { code: "DE", lang: "fr" }) { name } }'
    assert api.error(french)["message"].startswith("The sandbox has the names of countries in Eng")


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("{ accessLevels(input: null) { totalCount } }", "sort"),
        ("{ appUser { id } }", "email"),
        ("{ localeCountries(input: null) { id } }", "lang"),
        ("{ localeRegions(input: null) { id } }", "countryCodes"),
    ],
)
def test_an_input_that_is_null(api: Api, document: str, name: str) -> None:
    text = f"Cannot destructure property `{name}` of 'undefined' or 'null'."
    assert refusal(api.error(document)) == (text, INNER, None)
