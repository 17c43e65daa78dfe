"""The resources of the client: users, levels, teams, comments, staff, settings."""

from __future__ import annotations

import contextlib
import dataclasses
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    build_client_schema,
    get_introspection_query,
    parse,
    validate,
)
from graphql.execution import get_variable_values

from django_identityx import client as door
from django_identityx import process
from django_identityx.client import IdentityXClient, OwnProfile
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import (
    ConfigurationError,
    Failing,
    IdentityXError,
    InvalidInput,
    LeftAlone,
    NotAllowed,
    NotFound,
    Rejected,
    Unclear,
    Unreachable,
)
from django_identityx.sandbox import DAILY_APP_ID, ORG_ID, Sandbox, SandboxServer
from django_identityx.users import (
    ConsentPolicy,
    ExternalId,
    ExternalIdentifier,
    ExternalNamespace,
    Profile,
)

from . import faulty_server as wire
from .faulty_server import FaultyServer
from .leaks import SECRET, assert_no_secret, text_of, unsigned
from .test_client import METHODS

TOKEN = unsigned({"sub": "app-user-auth", "iss": DAILY_APP_ID, "jti": "a-secret-one"})
READER = Credential(TokenType.APP_USER, TOKEN)
SCRIPT = Credential(TokenType.ORG_USER_API_TOKEN, SECRET)
ID = "5d1b36070ce467bff670a060"
MANY = 10_000
IDENTIFIER, NAMESPACE = ExternalIdentifier("7"), ExternalNamespace("person", "crm")
SPANISH = {"name": "Spanish", "email": "hola@daily.example", "language": "es-mx"}

