"""The audit log: one line an event, made of fields, with nobody's token or address in it."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import reverse

from django_identityx import audit, emails, process, signals
from django_identityx.sandbox import Sandbox
from django_identityx.users import AppUser

from .leaks import SECRET, assert_no_secret
from .site import READER, Visitor

FROM = "203.0.113.9"
FIELD = re.compile(r' (\w+)=("(?:[^"\\]|\\.)*"|true|false|null|[\d.]+)')


@pytest.fixture
def request_() -> HttpRequest:
    return RequestFactory().get("/", REMOTE_ADDR=FROM)


@pytest.fixture(autouse=True)
def _level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "django_identityx.audit")


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    """Events and fields, read back from the text; they are those of the record, too."""
    found = []
    for record in caplog.records:
        if record.name != "django_identityx.audit":
            continue
        message = record.getMessage()
        event, rest = message.split(" ", 1)
        fields = {name: json.loads(value) for name, value in FIELD.findall(f" {rest}")}
        assert "\n" not in message
        assert "".join(f" {name}={json.dumps(v)}" for name, v in fields.items()) == f" {rest}"
        assert record.identityx == {"event": event, **fields}  # type: ignore[attr-defined]
        found.append((event, fields))
    return found


USER = AppUser(id="65aa", email=READER, app_id="5d1b36070ce467bff670a052")


def test_events(caplog: pytest.LogCaptureFixture, request_: HttpRequest) -> None:
    audit.login_link_sent(request_, "AppUser", READER)
    audit.login_link_not_sent("AppUser", emails.digest(READER), "unknown_user", FROM)
    audit.login_failed(request_, "expired", kind="AppUser", email=READER)
    audit.user_logged_in(request_, USER)
    audit.user_logged_out(request_, USER, revoked=True, denied=True)
    audit.user_logged_out(None, None, revoked=False, denied=True, identity=USER.identity)
    audit.token_rejected("revoked", "OrgUser")
    who = {"kind": "AppUser", "user_id": "65aa"}
    mailbox = {"kind": "AppUser", "email_digest": emails.digest(READER)}
    assert lines(caplog) == [
        ("login_link_sent", {**mailbox, "address": FROM}),
        ("login_link_not_sent", {**mailbox, "reason": "unknown_user", "address": FROM}),
        ("login_failed", {**mailbox, "reason": "expired", "address": FROM}),
        ("user_logged_in", {**who, "address": FROM}),
        ("user_logged_out", {**who, "revocation_failed": False, "denied": True, "address": FROM}),
        (
            "user_logged_out_revocation_failed",
            {**who, "revocation_failed": True, "denied": True, "address": ""},
        ),
        ("token_rejected", {"kind": "OrgUser", "reason": "revoked", "address": ""}),
    ]
    assert "reader" not in caplog.text
    levels = [record.levelname for record in caplog.records]
    assert levels == ["INFO", "INFO", "WARNING", "INFO", "INFO", "WARNING", "INFO"]


def test_links_that_nobody_signed_are_told_a_few_times(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that one says of itself; and no flood of them, from a household of IPv6 either."""

    def told(*addresses: str) -> int:
        process.reset()
        caplog.clear()
        for address in addresses:
            audit.login_unverified(RequestFactory().get("/", REMOTE_ADDR=address), "expired")
        for event, fields in lines(caplog):
            assert event == "login_failed"
            assert set(fields) == {"reason", "detail", "address"}
            assert (fields["reason"], fields["detail"]) == ("unverified", "expired")
        return len(lines(caplog))

    assert told(*[FROM] * 100) == 5
    assert told(*[f"2001:db8:1:2::{number:x}" for number in range(100)]) == 5
    assert told(*[f"203.0.113.{number}" for number in range(20)]) == 20


def test_a_link_that_is_taken_and_delivered(
    caplog: pytest.LogCaptureFixture, request_: HttpRequest
) -> None:
    """Two lines: where the second is missing the process has ended between."""
    audit.login_link_sent(request_, "AppUser", READER)
    audit.login_link_delivered("AppUser", emails.digest(READER), FROM)
    (taken, delivered) = lines(caplog)
    assert (taken[0], delivered[0]) == ("login_link_sent", "login_link_delivered")
    assert taken[1] == delivered[1]


