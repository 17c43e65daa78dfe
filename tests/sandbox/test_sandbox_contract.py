"""The sandbox fails as IdentityX does: a row for each way that a client has to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from django_identityx.sandbox import DAILY_APP_ID, GONE_APP_ID, ORG_ID, WEEKLY_APP_ID

from .conftest import ME, STAFF, Api
from .documents import (
    ACCESS,
    APPLICATIONS,
    CAST,
    CHANGE,
    CONTEXT,
    CREATE,
    IMPERSONATE,
    LOGIN,
    LOGIN_STAFF,
    LOGOUT,
    NO_APP,
    NO_AUTH,
    NO_ORG,
    NO_ROLE,
    NO_TOKEN,
    NOBODY,
    SEND,
    SEND_CHANGE,
    SEND_STAFF,
    UNVERIFIED,
    URL,
    USERS,
    WRONG_KIND,
    WRONG_SUBJECT,
    WRONG_TYPE,
    Auth,
    credential,
    forged,
    known,
    raw,
    reader,
    revoked,
    script,
    staff,
)


@dataclass(frozen=True)
class Row:
    """A request that fails, and how."""

    name: str
    query: str
    message: str
    code: str = "INTERNAL_SERVER_ERROR"
    status_code: int | None = None
    variables: Any = None
    auth: Auth = None
    app: str | None = DAILY_APP_ID
    headers: dict[str, str] = field(default_factory=dict)
    http: int = 200

    def __str__(self) -> str:
        return self.name


def signed_in(name: str, message: str, auth: Auth, code: str = "UNAUTHENTICATED") -> Row:
    return Row(f"credential: {name}", ME, message, code, auth=auth)


def send(name: str, message: str, status: int | None, **data: Any) -> Row:
    given = {"email": "reader@example.net", "authUrl": URL, **data}
    return Row(f"send link: {name}", SEND, message, status_code=status, variables={"input": given})


def create(name: str, message: str, **data: Any) -> Row:
    return Row(f"create: {name}", CREATE, message, status_code=422, variables={"input": {**data}})


ROWS = (
    signed_in("none", NO_AUTH, None, "BAD_USER_INPUT"),
    signed_in("empty header", NO_AUTH, "", "BAD_USER_INPUT"),
    signed_in("prefix alone", "The path 'params.token' is required.", "AppUser"),
    signed_in(
        "two blanks", "The path 'params.token' is required.", lambda s: reader(s).replace(" ", "  ")
    ),
    signed_in("documented dialect", WRONG_TYPE, lambda s: f"Bearer {reader(s)}"),
    signed_in("lower case", WRONG_TYPE, lambda s: reader(s).replace("AppUser", "appuser")),
    signed_in("a tab", WRONG_TYPE, lambda s: reader(s).replace(" ", "\t")),
    signed_in("bare token", WRONG_TYPE, lambda s: reader(s).split()[1]),
    signed_in("not a JWT", "jwt malformed", "AppUser garbage"),
    signed_in("four parts", "jwt malformed", "AppUser a.b.c.d"),
    signed_in("three parts of nonsense", "invalid token", "AppUser a.b.c"),
    signed_in("payload of HTML", "Unexpected token < in JSON at position 0", raw("<html>")),
    signed_in("payload cut off", "Unexpected end of JSON input", raw('{"aud": "reader')),
    signed_in("payload with NaN", "Unexpected token N in JSON at position 7", raw('{"exp":NaN}')),
    signed_in("bad signature", "invalid signature", forged(key=b"another")),
    signed_in("alg none", "jwt signature is required", forged({"alg": "none", "typ": "JWT"})),
    signed_in("alg HS512", "invalid algorithm", forged({"alg": "HS512", "typ": "JWT"})),
    signed_in("past exp", "jwt expired", forged(exp=1)),
    signed_in("before nbf", "jwt not active", forged(nbf=9_999_999_999)),
    signed_in("nbf before exp", "jwt not active", forged(nbf=9_999_999_999, exp=1)),
    signed_in("odd exp", "invalid exp value", forged(exp="soon")),
    signed_in("odd nbf", "invalid nbf value", forged(nbf=True)),
    signed_in("unknown jti", NO_TOKEN, forged()),
    signed_in("logged out", NO_TOKEN, revoked),
    signed_in(
        "login link",
        WRONG_SUBJECT,
        lambda s: f"AppUser {s.login_link_token('reader@example.net')}",
    ),
    signed_in(
        "another kind", WRONG_SUBJECT, lambda s: f"AppUser {s.org_user_token('owner@example.com')}"
    ),
    signed_in(
        "user gone",
        "No user was found for 'gone@example.net'",
        lambda s: f"AppUser {s.app_user_token('gone@example.net')}",
    ),
    signed_in(
        "capitals",
        "The user email does not match the token email.",
        known(aud="Reader@Example.net"),
    ),
    signed_in("no aud", "No email address was provided in the token payload", known(aud=None)),
    signed_in("no iss", "No application ID was provided in the token payload", known(iss=None)),
    signed_in("an OrgUser", WRONG_KIND, staff("owner")),
    Row("staff: an AppUser", STAFF, WRONG_KIND, "UNAUTHENTICATED", auth=reader),
    Row("staff: none", STAFF, NO_AUTH, "BAD_USER_INPUT"),
    Row("staff: garbage", STAFF, "jwt malformed", "UNAUTHENTICATED", auth="OrgUser x"),
    Row(
        "staff: a script's token as OrgUser",
        STAFF,
        WRONG_SUBJECT,
        "UNAUTHENTICATED",
        auth=lambda s: script(s).replace("OrgUserApiToken", "OrgUser"),
    ),
    Row("application: no id", "{ activeApplication { id } }", NO_APP, "BAD_USER_INPUT", app=None),
    Row(
        "application: record gone",
        "{ activeApplication { id } }",
        NO_APP,
        "BAD_USER_INPUT",
        app=GONE_APP_ID,
    ),
    Row(
        "application: not served",
        "{ ping }",
        f'Context creation failed: The application ID "{NOBODY}" is no longer allowed.',
        "FORBIDDEN",
        app=NOBODY,
        http=400,
    ),
    Row(
        "application: no id at all",
        "{ ping }",
        'Context creation failed: The application ID "not-an-id" is no longer allowed.',
        "FORBIDDEN",
        app="not-an-id",
        http=400,
    ),
    Row(
        "application: unknown",
        '{ application(input: { id: "000000000000000000000000" }) { id } }',
        "Cannot return null for non-nullable field Query.application.",
    ),
    Row(
        "application: malformed",
        '{ application(input: { id: "nope" }) { id } }',
        f'{CAST} "application"',
        status_code=500,
    ),
    Row(
        "context: token of another application",
        CONTEXT,
        "The provided application context does not match the app for the user.",
        "BAD_USER_INPUT",
        auth=reader,
        app=WEEKLY_APP_ID,
    ),
    *(
        Row(
            f"context: address {address}",
            CONTEXT,
            "ipaddr: the address has neither IPv6 nor IPv4 format",
            status_code=500,
            headers={"x-forwarded-for": address},
        )
        for address in ("unknown", "203.0.113.7:1234", "fe80::1%eth0")
    ),
    Row(
        "access: malformed level",
        ACCESS,
        f'{CAST} "access-level"',
        status_code=500,
        variables={"input": {"isEnabled": True, "requiredAccessLevelIds": ["nope"]}},
    ),
    send("unknown", "No user was found for ' No@example.net'", 404, email=" No@example.net"),
    send("no address", "The path 'params.email' is required.", 400, email=""),
    send("no url", "The path 'params.authUrl' is required.", 400, authUrl=""),
    *(
        Row(
            f"{name}: {case}",
            query,
            message,
            status_code=status,
            variables={"input": {"token": token}},
        )
        for name, query in (
            ("login", LOGIN),
            ("logout", LOGOUT),
            ("change", CHANGE),
            ("staff login", LOGIN_STAFF),
        )
        for case, token, message, status in (
            ("garbage", "garbage", "jwt malformed", 422),
            ("nonsense", "a.b.c", "invalid token", 500),
            ("empty", "", "The path 'params.token' is required.", 400),
        )
    ),
    create("burner", 'The email domain "example.com" is not allowed. '
           "Please enter a valid email address.", email="a@example.com"),
    create("no address", "Invalid email address x\nPath `domain` is required.", email="x"),
    create("no dot", "Invalid email address x@y", email="x@y"),
    create("country", "Invalid country code XX", email="a@b.example", countryCode="xx"),
    create(
        "region and country",
        "Either an invalid region code WI was set, or no country was defined.\n"
        "Invalid country code ZZ",
        email="a@b.example",
        countryCode="ZZ",
        regionCode="WI",
    ),
    create(
        "postal code",
        "Invalid postal code ABC for the provided country.",
        email="a@b.example",
        countryCode="US",
        postalCode="ABC",
    ),
    create("existing", "Invalid country code XX", email="reader@example.net", countryCode="XX"),
    Row(
        "unverified data: unknown",
        UNVERIFIED,
        "No user was found for 'no@example.net'",
        status_code=404,
        variables={"input": {"email": "no@example.net"}},
    ),
    *(
        Row(
            f"change of address: {name}",
            SEND_CHANGE,
            message,
            status_code=status,
            variables={"input": {"email": email, "authUrl": URL}},
            auth=reader,
            app=app,
        )
        for name, email, message, status, app in (
            (
                "burner",
                "x@mailinator.com",
                'The email domain "mailinator.com" is not allowed. '
                "Please use a valid email address.",
                422,
                DAILY_APP_ID,
            ),
            (
                "no domain",
                "x",
                "Cannot read property 'toLowerCase' of undefined",
                500,
                DAILY_APP_ID,
            ),
            (
                "the same",
                "reader@example.net",
                "New email must be different from current email.",
                400,
                DAILY_APP_ID,
            ),
            (
                "taken",
                "subscriber@example.net",
                "The email address subscriber@example.net cannot be used. XAVF",
                400,
                DAILY_APP_ID,
            ),
            ("no app", "r@b.example", "The path 'params.applicationId' is required.", 400, None),
        )
    ),
    Row(
        "staff link: unknown",
        SEND_STAFF,
        "No user was found for 'no@example.com'",
        status_code=404,
        variables={"input": {"email": "no@example.com"}},
    ),
    Row(
        "staff link: empty",
        SEND_STAFF,
        "The path 'params.email' is required.",
        status_code=400,
        variables={"input": {"email": ""}},
    ),
    Row("staff logout: script", "mutation { userLogout }", WRONG_SUBJECT, status_code=400,
        auth=script),
    Row("staff logout: reader", "mutation { userLogout }", WRONG_KIND, "UNAUTHENTICATED",
        auth=reader),
    Row("organization: none", APPLICATIONS, NO_ORG, "BAD_USER_INPUT", auth=staff("owner")),
    Row("organization: before the token", APPLICATIONS, NO_ORG, "BAD_USER_INPUT", auth="OrgUser x"),
    Row(
        "organization: unknown",
        APPLICATIONS,
        NO_ORG,
        "BAD_USER_INPUT",
        auth=staff("owner"),
        headers={"x-org-id": NOBODY},
    ),
    Row(
        "organization: malformed",
        APPLICATIONS,
        f'{CAST} "organization"',
        status_code=500,
        auth=staff("owner"),
        headers={"x-org-id": "nope"},
    ),
    Row(
        "organization: no member",
        APPLICATIONS,
        NO_ROLE,
        "UNAUTHORIZED",
        auth=staff("stranger"),
        headers={"x-org-id": ORG_ID},
    ),
    Row("users: no app", USERS, NO_APP, "BAD_USER_INPUT", app=None, variables={"input": {}},
        auth=staff("owner")),
    Row("users: nobody", USERS, NO_AUTH, "BAD_USER_INPUT", variables={"input": {}}),
    Row("users: reader", USERS, WRONG_KIND, "UNAUTHENTICATED", variables={"input": {}},
        auth=reader),
    Row("users: stranger", USERS, NO_ROLE, "UNAUTHORIZED", variables={"input": {}},
        auth=staff("stranger")),
    Row(
        "users: cursors of edges",
        "{ appUsers(input: {}) { edges { cursor } } }",
        "Cannot return null for non-nullable field AppUserEdge.cursor.",
        auth=staff("owner"),
    ),
    *(
        Row(
            f"impersonation: {name}",
            IMPERSONATE,
            message,
            code,
            status,
            variables={"input": {"id": value}},
            auth=auth,
        )
        for name, message, code, status, value, auth in (
            ("member", NO_ROLE, "UNAUTHORIZED", None, NOBODY, staff("member")),
            ("guest", NO_ROLE, "UNAUTHORIZED", None, NOBODY, staff("guest")),
            (
                "malformed",
                f'{CAST} "app-user"',
                "INTERNAL_SERVER_ERROR",
                500,
                "nope",
                staff("admin"),
            ),
        )
    ),
    Row(
        "level: guest",
        'mutation { createAccessLevel(input: { name: "x" }) { id } }',
        NO_ROLE,
        "UNAUTHORIZED",
        auth=staff("guest"),
    ),
    Row(
        "application name: member",
        'mutation { setApplicationName(input: { value: "x" }) { id } }',
        NO_ROLE,
        "UNAUTHORIZED",
        auth=staff("member"),
    ),
    Row(
        "consent answers without an application",
        "{ activeAppUser { regionalConsentAnswers { given } } }",
        "Cannot read property 'map' of undefined",
        auth=reader,
        app=None,
    ),
    Row(
        "variables: missing",
        SEND,
        'Variable "$input" of required type "SendAppUserLoginLinkMutationInput!" was not provided.',
        variables={},
        http=400,
    ),
    Row(
        "variables: null",
        SEND,
        'Variable "$input" of non-null type "SendAppUserLoginLinkMutationInput!" must not be null.',
        variables={"input": None},
        http=400,
    ),
    Row(
        "variables: incomplete",
        SEND,
        'Variable "$input" got invalid value { email: "a@b.example" }; '
        "Field value.authUrl of required type String! was not provided.",
        variables={"input": {"email": "a@b.example"}},
        http=400,
    ),
    Row(
        "variables: null inside",
        LOGIN,
        'Variable "$input" got invalid value { token: null }; '
        "Expected non-nullable type String! not to be null at value.token.",
        variables={"input": {"token": None}},
        http=400,
    ),
    Row(
        "variables: the echo holds the token",
        LOGIN,
        'Variable "$input" got invalid value { token: "secret", x: 1 }; '
        'Field "x" is not defined by type LoginAppUserMutationInput.',
        variables={"input": {"token": "secret", "x": 1}},
        http=400,
    ),
    Row("syntax", "{ ping ", "Syntax Error: Expected Name, found <EOF>.", "GRAPHQL_PARSE_FAILED",
        http=400),
    Row(
        "unknown field",
        "{ nope }",
        'Cannot query field "nope" on type "Query".',
        "GRAPHQL_VALIDATION_FAILED",
        http=400,
    ),
    Row(
        "two operations",
        "query A { ping } query B { ping }",
        "Must provide operation name if query contains multiple operations.",
        http=400,
    ),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_failures(api: Api, row: Row) -> None:
    response = api.post(
        row.query,
        row.variables,
        app=row.app,
        auth=credential(row.auth, api.sandbox),
        headers=row.headers,
    )
    error = response.json()["errors"][0]
    assert response.status_code == row.http
    assert error["message"] == row.message
    assert error["extensions"]["code"] == row.code
    assert error["extensions"].get("exception", {}).get("statusCode") == row.status_code
    assert ("path" in error) is (row.http == 200)


def test_names_are_unique() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
