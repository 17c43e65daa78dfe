"""S11: limits per address and per e-mail, on sending and on redeeming, on the running site."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from tests.site import OWNER, READER, Visitor
from tests.test_api import LINK, LOGIN, Script

pytestmark = pytest.mark.django_db


def asking(number: int, email: str, path: str = "identityx:login") -> Any:
    """A link asked for from an address of its own."""
    return Visitor(REMOTE_ADDR=f"198.51.100.{number}").ask(email, path=path)


def too_many(response: Any, at_most: int = 60) -> bool:
    if response.status_code != 429:
        return False
    assert at_most - 5 <= int(response["Retry-After"]) <= at_most
    return True


@pytest.mark.parametrize("email", [READER, "nobody@example.net"])
def test_five_links_a_minute_to_one_mailbox(email: str, sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_CREATE_APP_USERS = False
    answers = [asking(number, email) for number in range(6)]
    assert [a.status_code for a in answers] == [302] * 5 + [429]
    assert too_many(answers[-1])
    assert email in answers[-1].content.decode()  # back in the form
    assert len(sandbox.outbox) == (5 if email == READER else 0)


def test_spellings_of_one_mailbox(sandbox: Sandbox) -> None:
    """Of the address itself none but capitals; of the mailbox all, with a looser limit."""
    spelt = [READER, "READER@EXAMPLE.NET", "Reader@example.net", READER, READER, READER]
    assert [asking(n, email).status_code for n, email in enumerate(spelt)] == [302] * 5 + [429]
    statuses = [asking(n, f"reader+{n}@example.net").status_code for n in range(26)]
    assert statuses == [302] * 25 + [429]


def test_ten_links_a_minute_from_one_address(sandbox: Sandbox) -> None:
    visitor = Visitor(REMOTE_ADDR="198.51.100.7")
    answers = [visitor.ask(f"reader{number}@example.net") for number in range(11)]
    assert [a.status_code for a in answers] == [302] * 10 + [429]
    assert too_many(answers[-1])
    assert sandbox.count("sendAppUserLoginLink") == 10
    assert Visitor(REMOTE_ADDR="198.51.100.8").ask("reader99@example.net").status_code == 302


def test_one_household_of_ipv6_is_one_address(sandbox: Sandbox) -> None:
    answers = [
        Visitor(REMOTE_ADDR=f"2001:db8:1:2::{number:x}").ask(f"reader{number}@example.net")
        for number in range(11)
    ]
    assert [a.status_code for a in answers] == [302] * 10 + [429]
    assert Visitor(REMOTE_ADDR="2001:db8:1:3::1").ask().status_code == 302


def test_one_customer_of_ipv6_has_a_wider_limit(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"send-address": "1/min"}
    answers = [
        Visitor(REMOTE_ADDR=f"2001:db8:1:{number:x}::1").ask(f"reader{number}@example.net")
        for number in range(11)
    ]
    assert [a.status_code for a in answers] == [302] * 10 + [429]
    assert Visitor(REMOTE_ADDR="2001:db8:2::1").ask().status_code == 302


def test_pages_and_json_count_together(sandbox: Sandbox) -> None:
    script = Script()
    for number in range(4):
        assert asking(number, OWNER, "identityx:org-login").status_code == 302
    assert script.send(LINK, {"email": OWNER, "kind": "OrgUser"}).status_code == 202
    answer = script.send(LINK, {"email": OWNER, "kind": "OrgUser"})
    assert too_many(answer)
    assert answer.json()["code"] == "too_many"
    assert asking(9, OWNER, "identityx:org-login").status_code == 429


def test_another_browser_and_no_cookies_change_nothing(sandbox: Sandbox) -> None:
    for _ in range(5):
        Visitor().ask()
    assert Visitor(headers={"user-agent": "Another/1.0"}).ask().status_code == 429


def test_a_success_resets_nothing(sandbox: Sandbox) -> None:
    for number in range(5):
        visitor = Visitor(REMOTE_ADDR=f"198.51.100.{number}")
        visitor.ask()
        visitor.submit(visitor.open(sandbox.outbox[-1].url))
        assert visitor.signed_in_as
    assert asking(9, READER).status_code == 429


def test_over_the_limit_nothing_is_asked_or_sent(sandbox: Sandbox) -> None:
    for number in range(5):
        asking(number, READER)
    before = sandbox.count()
    assert asking(9, READER).status_code == 429
    assert sandbox.count() == before


def test_thirty_redemptions_a_minute_from_one_address(sandbox: Sandbox) -> None:
    visitor = Visitor(REMOTE_ADDR="198.51.100.7")
    page = visitor.open(f"{reverse('identityx:callback')}?token={stranger(sandbox)}")
    answers = [visitor.submit(page) for _ in range(31)]
    assert 429 not in [a.status_code for a in answers[:30]]
    assert too_many(answers[-1])
    assert sandbox.count("loginAppUser") <= 30
    another = Visitor(REMOTE_ADDR="198.51.100.8")
    assert another.sign_in(sandbox).status_code == 302


def test_redemptions_by_json(sandbox: Sandbox) -> None:
    script = Script()
    answers = [
        script.send(LOGIN, {"token": stranger(sandbox), "confirmed": True}) for _ in range(31)
    ]
    assert 429 not in [a.status_code for a in answers[:30]]
    assert too_many(answers[-1])
    assert answers[-1].json()["code"] == "too_many"


def stranger(sandbox: Sandbox) -> str:
    """A link's token of good form that IdentityX never issued."""
    known = sandbox.login_link_token(READER)
    return known[:-4] + ("AAAA" if known[-4:] != "AAAA" else "BBBB")


def test_off(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = None
    visitor = Visitor()
    assert {visitor.ask().status_code for _ in range(12)} == {302}


def test_lists_of_rates(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": ["3/min", "2/hour"]}
    answers = [asking(number, READER) for number in range(3)]
    assert [a.status_code for a in answers] == [302, 302, 429]
    assert too_many(answers[-1], at_most=3600)


def test_exempt_networks(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_EXEMPT = ["198.51.100.0/24"]
    visitor = Visitor(REMOTE_ADDR="198.51.100.7")
    assert {visitor.ask(f"r{n}@example.net").status_code for n in range(12)} == {302}
    assert wait_until_sent()
