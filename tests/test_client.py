"""Every method of the client over real HTTP, against the sandbox."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import threading
from collections.abc import Callable, Iterator
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

from django_identityx import process
from django_identityx.addresses import Visitor
from django_identityx.client import IdentityXClient
from django_identityx.credentials import Credential, TokenType, read_claims
from django_identityx.exceptions import (
    ConfigurationError,
    Failing,
    IdentityXError,
    InvalidInput,
    NotFound,
    OperationFailed,
    PermissionDenied,
    Rejected,
    Unavailable,
    Unclear,
    Unreachable,
)
from django_identityx.sandbox import (
    DAILY_APP_ID,
    GONE_APP_ID,
    ORG_ID,
    WEEKLY_APP_ID,
    Sandbox,
    SandboxServer,
)
from django_identityx.users import ApiTokenUser, AppUser, OrgUser

from . import faulty_server as wire
from .faulty_server import FaultyServer
from .leaks import SECRET, assert_no_secret, logged, text_of

CALLBACK = "https://testserver/identityx/callback/"
VISITOR = Visitor("192.0.2.7", "Firefox/1")


@pytest.fixture
def client(sandbox: Sandbox, sandbox_server: SandboxServer) -> IdentityXClient:
    return IdentityXClient(sandbox_server.url, app_id=DAILY_APP_ID, org_id=ORG_ID, timeout=(10, 20))


def at(client: IdentityXClient, app_id: str | None) -> IdentityXClient:
    """The same endpoint on behalf of another application."""
    return IdentityXClient(client._endpoint.transport.url, app_id=app_id, timeout=(10, 20))


def reader(
    sandbox: Sandbox, email: str = "reader@example.net", app: str = DAILY_APP_ID
) -> Credential:
    return Credential(TokenType.APP_USER, sandbox.app_user_token(email, app))


def staff(sandbox: Sandbox, email: str = "owner@example.com") -> Credential:
    return Credential(TokenType.ORG_USER, sandbox.org_user_token(email))


def level_id(client: IdentityXClient, sandbox: Sandbox, name: str) -> str:
    document = "{ accessLevels { edges { node { id name } } } }"
    edges = client.execute(document, credential=staff(sandbox))["accessLevels"]["edges"]
    return next(str(edge["node"]["id"]) for edge in edges if edge["node"]["name"] == name)


def user_id(client: IdentityXClient, sandbox: Sandbox, email: str, app: str = DAILY_APP_ID) -> str:
    return client.active_app_user(reader(sandbox, email, app)).id


# --- Without anybody -------------------------------------------------------------------------


def test_ping(client: IdentityXClient, sandbox: Sandbox) -> None:
    client.ping()
    assert sandbox.count("ping") == 1


def test_from_settings(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_ORG_ID = ORG_ID
    settings.IDENTITYX_TIMEOUT = (0.7, 0.8)
    client = IdentityXClient.from_settings()
    assert (client.app_id, client.org_id) == (DAILY_APP_ID, ORG_ID)
    assert client._endpoint.transport.timeout == (0.7, 0.8)
    client.ping()
    settings.IDENTITYX_AUTHORIZATION_FORMAT = "plain"
    other = IdentityXClient.from_settings(app_id=WEEKLY_APP_ID, org_id="o")
    assert (other.app_id, other.org_id) == (WEEKLY_APP_ID, "o")
    assert other._endpoint.authorization_format == "plain"


def test_from_settings_shares_the_dialect_through_the_cache(sandbox: Sandbox) -> None:
    credential = reader(sandbox)
    IdentityXClient.from_settings().active_app_user(credential)
    process.reset()
    IdentityXClient.from_settings().active_app_user(credential)
    assert [call.authorization for call in sandbox.calls] == [
        "Bearer AppUser",
        "AppUser",
        "AppUser",
    ]


def test_plain_http_elsewhere_only_in_debug(settings) -> None:
    settings.IDENTITYX_API_URL = "http://identityx.internal/graphql"
    with pytest.raises(ConfigurationError):
        IdentityXClient.from_settings()
    settings.DEBUG = True
    IdentityXClient.from_settings()


@pytest.mark.parametrize("app_id", ["5d1b36070ce467bff670a0ff", "nonsense"])
def test_an_application_that_is_not_served(client: IdentityXClient, app_id: str) -> None:
    with pytest.raises(ConfigurationError, match="IDENTITYX_APP_ID"):
        at(client, app_id).ping()


def test_an_application_that_is_gone(client: IdentityXClient) -> None:
    with pytest.raises(ConfigurationError, match="IDENTITYX_APP_ID"):
        at(client, GONE_APP_ID).active_app_context()


def test_without_an_application(client: IdentityXClient, sandbox: Sandbox) -> None:
    nobody = at(client, None)
    for call in (
        nobody.active_app_context,
        lambda: nobody.active_app_user(reader(sandbox)),
        lambda: nobody.create_app_user("new@example.net"),
        lambda: nobody.send_app_user_login_link("reader@example.net", CALLBACK),
        lambda: nobody.login_app_user(sandbox.login_link_token("reader@example.net")),
    ):
        with pytest.raises(ConfigurationError):
            call()


# --- Signing up and in -----------------------------------------------------------------------


def test_create_app_user(client: IdentityXClient, sandbox: Sandbox) -> None:
    user = client.for_visitor(VISITOR).create_app_user("New@Example.net", givenName="Nia")
    assert user.email == "new@example.net"
    assert user.given_name == "Nia"
    assert user.app_id == DAILY_APP_ID
    assert not user.verified
    assert client.create_app_user("new@example.net", givenName="Other").given_name == "Nia"


@pytest.mark.parametrize("email", ["someone@mailinator.com", "someone@example.com"])
def test_create_app_user_with_a_burner_address(client: IdentityXClient, email: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        client.create_app_user(email)
    assert caught.value.detail


def test_create_app_user_with_bad_values(client: IdentityXClient) -> None:
    with pytest.raises(InvalidInput) as caught:
        client.create_app_user("new@example.net", countryCode="ZZ")
    assert "Invalid country code ZZ" in caught.value.detail
    with pytest.raises(OperationFailed):
        client.create_app_user("")


def test_set_app_user_unverified_data(client: IdentityXClient) -> None:
    user = client.set_app_user_unverified_data("unverified@example.net", givenName="Una")
    assert user.given_name == "Una"
    verified = client.set_app_user_unverified_data("reader@example.net", givenName="Other")
    assert verified.given_name == "Rita"
    with pytest.raises(NotFound):
        client.set_app_user_unverified_data("nobody@example.net")


def test_a_link_is_sent_and_redeemed(client: IdentityXClient, sandbox: Sandbox) -> None:
    client.for_visitor(VISITOR).send_app_user_login_link(
        "reader@example.net",
        CALLBACK,
        redirect_to="/next/?a=b&c",
        source="paywall",
        additional_context={"article": 7},
    )
    (mail,) = sandbox.outbox
    assert mail.to == "reader@example.net"
    assert mail.url.startswith(f"{CALLBACK}?token=")
    token = mail.url.partition("token=")[2].partition("&")[0]
    login = client.for_visitor(VISITOR).login_app_user(token)
    assert isinstance(login.user, AppUser)
    assert login.user.email == "reader@example.net"
    assert login.user.app_id == DAILY_APP_ID
    assert login.login_source == "paywall"
    assert login.additional_context == {"article": 7, "source": "paywall"}
    assert login.credential.token_type is TokenType.APP_USER
    assert_no_secret(repr(login), login.credential.token)
    assert client.active_app_user(login.credential) == login.user
    assert read_claims(login.credential.token).iss == DAILY_APP_ID
    for call in list(sandbox.calls)[:2]:
        assert (call.forwarded_for, call.user_agent) == (VISITOR.address, VISITOR.user_agent)


def test_what_is_not_given_is_not_sent() -> None:
    with FaultyServer(wire.graphql({"sendAppUserLoginLink": "ok"})) as server:
        client = IdentityXClient(server.url, app_id=DAILY_APP_ID, timeout=(1, 1))
        client.send_app_user_login_link("reader@example.net", CALLBACK)
        assert server.requests[0].json["variables"] == {
            "input": {"email": "reader@example.net", "authUrl": CALLBACK}
        }


def test_a_link_in_another_language(client: IdentityXClient, sandbox: Sandbox) -> None:
    spanish = "5d1b36070ce467bff670a055"
    client.send_app_user_login_link("reader@example.net", CALLBACK, app_context_id=spanish)
    assert sandbox.outbox[0].subject == "Tu enlace"


def test_a_link_for_nobody(client: IdentityXClient, sandbox: Sandbox) -> None:
    with pytest.raises(NotFound) as caught:
        client.send_app_user_login_link("nobody@example.net", CALLBACK)
    assert "nobody" not in text_of(caught.value)
    assert sandbox.outbox == []


def test_create_and_send(client: IdentityXClient, sandbox: Sandbox) -> None:
    client.for_visitor(VISITOR).create_and_send_app_user_login_link(
        "new@example.net", CALLBACK, redirect_to="/x/", source="s"
    )
    client.create_and_send_app_user_login_link("reader@example.net", CALLBACK)
    assert [mail.to for mail in sandbox.outbox] == ["new@example.net", "reader@example.net"]
    assert "redirectTo=" in sandbox.outbox[0].url
    assert sandbox.count() == 2


def test_create_and_send_to_a_burner_address(client: IdentityXClient, sandbox: Sandbox) -> None:
    for _ in range(2):
        with pytest.raises(InvalidInput):
            client.create_and_send_app_user_login_link("new@mailinator.com", CALLBACK)
    assert sandbox.outbox == []
    assert sandbox.count() == 2


def test_create_and_send_beside_somebody_faster() -> None:
    duplicate = wire.graphql(
        None,
        [
            wire.error(
                "E11000 duplicate key error collection: users",
                "INTERNAL_SERVER_ERROR",
                path=["createAppUser"],
                status=500,
            )
        ],
    )
    created = {"id": "1", "email": "new@example.net"}
    done = wire.graphql({"createAppUser": created, "sendAppUserLoginLink": "ok"})
    with FaultyServer(duplicate, done, duplicate, done, duplicate) as server:
        client = IdentityXClient(server.url, app_id=DAILY_APP_ID, timeout=(1, 1))
        client.create_and_send_app_user_login_link("new@example.net", CALLBACK)
        assert client.create_app_user("new@example.net").id == "1"
        assert len(server.requests) == 4
        with pytest.raises(Unavailable):
            client.create_app_user("new@example.net")
        assert len(server.requests) == 6


def test_links_that_are_no_good(client: IdentityXClient, sandbox: Sandbox) -> None:
    good = sandbox.login_link_token("reader@example.net")
    bad = {
        "expired": sandbox.login_link_token("reader@example.net", age=7200),
        "wrong_application": sandbox.login_link_token("reader@example.net", WEEKLY_APP_ID),
        "wrong_kind": sandbox.org_login_link_token("owner@example.com"),
        "user_gone": sandbox.login_link_token("nobody@example.net"),
        "revoked": sandbox.sign({**payload_of(good), "jti": "unknown"}),
        "invalid": sandbox.sign(payload_of(good), key=b"another"),
    }
    bad_ones = [*bad.items(), ("invalid", "nonsense"), ("invalid", "a.b.c"), ("invalid", SECRET)]
    for reason, token in bad_ones:
        with pytest.raises(Rejected) as caught:
            client.login_app_user(token)
        assert caught.value.reason == reason
        assert_no_secret(text_of(caught.value), *(token.split(".") if len(token) > 20 else ()))
    assert client.login_app_user(good).user.email == "reader@example.net"


def payload_of(token: str) -> Any:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_logout_app_user(client: IdentityXClient, sandbox: Sandbox) -> None:
    credential = reader(sandbox)
    client.for_visitor(VISITOR).logout_app_user(credential.token)
    for call in (
        lambda: client.active_app_user(credential),
        lambda: client.logout_app_user(credential.token),
    ):
        with pytest.raises(Rejected) as caught:
            call()
        assert caught.value.reason == "revoked"


# --- Who it is -------------------------------------------------------------------------------


def test_active_app_user(client: IdentityXClient, sandbox: Sandbox) -> None:
    user = client.active_app_user(reader(sandbox, "subscriber@example.net"))
    assert user.email == "subscriber@example.net"
    assert [level.name for level in user.access_levels] == ["Premium"]
    assert client.active_app_user(reader(sandbox, "banned@example.net")).banned


def test_the_wrong_kind_of_credential_is_our_mistake(
    client: IdentityXClient, sandbox: Sandbox
) -> None:
    with pytest.raises(OperationFailed):
        client.active_app_user(staff(sandbox))
    with pytest.raises(OperationFailed):
        client.active_user(reader(sandbox))


def test_active_user(client: IdentityXClient, sandbox: Sandbox) -> None:
    user = client.active_user(staff(sandbox))
    assert type(user) is OrgUser
    assert user.name == "Olive Owner"
    assert user.role_in(ORG_ID) == "Owner"
    assert user.memberships[0].organization_name == "Acme Media"
    assert user.photo_url.startswith("https://")
    stranger = client.active_user(staff(sandbox, "stranger@example.com"))
    assert stranger.memberships == ()
    assert sandbox.count("activeUser") == 3  # one of them to learn the dialect
    assert sandbox.count("userOrganizations") == 3


def test_memberships_that_are_out_of_reach_are_trouble(
    client: IdentityXClient, sandbox: Sandbox
) -> None:
    credential = staff(sandbox)
    for service in ("membership", "organization"):
        sandbox.set_fault("inner", service=service)
        with pytest.raises(Failing):
            client.active_user(credential)
    sandbox.set_fault("inner", service="membership", message="a new kind of trouble")
    with pytest.raises(Unclear):
        client.active_user(credential)


def test_user_login(client: IdentityXClient, sandbox: Sandbox) -> None:
    client.for_visitor(VISITOR).send_user_login_link("owner@example.com")
    token = sandbox.outbox[0].url.rpartition("/")[2]
    login = client.for_visitor(VISITOR).user_login(token)
    assert login.user.email == "owner@example.com"
    assert login.credential.token_type is TokenType.ORG_USER
    assert client.active_user(login.credential) == login.user
    with pytest.raises(NotFound):
        client.send_user_login_link("nobody@example.com")
    with pytest.raises(Rejected) as caught:
        client.user_login(sandbox.login_link_token("reader@example.net"))
    assert caught.value.reason == "wrong_kind"


def test_api_token(client: IdentityXClient, sandbox: Sandbox) -> None:
    script = client.create_active_user_api_token(staff(sandbox))
    assert script.token_type is TokenType.ORG_USER_API_TOKEN
    assert client.create_active_user_api_token(script) == script
    user = client.active_user(script)
    assert type(user) is ApiTokenUser
    assert user.role_in(ORG_ID) == "Owner"
    with pytest.raises(OperationFailed):
        client.create_active_user_api_token(reader(sandbox))


def test_user_logout(client: IdentityXClient, sandbox: Sandbox) -> None:
    credential = staff(sandbox)
    client.for_visitor(VISITOR).user_logout(credential)
    with pytest.raises(Rejected):
        client.active_user(credential)
    script = Credential(TokenType.ORG_USER_API_TOKEN, sandbox.api_token("owner@example.com"))
    with pytest.raises(OperationFailed):
        client.user_logout(script)
    assert client.active_user(script)
    assert sandbox.count("userLogout") == 1


# --- What they may see -----------------------------------------------------------------------


def test_active_app_context(client: IdentityXClient, sandbox: Sandbox) -> None:
    nobody = client.active_app_context()
    assert (nobody.app_id, nobody.organization_id, nobody.user) == (DAILY_APP_ID, ORG_ID, None)
    assert nobody.access_levels == nobody.teams == ()
    office = client.for_visitor(Visitor("10.1.2.3")).active_app_context()
    assert [level.name for level in office.access_levels] == ["Premium"]
    assert [team.name for team in office.teams] == ["Office network"]
    somebody = client.active_app_context(reader(sandbox, "staff@example.org"))
    assert somebody.user is not None
    assert somebody.user.email == "staff@example.org"
    assert [level.name for level in somebody.access_levels] == ["Basic"]


def test_check_content_access(client: IdentityXClient, sandbox: Sandbox) -> None:
    premium = level_id(client, sandbox, "Premium")
    check: Callable[..., Any] = client.check_content_access
    refused = check(required_access_level_ids=[premium])
    assert not refused.can_access
    assert not refused.is_logged_in
    assert refused.requires_access_level
    assert [level.name for level in refused.required_access_levels] == ["Premium"]
    assert refused.messages["loggedOutNoAccess"] == "<p>Log in for Premium.</p>"
    subscriber = reader(sandbox, "subscriber@example.net")
    assert check(required_access_level_ids=[premium], credential=subscriber).can_access
    somebody = check(required_access_level_ids=[premium], credential=reader(sandbox))
    assert somebody.is_logged_in
    assert not somebody.can_access
    office = client.for_visitor(Visitor("10.1.2.3")).check_content_access(
        required_access_level_ids=[premium]
    )
    assert office.can_access
    assert check(required_access_level_ids=[premium], is_enabled=False).can_access


@pytest.mark.parametrize("value", ["premium", "", "5d1b36070ce467bff67"])
def test_an_id_that_is_none(client: IdentityXClient, sandbox: Sandbox, value: str) -> None:
    for credential in (None, reader(sandbox)):
        with pytest.raises(InvalidInput):
            client.check_content_access(required_access_level_ids=[value], credential=credential)
    with pytest.raises(InvalidInput):
        client.impersonate_app_user(staff(sandbox), value)


def test_s01_public_operations_do_not_answer_for_nobody_where_a_token_is_bad(
    client: IdentityXClient, sandbox: Sandbox
) -> None:
    good = reader(sandbox)
    ended = reader(sandbox)
    sandbox.revoke(ended.token)
    for call in (
        client.active_app_context,
        lambda credential: client.check_content_access(
            required_access_level_ids=[], credential=credential
        ),
    ):
        with pytest.raises(Rejected):
            call(ended)
        with pytest.raises(Rejected):
            call(Credential(TokenType.APP_USER, SECRET))
        with pytest.raises(OperationFailed):
            call(staff(sandbox))
        with pytest.raises(IdentityXError):
            call(reader(sandbox, app=WEEKLY_APP_ID))
        sandbox.set_fault("inner", service="token")
        with pytest.raises(Failing):
            call(good)
        sandbox.clear_fault()
        assert call(good)


# --- Profiles --------------------------------------------------------------------------------


def test_update_own_app_user(client: IdentityXClient, sandbox: Sandbox) -> None:
    credential = reader(sandbox)
    assert client.update_own_app_user(credential, givenName="Ruth").name == "Ruth Reader"
    assert client.update_own_app_user(credential, familyName=None).name == "Ruth"
    with pytest.raises(InvalidInput):
        client.update_own_app_user(credential, countryCode="ZZ")
    with pytest.raises(Rejected):
        client.update_own_app_user(Credential(TokenType.APP_USER, SECRET), givenName="x")


def test_change_email(client: IdentityXClient, sandbox: Sandbox) -> None:
    credential = reader(sandbox)
    client.for_visitor(VISITOR).send_own_app_user_change_email_link(
        credential, " Rita@Example.net ", CALLBACK
    )
    (mail,) = sandbox.outbox
    assert mail.to == "rita@example.net"
    token = mail.url.partition("token=")[2]
    login = client.for_visitor(VISITOR).change_app_user_email(token)
    assert login.user.email == "rita@example.net"
    assert (login.login_source, login.additional_context) == (None, {})
    assert client.active_app_user(login.credential).email == "rita@example.net"
    with pytest.raises(Rejected) as caught:
        client.active_app_user(credential)
    assert caught.value.reason == "user_gone"
    with pytest.raises(Rejected):
        client.change_app_user_email(token)


@pytest.mark.parametrize("email", ["", "rita", "@", "@example.net", "rita@", " @ "])
def test_change_to_what_is_no_address(
    client: IdentityXClient, sandbox: Sandbox, email: str
) -> None:
    with pytest.raises(InvalidInput):
        client.send_own_app_user_change_email_link(reader(sandbox), email, CALLBACK)
    assert sandbox.count("sendOwnAppUserChangeEmailLink") == 0


def test_change_to_the_address_of_somebody_else(client: IdentityXClient, sandbox: Sandbox) -> None:
    for email in ("subscriber@example.net", "reader@example.net"):
        with pytest.raises(OperationFailed):
            client.send_own_app_user_change_email_link(reader(sandbox), email, CALLBACK)


def test_impersonate(client: IdentityXClient, sandbox: Sandbox) -> None:
    subscriber = user_id(client, sandbox, "subscriber@example.net")
    login = client.impersonate_app_user(staff(sandbox, "admin@example.com"), subscriber)
    assert login.user.email == "subscriber@example.net"
    assert client.active_app_user(login.credential) == login.user
    with pytest.raises(PermissionDenied):
        client.impersonate_app_user(staff(sandbox, "member@example.com"), subscriber)


def test_impersonate_somebody_of_another_application(
    client: IdentityXClient, sandbox: Sandbox
) -> None:
    other = user_id(client, sandbox, "reader@example.net", WEEKLY_APP_ID)
    for who in (other, "5d1b36070ce467bff67fffff"):
        with pytest.raises(NotFound):
            client.impersonate_app_user(staff(sandbox), who)
    assert sandbox.count("impersonateAppUser") == 0


# --- Anything else ---------------------------------------------------------------------------


def test_execute(client: IdentityXClient, sandbox: Sandbox) -> None:
    document = "query Find($input: AppUserQueryInput!) { appUser(input: $input) { id email } }"
    found = client.execute(document, {"input": {"email": "reader@example.net"}})
    assert found["appUser"]["email"] == "reader@example.net"
    two = "query A { ping } query B { activeAppContext { hasUser } }"
    assert client.execute(two, operation_name="A") == {"ping": "pong"}
    data = client.execute(
        "{ organizationApplications { id } }", credential=staff(sandbox), org_id=ORG_ID
    )
    assert {entry["id"] for entry in data["organizationApplications"]} >= {DAILY_APP_ID}


def test_execute_on_behalf_of_another_application(
    client: IdentityXClient, sandbox: Sandbox
) -> None:
    document = "{ activeAppContext { application { id } } }"
    data = client.for_visitor(VISITOR).execute(document, app_id=WEEKLY_APP_ID)
    assert data["activeAppContext"]["application"]["id"] == WEEKLY_APP_ID
    assert sandbox.calls[-1].forwarded_for == VISITOR.address


def test_execute_says_whose_fault_it_is(client: IdentityXClient, sandbox: Sandbox) -> None:
    with pytest.raises(OperationFailed):
        client.execute("{ nothing }")
    with pytest.raises(OperationFailed):
        client.execute("{ ping")
    with pytest.raises(OperationFailed) as caught:
        client.execute(
            "mutation ($input: LoginAppUserMutationInput!)"
            " { loginAppUser(input: $input) { user { id } } }",
            {"input": {"token": SECRET, "odd": 1}},
        )
    assert_no_secret(text_of(caught.value))
    with pytest.raises(Rejected):
        client.execute("{ activeUser { id } }", credential=Credential(TokenType.ORG_USER, SECRET))
    with pytest.raises(PermissionDenied):
        client.execute(
            "mutation ($input: CreateAccessLevelMutationInput!)"
            " { createAccessLevel(input: $input) { id } }",
            {"input": {"name": "Gold"}},
            credential=staff(sandbox, "guest@example.com"),
        )


# --- Trouble, for every method ---------------------------------------------------------------

READER = Credential(TokenType.APP_USER, SECRET)
OWNER = Credential(TokenType.ORG_USER, SECRET)
METHODS: dict[str, Callable[[IdentityXClient], object]] = {
    "ping": lambda c: c.ping(),
    "consent_policies": lambda c: c.consent_policies(),
    "check_up": lambda c: c.check_up(TokenType.APP_USER),
    "create_app_user": lambda c: c.create_app_user("a@example.net"),
    "set_app_user_unverified_data": lambda c: c.set_app_user_unverified_data("a@example.net"),
    "send_app_user_login_link": lambda c: c.send_app_user_login_link("a@example.net", CALLBACK),
    "create_and_send_app_user_login_link": lambda c: c.create_and_send_app_user_login_link(
        "a@example.net", CALLBACK
    ),
    "login_app_user": lambda c: c.login_app_user(SECRET),
    "logout_app_user": lambda c: c.logout_app_user(SECRET),
    "active_app_user": lambda c: c.active_app_user(READER),
    "active_app_context": lambda c: c.active_app_context(READER),
    "active_app_context of nobody": lambda c: c.active_app_context(),
    "check_content_access": lambda c: c.check_content_access(
        required_access_level_ids=[], credential=READER
    ),
    "check_content_access of nobody": lambda c: c.check_content_access(
        required_access_level_ids=[]
    ),
    "update_own_app_user": lambda c: c.update_own_app_user(READER, givenName="x"),
    "send_own_app_user_change_email_link": lambda c: c.send_own_app_user_change_email_link(
        READER, "a@example.net", CALLBACK
    ),
    "change_app_user_email": lambda c: c.change_app_user_email(SECRET),
    "impersonate_app_user": lambda c: c.impersonate_app_user(OWNER, "1"),
    "send_user_login_link": lambda c: c.send_user_login_link("a@example.net"),
    "user_login": lambda c: c.user_login(SECRET),
    "active_user": lambda c: c.active_user(OWNER),
    "create_active_user_api_token": lambda c: c.create_active_user_api_token(OWNER),
    "user_logout": lambda c: c.user_logout(OWNER),
    "execute": lambda c: c.execute("{ activeAppUser { id } }", credential=READER),
}

OUTAGE = "request to http://token/ failed, reason: connect ECONNREFUSED 10.0.0.1:80 jwt expired"
TROUBLE: dict[str, tuple[wire.Behaviour, type[Exception]]] = {
    "502 HTML": (wire.html502(), Unreachable),
    "dropped": (wire.drop(), Unreachable),
    "data of another shape": (wire.answer('{"data": []}'), Unreachable),
    "nothing in data": (wire.answer('{"data": {}}'), Unclear),
    "an outage": (wire.graphql(None, [wire.error(OUTAGE)]), Failing),
    "an outage with a status": (
        wire.graphql(None, [wire.error(OUTAGE, "INTERNAL_SERVER_ERROR", status=500)]),
        Failing,
    ),
    "something new": (wire.graphql(None, [wire.error("new", "NEW")]), Unclear),
    "a refused application": (
        wire.graphql(
            None,
            [wire.error('Context creation failed: The application ID "x" is no longer allowed.')],
            status=400,
        ),
        ConfigurationError,
    ),
    "an echo": (wire.echo(), OperationFailed),
}


def test_no_method_is_forgotten() -> None:
    public = {name for name in dir(IdentityXClient) if not name.startswith("_")}
    makers = {"from_settings", "for_visitor", "with_credential"}
    makers |= {"app_users", "access_levels", "teams", "comments", "memberships"}  # test_resources
    makers |= {"application", "organization", "own_profile", "countries", "regions"}
    assert public - makers == {name.partition(" ")[0] for name in METHODS}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema of the sandbox; to describe all of it takes a moment."""
    with SandboxServer(Sandbox(), port=0) as server:
        asking = IdentityXClient(server.url, app_id=DAILY_APP_ID, timeout=(5, 60))
        return build_client_schema(asking.execute(get_introspection_query()))  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_every_document_is_valid(
    method: str, schema: GraphQLSchema, troubled: FaultyServer
) -> None:
    before = len(troubled.requests)
    troubled.script(wire.by(answer_anything))
    asking = IdentityXClient(troubled.url, app_id=DAILY_APP_ID, timeout=(1, 1))
    with contextlib.suppress(Unclear, NotFound):
        METHODS[method](asking)
    sent = troubled.requests[before:]
    assert sent
    for request in sent:
        document = parse(request.json["query"])
        assert not validate(schema, document), request.json["query"]
        (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
        values = get_variable_values(
            schema, list(operation.variable_definitions or ()), request.json["variables"]
        )
        assert not isinstance(values, list), values  # a list is one of errors


def answer_anything(received: wire.Received) -> wire.Behaviour:
    """Each root field as far as the next question needs it."""
    one = {"id": "1"}
    return wire.graphql({"activeAppUser": one, "activeUser": one, "appUserById": one})


@pytest.fixture(scope="module")
def troubled() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


@pytest.mark.sampled(one_in=6)
@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("method", METHODS)
def test_s06_s19_trouble(
    method: str, trouble: str, troubled: FaultyServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    behaviour, expected = TROUBLE[trouble]
    troubled.script(behaviour)
    client = IdentityXClient(troubled.url, app_id=DAILY_APP_ID, timeout=(0.5, 0.5))
    with pytest.raises(expected) as caught:
        METHODS[method](client)
    assert not isinstance(caught.value, Rejected)
    assert_no_secret(text_of(caught.value))
    assert_no_secret(logged(caplog))


VALUES = [None, 1, "x", True, [], [1], {}, {"token": {"value": 7}}, {"token": {"value": "t"}}]


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"execute", "ping"}))
def test_fields_of_another_shape(method: str, troubled: FaultyServer) -> None:
    field = "".join(word.title() for word in method.split(" ")[0].split("_"))
    field = field[0].lower() + field[1:]
    accepts_anything = {"sendAppUserLoginLink", "logoutAppUser", "sendUserLoginLink", "userLogout"}
    accepts_anything |= {"createAndSendAppUserLoginLink", "sendOwnAppUserChangeEmailLink"}
    for value in VALUES:
        troubled.script(
            wire.graphql({field: value, "activeAppUser": {"id": "1"}, "activeUser": {"id": "1"}})
            if field not in ("activeAppUser", "activeUser")
            else wire.graphql({field: value})
        )
        client = IdentityXClient(troubled.url, app_id=DAILY_APP_ID, timeout=(0.5, 0.5))
        if (field in accepts_anything and value is not None) or (
            field == "createActiveUserApiToken" and value == "x"
        ):
            continue
        with pytest.raises((Unclear, NotFound)):
            METHODS[method](client)


