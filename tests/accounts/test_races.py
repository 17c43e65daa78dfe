"""Many at once: threads on PostgreSQL, processes on SQLite."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from django_identityx.accounts import load_user, rows
from django_identityx.accounts.models import Identity
from django_identityx.sandbox import ORG_ID
from django_identityx.users import Membership, OrgUser
from tests.processes import run_at_once, site

from .test_rows import ID, RITA

threads_can = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="needs PostgreSQL: IDENTITYX_TEST_POSTGRES"
)


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """What each gives, all begun at the same moment."""
    results: list[Any] = []
    barrier = threading.Barrier(len(work))

    def run(one: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results.append(one())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@threads_can
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fields", [None, "tests.accounts.hooks.nothing_unique"])
@pytest.mark.parametrize("signing_in", [True, False])
def test_first_sign_ins_make_one_row(settings, fields: str | None, signing_in: bool) -> None:
    settings.IDENTITYX_ACCOUNT_FIELDS = fields
    for number in range(5):
        person = replace(RITA, id=f"{number:024x}", email=f"reader{number}@example.net")
        found = at_once(*[lambda one=person: load_user(one, signing_in=signing_in)] * 8)
        assert len({row.pk for row in found}) == 1
        assert len(found) == 8
    assert User.objects.count() == Identity.objects.count() == 5


@threads_can
@pytest.mark.django_db(transaction=True)
def test_an_identity_goes_to_one_of_two_users() -> None:
    for number in range(5):
        person = replace(RITA, id=f"{number:024x}")
        users = [User.objects.create_user(f"{name}{number}") for name in ("ann", "bob")]
        found = at_once(*[partial(rows.attach, person, user) for user in users])
        assert sorted(identity is None for identity in found) == [False, True]
        winner = next(identity for identity in found if identity is not None)
        assert Identity.objects.get(identity_id=person.id).user == winner.user


@threads_can
@pytest.mark.django_db(transaction=True)
def test_a_deletion_while_somebody_signs_in() -> None:
    """Either the old row, which is gone then, or a new one: never a row that nobody owns."""
    for number in range(5):
        person = replace(RITA, id=f"{number:024x}", email=f"reader{number}@example.net")
        row = load_user(person)
        at_once(row.delete, lambda one=person: load_user(one, signing_in=True))
        identity = Identity.objects.get(identity_id=person.id)
        owned = [identity.user_id] if identity.user_id is not None else []
        assert list(User.objects.filter(email=person.email).values_list("pk", flat=True)) == owned


@threads_can
@pytest.mark.django_db(transaction=True)
def test_roles_that_change_at_once(settings) -> None:
    settings.IDENTITYX_ORG_ID = ORG_ID
    settings.IDENTITYX_STAFF_ROLES = {"Owner": {"is_staff": True, "groups": ["Editors"]}}
    people = [
        OrgUser(ID, "owner@example.com", memberships=(Membership(role, ORG_ID, "Acme"),))
        for role in ("Owner", "Guest")
    ]
    row = load_user(people[1])
    for _ in range(5):
        at_once(*[lambda one=one: load_user(one) for one in people * 3])
        load_user(people[0])
        row.refresh_from_db()
        assert (row.is_staff, row.groups.count()) == (True, 1)
        load_user(people[1])
        row.refresh_from_db()
        assert (row.is_staff, row.groups.count()) == (False, 0)


SCRIPT = """
import sys, time
import django
django.setup()
from dataclasses import replace
from django_identityx.accounts import load_user
from tests.accounts.test_rows import RITA
time.sleep(max(0, float(sys.argv[1]) - time.time()))
for number in range(20):
    person = replace(RITA, id=f"{number:024x}", email=f"reader{number}@example.net")
    print(number, load_user(person, signing_in=True).pk)
"""


@pytest.mark.slow
def test_processes_on_sqlite(tmp_path: Path) -> None:
    environment = site(
        "sqlite",
        tmp_path,
        IDENTITYX_USER_LOADER="django_identityx.accounts.load_user",
    )
    command = [sys.executable, "-m", "django", "migrate", "--skip-checks"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    said = run_at_once(environment, SCRIPT).splitlines()
    assert len(said) == 80
    assert len(set(said)) == 20
