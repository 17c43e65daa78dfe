"""S13: no answer tells whether somebody has an account: status, body, headers, cookies, time.

The times are measured by ``benchmarks/enumeration.py``; here slow operations show whether an
answer waits for them.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import reverse

from django_identityx import emails, process
from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from tests.site import Visitor

pytestmark = pytest.mark.django_db

READERS = {
    "known": "reader@example.net",
    "unverified": "unverified@example.net",
    "unknown": "nobody@example.net",
    "burner": "reader@mailinator.com",
    "banned": "banned@example.net",
    "another site's": "weekly@example.net",
    "staff": "owner@example.com",
}
STAFF = {
    "known": "owner@example.com",
    "unknown": "nobody@example.com",
    "reader": "reader@x.example",
}

KINDS = [(email, "identityx:login", "AppUser") for email in READERS.values()]
KINDS += [(email, "identityx:org-login", "OrgUser") for email in STAFF.values()]


def seen(response: HttpResponse, email: str) -> dict[str, Any]:
    """What a client can see of an answer, without what is random or the client's own."""
    body = response.content.decode()
    body = re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", body)
    body = body.replace(email, "E").replace(emails.mask(email), "M")
    headers = {
        name: value.replace(str(len(response.content)), "n") if name == "Content-Length" else value
        for name, value in response.items()
    }
    cookies = {
        name: {key: value for key, value in morsel.items() if key != "expires"}
        for name, morsel in response.cookies.items()
    }
    return {
        "status": response.status_code,
        "body": body,
        "headers": headers,
        "cookies": cookies,
        "cookie sizes": {n: len(m.value) // 16 for n, m in response.cookies.items() if "csrf" in n},
    }


def by_page(email: str, path: str) -> list[dict[str, Any]]:
    visitor = Visitor()
    page = visitor.get(reverse(path))
    answer = visitor.submit(page, email=email)
    after = visitor.get(reverse("identityx:link-sent"))
    assert wait_until_sent()
    return [seen(answer, email), seen(after, email)]


def by_json(email: str, kind: str) -> list[dict[str, Any]]:
    visitor = Visitor()
    visitor.get(reverse("identityx:api-me"))
    answer = visitor.post(
        reverse("identityx:api-login-link"),
        json.dumps({"email": email, "kind": kind}),
        content_type="application/json",
        headers={"x-csrftoken": visitor.cookies["csrftoken"].value},
    )
    assert wait_until_sent()
    return [seen(answer, email)]


def answers(addresses: dict[str, str], ask: Any, path: str) -> dict[str, Any]:
    """What each address is answered, each as the first one that this site is asked."""
    found = {}
    for name, email in addresses.items():
        process.reset()
        found[name] = ask(email, path)
    return found


def assert_alike(found: dict[str, Any]) -> None:
    first = next(iter(found.values()))
    for name, answer in found.items():
        assert answer == first, name


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("ask", [by_page, by_json])
def test_readers(ask: Any, create: bool, sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_CREATE_APP_USERS = create
    found = answers(READERS, ask, "identityx:login" if ask is by_page else "AppUser")
    assert_alike(found)
    assert found["known"][0]["status"] in {302, 202}
    assert len(sandbox.outbox) == (5 if create else 3)  # and yet not all got a mail


@pytest.mark.parametrize("ask", [by_page, by_json])
def test_staff(ask: Any, sandbox: Sandbox) -> None:
    found = answers(STAFF, ask, "identityx:org-login" if ask is by_page else "OrgUser")
    assert_alike(found)
    assert [mail.to for mail in sandbox.outbox] == ["owner@example.com"]


@pytest.mark.parametrize("ask", [by_page, by_json])
def test_over_the_limit(ask: Any, sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": "1/hour"}
    path = "identityx:login" if ask is by_page else "AppUser"
    found = {}
    for name, email in READERS.items():
        process.reset()
        ask(email, path)
        found[name] = ask(email, path)[0]
        found[name]["headers"].pop("Retry-After")
    assert_alike(found)
    assert found["known"]["status"] == 429


@pytest.mark.parametrize("fault", ["html502", "drop", "blocked"])
@pytest.mark.parametrize("ask", [by_page, by_json])
def test_in_an_outage(ask: Any, fault: str, sandbox: Sandbox) -> None:
    """It is told, to everybody in the same words."""
    sandbox.set_fault(fault)
    found = answers(READERS, ask, "identityx:login" if ask is by_page else "AppUser")
    assert_alike(found)
    assert found["known"][0]["status"] == 503


@pytest.mark.parametrize(("email", "path", "kind"), KINDS)
def test_no_answer_waits_for_what_differs(
    email: str, path: str, kind: str, sandbox: Sandbox
) -> None:
    operations = ["createAppUser", "sendAppUserLoginLink", "sendUserLoginLink"]
    sandbox.set_fault("slow", seconds=30, operations=operations)
    visitor = Visitor()
    page = visitor.get(reverse(path))
    began = time.perf_counter()
    visitor.submit(page, email=email)
    assert time.perf_counter() - began < 15
    sandbox.clear_fault()
    assert wait_until_sent()


@pytest.mark.parametrize("create", [True, False])
def test_before_the_answer_all_cause_the_same_calls(
    create: bool, sandbox: Sandbox, settings
) -> None:
    settings.IDENTITYX_CREATE_APP_USERS = create
    settings.IDENTITYX_AUTHORIZATION_FORMAT = "plain"  # else the first question is asked twice
    for email, path, _ in KINDS:
        visitor = Visitor()
        page = visitor.get(reverse(path))
        sandbox.set_fault("hang", operations=["sendAppUserLoginLink", "sendUserLoginLink"])
        before = sandbox.count("ping")
        visitor.submit(page, email=email)
        assert sandbox.count("ping") == before + 1
        sandbox.clear_fault()
        assert wait_until_sent()
        assert sandbox.count("ping") == before + 1


def test_the_link_of_somebody_unknown_is_no_oracle_either(sandbox: Sandbox) -> None:
    """A token that nobody signed shows the address that it claims, whoever has an account."""
    found = {}
    for name in ("known", "unknown"):
        email = READERS[name]
        visitor = Visitor()
        claims = {
            "sub": "app-user-login-link",
            "aud": email,
            "iss": "5d1b36070ce467bff670a052",
            "jti": "a-jti-of-nobody",
            "iat": int(time.time()),
        }
        token = sandbox.sign(claims, key=b"another key")
        page = visitor.open(f"{reverse('identityx:callback')}?token={token}")
        form = re.sub(r'name="carrier" value="[^"]+', "", page.content.decode())
        answer = visitor.submit(page)
        found[name] = [seen(answer, email), page.status_code, len(form) // 64]
    assert found["known"] == found["unknown"]
