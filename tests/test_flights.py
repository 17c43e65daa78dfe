"""Single flight: one goes, all return; and what a purge does to what is under way."""

from __future__ import annotations

import time

import pytest

from django_identityx.exceptions import Rejected
from django_identityx.users import AppUser
from django_identityx.verification.flights import Flights
from django_identityx.verification.verdicts import Verdict

from .crowd import crowd

VERDICT = Verdict(AppUser("1", "reader@example.net"), 1.0)


def test_one_leads_and_the_others_have_what_it_brought() -> None:
    flights = Flights()

    def go(index: int) -> tuple[bool, Verdict | None]:
        flight, is_leader = flights.board(b"key")
        if is_leader:
            with flights.leading(b"key", flight):
                time.sleep(0.1)
                flight.verdict = VERDICT
        else:
            assert flight.wait(5)
        return is_leader, flight.verdict

    results = crowd(16, go)
    assert [verdict for _, verdict in results] == [VERDICT] * 16
    assert sum(is_leader for is_leader, _ in results) == 1


def test_other_keys_fly_alone() -> None:
    flights = Flights()
    assert flights.board(b"one")[1]
    assert flights.board(b"two")[1]
    assert not flights.board(b"one")[1]


def test_an_error_is_there_for_all() -> None:
    flights = Flights()
    flight, _ = flights.board(b"key")
    with pytest.raises(Rejected), flights.leading(b"key", flight):
        raise Rejected("revoked")
    assert flight.wait(0)
    assert isinstance(flight.error, Rejected)
    assert flights.board(b"key")[1]


def test_an_interruption_lands_without_a_result() -> None:
    flights = Flights()
    flight, _ = flights.board(b"key")
    with pytest.raises(KeyboardInterrupt), flights.leading(b"key", flight):
        raise KeyboardInterrupt
    assert flight.wait(0)
    assert (flight.verdict, flight.error) == (None, None)


def test_after_a_purge_nobody_joins_and_nothing_is_kept() -> None:
    flights, kept = Flights(), []
    old, _ = flights.board(b"key")
    assert flights.keep(old, lambda: kept.append("before"))
    flights.purge(b"key")
    assert not flights.keep(old, lambda: kept.append("after"))
    new, is_leader = flights.board(b"key")
    assert is_leader
    with flights.leading(b"key", old):
        pass
    assert flights.board(b"key") == (new, False)  # the old one's landing is not the new one's
    assert flights.keep(new, lambda: kept.append("new"))
    assert kept == ["before", "new"]
    flights.purge(b"nothing under way")


def test_a_glance_keeps_nothing_if_a_purge_came_in_between() -> None:
    flights, kept = Flights(), []
    glance = flights.glance()
    assert flights.board(b"key")[1]  # a glance is not boarded
    assert flights.keep(glance, lambda: kept.append("before"))
    flights.purge(b"another")
    assert not flights.keep(glance, lambda: kept.append("after"))
    assert flights.keep(flights.glance(), lambda: kept.append("new"))
    assert kept == ["before", "new"]


def test_a_landing_shows() -> None:
    flights = Flights()
    before = flights.landings
    flight, _ = flights.board(b"key")
    assert flights.landings == before
    with flights.leading(b"key", flight):
        pass
    assert flights.landings == before + 1
