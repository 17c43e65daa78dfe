"""The pages for people: an outbox that explains itself, and trouble by buttons."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import urlencode

import pytest

from django_identityx.sandbox import DAILY_APP_ID, Response, Sandbox

OWN = {"host": "127.0.0.1:8787", "origin": "http://127.0.0.1:8787"}
FORM = {**OWN, "content-type": "application/x-www-form-urlencoded"}
LOGIN = 'mutation { loginAppUser(input: { token: "%s" }) { user { id } } }'
SEND = """mutation { sendAppUserLoginLink(
  input: { email: "%s", authUrl: "https://site.example/in" }) }"""
SEND_STAFF = 'mutation { sendUserLoginLink(input: { email: "owner@example.com" }) }'
CREATE = 'mutation { createAppUser(input: { email: "%s" }) { id } }'


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(callback_url="https://site.example/callback/")


def ask(sandbox: Sandbox, query: str) -> None:
    headers = {"content-type": "application/json", "x-app-id": DAILY_APP_ID}
    sandbox.handle("POST", "/", headers, json.dumps({"query": query}).encode())


def page(sandbox: Sandbox, path: str = "/") -> str:
    response = sandbox.handle("GET", path, {"host": "127.0.0.1:8787"})
    assert response.status == 200
    return unescape(response.body.decode())


def press(sandbox: Sandbox, path: str, **fields: str) -> Response:
    return sandbox.handle("POST", path, FORM, urlencode(fields).encode())


def test_it_says_why_no_mail_was_sent(sandbox: Sandbox) -> None:
    assert "No mail yet." in page(sandbox)
    ask(sandbox, CREATE % "You@example.com")
    shown = page(sandbox)
    assert "No mail was sent" in shown
    assert "you@example.com" in shown
    assert "example.com is on IdentityX's list of throw-away domains" in shown
    assert "Try reader@example.net" in shown
    ask(sandbox, SEND % "nobody@example.net")
    assert "No user was found for 'nobody@example.net'" in page(sandbox)
    assert [refusal.to for refusal in sandbox.refusals] == ["you@example.com", "nobody@example.net"]
    sandbox.reset()
    assert sandbox.refusals == []


def test_a_mail_as_people_see_it(sandbox: Sandbox) -> None:
    ask(sandbox, SEND % "reader@example.net")
    shown = page(sandbox)
    assert re.search(r"<time datetime=\"\d{4}-\d\d-\d\dT", shown)
    assert "not used yet" in shown
    assert sandbox.outbox[0].text in shown
    assert re.search(r'<iframe src="/_sandbox/mail/0" title="Mail to reader@example.net"', shown)
    response = sandbox.handle("GET", "/_sandbox/mail/0", {})
    policy = response.headers["content-security-policy"]
    assert "sandbox allow-popups" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert sandbox.outbox[0].html in response.body.decode()
    for path in ("/_sandbox/mail/1", "/_sandbox/mail/x", "/_sandbox/mail/"):
        assert sandbox.handle("GET", path, {}).status == 404


def test_a_link_that_was_followed(sandbox: Sandbox) -> None:
    ask(sandbox, SEND % "reader@example.net")
    ask(sandbox, SEND % "reader@example.net")
    ask(sandbox, LOGIN % sandbox.outbox[0].url.partition("token=")[2])
    assert [mail.used for mail in sandbox.outbox] == [True, False]
    shown = page(sandbox)
    assert shown.index("not used yet") < shown.index('<span class="mark">used</span>')


def test_next_survives_the_way_of_staff(sandbox: Sandbox) -> None:
    ask(sandbox, SEND_STAFF)
    token = sandbox.outbox[0].url.rpartition("/")[2]
    assert f"/authenticate/{token}?next=/reports/%3Fpage%3D2" in page(
        sandbox, "/?next=/reports/%3Fpage%3D2"
    )
    shown = page(sandbox, f"/authenticate/{token}?next=/reports/%3Fpage%3D2")
    link = f"https://site.example/callback/?token={token}&next=/reports/%3Fpage%3D2"
    assert f'href="{link}"' in shown
    hostile = page(sandbox, f'/authenticate/{token}?next="><script>')
    assert "<script>" not in hostile


def test_all_modes_are_there(sandbox: Sandbox) -> None:
    shown = page(sandbox)
    for mode in ("html502", "hang", "drop", "inner", "database", "mail", "blocked", "slow"):
        assert f'<input type="hidden" name="mode" value="{mode}">' in shown


def test_trouble_by_buttons(sandbox: Sandbox) -> None:
    pressed = press(
        sandbox, "/_sandbox/faults", mode="inner", service="user", hangs="on", seconds="1.5",
        times="3", operations="activeUser, ping", message="",
    )  # fmt: skip
    assert (pressed.status, pressed.headers["location"]) == (303, "/")
    fault = sandbox.fault
    assert fault is not None
    assert (fault.mode, fault.service, fault.hangs, fault.seconds) == ("inner", "user", True, 1.5)
    assert (fault.times, fault.operations) == (3, {"activeUser", "ping"})
    assert "Trouble is on: inner; user hangs; 3 more requests; only activeUser, ping" in page(
        sandbox
    )
    assert press(sandbox, "/_sandbox/faults", mode="none").status == 303
    assert sandbox.fault is None
    assert "Trouble is on" not in page(sandbox)


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({}, "mode is one of"),
        ({"mode": "slow", "seconds": "long"}, "seconds is a number"),
        ({"mode": "slow", "times": "1.5"}, "times is a number"),
        ({"mode": "html502", "seconds": "1"}, "does not know seconds"),
    ],
)
def test_forms_that_make_no_sense(sandbox: Sandbox, fields: dict[str, str], hint: str) -> None:
    answer = press(sandbox, "/_sandbox/faults", **fields)
    assert answer.status == 400
    assert hint in answer.json()["error"]
    assert sandbox.fault is None


def test_starting_again_by_a_button(sandbox: Sandbox) -> None:
    ask(sandbox, SEND % "reader@example.net")
    assert press(sandbox, "/_sandbox/reset").status == 303
    assert sandbox.outbox == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
    ],
)
def test_forms_of_other_pages_change_nothing(sandbox: Sandbox, headers: dict[str, str]) -> None:
    ask(sandbox, SEND % "reader@example.net")
    sent = {"content-type": FORM["content-type"], "host": OWN["host"], **headers}
    assert sandbox.handle("POST", "/_sandbox/reset", sent, b"").status == 403
    assert len(sandbox.outbox) == 1


def test_every_field_has_a_label(sandbox: Sandbox) -> None:
    shown = page(sandbox)
    fields = re.findall(r"<(?:input|select)[^>]*>", shown)
    visible = [field for field in fields if 'type="hidden"' not in field]
    labelled = re.findall(r"<label[^>]*>.*?</label>", shown, re.DOTALL)
    assert len(visible) == len(labelled) > 10
    assert "autofocus" not in shown