def test_one_client_serves_many_threads(client: IdentityXClient, sandbox: Sandbox) -> None:
    emails = ["reader@example.net", "subscriber@example.net", "staff@example.org"]
    answers: list[bool] = []

    def ask(email: str) -> None:
        credential = reader(sandbox, email)
        answers.extend(client.active_app_user(credential).email == email for _ in range(5))

    threads = [threading.Thread(target=ask, args=(email,)) for email in emails * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 30


def test_faults_of_the_sandbox(client: IdentityXClient, sandbox: Sandbox) -> None:
    credential = reader(sandbox)
    client.active_app_user(credential)
    for mode, options, expected in (
        ("html502", {}, Unreachable),
        ("hang", {"seconds": 5}, Unreachable),
        ("drop", {}, Unreachable),
        ("inner", {"service": "token"}, Failing),
        ("inner", {"service": "application"}, Failing),
        ("inner", {"service": "token", "message": "undefined"}, Failing),
        ("inner", {"service": "token", "message": "who knows"}, Unclear),
        ("blocked", {}, ConfigurationError),
        ("blocked", {"disabled": True}, ConfigurationError),
    ):
        sandbox.set_fault(mode, **options)
        quick = IdentityXClient(
            client._endpoint.transport.url, app_id=DAILY_APP_ID, timeout=(0.2, 0.3)
        )
        process.reset()  # or the gate would leave it alone
        with pytest.raises(expected) as caught:
            quick.active_app_user(credential)
        assert not isinstance(caught.value, Rejected)
    sandbox.clear_fault()
    process.reset()
    assert client.active_app_user(credential)
