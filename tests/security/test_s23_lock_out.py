"""S23: nobody can keep somebody else from signing in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from django_identityx import ratelimits
from django_identityx.credentials import TokenType
from django_identityx.ratelimits import LimitExceeded
from django_identityx.sandbox import Sandbox
from tests.site import OWNER, READER, Visitor
from tests.test_api import LINK, Script

STAFF = TokenType.ORG_USER


def asking(number: int, email: str, path: str = "identityx:login") -> int:
    """A link asked for from an address of its own."""
    return Visitor(REMOTE_ADDR=f"198.51.100.{number}").ask(email, path=path).status_code


def asked(email: str, kind: TokenType = TokenType.APP_USER, **options: Any) -> bool:
    """Whether a link is let through, from an address that nobody has used."""
    asked.number += 1  # type: ignore[attr-defined]
    address = f"10.{asked.number // 65536}.{asked.number // 256 % 256}.{asked.number % 256}"  # type: ignore[attr-defined]
    request = RequestFactory().post("/", REMOTE_ADDR=address)
    try:
        ratelimits.limit_sending(request, email, kind, **options)
    except LimitExceeded:
        return False
    return True


asked.number = 0  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_tags_and_the_other_form_shut_nobody_out(sandbox: Sandbox) -> None:
    """None of those links would have been the owner's."""
    for number in range(1, 6):
        assert asking(number, f"reader+{number}@example.net") == 302
        assert asking(number + 10, READER, "identityx:org-login") == 302
    owner = Visitor(REMOTE_ADDR="198.51.100.99")
    owner.sign_in(sandbox)
    assert owner.signed_in_as


@pytest.mark.django_db
def test_the_links_of_a_flood_are_the_owners(sandbox: Sandbox) -> None:
    for number in range(5):
        asking(number, READER)
    owner = Visitor(REMOTE_ADDR="198.51.100.99")
    assert owner.ask().status_code == 429
    owner.submit(owner.open(sandbox.outbox[-1].url))
    assert owner.signed_in_as


def test_the_plain_address_is_no_spelling() -> None:
    assert sum(asked(f"reader+{number}@example.net") for number in range(300)) == 25
    assert asked(READER)


def test_kinds_count_apart() -> None:
    assert sum(asked(OWNER) for _ in range(10)) == 5
    assert sum(asked(OWNER, STAFF) for _ in range(10)) == 5


def test_a_browser_that_signed_in_before_counts_for_itself() -> None:
    """Beside all floods, of its address and of its client address; and not without end."""
    assert sum(asked(READER) for _ in range(10)) == 5
    request = RequestFactory().post("/", REMOTE_ADDR="198.51.100.7")
    for number in range(10):
        ratelimits.limit_sending(request, f"other{number}@example.net")
    with pytest.raises(LimitExceeded):
        ratelimits.limit_sending(request, "another@example.net")
    for _ in range(5):
        ratelimits.limit_sending(request, READER, known_browser=True)
    with pytest.raises(LimitExceeded):
        ratelimits.limit_sending(request, READER, known_browser=True)


def test_a_flood_by_a_browser_that_is_known_shuts_no_other_out() -> None:
    while asked(READER, known_browser=True):
        pass
    assert asked(READER)


@pytest.mark.parametrize(
    "spellings",
    [
        ["READER@Example.net", " reader@example.net", "reader@EXAMPLE.NET "],
        ["reader@exämple.com", "reader@EXÄMPLE.com", "reader@xn--exmple-cua.com"],
        ["reader@ｅxample.net", "reader@example。net"],  # noqa: RUF001
        ["reader@faß.de", "reader@xn--fa-hia.de"],
    ],
)
def test_spellings_of_one_address(spellings: list[str]) -> None:
    assert sum(asked(spellings[number % len(spellings)]) for number in range(12)) == 5


def test_what_only_looks_alike_is_somebody_else() -> None:
    for _ in range(5):
        assert asked("reader@example.net")
    assert asked("reader@еxample.net")  # noqa: RUF001 - a Cyrillic letter
    assert asked("reader@example.nett")


@pytest.mark.parametrize(
    "spell",
    [
        lambda number: f"first.last+{number}@gmail.com",
        lambda number: f"f{'.' * (number % 2)}irstlast+{number}@googlemail.com",
        lambda number: f"firstlast+{number}@gmail.com",
    ],
)
def test_the_mailbox_has_a_looser_limit(spell: Any) -> None:
    assert sum(asked(spell(number)) for number in range(40)) == 25
    assert asked("firstlast@gmail.com")
    assert not asked("fir.stlast@googlemail.com")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "email", ['"reader"@example.net', "reader@exam\u00adple.net", "reader@exam\u200dple.net"]
)
def test_other_ways_to_write_it_are_refused(email: str, sandbox: Sandbox) -> None:
    assert asking(1, email) == 400
    answer = Script().send(LINK, {"email": email})
    assert answer.status_code == 400
    assert not sandbox.count("sendAppUserLoginLink")


@pytest.mark.django_db
def test_the_owners_browser_gets_its_link_in_a_flood(sandbox: Sandbox) -> None:
    """Of the address, of its mailbox, and from the office that they share an address with."""
    owner = Visitor(REMOTE_ADDR="198.51.100.99")
    owner.sign_in(sandbox)
    owner.submit(owner.get("/identityx/logout/"))
    assert not owner.signed_in_as
    for number in range(12):
        asking(99, f"other{number}@example.net")
        asking(number, READER)
    assert asking(98, READER) == 429
    before = len(sandbox.outbox)
    assert owner.ask().status_code == 302
    owner.submit(owner.open(sandbox.outbox[before].url))
    assert owner.signed_in_as


@pytest.mark.django_db
def test_a_flood_of_unknown_addresses_leaves_places_for_links(sandbox: Sandbox, settings) -> None:
    """Nothing is declared, and each request brings a header of its own."""
    settings.IDENTITYX_THROTTLE_RATES = {"send-address": "2/min"}
    statuses = [
        Visitor(REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": f"203.0.113.{number}"})
        .ask(f"other{number}@example.net")
        .status_code
        for number in range(30)
    ]
    assert statuses == [302] * 20 + [429] * 10
    assert asking(1, READER) == 302
