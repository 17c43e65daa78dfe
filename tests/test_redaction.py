"""Nothing of a credential or link in text that is kept."""

from __future__ import annotations

import io
import logging
import time
from urllib.parse import quote

import pytest
from django.core import signing
from hypothesis import given
from hypothesis import strategies as st

from django_identityx.redaction import REDACTED, RedactingFilter, redact

from .leaks import SECRET, assert_no_secret, unsigned

LONG = unsigned({"sub": "user-auth", "aud": "owner@example.com", "jti": "x" * 36})
NO_SIGNATURE = SECRET.rpartition(".")[0] + "."
LINK = f"https://site.example/identityx/callback/?token={SECRET}&redirectTo=%2Fnext%2F"
SHORT = "not-a-jwt"  # an opaque token, known by what stands before it


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "AppUser {}",
        "Bearer AppUser {}",
        "bearer orguser {}",
        "Authorization: Bearer OrgUserApiToken {}",
        "{{'Authorization': 'AppUser {}'}}",
        '{{"token": "{}"}}',
        "token={}",
        "?token={}",
        "?next=/&token={}&x=1",
        "POST /callback/ token={} rejected",
        "https://id.example/authenticate/{}",
        "https://id.example/authenticate/{}?invitation=1",
        "https://id.example/authenticate/{}/",
        "<a href='https://site.example/?token={}'>in</a>",
        "({})",
        "a,{},b",
        "x: {}.",
        "line one\n{}\nline three",
        "b'AppUser {}'",
        "%22{}%22",
        "AppUser%20{}",
        "token%3D{}",
        "next=%2Fcallback%2F%3Ftoken%3D{}%26x%3D1",
        "next=%252Fcallback%253Ftoken%253D{}",
        "\\u0022{}\\u0022",
        "&quot;{}&quot;",
        "&#x27;{}&#x27;",
        "_{}",
        "-{}",
        "x{}",
    ],
)
@pytest.mark.parametrize("token", [SECRET, LONG, NO_SIGNATURE, SECRET[:60]])
def test_s19_a_token_anywhere(text: str, token: str) -> None:
    redacted = redact(text.format(token))
    header, payload = token.split(".")[:2]
    assert header not in redacted
    assert payload not in redacted
    assert REDACTED in redacted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"AppUser {SHORT}", f"AppUser {REDACTED}"),
        (f"Bearer  OrgUser\t{SHORT}", f"Bearer  OrgUser\t{REDACTED}"),
        (f"appuser {SHORT}, next", f"appuser {REDACTED}, next"),
        (f"'AppUser {SHORT}'", f"'AppUser {REDACTED}'"),
        (f"/callback/?token={SHORT}&next=/a/", f"/callback/?token={REDACTED}&next=/a/"),
        (f"%3Ftoken%3D{SHORT}", f"%3Ftoken%3D{REDACTED}"),
        (f"%3Fa%3D1%26token%3D{SHORT}%26b%3D2", f"%3Fa%3D1%26token%3D{REDACTED}"),
        (f"/authenticate/{SHORT}?x=1", f"/authenticate/{REDACTED}?x=1"),
    ],
)
def test_by_what_stands_before_it(text: str, expected: str) -> None:
    redacted = redact(text)
    assert SHORT not in redacted
    assert redacted.startswith(expected[: expected.index(REDACTED) + len(REDACTED)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GET /articles/ 200",
        "IdentityX answered 502 with something that is not JSON.",
        "5d1b36070ce467bff670a052",
        "django_identityx.authentication.IdentityXAuthentication",
        "https://identity-x.parameter1.com/graphql",
        "reader@example.net",
        "2026-11-24 12:00:00.123",
        "csrfmiddlewaretoken",
        "version 1.27.3",
        "Basic dXNlcjpwYXNz",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("form", ["{}", "identityx_link={}", "carrier={}&x=1", "('{}', 7)"])
def test_what_django_signs(form: str, compress: bool) -> None:
    """Base64 hides nothing: cookies and forms of ours, rows of the session table."""
    signed = signing.dumps({"t": SECRET, "n": "/a/"}, salt="a salt", compress=compress)
    for text in (form.format(signed), quote(form.format(signed))):
        redacted = redact(text)
        assert signed.split(":")[0] not in redacted
        assert signed.split(":")[0][:80] not in redacted
        assert REDACTED in redacted


def test_a_link_leaves_the_rest_of_it() -> None:
    assert redact(LINK) == (
        f"https://site.example/identityx/callback/?token={REDACTED}&redirectTo=%2Fnext%2F"
    )
    assert_no_secret(redact(quote(LINK)))
    assert_no_secret(redact(quote(LINK, safe="")))
    assert_no_secret(redact(quote(quote(LINK, safe=""), safe="")))


def test_redacting_twice_changes_nothing_more() -> None:
    for text in (LINK, f"Bearer AppUser {SECRET}", f"/authenticate/{SECRET}"):
        assert redact(redact(text)) == redact(text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_token_between_anything(before: str, after: str) -> None:
    assert SECRET not in redact(f"{before}{SECRET}{after}")


@pytest.mark.parametrize(
    "text",
    [
        *(unit * (100_000 // len(unit)) for unit in ("a", "a-", "a.", "eyJ", "eyJaaaaa.")),
        *(unit * (100_000 // len(unit)) for unit in ("AppUser ", "Bearer ", "AppUser\t\t\t\t")),
        *(unit * (100_000 // len(unit)) for unit in ("?token=", "%26token%3D", "/authenticate/")),
        "Bearer" + " " * 100_000 + "AppUser" + " " * 100_000,
    ],
    ids=lambda text: text[:12],
)
def test_long_texts_take_no_time(text: str) -> None:
    began = time.perf_counter()
    redact(text)
    assert time.perf_counter() - began < 10


# --- The logging filter ----------------------------------------------------------------------


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, stream


def test_messages_and_arguments(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("got AppUser %s from %s", SECRET, "reader")
    logger.info("got %(token)s", {"token": SECRET})
    logger.info(f"got {SECRET} 100%")  # noqa: G004
    logger.info({"token": SECRET})
    logger.info("%s", {"headers": [f"Bearer AppUser {SECRET}"]})
    assert_no_secret(stream.getvalue())
    assert stream.getvalue().count(REDACTED) == 5
    assert "from reader" in stream.getvalue()
    assert "100%" in stream.getvalue()


def test_tracebacks(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"AppUser {SECRET}") from error
    except ValueError:
        logger.exception("it failed")
    text = stream.getvalue()
    assert_no_secret(text)
    assert "KeyError" in text
    assert "ValueError" in text


def test_stacks(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    record = logger.makeRecord("test", logging.INFO, "x.py", 1, "here", (), None)
    record.stack_info = f"Stack:\n  call('{SECRET}')"
    logger.handle(record)
    assert_no_secret(stream.getvalue())
    assert "Stack:" in stream.getvalue()


def test_a_broken_log_call_breaks_nothing() -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "%d %s", (SECRET,), None)
    assert RedactingFilter().filter(record) is True
    assert_no_secret(f"{record.msg} {record.args}")


def test_extras() -> None:
    """What formatters that write JSON take from a record, such as the database's SQL."""
    record = logging.LogRecord("x", logging.DEBUG, "x.py", 1, "query", (), None)
    request = object()
    vars(record).update(
        sql=f"UPDATE x SET y = '{SECRET}'", params=("a", SECRET), harmless=("a", 7), request=request
    )
    assert RedactingFilter().filter(record) is True
    assert_no_secret(repr(vars(record)))
    assert record.harmless == ("a", 7)  # type: ignore[attr-defined]
    assert record.request is request  # type: ignore[attr-defined]


def test_a_record_without_an_error(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.error("no error at hand", exc_info=True)
    assert "no error at hand" in stream.getvalue()
