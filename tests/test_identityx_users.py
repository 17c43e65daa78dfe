"""The command ``identityx_users``."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from django_identityx.client import IdentityXClient
from django_identityx.credentials import Credential, TokenType
from django_identityx.sandbox import Sandbox

from .leaks import assert_no_secret


@pytest.fixture(autouse=True)
def api_token(sandbox: Sandbox, settings) -> str:
    settings.IDENTITYX_API_TOKEN = sandbox.api_token("owner@example.com")
    return settings.IDENTITYX_API_TOKEN


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("identityx_users", *args, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_list() -> None:
    lines = run("list", "--order", "email", "--limit", "2").splitlines()
    assert [line.split()[1] for line in lines] == ["banned@example.net", "reader@example.net"]
    assert "banned" in lines[0].split()
    assert "Rita Reader" in lines[1]
    assert len(run("list").splitlines()) == 5


def test_find() -> None:
    (line,) = run("find", "sub").splitlines()
    assert "Premium" in line
    assert run("find", "Rita", "--field", "given_name").split()[1] == "reader@example.net"
    assert run("find", "nobody") == ""


def test_show() -> None:
    user = json.loads(run("show", "reader@example.net"))
    assert user["given_name"] == "Rita"
    assert user["country_code"] == "US"
    assert json.loads(run("show", user["id"])) == user
    for who in ("nobody@example.net", "5d1b36070ce467bff67fffff"):
        with pytest.raises(CommandError, match="no such user"):
            run("show", who)


def test_ban() -> None:
    assert "banned" in run("ban", "reader@example.net").split()
    assert json.loads(run("show", "reader@example.net"))["banned"] is True
    assert "no longer banned" in run("ban", "reader@example.net", "--undo")
    assert json.loads(run("show", "reader@example.net"))["banned"] is False


def test_export(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export"))))
    assert len(rows) == 5
    assert {row["email"] for row in rows} >= {"reader@example.net", "subscriber@example.net"}
    (subscriber,) = [row for row in rows if row["email"].startswith("subscriber")]
    assert subscriber["access_levels"] == "Premium"
    assert subscriber["verified"] == "True"
    assert len(subscriber) == len(run("export").splitlines()[0].split(","))  # no column twice
    lines = [json.loads(line) for line in run("export", "--format", "jsonl").splitlines()]
    assert [line["email"] for line in lines] == [row["email"] for row in rows]
    file = tmp_path / "people.csv"
    assert run("export", "--output", str(file)) == ""
    assert list(csv.DictReader(io.StringIO(file.read_text()))) == rows
    with pytest.raises(CommandError, match="No such file"):
        run("export", "--output", str(tmp_path / "nowhere" / "people.csv"))


def test_what_people_write_is_neither_formula_nor_escape(sandbox: Sandbox) -> None:
    reader = Credential(TokenType.APP_USER, sandbox.app_user_token("reader@example.net"))
    client = IdentityXClient.from_settings()
    client.own_profile(reader).update(given_name="=1+1", family_name="\x1b[2JReader")
    rows = csv.DictReader(io.StringIO(run("export")))
    (row,) = [row for row in rows if row["email"] == "reader@example.net"]
    assert row["given_name"] == "'=1+1"
    assert "\x1b" not in run("find", "reader@example.net")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    call_command("identityx_users", "export", stdout=io.StringIO())
    assert "5/5" in terminal.getvalue()
    quiet = io.StringIO()
    monkeypatch.setattr("sys.stderr", quiet)
    call_command("identityx_users", "export", stdout=io.StringIO())
    assert quiet.getvalue() == ""


def test_what_goes_wrong(settings, sandbox: Sandbox, api_token: str) -> None:
    sandbox.set_fault("inner", service="application")
    with pytest.raises(CommandError, match="outage") as caught:
        run("list")
    assert_no_secret(str(caught.value), api_token)
    sandbox.clear_fault()
    settings.IDENTITYX_API_TOKEN = sandbox.api_token("guest@example.com")
    with pytest.raises(CommandError, match="role"):
        run("ban", "reader@example.net")
    settings.IDENTITYX_API_TOKEN = None
    with pytest.raises(CommandError, match="IDENTITYX_API_TOKEN"):
        run("list")