def test_nothing_breaks_out_of_its_line(
    caplog: pytest.LogCaptureFixture, request_: HttpRequest
) -> None:
    audit.login_failed(request_, 'a"b\nuser_logged_in kind="x" \u2028', kind="AppUser")
    ((event, fields),) = lines(caplog)
    assert event == "login_failed"
    assert fields["reason"].startswith('a"b\n')


def test_a_token_that_got_in_does_not_get_out(caplog: pytest.LogCaptureFixture) -> None:
    audit.token_rejected(f"?token={SECRET}", "AppUser")
    assert_no_secret(caplog.text)


def test_a_log_that_is_off_costs_no_signal(
    caplog: pytest.LogCaptureFixture, request_: HttpRequest
) -> None:
    caplog.set_level(logging.CRITICAL, "django_identityx.audit")
    heard: list[dict[str, Any]] = []

    def receiver(**kwargs: Any) -> None:
        heard.append(kwargs)

    signals.login_link_sent.connect(receiver)
    try:
        audit.login_link_sent(request_, "AppUser", READER)
    finally:
        signals.login_link_sent.disconnect(receiver)
    assert lines(caplog) == []
    assert heard[0]["email_digest"] == emails.digest(READER)


def test_a_receiver_that_fails_costs_only_itself(request_: HttpRequest) -> None:
    """But for the one after signing in, where Django's own goes up as well."""

    def receiver(**kwargs: Any) -> None:
        raise LookupError("it failed")

    ours = (signals.login_link_sent, signals.login_failed, signals.token_rejected)
    for signal in ours:
        signal.connect(receiver)
    try:
        audit.login_link_sent(request_, "AppUser", READER)
        audit.login_failed(request_, "expired")
        audit.token_rejected("revoked", "AppUser", request_)
    finally:
        for signal in ours:
            signal.disconnect(receiver)


@pytest.mark.django_db
def test_a_visitors_way(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    visitor = Visitor(REMOTE_ADDR=FROM)
    visitor.sign_in(sandbox)
    visitor.submit(visitor.get(reverse("identityx:logout")))
    thief = Visitor(REMOTE_ADDR="203.0.113.66")
    thief.submit(thief.open(sandbox.outbox[-1].url))
    thief.open(
        f"{reverse('identityx:callback')}?token={sandbox.login_link_token(READER, age=7200)}"
    )
    found = lines(caplog)
    steps = [(event, fields["address"]) for event, fields in found]
    steps.remove(("login_link_delivered", FROM))  # behind the answer, so anywhere
    assert steps[:3] == [
        ("login_link_sent", FROM),
        ("user_logged_in", FROM),
        ("user_logged_out", FROM),
    ]
    failed = [fields for event, fields in found if event == "login_failed"]
    assert {(fields["reason"], fields["address"]) for fields in failed} >= {
        ("used", "203.0.113.66"),
        ("unverified", "203.0.113.66"),
    }
    digests = {fields.get("email_digest") for fields in failed}
    assert digests == {emails.digest(READER), None}  # of what is unverified nothing is told
    ids = {fields["user_id"] for _, fields in found if "user_id" in fields}
    assert len(ids) == 1
    assert all(ids)


@pytest.mark.django_db
def test_a_session_that_ends_elsewhere(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """Who it was is known from the session, though nobody verifies it any more."""
    visitor = Visitor()
    visitor.sign_in(sandbox)
    sandbox.revoke(visitor.session["_identityx"]["token"])
    process.reset()
    cache.clear()
    assert visitor.get("/members/").status_code == 302
    ended = [fields for event, fields in lines(caplog) if event == "user_logged_out"]
    signed_in = [fields for event, fields in lines(caplog) if event == "user_logged_in"]
    assert ended[0]["user_id"] == signed_in[0]["user_id"]
