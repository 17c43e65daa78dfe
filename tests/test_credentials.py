"""Reading headers and claims: strict, and never believed."""

from __future__ import annotations

import base64
import json
import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_identityx.credentials import (
    AUTH_SUBJECTS,
    LEEWAY,
    MAX_DEPTH,
    MAX_HEADER,
    MAX_TOKEN,
    Claims,
    Credential,
    TokenType,
    check_claims,
    parse_authorization,
    read_claims,
)
from django_identityx.exceptions import Malformed, Rejected

from .leaks import SECRET, assert_no_secret, text_of, unsigned

APP = "5d1b36070ce467bff670a052"


# --- The header ------------------------------------------------------------------------------


@pytest.mark.parametrize("token_type", TokenType)
@pytest.mark.parametrize(
    "template",
    [
        "{} abc",
        "Bearer {} abc",
        "bearer {} abc",
        "BEARER {} abc",
        "Bearer  {}   abc",
        "  Bearer {} abc  ",
        "Bearer\t{}\tabc",
    ],
)
def test_ours(template: str, token_type: TokenType) -> None:
    for prefix in (token_type.value, token_type.value.lower(), token_type.value.upper()):
        assert parse_authorization(template.format(prefix)) == Credential(token_type, "abc")


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Basic dXNlcjpwYXNz",
        "Basic",
        "Token abc",
        "Bearer",
        "Bearer ",
        "Bearer abc",
        f"Bearer {SECRET}",
        "Bearer Something abc",
        "Bearer Bearer AppUser abc",
        "Something AppUser abc",
        "Digest AppUser abc",
        "AppUsers abc",
        "App User abc",
        "AppUser:abc",
        "AppUser,abc",
        "BearerAppUser abc",
        'Digest username="AppUser", realm="x"',
        "Basic " + "x" * 2 * MAX_HEADER,
        "Bearer " + "x" * 2 * MAX_HEADER,
        " " * 2 * MAX_HEADER,
        "AppU\u017fer abc",  # a long s, which folds to s
    ],
)
def test_somebody_elses(header: str) -> None:
    assert parse_authorization(header) is None


