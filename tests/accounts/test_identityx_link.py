"""``identityx_link``: what it says it would do, and does."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from django_identityx.accounts.models import Identity
from django_identityx.sandbox import Sandbox
from tests.site import OWNER, READER, Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _users(sandbox: Sandbox) -> None:
    User.objects.create_user("rita", READER.upper())
    User.objects.create_user("boss", "subscriber@example.net", is_staff=True)
    User.objects.create_user("gone", "banned@example.net", is_active=False)
    User.objects.create_user("new", "unverified@example.net")
    User.objects.create_user("twin", "staff@example.org")
    User.objects.create_user("twin2", "Staff@example.org")
    User.objects.create_user("stranger", "=stranger@example.net")
    User.objects.create_user("nobody", "")


@pytest.fixture(params=["by token", "one by one"])
def way(request, sandbox: Sandbox, settings) -> str:
    if request.param == "by token":
        settings.IDENTITYX_API_TOKEN = sandbox.api_token(OWNER)
    return str(request.param)


def run(*options: str) -> dict[str, dict[str, str]]:
    output, errors = io.StringIO(), io.StringIO()
    call_command("identityx_link", *options, stdout=output, stderr=errors)
    names = dict(User.objects.values_list("pk", "username"))
    return {
        names[int(line["user"])]: line
        for line in csv.DictReader(io.StringIO(output.getvalue().replace("\r", "")))
    }


REASONS = {
    "rita": "",
    "boss": "staff: needs --include-staff",
    "gone": "inactive",
    "new": "not verified at IdentityX",
    "twin": "several users have this address",
    "twin2": "several users have this address",
    "stranger": "IdentityX knows no such reader",
}


def test_a_dry_run_changes_nothing(way: str) -> None:
    lines = run("--dry-run")
    assert {name: line["reason"] for name, line in lines.items()} == REASONS
    assert lines["rita"]["action"] == "link"
    assert lines["stranger"]["address"] == "'=stranger@example.net"
    assert not Identity.objects.exists()


def test_it_links(way: str, sandbox: Sandbox) -> None:
    lines = run()
    identity = Identity.objects.get()
    assert (identity.user.username, identity.made_user) == ("rita", False)
    assert lines["rita"]["identityx_id"] == identity.identity_id
    assert run()["rita"]["reason"] == "linked already"


def test_letters_that_are_alike_are_somebody_elses(way: str) -> None:
    """The long s, which folding makes an s: whose mailbox that is nobody knows."""
    User.objects.filter(username="boss").update(is_staff=False, email="\u017fubscriber@example.net")
    assert run()["boss"]["reason"] == "IdentityX knows no such reader"


def test_whom_it_linked_a_link_signs_in(sandbox: Sandbox, settings) -> None:
    run()
    visitor = Visitor()
    visitor.sign_in(sandbox)
    assert visitor.get("/members/").content == b"members: rita"


def test_staff_by_a_flag_only(way: str) -> None:
    assert run("--include-staff")["boss"]["action"] == "link"
    assert Identity.objects.filter(user__username="boss").exists()


def test_a_reader_who_is_another_user_already(way: str) -> None:
    run()
    Identity.objects.update(user=User.objects.get(username="new"))
    assert run()["rita"]["reason"] == "linked to another user"


def test_an_address_that_somebody_new_has_opens_no_account(way: str) -> None:
    """As a sign-in by `IDENTITYX_LINK_ACCOUNTS = "email"` refuses it."""
    rita = User.objects.get(username="rita")
    run()
    Identity.objects.filter(user=rita).update(identity_id="5d1b36070ce467bff67fffff")
    assert run()["rita"]["reason"] == "the user is another reader already"
    assert Identity.objects.get(user=rita).identity_id == "5d1b36070ce467bff67fffff"


def test_two_spellings_of_one_address_are_two_users_with_it(way: str) -> None:
    User.objects.create(username="spaced", email=f" {READER}")
    found = run()
    assert {found[name]["reason"] for name in ("rita", "spaced")} == {
        "several users have this address"
    }


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    assert run("--dry-run", "--output", str(path)) == {}
    assert len(path.read_text().splitlines()) == 8


def test_an_outage_is_told(sandbox: Sandbox, settings) -> None:
    sandbox.set_fault("html502")
    with pytest.raises(CommandError):
        run()
    assert not Identity.objects.exists()


def test_without_an_application(settings) -> None:
    settings.IDENTITYX_APP_ID = None
    with pytest.raises(CommandError, match="IDENTITYX_APP_ID"):
        run()


def test_a_file_that_can_t_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run("--dry-run", "--output", str(tmp_path / "nowhere" / "links.csv"))
