"""``manage.py identityx_api_token``: the token on stdout and nothing else, trouble said plainly."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from django_identityx.credentials import Credential, TokenType
from django_identityx.sandbox import Sandbox
from django_identityx.verification import verify

OWNER = "owner@example.com"


def run(*args: str, typed: str = "") -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    options = {"stdin": io.StringIO(typed), "stdout": out, "stderr": err}
    call_command("identityx_api_token", *args, **options)
    return out.getvalue(), err.getvalue()


def belongs_to(token: str) -> str:
    return verify(Credential(TokenType.ORG_USER_API_TOKEN, token)).email


@pytest.mark.parametrize("form", ["link", "token"])
def test_a_pasted_link_or_token(sandbox: Sandbox, form: str) -> None:
    token = sandbox.org_login_link_token(OWNER)
    pasted = f"{sandbox.base_url}/authenticate/{token}" if form == "link" else token
    out, err = run(OWNER, typed=f"  {pasted}\n")
    assert out.count("\n") == 1
    assert belongs_to(out.strip()) == OWNER
    assert OWNER in sandbox.outbox[-1].to
    assert token not in err
    assert out.strip() not in err


def test_the_login_made_for_it_is_ended(sandbox: Sandbox) -> None:
    run("--token-from-stdin", typed=sandbox.org_login_link_token(OWNER))
    assert sandbox.count("userLogout") == 1


def test_a_script_sends_no_mail(sandbox: Sandbox) -> None:
    out, _ = run("--token-from-stdin", typed=sandbox.org_login_link_token(OWNER))
    assert belongs_to(out.strip()) == OWNER
    assert not sandbox.outbox


def test_a_slip_of_the_hand_can_be_corrected(sandbox: Sandbox) -> None:
    out, err = run(OWNER, typed=f"oops\n{sandbox.org_login_link_token(OWNER)}\n")
    assert belongs_to(out.strip()) == OWNER
    assert err.count("Paste the link") == 2


@pytest.mark.parametrize("typed", ["", "a\nb\nc\nd\n"])
def test_nothing_good_pasted(sandbox: Sandbox, typed: str) -> None:
    with pytest.raises(CommandError):
        run(OWNER, typed=typed)


def test_a_reader_s_link_is_not_taken(sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="not the link of an OrgUser"):
        run("--token-from-stdin", typed=sandbox.login_link_token("reader@example.net"))


def test_an_unknown_address(sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="knows no OrgUser"):
        run("nobody@example.com")


def test_no_address_at_all(sandbox: Sandbox) -> None:
    with pytest.raises(CommandError, match="address"):
        run()


@pytest.mark.parametrize("mode", ["html502", "drop", "inner"])
def test_trouble(sandbox: Sandbox, mode: str) -> None:
    sandbox.set_fault(mode)
    with pytest.raises(CommandError, match="Try again later"):
        run("--token-from-stdin", typed=sandbox.org_login_link_token(OWNER))


@pytest.mark.slow
def test_as_a_shell_sees_it(sandbox: Sandbox, settings) -> None:
    """Standard output has the token and nothing else, so that it can be redirected to a file."""
    code = (
        "import django; from django.conf import settings; import tests.settings as base;"
        "django.setup(); settings.IDENTITYX_API_URL = %r;"
        "from django.core.management import call_command;"
        "call_command('identityx_api_token', '--token-from-stdin')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code % settings.IDENTITYX_API_URL],
        input=sandbox.org_login_link_token(OWNER),
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    assert done.returncode == 0, done.stderr
    assert belongs_to(done.stdout.removesuffix("\n")) == OWNER