RESOURCES: dict[str, Callable[[IdentityXClient], object]] = {
    "app_users.list": lambda c: next(c.app_users.list()),
    "app_users.page": lambda c: c.app_users.page(),
    "app_users.page (phrase)": lambda c: c.app_users.page("a"),
    "app_users.count": lambda c: c.app_users.count(),
    "app_users.match": lambda c: next(c.app_users.match("a", field="given_name")),
    "app_users.get": lambda c: c.app_users.get(ID),
    "app_users.get_by_email": lambda c: c.app_users.get_by_email("a@example.net"),
    "app_users.get_by_external_id": lambda c: c.app_users.get_by_external_id(IDENTIFIER, NAMESPACE),
    "app_users.create": lambda c: c.app_users.create("a@example.net", given_name="A"),
    "app_users.update": lambda c: c.app_users.update(ID, city=None),
    "app_users.ban": lambda c: c.app_users.ban(ID),
    "app_users.delete": lambda c: c.app_users.delete(ID),
    "app_users.add_external_id": lambda c: c.app_users.add_external_id(ID, IDENTIFIER, NAMESPACE),
    "app_users.set_custom_attributes": lambda c: c.app_users.set_custom_attributes(ID, {"a": 1}),
    "app_users.answer": lambda c: c.app_users.answer(ID, booleans={"1": True}),
    "app_users.answer selects": lambda c: c.app_users.answer(
        ID, selects={"1": ["2"], "3": []}, write_ins={"2": "x"}
    ),
    "app_users.answer texts": lambda c: c.app_users.answer(ID, texts={"1": None}),
    "app_users.force_re_verification": lambda c: c.app_users.force_re_verification(ID),
    "access_levels.list": lambda c: next(c.access_levels.list()),
    "access_levels.match": lambda c: next(c.access_levels.match("a")),
    "access_levels.get": lambda c: c.access_levels.get(ID),
    "access_levels.create": lambda c: c.access_levels.create("Gold", logged_in_no_access="no"),
    "access_levels.update": lambda c: c.access_levels.update(ID, name="Gold"),
    "teams.list": lambda c: next(c.teams.list()),
    "teams.match": lambda c: next(c.teams.match("a")),
    "teams.get": lambda c: c.teams.get(ID),
    "teams.create": lambda c: c.teams.create("Lab", cidrs=["10.2.0.0/16"]),
    "teams.update": lambda c: c.teams.update(ID, active=False),
    "comments.list": lambda c: next(
        c.comments.list(statuses=["Flagged"], starting=datetime(2026, 1, 1, tzinfo=UTC))
    ),
    "comments.for_stream": lambda c: next(c.comments.for_stream("page")),
    "comments.page": lambda c: c.comments.page("page"),
    "comments.count": lambda c: c.comments.count("page"),
    "comments.get": lambda c: c.comments.get(ID),
    "comments.create": lambda c: c.comments.create(READER, "page", "text", title="Page"),
    "comments.flag": lambda c: c.comments.flag(ID, credential=READER),
    "comments.approve": lambda c: c.comments.approve(ID),
    "comments.set_body": lambda c: c.comments.set_body(ID, "text"),
    "comments.delete": lambda c: c.comments.delete(ID),
    "comments.match_streams": lambda c: next(c.comments.match_streams("a")),
    "comments.archive": lambda c: c.comments.archive(ID),
    "memberships.list": lambda c: c.memberships.list(),
    "memberships.set_role": lambda c: c.memberships.set_role("a@example.net", "Guest"),
    "memberships.remove": lambda c: c.memberships.remove("a@example.net"),
    "memberships.invitations": lambda c: c.memberships.invitations(),
    "memberships.invite": lambda c: c.memberships.invite("a@example.net"),
    "memberships.cancel_invitation": lambda c: c.memberships.cancel_invitation("a@example.net"),
    "application.get": lambda c: c.application.get(),
    "application.update": lambda c: c.application.update(name="Daily"),
    "application.add_context": lambda c: c.application.add_context(**SPANISH),
    "application.update_context": lambda c: c.application.update_context(ID, **SPANISH),
    "application.remove_context": lambda c: c.application.remove_context(ID),
    "organization.get": lambda c: c.organization.get(),
    "organization.update": lambda c: c.organization.update(name="Acme"),
    "organization.update_company": lambda c: c.organization.update_company(city="Berlin"),
    "organization.add_consent_policy": lambda c: c.organization.add_consent_policy(
        "GDPR", "May we?", ["DE"]
    ),
    "organization.update_consent_policy": lambda c: c.organization.update_consent_policy(
        ConsentPolicy(ID, "GDPR", "May we?"), required=True
    ),
    "organization.remove_consent_policy": lambda c: c.organization.remove_consent_policy(ID),
    "own_profile.get": lambda c: c.own_profile(READER).get(),
    "own_profile.update": lambda c: c.own_profile(READER).update(city="Rome", receive_email=True),
    "own_profile.set_custom_attributes": lambda c: c.own_profile(READER).set_custom_attributes(
        {"a": 1}
    ),
    "own_profile.answer": lambda c: c.own_profile(READER).answer(booleans={"1": True}),
    "own_profile.consent": lambda c: c.own_profile(READER).consent({ID: True}),
    "countries": lambda c: c.countries(),
    "regions": lambda c: c.regions("US"),
}
WITHOUT_STAFF = {"comments.for_stream", "comments.count", "countries", "regions"}
WITHOUT_STAFF |= {name for name in RESOURCES if name.startswith("own_profile")}
WITHOUT_STAFF |= {"comments.create", "comments.flag", "comments.page"}


def test_no_method_is_forgotten() -> None:
    rooms = {
        "app_users": door.AppUsers,
        "access_levels": door.AccessLevels,
        "teams": door.Teams,
        "comments": door.Comments,
        "memberships": door.Memberships,
        "application": door.ApplicationSettings,
        "organization": door.OrganizationSettings,
        "own_profile": OwnProfile,
    }
    methods = {
        f"{room}.{name}"
        for room, resource in rooms.items()
        for name in dir(resource)
        if not name.startswith("_")
    }
    assert methods | {"countries", "regions"} == {name.partition(" ")[0] for name in RESOURCES}


# --- A service that answers enough for the next question -------------------------------------

