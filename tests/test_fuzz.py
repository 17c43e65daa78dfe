"""What strangers can send: whatever it is, the answer is none of ours that went wrong.

The client raises what a view raises, so an answer at all means that nothing escaped.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, example, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from django_identityx.credentials import LEEWAY
from django_identityx.sandbox import Sandbox
from django_identityx.signin.cookies import Carrier, Known, Mark, Note

from .leaks import unsigned
from .site import READER

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LOGIN, SENT, CALLBACK, LOGOUT, ORG_LOGIN, API_LINK, API_LOGIN, API_LOGOUT, API_ME = (
    reverse(f"identityx:{name}")
    for name in (
        *("login", "link-sent", "callback", "logout", "org-login"),
        *("api-login-link", "api-login", "api-logout", "api-me"),
    )
)
PAGES = [LOGIN, SENT, CALLBACK, LOGOUT, ORG_LOGIN]
TWINS = [API_LINK, API_LOGIN, API_LOGOUT]

few = bounded(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

wire = st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n"), max_size=60)
raw = st.binary(max_size=120)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v))
claims = st.fixed_dictionaries(
    {},
    optional={
        "sub": st.sampled_from(["app-user-login-link", "user-login-link", "x"]) | scalars,
        "iss": st.just("5d1b36070ce467bff670a052") | scalars,
        "aud": st.just(READER) | scalars,
        "iat": st.integers(-LEEWAY, 10**12) | scalars,
        "exp": scalars,
    },
)
tokens = (
    claims.map(unsigned)
    | raw.map(lambda payload: unsigned(payload))
    | st.text(max_size=60)
    | st.just("a.b.c")
    | st.just("a" * 3000)
)
targets = (
    st.text(max_size=60)
    | st.sampled_from(
        ["//evil.example", "/\\evil", "http://[", "evil", "a:b", "/a\x00b", "/" * 999]
    )
    | st.text("/\\:.@?#%ev\t\n\r\x00\ud800\u2028", max_size=20)
)
HEX = "; charset=hex"
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\na\r\n--x--\r\n'
charsets = st.sampled_from(["", HEX, "; charset=utf-16", "; charset=undefined"])
salts = st.sampled_from([Carrier.name, Mark.name, Note.name, Known.name])


@pytest.fixture(autouse=True)
def _site(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = None


def fine(response: HttpResponse) -> HttpResponse:
    assert response.status_code != 500
    assert "evil" not in response.headers.get("Location", "").partition("?")[0]
    return response


def escaped(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"))


def send(method: str, path: str, body: bytes = b"", **environ: Any) -> HttpResponse:
    content_type = environ.pop("content_type", "application/octet-stream")
    return fine(Client().generic(method, path, body, content_type=content_type, **environ))


@few
@given(kind=st.sampled_from(["", "AppUser ", "OrgUser ", "OrgUserApiToken "]), token=tokens | wire)
@example(kind="AppUser ", token=unsigned(b"[" * 3000))
def test_header(kind: str, token: str) -> None:
    header = f"Bearer {kind}{token}".encode("utf-8", "surrogatepass").decode("latin-1")
    for path in ("/api/protected/", "/api/open/", "/public/", API_ME, LOGIN):
        send("GET", path, HTTP_AUTHORIZATION=header)
        send("GET", path, HTTP_AUTHORIZATION=header.removeprefix("Bearer "))


@few
@given(token=tokens, target=targets, name=st.sampled_from(["redirectTo", "next", "other"]))
@example(token="", target="evil", name="redirectTo")
def test_links(token: str, target: str, name: str) -> None:
    client = Client()
    query = f"token={escaped(token)}&{name}={escaped(target)}"
    page = fine(client.get(f"{CALLBACK}?{query}", follow=True))
    assert page.status_code in {200, 400, 410}
    carrier = Carrier(token, target).dump() if _is_text(token + target) else token
    fine(client.post(CALLBACK, {"carrier": carrier}))
    fine(client.head(f"{CALLBACK}?{query}"))


def _is_text(text: str) -> bool:
    return not any("\ud800" <= c < "\ue000" for c in text)


@few
@given(query=raw, charset=charsets)
@example(query=b"next=%2Fa&token=%C3", charset=HEX)
def test_queries(query: bytes, charset: str) -> None:
    kind = {"content_type": f"text/plain{charset}"}
    for path in PAGES:
        send("GET", f"{path}?{quote_from_bytes(query, safe='&=%+;')}", **kind)
        send("GET", path, QUERY_STRING=query.decode("latin-1"), **kind)


@few
@given(
    path=st.sampled_from(PAGES),
    fields=st.dictionaries(
        st.sampled_from(["email", "next", "link", "carrier", "switch", "csrfmiddlewaretoken"]),
        st.just(READER) | tokens | targets,
    ),
)
def test_forms(path: str, fields: dict[str, str]) -> None:
    body = "&".join(f"{name}={escaped(value)}" for name, value in fields.items()).encode()
    send("POST", path, body, content_type="application/x-www-form-urlencoded")


@few
@given(
    path=st.sampled_from([*PAGES, *TWINS]),
    body=raw | st.just(MULTIPART),
    kind=st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "application/json",
            "text/plain",
            "",
        ]
    )
    | wire,
    charset=charsets,
)
@example(path=LOGIN, body=MULTIPART, kind="multipart/form-data; boundary=x", charset=HEX)
@example(path=API_LOGIN, body=b"[" * 60_000, kind="application/json", charset="")
@example(path=API_LOGIN, body=b"{}", kind="application/json", charset=HEX)
def test_bodies(path: str, body: bytes, kind: str, charset: str) -> None:
    send("POST", path, body, content_type=kind + charset)
    fine(Client(enforce_csrf_checks=True).generic("POST", path, body, kind + charset))


@few
@given(
    path=st.sampled_from(TWINS),
    data=values
    | st.fixed_dictionaries(
        {},
        optional={
            "email": st.just(READER) | values,
            "kind": st.sampled_from(["AppUser", "OrgUser"]) | values,
            "next": targets | values,
            "token": tokens | values,
            "confirmed": st.booleans() | values,
            "replace": st.booleans() | values,
        },
    ),
)
@example(path=API_LOGIN, data={"token": "9" * 5000})
@example(path=API_LINK, data={"email": "\ud800@example.net", "next": "\ud800"})
def test_json(path: str, data: Any) -> None:
    for escape in (True, False):
        body = json.dumps(data, ensure_ascii=escape).encode("utf-8", "surrogatepass")
        answer = send("POST", path, body, content_type="application/json")
        assert answer.status_code in {202, 200, 204, 400, 403, 409, 410, 413, 503}


@few
@given(path=st.sampled_from([*TWINS, API_ME]), accept=wire, language=wire)
def test_headers_of_browsers(path: str, accept: str, language: str) -> None:
    headers = {"HTTP_ACCEPT": accept, "HTTP_ACCEPT_LANGUAGE": language, "HTTP_USER_AGENT": accept}
    send("GET", path, **headers)
    send("POST", path, b"{}", content_type="application/json", **headers)
    send("POST", LOGIN, b"email=a", HTTP_REFERER=accept, HTTP_ORIGIN=language, **headers)
    send("GET", CALLBACK, HTTP_SEC_PURPOSE=accept, HTTP_X_FORWARDED_FOR=language, **headers)


cookies = st.dictionaries(
    st.sampled_from([Carrier.name, Mark.name, Note.name, Known.name, "sessionid", "csrftoken"]),
    # No server hands on a NUL, and Django's own sessions on PostgreSQL would end in a 500.
    wire.map(lambda value: value.replace("\0", ""))
    | st.builds(lambda v, salt: signing.dumps(v, salt=salt), st.text(max_size=20), salts),
)


@few
@given(jar=cookies)
def test_cookies(jar: dict[str, str]) -> None:
    header = "; ".join(f"{name}={value}" for name, value in jar.items())
    for path in (CALLBACK, SENT, LOGIN):
        send("GET", path, HTTP_COOKIE=header)
    form = "application/x-www-form-urlencoded"
    send("POST", CALLBACK, b"carrier=a", content_type=form, HTTP_COOKIE=header)
    body = json.dumps({"token": unsigned(), "confirmed": True}).encode()
    send("POST", API_LOGIN, body, content_type="application/json", HTTP_COOKIE=header)


@few
@given(salt=salts, data=values, compress=st.booleans())
def test_what_an_older_release_may_have_signed(salt: str, data: Any, compress: bool) -> None:
    try:
        value = signing.dumps(data, salt=salt, compress=compress)
    except ValueError:  # half of a surrogate pair
        return
    for path in (CALLBACK, SENT, LOGIN):
        send("GET", path, HTTP_COOKIE=f"{salt}={value}")
    fine(Client().post(CALLBACK, {"carrier": value}))
