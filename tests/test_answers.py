"""What messages mean: definite ones whole or anchored, outages never a rejection."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_identityx.exceptions import (
    ConfigurationError,
    Failing,
    IdentityXError,
    InvalidInput,
    NotAllowed,
    NotFound,
    OperationFailed,
    Rejected,
    Unavailable,
    Unclear,
    Unreachable,
)
from django_identityx.service import (
    WRONG_DIALECT,
    About,
    Answer,
    GraphQLError,
    Reply,
    meaning,
    parse,
)

from .leaks import SECRET, assert_no_secret, text_of

DEFINITE = {
    "jwt malformed": "invalid",
    "invalid token": "invalid",
    "Unexpected token { in JSON at position 0": "invalid",
    "Unexpected token \ufffd in JSON at position 3": "invalid",
    "Unexpected end of JSON input": "invalid",
    "invalid signature": "invalid",
    "jwt signature is required": "invalid",
    "invalid algorithm": "invalid",
    "jwt expired": "expired",
    "jwt not active": "invalid",
    "invalid exp value": "invalid",
    "invalid nbf value": "invalid",
    "No token was found for the provided token identifier.": "revoked",
    "The token subject does not match.": "wrong_kind",
    "No user was found for 'reader@example.net'": "user_gone",
    "The user email does not match the token email.": "user_gone",
    "No email address was provided in the token payload": "invalid",
    "No application ID was provided in the token payload": "invalid",
    "The current email is missing from the token payload!": "invalid",
    "The requested application ID does not match the token payload": "wrong_application",
}

OUTAGES = [
    "request to http://token.internal/ failed, reason: connect ECONNREFUSED 10.0.0.1:80",
    "request to http://token:80/ failed, reason: getaddrinfo ENOTFOUND token",
    "request to http://token/ failed, reason: jwt expired",
    "request to https://token/ failed, reason: socket hang up",
    "invalid json response body at http://token/ reason: Unexpected token < in JSON at position 0",
    "invalid json response body at http://token/ reason: Unexpected end of JSON input",
    "network timeout at: http://token/",
    "connect ECONNREFUSED 127.0.0.1:27017",
    "getaddrinfo EAI_AGAIN mongodb",
    "read ECONNRESET",
    "socket hang up",
    "undefined",
    "Server selection timed out after 30000 ms",
    "failed to connect to server [mongodb:27017] on first connect",
    "connection 5 to mongodb:27017 closed",
    "connection 5 to mongodb:27017 timed out",
    "MongoNetworkError: connection closed",
    "topology was destroyed",
    "Topology was destroyed",
    "no connection available for operation and number of stored operation > 0",
    "not master and slaveOk=false",
]

NEITHER = [
    "",
    "something new",
    "JWT EXPIRED",
    " jwt expired",
    "jwt expired ",
    "jwt expired\n",
    "the jwt expired",
    "jwt expired: at 12:00",
    "the reason: invalid token",
    "undefined is not a function",
    "x undefined",
    "Said: Unexpected token < in JSON",
    "unexpected token < in JSON",
    "Error: No user was found for 'reader@example.net'",
    "Cannot read property 'nbf' of null",
    "Maximum call stack size exceeded",
    "The path 'params.token' is required.",
    'Cast to ObjectId failed for value "undefined" at path "_id" for model "user"',
    "Upstream: request to http://token/ failed, reason: x",
]


def parsed(body: object, status: int) -> Answer:
    return parse(Reply(status, json.dumps(body).encode()))


def error(message: str, code: str = "UNAUTHENTICATED", status: int | None = None) -> GraphQLError:
    return GraphQLError(message, code=code, status=status)


def about_token(*args: object) -> IdentityXError:
    return meaning(error(*args), About.CREDENTIAL)  # type: ignore[arg-type]


def about_link(*args: object) -> IdentityXError:
    return meaning(error(*args), About.LINK)  # type: ignore[arg-type]


def about_input(*args: object) -> IdentityXError:
    return meaning(error(*args), About.INPUT)  # type: ignore[arg-type]


@pytest.mark.parametrize("message", DEFINITE)
def test_definite(message: str) -> None:
    raised = about_token(message)
    assert type(raised) is Rejected
    assert raised.reason == DEFINITE[message]
    # Redeeming and logging out report the same with another code.
    assert type(about_link(message, "INTERNAL_SERVER_ERROR", 500)) is Rejected


@pytest.mark.parametrize("message", DEFINITE)
def test_definite_words_about_an_argument_reject_nobody(message: str) -> None:
    for status in (400, 404, 422):
        raised = about_token(message, "INTERNAL_SERVER_ERROR", status)
        assert isinstance(raised, OperationFailed)
    assert not isinstance(about_token(message, "INTERNAL_SERVER_ERROR", 500), Rejected)
    assert not isinstance(about_token(message, "BAD_USER_INPUT"), Rejected)
    assert not isinstance(about_input(message), Rejected)


@pytest.mark.parametrize("message", OUTAGES)
def test_outages(message: str) -> None:
    for code, status in (("UNAUTHENTICATED", None), ("INTERNAL_SERVER_ERROR", 500)):
        assert type(about_token(message, code, status)) is Failing
        assert type(about_input(message, code, status)) is Failing


@pytest.mark.parametrize("message", NEITHER)
def test_unknown_messages_about_a_token_are_unclear(message: str) -> None:
    assert type(about_token(message)) is Unclear


@pytest.mark.sampled(one_in=6)
@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("message", DEFINITE)
def test_s06_an_outage_that_contains_definite_words(outage: str, message: str) -> None:
    if outage != "undefined":  # a whole word
        assert isinstance(about_token(f"{outage} {message}"), Unavailable)
    assert isinstance(about_token(f"request to http://token/ failed, reason: {message}"), Failing)
    assert isinstance(about_token(f"invalid json response body at x reason: {message}"), Failing)


@given(st.text(min_size=1), st.sampled_from(sorted(DEFINITE)), st.text())
def test_definite_words_anywhere_else_are_not_definite(
    before: str, message: str, after: str
) -> None:
    if not before.startswith(("Unexpected token ", "No user was found for '")):
        assert not isinstance(about_token(f"{before}{message}{after}"), Rejected)


@given(st.text())
def test_any_message_is_one_of_ours_and_never_repeated(message: str) -> None:
    for said in (message, f"{message} {SECRET}"):
        for raised in (about_token(said), about_link(said), about_input(said)):
            assert isinstance(raised, IdentityXError)
            assert_no_secret(text_of(raised))


def test_whose_fault_it_is() -> None:
    assert type(about_token(WRONG_DIALECT)) is Unclear
    assert type(about_token("No user authentication was provided with this request.")) is Unclear
    wrong_kind = about_token("The wrong user authorization type was provided.")
    assert type(wrong_kind) is OperationFailed
    denied = about_token("You do not have permission to access this resource.", "UNAUTHORIZED")
    assert type(denied) is NotAllowed


@pytest.mark.parametrize(
    ("message", "setting"),
    [
        ('Context creation failed: The application ID "x" is no longer allowed.', "APP_ID"),
        ('Context creation failed: The IdentityX application ID "x" is disabled now.', "APP_ID"),
        ("No application was found for '5d1b36070ce467bff670a05f'", "APP_ID"),
        ("Unable to find an application for this request.", "APP_ID"),
        ("Unable to find an organization for this request.", "ORG_ID"),
    ],
)
def test_a_refused_application(message: str, setting: str) -> None:
    for about in (about_token, about_link, about_input):
        raised = about(message, "BAD_USER_INPUT")
        assert type(raised) is ConfigurationError
        assert setting in str(raised)


@pytest.mark.parametrize(
    ("message", "code", "status", "expected"),
    [
        ("No user was found for 'x@example.net'", "INTERNAL_SERVER_ERROR", 404, NotFound),
        ("No comment was found for 'x'", "INTERNAL_SERVER_ERROR", 404, NotFound),
        ("Invalid country code ZZ", "INTERNAL_SERVER_ERROR", 422, InvalidInput),
        ("The path 'params.email' is required.", "INTERNAL_SERVER_ERROR", 400, InvalidInput),
        ("The provided user is not verified.", "INTERNAL_SERVER_ERROR", 401, NotAllowed),
        ("Not acceptable", "BAD_USER_INPUT", None, OperationFailed),
        ("You do not have permission", "UNAUTHORIZED", None, NotAllowed),
        ('Cast to ObjectId failed for value "x"', "INTERNAL_SERVER_ERROR", 500, InvalidInput),
        ("app-user validation failed: city: no", "INTERNAL_SERVER_ERROR", 500, InvalidInput),
        ("Unexpected token N in JSON at position 0", "INTERNAL_SERVER_ERROR", 500, InvalidInput),
        ("You do not have permission to flag comments.", "UNAUTHENTICATED", None, NotAllowed),
        ("Something else", "INTERNAL_SERVER_ERROR", 500, Unclear),
        ("Something else", "", None, Unclear),
    ],
)
def test_about_input(message: str, code: str, status: int | None, expected: type) -> None:
    raised = about_input(message, code, status)
    assert type(raised) is expected
    if isinstance(raised, OperationFailed):
        assert raised.code == code


BY_FIELD: dict[str, dict[str, list[str]]] = {
    "Invalid country code ZZ": {"countryCode": ["Invalid country code ZZ"]},
    "Either an invalid region code WI was set, or no country was set.\nInvalid country code X": {
        "regionCode": ["Either an invalid region code WI was set, or no country was set."],
        "countryCode": ["Invalid country code X"],
    },
    "Invalid email address not-an-email\nPath `domain` is required.": {
        "email": ["Invalid email address not-an-email", "Path `domain` is required."]
    },
    'The email domain "x.test" is not allowed. Please use another.': {
        "email": ['The email domain "x.test" is not allowed. Please use another.']
    },
    "The path 'params.authUrl' is required.": {
        "authUrl": ["The path 'params.authUrl' is required."]
    },
    'Cast to ObjectId failed for value "x" at path "_id" for model "team"': {
        "id": ['Cast to ObjectId failed for value "x" at path "_id" for model "team"']
    },
    "app-user validation failed: postalCode: Invalid postal code A, B, city: Too long": {
        "postalCode": ["Invalid postal code A, B"],
        "city": ["Too long"],
    },
    "access-level validation failed: name: Path `name` is required.": {
        "name": ["Path `name` is required."]
    },
    "app-user validation failed: customSelectFieldAnswers.0.values: no": {
        "customSelectFieldAnswers": ["no"]
    },
    "Something about a value\n\nAnd more": {"__all__": ["Something about a value", "And more"]},
}


@pytest.mark.parametrize("message", BY_FIELD)
def test_bad_input_by_field(message: str) -> None:
    raised = about_token(message, "INTERNAL_SERVER_ERROR", 422)
    assert isinstance(raised, InvalidInput)
    assert raised.fields == BY_FIELD[message]


def test_a_reader_of_another_application() -> None:
    message = "The provided application context does not match the app for the user."
    raised = about_token(message, "BAD_USER_INPUT")
    assert isinstance(raised, Rejected)
    assert raised.reason == "wrong_application"


def test_a_credential_that_is_needed() -> None:
    message = "No user authentication was provided with this request."
    assert type(about_input(message, "BAD_USER_INPUT")) is OperationFailed


def test_the_detail_of_bad_input_is_kept_and_redacted() -> None:
    message = f"Invalid country code ZZ\nInvalid region {SECRET}"
    raised = about_input(message, "INTERNAL_SERVER_ERROR", 422)
    assert isinstance(raised, InvalidInput)
    assert raised.detail.splitlines()[0] == "Invalid country code ZZ"
    assert_no_secret(text_of(raised))


@pytest.mark.parametrize("status", [None, 400, 401, 404, 422, 500])
@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "BAD_USER_INPUT", "UNAUTHORIZED", "X"])
def test_no_message_of_theirs_reaches_a_text_of_ours(code: str, status: int | None) -> None:
    message = f'Variable "$input" got {{"token": "{SECRET}"}}'
    assert_no_secret(text_of(about_token(message, code, status)))
    assert_no_secret(text_of(about_input(message, code, status)))
    assert_no_secret(repr(error(message, code, status)))


# --- The shape -------------------------------------------------------------------------------


def test_errors_are_picked_by_path() -> None:
    answer = parsed(
        {
            "data": {"a": None, "b": None, "c": {"d": None}},
            "errors": [
                {"message": "of c", "path": ["c", "d"]},
                {"message": "of b", "path": ["b"], "extensions": {"code": "B"}},
                {"message": "of a", "path": ["a"]},
            ],
        },
        200,
    )
    for name in "abc":
        found = answer.error_for(name)
        assert found is not None
        assert found.message == f"of {name}"
    assert answer.error_for("other") is None


def test_an_error_without_a_path_is_everybodys_who_has_nothing() -> None:
    answer = parsed({"data": {"a": 1, "b": None}, "errors": [{"message": "no"}]}, 200)
    assert answer.error_for("a") is None
    assert answer.error_for("b") is not None
    assert answer.error_for("c") is not None


def test_data_null_with_errors_is_an_answer() -> None:
    answer = parsed({"data": None, "errors": [{"message": "no", "path": ["a"]}]}, 200)
    assert answer.data == {}
    assert answer.error_for("a") is not None


@pytest.mark.parametrize(
    "extensions", [None, "no", [], {"code": 7}, {"exception": []}, {"code": {}}]
)
def test_odd_extensions_are_no_trouble(extensions: object) -> None:
    answer = parsed({"data": {}, "errors": [{"message": "no", "extensions": extensions}]}, 200)
    assert (answer.errors[0].code, answer.errors[0].status) == ("", None)


def test_tracing_is_ignored() -> None:
    body = {"data": {"ping": "pong"}, "extensions": {"tracing": {"version": 1}}}
    assert parsed(body, 200) == Answer({"ping": "pong"})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "errors", "message", "path", "extensions", "code", "exception"]
            ),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values, st.sampled_from([200, 400, 403, 500, 502]))
def test_any_body_is_an_answer_or_an_error_of_ours(body: object, status: int) -> None:
    try:
        answer = parsed(body, status)
    except (Unreachable, OperationFailed, ConfigurationError):
        return
    assert status == 200
    answer.error_for("ping")
