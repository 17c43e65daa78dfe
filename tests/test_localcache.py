"""The bounded memory of one process."""

from __future__ import annotations

from django_identityx.users import AppUser
from django_identityx.verification.localcache import Entry, LocalVerdicts, Refusals
from django_identityx.verification.verdicts import Kept, Verdict

from .crowd import crowd

ENTRY = Entry(Kept(Verdict(AppUser("1", "reader@example.net"), 1.0)), 2.0, 1.8)


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_the_one_used_longest_ago_goes_first() -> None:
    verdicts = LocalVerdicts(3)
    for number in range(3):
        verdicts.put(key(number), ENTRY)
    assert verdicts.get(key(0)) is ENTRY
    verdicts.put(key(3), ENTRY)
    assert verdicts.get(key(1)) is None
    assert [verdicts.get(key(n)) for n in (0, 2, 3)] == [ENTRY] * 3
    assert len(verdicts) == 3


def test_dropping() -> None:
    verdicts = LocalVerdicts(3)
    verdicts.put(key(1), ENTRY)
    verdicts.drop(key(1))
    verdicts.drop(key(1))
    assert verdicts.get(key(1)) is None


def test_threads_may_do_all_of_it_at_once() -> None:
    verdicts = LocalVerdicts(8)

    def work(index: int) -> None:
        for number in range(2000):
            verdicts.put(key((number + index) % 16), ENTRY)
            verdicts.get(key(number % 16))
            verdicts.drop(key((number * 7) % 16))

    assert crowd(8, work) == [None] * 8
    assert len(verdicts) <= 8


def test_a_refusal_lasts_until_its_time() -> None:
    refusals = Refusals(3)
    refusals.put(key(1), "revoked", 10.0)
    assert refusals.get(key(1), 9.9) == "revoked"
    assert refusals.get(key(1), 10.0) is None
    assert refusals.get(key(2), 0.0) is None


def test_a_longer_refusal_is_not_shortened() -> None:
    refusals = Refusals(3)
    refusals.put(key(1), "revoked", 100.0)
    refusals.put(key(1), "revoked", 10.0)
    assert refusals.get(key(1), 50.0) == "revoked"
    refusals.drop(key(1))
    assert refusals.get(key(1), 5.0) is None


def test_refusals_are_bounded() -> None:
    refusals = Refusals(3)
    for number in range(10):
        refusals.put(key(number), "invalid", 10.0)
    assert len(refusals) == 3
    assert refusals.get(key(9), 0.0) == "invalid"
