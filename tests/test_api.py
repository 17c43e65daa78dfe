"""The JSON twins of the pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent

from .site import OWNER, READER

pytestmark = pytest.mark.django_db

LINK, LOGIN, LOGOUT, ME = (
    reverse(f"identityx:api-{name}") for name in ("login-link", "login", "logout", "me")
)


class Script(Client):
    """A single-page site: JSON, the CSRF cookie in a header, cookies kept."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)

    def send(self, path: str, data: Any = None, **headers: str) -> Any:
        if "csrftoken" not in self.cookies:
            self.get(ME)
        headers.setdefault("X-CSRFToken", self.cookies["csrftoken"].value)
        body = data if isinstance(data, str) else json.dumps(data or {})
        response = self.post(path, body, content_type="application/json", headers=headers)
        assert wait_until_sent()
        return response

    def sign_in(self, sandbox: Sandbox, email: str = READER) -> Any:
        self.send(LINK, {"email": email})
        return self.send(LOGIN, {"token": sandbox.outbox[-1].url})


@pytest.fixture
def script() -> Script:
    return Script()


def test_the_whole_way(sandbox: Sandbox, script: Script) -> None:
    sent = script.send(LINK, {"email": READER, "next": "/members/"})
    assert sent.status_code == 202
    assert "redirectTo=%2Fmembers%2F" in sandbox.outbox[-1].url
    done = script.send(LOGIN, {"token": sandbox.outbox[-1].url})
    assert done.status_code == 200, done.content
    me = script.get(ME).json()
    assert me.pop("csrf_token")
    assert me.pop("actor") is None
    assert me.pop("profile")["country_code"] == "US"
    assert done.json() == me
    assert done.json()["type"] == "AppUser"
    assert done.json()["email"] == READER
    assert script.send(LOGOUT).status_code == 204
    assert script.get(ME).status_code == 401
    assert sandbox.count("logoutAppUser") == 1


def test_sign_out_on_all_devices(sandbox: Sandbox, script: Script) -> None:
    script.sign_in(sandbox)
    phone = Script()
    phone.sign_in(sandbox)
    assert script.send(LOGOUT, {"everywhere": True}).status_code == 204
    assert phone.get(ME).status_code == 401


def test_staff(sandbox: Sandbox, script: Script) -> None:
    script.send(LINK, {"email": OWNER, "kind": "OrgUser"})
    me = script.send(LOGIN, {"token": sandbox.outbox[-1].url}).json()
    assert me["type"] == "OrgUser"
    assert me["memberships"][0]["role"] == "Owner"


def test_me_of_nobody_is_401_and_sets_the_csrf_cookie(script: Script) -> None:
    response = script.get(ME)
    assert response.status_code == 401
    assert response["WWW-Authenticate"]
    assert response.json()["code"] == "not_authenticated"
    assert response.cookies["csrftoken"].value


def test_s18_a_header_alone_is_nobody(sandbox: Sandbox, script: Script) -> None:
    header = f"Bearer AppUser {sandbox.app_user_token(READER)}"
    assert script.get(ME, headers={"Authorization": header}).status_code == 401
    assert sandbox.count() == 0


@pytest.mark.parametrize("path", [LINK, LOGIN, LOGOUT])
def test_s18_anonymous_posts_need_the_csrf_token(sandbox: Sandbox, path: str) -> None:
    data = {"email": READER, "token": sandbox.login_link_token(READER)}
    response = Client(enforce_csrf_checks=True).post(path, data, content_type="application/json")
    assert response.status_code == 403
    assert response.json()["code"] == "csrf"
    assert sandbox.count() == 0


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_s18_json_only(sandbox: Sandbox, script: Script, content_type: str) -> None:
    script.get(ME)
    response = script.post(
        LINK,
        json.dumps({"email": READER}),
        content_type=content_type,
        headers={"X-CSRFToken": script.cookies["csrftoken"].value},
    )
    assert response.status_code == 415
    assert set(response.json()) == {"code", "detail"}
    assert sandbox.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '"x"',
        "null",
        "{}",
        '{"email": 5}',
        '{"email": "a@b"}',
        "�",
        '{"email": "a@b.example", "kind": "\\ud800"}',
        '{"email": "a@b.example", "\\ud800": 1}',
    ],
)
def test_bad_bodies(sandbox: Sandbox, script: Script, body: str) -> None:
    response = script.send(LINK, body.encode("utf-8", "surrogatepass").decode("latin-1"))
    assert response.status_code == 400
    assert {"code", "detail"} <= set(response.json())
    assert sandbox.count() == 0