PERSON = {"id": "1", "email": "a@example.net", "accessLevels": [{"id": "p", "name": "Premium"}]}
PERSON |= {"teams": [{"id": "t", "name": "Office"}], "forceProfileReVerification": True}
LEVEL = {"id": ID, "name": "Gold", "description": "old", "messages": {"loggedInNoAccess": "no"}}
TEAM = {"id": ID, "name": "Office", "active": True, "cidrs": ["10.1.0.0/16"], "domains": ["a.test"]}
TEAM |= {"accessLevels": [{"id": "p", "name": "Premium"}]}
APPLICATION = {"id": DAILY_APP_ID, "name": "Daily", "language": "en-us", "email": "a@daily.example"}
APPLICATION |= {
    "loginLinkTemplate": {"subject": "Your link"},
    "contexts": [{"id": ID, "name": "Old", "language": "fr-ca", "email": "b@daily.example"}],
}
ORGANIZATION = {"id": ORG_ID, "name": "Acme", "consentPolicy": "yes", "appUserAllowedStaleDays": 7}
ORGANIZATION |= {"company": {"id": "c", "name": "Acme LLC", "city": "Bonn"}}
READ_FIRST = {
    "appUserById": PERSON,
    "accessLevel": LEVEL,
    "team": TEAM,
    "activeApplication": APPLICATION,
    "activeOrganization": ORGANIZATION,
    "activeAppUser": PERSON,
    "activeUser": {"id": "1"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


def at(server: FaultyServer, *behaviours: wire.Behaviour) -> IdentityXClient:
    server.script(*behaviours)
    server.requests.clear()
    process.reset()  # or the gate would know of the trouble before
    return IdentityXClient(
        server.url, app_id=DAILY_APP_ID, org_id=ORG_ID, credential=SCRIPT, timeout=(5, 5)
    )


def sent(server: FaultyServer) -> dict[str, Any]:
    """The input of the last request."""
    found: dict[str, Any] = server.requests[-1].json["variables"]["input"]
    return found


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    with SandboxServer(Sandbox(), port=0) as sandbox_server:
        asking = IdentityXClient(sandbox_server.url, app_id=DAILY_APP_ID, timeout=(5, 60))
        return build_client_schema(asking.execute(get_introspection_query()))  # type: ignore[arg-type]


@pytest.mark.sampled(one_in=2)
@pytest.mark.parametrize("name", RESOURCES)
def test_every_document_is_valid(name: str, server: FaultyServer, schema: GraphQLSchema) -> None:
    client = at(server, wire.graphql(READ_FIRST))
    with contextlib.suppress(Unclear, NotFound):
        RESOURCES[name](client)
    assert server.requests
    for request in server.requests:
        document = parse(request.json["query"])
        assert not validate(schema, document), request.json["query"]
        (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
        values = get_variable_values(
            schema, list(operation.variable_definitions or ()), request.json["variables"]
        )
        assert not isinstance(values, list), values  # a list is one of errors


# --- Trouble ---------------------------------------------------------------------------------

OUTAGE = "request to http://application/ failed, reason: connect ECONNREFUSED 10.0.0.1:80"
ANSWERS: dict[str, tuple[wire.Behaviour, type[Exception]]] = {
    "an outage": (wire.graphql(None, [wire.error(OUTAGE)]), Failing),
    "something new": (wire.graphql(None, [wire.error("new", "NEW")]), Unclear),
    "an unknown id": (
        wire.graphql(
            None, [wire.error("No user was found for 'x'", "INTERNAL_SERVER_ERROR", status=404)]
        ),
        NotFound,
    ),
    "a refused value": (
        wire.graphql(
            None, [wire.error("Invalid country code ZZ", "INTERNAL_SERVER_ERROR", status=422)]
        ),
        InvalidInput,
    ),
    "a role that is too small": (
        wire.graphql(None, [wire.error("No.", "UNAUTHORIZED")]),
        NotAllowed,
    ),
}


@pytest.mark.parametrize("trouble", ANSWERS)
def test_whose_fault_it_is(trouble: str, server: FaultyServer) -> None:
    behaviour, expected = ANSWERS[trouble]
    for name, call in RESOURCES.items():
        plain = {"authorization_format": "plain"}  # no question before
        client = at(server, behaviour)
        client = IdentityXClient(
            server.url, app_id=DAILY_APP_ID, org_id=ORG_ID, credential=SCRIPT, **plain
        )
        with pytest.raises(expected) as caught:
            call(client)
        assert type(caught.value) is expected, name
        assert_no_secret(text_of(caught.value))


@pytest.mark.sampled(one_in=3)
@pytest.mark.parametrize("value", [1, "x", True, [1], {}, {"id": 7}, {"edges": [{"node": 1}]}])
def test_another_shape_is_no_answer(value: object, server: FaultyServer) -> None:
    for name, call in RESOURCES.items():
        if name.endswith((".delete", ".remove", ".invite", ".cancel_invitation")):
            continue  # these answer nothing that is read
        field = wire.by(
            lambda received: wire.graphql(
                dict.fromkeys(READ_FIRST, value)
                | {(received.json["operationName"] or "x"): value}
                | {_root(received.json["query"]): value}
            )
        )
        client = at(server, field)
        client = IdentityXClient(
            server.url, app_id=DAILY_APP_ID, credential=SCRIPT, authorization_format="plain"
        )
        with pytest.raises((Unclear, NotFound)):
            call(client)


def _root(query: str) -> str:
    selection = parse(query).definitions[0].selection_set.selections[0]  # type: ignore[union-attr]
    return str(selection.name.value)  # type: ignore[union-attr]


def test_nobody_has_a_credential(server: FaultyServer) -> None:
    at(server, wire.graphql({}))
    client = IdentityXClient(server.url, app_id=DAILY_APP_ID, org_id=ORG_ID)
    for name in sorted(set(RESOURCES) - WITHOUT_STAFF):
        with pytest.raises(ConfigurationError, match="IDENTITYX_API_TOKEN"):
            RESOURCES[name](client)
    assert server.requests == []


def test_the_sites_own_token_is_refused(server: FaultyServer, settings) -> None:
    """A visitor's request may be the one that finds out, and can't help it."""
    revoked = wire.failed("appUsers", "No token was found for the provided token identifier.")
    at(server, revoked)
    settings.IDENTITYX_API_URL = server.url
    settings.IDENTITYX_API_TOKEN = SECRET
    client = IdentityXClient.from_settings()
    assert client.credential == SCRIPT
    with pytest.raises(ConfigurationError, match="IDENTITYX_API_TOKEN") as caught:
        client.app_users.count()
    assert_no_secret(text_of(caught.value))
    with pytest.raises(Rejected):
        client.with_credential(SCRIPT).app_users.count()


# --- Pages -----------------------------------------------------------------------------------


def pages(received: wire.Received) -> wire.Behaviour:
    """``MANY`` users of about 1 KB each."""
    if not received.json["variables"]:
        return wire.graphql({"activeUser": {"id": "1"}})
    asked = received.json["variables"]["input"]["pagination"]
    first = int(asked.get("after", 0))
    last = min(first + asked["limit"], MANY)
    nodes = [{"id": str(n), "email": "a@x.test", "city": "x" * 1000} for n in range(first, last)]
    info = {"hasNextPage": last < MANY, "endCursor": str(last)}
    edges = [{"node": node} for node in nodes]
    return wire.graphql({"appUsers": {"edges": edges, "pageInfo": info}})


@pytest.mark.slow
def test_10000_users_hold_one_page_in_memory(server: FaultyServer) -> None:
    client = at(server, wire.by(pages))
    next(client.app_users.list())  # what is made once is not counted
    server.requests.clear()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        seen = 0
        for user in client.app_users.list(page_size=100):
            assert user.id == str(seen)
            seen += 1
            server.requests.clear()  # the test's own memory
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert seen == MANY
    assert peak < 2 * 2**20, peak


def test_pages_are_asked_for_as_they_are_needed(server: FaultyServer) -> None:
    client = at(server, wire.by(pages))
    users = client.app_users.list(order="created_at", page_size=10)
    for _ in range(10):
        next(users)
    asked = [r.json["variables"]["input"] for r in server.requests if r.json["variables"]]
    assert asked == [{"pagination": {"limit": 10}, "sort": {"field": "createdAt", "order": "asc"}}]
    next(users)
    assert sent(server)["pagination"] == {"limit": 10, "after": "10"}


def test_a_cursor_that_leads_back_is_trouble(server: FaultyServer) -> None:
    edges = [{"node": {"id": "1", "email": "a@example.net"}}, {"node": None}]
    page = {"edges": edges, "pageInfo": {"hasNextPage": True, "endCursor": "x"}}
    client = at(server, wire.graphql({"appUsers": page, "activeUser": {"id": "1"}}))
    with pytest.raises((Unclear, NotFound)):
        list(client.app_users.list())
    assert len(server.requests) < 5


# --- What an update sends back ---------------------------------------------------------------


def test_an_update_of_a_user_resets_nothing(server: FaultyServer) -> None:
    client = at(server, wire.graphql({**READ_FIRST, "updateAppUser": PERSON}))
    client.app_users.update(ID, city="Rome", phone_number=None)
    assert sent(server) == {
        "id": ID,
        "payload": {
            "email": "a@example.net",
            "accessLevelIds": ["p"],
            "teamIds": ["t"],
            "forceProfileReVerification": True,
            "city": "Rome",
            "phoneNumber": None,
        },
    }
    client.app_users.update(
        ID, access_level_ids=(), team_ids=["u"], force_profile_re_verification=False, email="b@x.y"
    )
    assert sent(server)["payload"] == {
        "email": "b@x.y",
        "accessLevelIds": [],
        "teamIds": ["u"],
        "forceProfileReVerification": False,
    }


def test_an_update_of_a_level_resets_nothing(server: FaultyServer) -> None:
    client = at(server, wire.graphql({**READ_FIRST, "updateAccessLevel": LEVEL}))
    client.access_levels.update(ID, logged_out_no_access="sign in")
    assert sent(server)["payload"] == {
        "name": "Gold",
        "description": "old",
        "messages": {"loggedInNoAccess": "no", "loggedOutNoAccess": "sign in"},
    }


def test_an_update_of_a_team_resets_nothing(server: FaultyServer) -> None:
    client = at(server, wire.graphql({**READ_FIRST, "updateTeam": TEAM}))
    client.teams.update(ID, domains=[])
    assert sent(server)["payload"] == {
        "name": "Office",
        "description": "",
        "active": True,
        "cidrs": ["10.1.0.0/16"],
        "domains": [],
        "accessLevelIds": ["p"],
    }


def test_an_update_of_settings_resets_nothing(server: FaultyServer) -> None:
    answers = {
        **READ_FIRST,
        "updateApplication": APPLICATION,
        "updateApplicationContext": APPLICATION,
        "updateOrganization": ORGANIZATION,
        "setOrganizationCompanyInfo": ORGANIZATION,
    }
    client = at(server, wire.graphql(answers))
    client.application.update(description="news")
    assert sent(server)["payload"]["email"] == "a@daily.example"
    assert sent(server)["payload"]["loginLinkTemplate"]["subject"] == "Your link"
    client.application.update_context(ID, name="New")
    assert sent(server)["payload"]["name"] == "New"
    assert sent(server)["payload"]["language"] == "fr-ca"
    client.organization.update(description="news")
    assert sent(server)["payload"]["consentPolicy"] == "yes"
    assert sent(server)["payload"]["appUserAllowedStaleDays"] == 7
    client.organization.update_company(name="Acme Inc")
    assert sent(server)["company"]["city"] == "Bonn"


def test_an_answer_is_taken_back_only_if_it_says_so(server: FaultyServer) -> None:
    client = at(server, wire.graphql({**READ_FIRST, "updateAppUserCustomSelectAnswers": PERSON}))
    client.app_users.answer(ID, selects={"1": [], "2": ["3"]}, write_ins={"3": "other"})
    first, second = sent(server)["answers"]
    assert (first["optionIds"], first["forceUnset"]) == ([], True)
    assert second["writeInValues"] == [{"optionId": "3", "value": "other"}]
    assert second["forceUnset"] is False


def test_nothing_to_answer_asks_only(server: FaultyServer) -> None:
    client = at(server, wire.graphql(READ_FIRST))
    assert client.app_users.answer(ID).email == "a@example.net"
    assert not any("mutation" in r.json["query"] for r in server.requests)


# --- What a profile has ----------------------------------------------------------------------


def test_a_profile(server: FaultyServer) -> None:
    field = {"id": "f", "name": "Newsletter", "label": "Mail me", "required": True, "active": True}
    answer = {
        **PERSON,
        "city": "Rome",
        "countryCode": "IT",
        "mustReVerifyProfile": True,
        "lastLoggedIn": 1767225600123,
        "customAttributes": {"a": [1]},
        "customBooleanFieldAnswers": [{"field": field, "answer": False}],
        "customSelectFieldAnswers": [{"field": {**field, "multiple": True}, "answers": []}],
        "customTextFieldAnswers": [{"field": field, "value": None}],
        "externalIds": [{"id": "e", "identifier": {"value": "7"}, "namespace": {"type": "person"}}],
        "regionalConsentAnswers": [
            {
                "id": "g",
                "given": True,
                "date": 0,
                "policy": {
                    "id": "g",
                    "name": "GDPR",
                    "countries": [{"id": "DE", "name": "Germany"}],
                },
            }
        ],
    }
    user = at(server, wire.graphql({**READ_FIRST, "appUserById": answer})).app_users.get(ID)
    profile = user.profile
    assert isinstance(profile, Profile)
    assert (user.city, user.country_code, user.street) == ("Rome", "IT", "")
    assert user.must_re_verify_profile
    assert profile.last_logged_in == datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=UTC)
    assert profile.last_logged_in.tzinfo is UTC
    assert profile.created_at is None
    assert profile.custom_attributes == {"a": [1]}
    assert profile.custom_boolean_field_answers[0].answer is False
    assert profile.custom_boolean_field_answers[0].field.label == "Mail me"
    assert profile.custom_select_field_answers[0].field.multiple
    assert profile.custom_text_field_answers[0].value == ""
    assert profile.external_ids == (
        ExternalId("e", ExternalIdentifier("7"), ExternalNamespace("person")),
    )
    assert profile.regional_consent_answers[0].policy.countries[0].name == "Germany"
    with pytest.raises(dataclasses.FrozenInstanceError):
        profile.created_at = None  # type: ignore[misc]


def test_a_verdict_asks_for_no_profile(server: FaultyServer) -> None:
    user = at(server, wire.graphql(READ_FIRST)).active_app_user(READER)
    assert user.profile is None
    assert "customAttributes" not in server.requests[-1].json["query"]


@pytest.mark.parametrize("value", ["1767225600", 1.5, True, [], 10**18, -(10**18)])
def test_a_date_that_is_none(value: object, server: FaultyServer) -> None:
    person = {**PERSON, "createdAt": value}
    client = at(server, wire.graphql({**READ_FIRST, "appUserById": person}))
    with pytest.raises(Unclear):
        client.app_users.get(ID)


def test_the_organization_is_the_applications_own_by_default(server: FaultyServer) -> None:
    acme = {"id": ORG_ID, "name": "Acme"}
    context = {"application": {"id": DAILY_APP_ID, "organization": acme}}
    at(
        server,
        wire.graphql({"activeAppContext": context, "organizationUsers": [], "activeUser": {}}),
    )
    client = IdentityXClient(server.url, app_id=DAILY_APP_ID, credential=SCRIPT)
    memberships = client.memberships
    assert memberships.list() == memberships.list() == ()
    asked = [r for r in server.requests if "activeAppContext" in r.json["query"]]
    assert len(asked) == 1
    assert server.requests[-1].headers["x-org-id"] == ORG_ID


def test_errors_are_of_one_family() -> None:
    for kind in (NotFound, NotAllowed, InvalidInput):
        assert issubclass(kind, IdentityXError)


def test_everything_goes_through_the_gate(server: FaultyServer) -> None:
    client = at(server, wire.drop())
    for _ in range(3):
        with pytest.raises(Unreachable):
            client.ping()
    server.requests.clear()
    for name, call in {**METHODS, **RESOURCES}.items():
        with pytest.raises(LeftAlone):
            call(client)
        assert server.requests == [], name
