"""Sites with another user model than Django's: `other_users.walk`, in a process for each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
KINDS = ("email", "uuid", "key", "required", "bare")


@pytest.fixture(scope="module")
def walks() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """All at once: each takes a second or two."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--create-db"]
    command += ["--ds=tests.accounts.other_users.settings", "tests/accounts/other_users/walk.py"]
    environment = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    environment.pop("IDENTITYX_TEST_POSTGRES", None)  # of which all would use one database
    environment.pop("IDENTITYX_REQUIRE_ALL", None)
    started = {
        kind: subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, "OTHER_USERS": kind},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for kind in KINDS
    }
    yield started
    for process in started.values():
        process.kill()
        process.communicate()


@pytest.mark.parametrize("kind", KINDS)
def test_user_model(walks: dict[str, subprocess.Popen[str]], kind: str) -> None:
    output, _ = walks[kind].communicate(timeout=120)
    assert walks[kind].returncode == 0, output