def test_s13_every_address_gets_the_same_answer(sandbox: Sandbox) -> None:
    answers = set()
    for email in (READER, "nobody@example.net", "x@mailinator.com", "banned@example.net"):
        response = Script().send(LINK, {"email": email})
        answers.add((response.status_code, response.content))
    assert len(answers) == 1


class TestS09:
    def test_a_link_asked_for_elsewhere_is_confirmed_first(
        self, sandbox: Sandbox, script: Script
    ) -> None:
        token = sandbox.login_link_token(READER)
        refused = script.send(LOGIN, {"token": token})
        assert refused.status_code == 409
        assert refused.json()["code"] == "confirmation_required"
        assert refused.json()["masked_email"] == "re••er@example.net"
        assert script.send(LOGIN, {"token": token, "confirmed": True}).status_code == 200

    def test_a_signed_in_person_is_asked_first(self, sandbox: Sandbox, script: Script) -> None:
        script.sign_in(sandbox, "subscriber@example.net")
        refused = script.sign_in(sandbox)
        assert (refused.status_code, refused.json()["code"]) == (409, "other_person")
        assert script.get(ME).json()["email"] == "subscriber@example.net"
        token = sandbox.outbox[-1].url
        assert script.send(LOGIN, {"token": token, "replace": True}).status_code == 200
        assert script.get(ME).json()["email"] == READER

    def test_the_same_person_goes_on(self, sandbox: Sandbox, script: Script) -> None:
        script.sign_in(sandbox)
        asked = sandbox.count("loginAppUser")
        assert script.sign_in(sandbox).status_code == 200
        assert sandbox.count("loginAppUser") == asked


class TestLinksThatAreNoGood:
    def answer(self, script: Script, token: str) -> tuple[int, str]:
        response = script.send(LOGIN, {"token": token, "confirmed": True})
        return response.status_code, response.json()["code"]

    def test_table(self, sandbox: Sandbox, script: Script) -> None:
        good = sandbox.login_link_token(READER)
        assert self.answer(script, sandbox.login_link_token(READER, age=7200)) == (410, "expired")
        assert self.answer(script, "garbled") == (400, "malformed")
        assert self.answer(script, sandbox.app_user_token(READER)) == (400, "wrong_kind")
        assert self.answer(script, good.rpartition(".")[0] + ".eA") == (400, "invalid")

    def test_s05_used(self, sandbox: Sandbox, script: Script) -> None:
        token = sandbox.login_link_token(READER)
        assert Script().send(LOGIN, {"token": token, "confirmed": True}).status_code == 200
        assert self.answer(script, token) == (410, "used")


@pytest.mark.parametrize("mode", ["html502", "drop", "blocked"])
def test_trouble_is_503(sandbox: Sandbox, script: Script, mode: str) -> None:
    sandbox.set_fault(mode)
    response = script.send(LINK, {"email": READER})
    assert response.status_code == 503
    assert response.json()["code"] == "unavailable"
    assert int(response["Retry-After"]) > 0
    token = sandbox.login_link_token(READER)
    assert script.send(LOGIN, {"token": token, "confirmed": True}).status_code == 503


def test_another_method_is_405_whatever_comes_with_it(script: Script) -> None:
    script.get(ME)
    headers = {"X-CSRFToken": script.cookies["csrftoken"].value}
    answer = script.post(ME, "x", content_type="text/plain", headers=headers)
    assert answer.status_code == 405


@pytest.mark.parametrize("path", [LINK, LOGIN, LOGOUT, ME])
def test_s15_headers(script: Script, path: str) -> None:
    response = script.get(path)
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert "noindex" in response["X-Robots-Tag"]
    assert "Cookie" in response["Vary"]