@pytest.mark.parametrize(
    "header",
    [
        "AppUser",
        "Bearer AppUser",
        "Bearer orguser ",
        "AppUser a b",
        "Bearer AppUser a b",
        "Bearer AppUser a b c d e f",
        "AppUser AppUser abc",
        "Bearer AppUser " + "a" * MAX_HEADER,
        "AppUser a" + " " * MAX_HEADER,
        "AppUser" + " " * 2 * MAX_HEADER + "abc",
    ],
)
def test_ours_and_malformed(header: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_authorization(header)
    assert caught.value.reason == "malformed"


def test_a_kind_that_does_not_count_is_somebody_elses() -> None:
    kinds = {TokenType.ORG_USER, TokenType.ORG_USER_API_TOKEN}
    assert parse_authorization("Bearer AppUser abc", kinds) is None
    assert parse_authorization("Bearer AppUser", kinds) is None
    assert parse_authorization("Bearer OrgUser abc", kinds) == Credential(TokenType.ORG_USER, "abc")


def test_the_longest_header_that_is_taken() -> None:
    header = "AppUser ".ljust(MAX_HEADER, "a")
    assert parse_authorization(header) == Credential(TokenType.APP_USER, header[8:])


@given(
    st.one_of(
        st.text(),
        st.tuples(
            st.sampled_from(["", "Bearer ", "bearer\t", "Basic "]),
            st.sampled_from(["AppUser", "orguser", "OrgUserApiToken", "Some", ""]),
            st.text(),
        ).map(lambda parts: f"{parts[0]}{parts[1]} {parts[2]}"),
    )
)
def test_any_header_is_a_credential_or_not_ours_or_malformed(header: str) -> None:
    try:
        credential = parse_authorization(header)
    except Malformed:
        return
    assert credential is None or (isinstance(credential, Credential) and credential.token)


def test_s19_a_credential_shows_and_compares_without_accidents() -> None:
    credential = Credential(TokenType.APP_USER, SECRET)
    assert_no_secret(repr(credential))
    assert_no_secret(str(credential))
    assert_no_secret(f"{credential}")
    assert credential == Credential(TokenType.APP_USER, SECRET, fresh=False)
    assert credential != Credential(TokenType.ORG_USER, SECRET)
    assert hash(credential) == hash(Credential(TokenType.APP_USER, SECRET, fresh=False))
    assert pickle.loads(pickle.dumps(credential)) == credential
    with pytest.raises(AttributeError):
        credential.token = "other"  # type: ignore[misc]


# --- Claims ----------------------------------------------------------------------------------


def test_claims_are_read() -> None:
    payload = {
        "aud": "réader@example.net",
        "jti": "j",
        "iat": 1700000000,
        "exp": 1700003600.5,
        "sub": "app-user-auth",
        "iss": APP,
        "data": {"x": [None, True, 1e999 > 0]},
    }
    assert read_claims(unsigned(payload)) == Claims(
        sub="app-user-auth",
        iss=APP,
        aud="réader@example.net",
        iat=1700000000.0,
        exp=1700003600.5,
    )


def test_absent_claims() -> None:
    assert read_claims(unsigned({})) == Claims(sub="")


def raw(document: str | bytes) -> str:
    return unsigned(document.encode() if isinstance(document, str) else document)


GOOD = unsigned({"sub": "app-user-auth"})
HEAD, PAYLOAD, SIGNATURE = GOOD.split(".")

NOT_JWTS = {
    "empty": "",
    "one word": "abc",
    "two parts": f"{HEAD}.{PAYLOAD}",
    "four parts": f"{GOOD}.{SIGNATURE}",
    "empty header": f".{PAYLOAD}.{SIGNATURE}",
    "empty payload": f"{HEAD}..{SIGNATURE}",
    "empty signature": f"{HEAD}.{PAYLOAD}.",
    "dots": "..",
    "padding": f"{HEAD}.{PAYLOAD}=.{SIGNATURE}",
    "padded signature": f"{GOOD}==",
    "the other alphabet, +": f"{HEAD}.{PAYLOAD}.a+b",
    "the other alphabet, /": f"{HEAD}.{PAYLOAD}.a/b",
    "a blank": f"{HEAD}.{PAYLOAD}. {SIGNATURE}",
    "a line break at the end": f"{GOOD}\n",
    "NUL": f"{GOOD}\0",
    "not ASCII": f"{HEAD}.{PAYLOAD}.é",
    "digits of another script": f"{HEAD}.{PAYLOAD}.٣",
    "a length that base64 does not have": f"{HEAD}.{PAYLOAD[:5]}.{SIGNATURE}",
    "more than 4 KB": f"{GOOD}{'a' * MAX_TOKEN}",
    "header no JSON": f"abcd.{PAYLOAD}.{SIGNATURE}",
    "header a list": unsigned({}, header=b"[]"),
    "header with NaN": unsigned({}, header=b'{"alg": NaN}'),
    "payload a list": raw("[]"),
    "payload a string": raw('"sub"'),
    "payload a number": raw("1"),
    "payload null": raw("null"),
    "payload no JSON": raw("sub"),
    "payload cut": raw('{"sub": "app-us'),
    "payload and more": raw('{"sub": "a"} {}'),
    "NaN": raw('{"sub": "a", "x": NaN}'),
    "Infinity": raw('{"sub": "a", "x": Infinity}'),
    "-Infinity": raw('{"sub": "a", "x": [-Infinity]}'),
    "a key twice": raw('{"sub": "a", "sub": "b"}'),
    "a key twice further down": raw('{"sub": "a", "data": {"x": 1, "x": 1}}'),
    "a key twice in disguise": raw('{"sub": "a", "s\\u0075b": "b"}'),
    "invalid UTF-8": raw(b'{"sub": "\xff"}'),
    "UTF-16": raw('{"sub": "a"}'.encode("utf-16")),
    "overlong UTF-8": raw(b'{"sub": "\xc0\xaf"}'),
    "surrogate in UTF-8": raw(b'{"sub": "\xed\xa0\x80"}'),
    "byte order mark": raw(b'\xef\xbb\xbf{"sub": "a"}'),
    "lone surrogate": raw('{"sub": "\\ud800"}'),
    "lone surrogate as an address": raw('{"sub": "a", "aud": "\\udc00@example.net"}'),
    "deeply nested list": raw('{"x": ' + "[" * 1400 + "]" * 1400 + "}"),
    "deeply nested object": raw('{"x":' * 400 + "1" + "}" * 399),
    "a level too deep": raw('{"x":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}"),
    "raw line break in a text": raw('{"sub": "a\nb"}'),
    "single quotes": raw("{'sub': 'a'}"),
    "a comma too many": raw('{"sub": "a",}'),
    "sub a number": raw('{"sub": 1}'),
    "sub null": raw('{"sub": null}'),
    "sub a list": raw('{"sub": ["app-user-auth"]}'),
    "iss an object": raw('{"sub": "a", "iss": {}}'),
    "aud a list": raw('{"sub": "a", "aud": ["x"]}'),
    "exp a text": raw('{"sub": "a", "exp": "1700000000"}'),
    "exp true": raw('{"sub": "a", "exp": true}'),
    "exp null": raw('{"sub": "a", "exp": null}'),
    "exp infinite": raw('{"sub": "a", "exp": 1e999}'),
    "exp negative": raw('{"sub": "a", "exp": -1}'),
    "exp in the year 5000000": raw('{"sub": "a", "exp": 1e17}'),
    "exp a number of 3000 digits": raw('{"exp": ' + "9" * 2900 + "}"),
    "iat a list": raw('{"sub": "a", "iat": []}'),
    "iat infinite": raw('{"sub": "a", "iat": -1e999}'),
}


@pytest.mark.parametrize("name", NOT_JWTS)
def test_what_is_no_jwt(name: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_claims(NOT_JWTS[name])
    assert caught.value.reason == "malformed"


def test_the_longest_token_that_is_taken() -> None:
    assert read_claims(GOOD + "a" * (MAX_TOKEN - len(GOOD))).sub == "app-user-auth"


def test_the_deepest_payload_that_is_taken() -> None:
    levels = MAX_DEPTH - 1
    assert read_claims(raw('{"sub": "a", "x":' + "[" * levels + "]" * levels + "}")).sub == "a"


def test_a_pair_of_surrogates_is_text() -> None:
    assert read_claims(raw('{"sub": "\\ud83d\\ude00"}')).sub == "\U0001f600"


def test_the_complaint_has_nothing_of_the_token() -> None:
    secret = base64.urlsafe_b64encode(b'{"sub": "secret-of-mine", "sub": NaN').decode().rstrip("=")
    with pytest.raises(Malformed) as caught:
        read_claims(f"{HEAD}.{secret}.{SIGNATURE}")
    text = text_of(caught.value)
    assert secret not in text
    assert "secret-of-mine" not in text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=8,
)
claim_names = st.sampled_from(["sub", "iss", "aud", "jti", "iat", "exp", "nbf", "data"])


@given(
    st.one_of(
        st.text(max_size=200),
        st.text(alphabet="abcXYZ019-_.=+/", max_size=200),
        st.binary(max_size=200).map(raw),
        st.dictionaries(claim_names, json_values, max_size=6).map(lambda p: raw(json.dumps(p))),
        st.text(alphabet='{}[]":,0123456789eE+-.untrfalsNI\\d8', max_size=80).map(raw),
    )
)
def test_any_token_is_claims_or_malformed(token: str) -> None:
    try:
        claims = read_claims(token)
    except Malformed:
        return
    assert isinstance(claims, Claims)
    for text in (claims.sub, claims.iss, claims.aud):
        text.encode()  # what has lone surrogates could not be sent or stored
    assert claims.exp is None or 0 <= claims.exp < 1e11


# --- Early refusals --------------------------------------------------------------------------

NOW = 1_700_000_000.0


def credential(token_type: TokenType = TokenType.APP_USER, **claims: object) -> Credential:
    payload = {"sub": AUTH_SUBJECTS[token_type], "iss": APP, **claims}
    return Credential(token_type, unsigned(payload))


@pytest.mark.parametrize("token_type", TokenType)
def test_nothing_against_it(token_type: TokenType) -> None:
    claims = check_claims(credential(token_type), APP, NOW)
    assert claims.sub == AUTH_SUBJECTS[token_type]


@pytest.mark.parametrize("token_type", TokenType)
@pytest.mark.parametrize(
    "sub",
    ["", "app-user-login-link", "user-login-link", "app-user-change-email-link", "App-User-Auth"],
)
def test_s02_the_kind_is_by_sub(token_type: TokenType, sub: str) -> None:
    with pytest.raises(Malformed) as caught:
        check_claims(credential(token_type, sub=sub), APP, NOW)
    assert caught.value.reason == "wrong_kind"


def test_one_kind_does_not_pass_for_another() -> None:
    for mine in TokenType:
        for other in set(TokenType) - {mine}:
            with pytest.raises(Malformed, match="another kind"):
                check_claims(Credential(other, credential(mine).token), APP, NOW)


@pytest.mark.parametrize("iss", ["5d1b36070ce467bff670a053", "", APP.upper(), f"{APP} "])
def test_s02_another_application(iss: str) -> None:
    with pytest.raises(Malformed) as caught:
        check_claims(credential(iss=iss), APP, NOW)
    assert caught.value.reason == "wrong_application"


@pytest.mark.parametrize("app_id", [None, ""])
def test_s02_without_an_application_no_app_user_counts(app_id: str | None) -> None:
    for iss in (APP, ""):
        with pytest.raises(Malformed) as caught:
            check_claims(credential(iss=iss), app_id, NOW)
        assert caught.value.reason == "wrong_application"
    assert check_claims(credential(TokenType.ORG_USER), app_id, NOW)


def test_an_org_user_belongs_to_no_application() -> None:
    assert check_claims(credential(TokenType.ORG_USER, iss="another"), APP, NOW)


def test_expiry_has_some_leeway() -> None:
    assert check_claims(credential(exp=NOW - LEEWAY), APP, NOW)
    with pytest.raises(Malformed) as caught:
        check_claims(credential(exp=NOW - LEEWAY - 1), APP, NOW)
    assert caught.value.reason == "expired"
    assert check_claims(credential(exp=0), APP, -LEEWAY)


def test_the_clock_is_the_default() -> None:
    assert check_claims(credential(exp=time.time() + 5), APP)
    with pytest.raises(Rejected, match="expired"):
        check_claims(credential(exp=time.time() - LEEWAY - 5), APP)
