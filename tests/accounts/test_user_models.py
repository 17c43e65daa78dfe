"""Sites with another user model than Django's: `other_users.walk`, in a process for each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["email", "uuid", "key", "required", "bare"])
def test_user_model(kind: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--create-db"]
    command += ["--ds=tests.accounts.other_users.settings", "tests/accounts/other_users/walk.py"]
    if "IDENTITYX_TEST_POSTGRES" in os.environ:
        command.append("--no-migrations")  # there no table may wait for another's migrations
    unwanted = ("PYTEST", "DJANGO_SETTINGS_MODULE", "IDENTITYX_REQUIRE_ALL")
    environment = {k: text for k, text in os.environ.items() if not k.startswith(unwanted)}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, "OTHER_USERS": kind},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
