"""`walk` needs settings of its own: another user model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def run(*command: str) -> None:
    environment = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    environment.pop("IDENTITYX_REQUIRE_ALL", None)
    environment |= {
        "DJANGO_SETTINGS_MODULE": "existing.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "example_project"), str(ROOT)]),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_walk() -> None:
    run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/existing_site/walk.py")


def test_checks_find_nothing() -> None:
    run("example_project/manage.py", "check", "--fail-level", "WARNING")


def test_no_migration_is_missing() -> None:
    run("example_project/manage.py", "makemigrations", "--check", "--dry-run")
