"""JSON bodies with bounds: length, depth, charset."""

from __future__ import annotations

import io
import json

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.exceptions import ParseError

from django_identityx.signin.api.base import MAX_BODY, SmallJSONParser, TooLarge

BAD = [b"", b"{", b"[" * 30_000, b'{"a":' * 10_000, b"NaN", b"Infinity", b"\xff", b"\xef\xbb\xbf{}"]


def parse(body: bytes):
    return SmallJSONParser().parse(io.BytesIO(body))


def test_json() -> None:
    assert parse('{"a": ["\u00e9", 1, null]}'.encode()) == {"a": ["\u00e9", 1, None]}


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_not_json(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse(body)


def test_no_longer_than_needed() -> None:
    assert parse(json.dumps("x" * (MAX_BODY - 2)).encode())
    with pytest.raises(TooLarge):
        parse(json.dumps("x" * (MAX_BODY - 1)).encode())


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["", "hex", "rot13", "utf-16", "undefined", "nonsense"])
@pytest.mark.parametrize("name", ["api-login", "api-login-link"])
def test_charsets_on_the_site(name: str, charset: str) -> None:
    content_type = f"application/json; charset={charset}"
    path = reverse(f"identityx:{name}")
    response = Client().generic("POST", path, b'{"other": 1}', content_type=content_type)
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"


@pytest.mark.django_db
def test_too_large_on_the_site() -> None:
    body = json.dumps({"email": "x" * MAX_BODY})
    path = reverse("identityx:api-login-link")
    response = Client().post(path, body, content_type="application/json")
    assert response.status_code == 413
    assert response.json()["code"] == "too_large"
