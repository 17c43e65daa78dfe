"""A site in several processes at once, on a database or a cache that they share."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

POSTGRES = os.environ.get("IDENTITYX_TEST_POSTGRES")
REDIS = os.environ.get("IDENTITYX_TEST_REDIS_URL")

_SQLITE = """
DATABASES["default"] = {
    "ENGINE": "django.db.backends.sqlite3", "NAME": %r, "OPTIONS": {"timeout": 30}
}
"""
_REDIS = (
    _SQLITE
    + """
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": %r}}
INSTALLED_APPS.remove("django.contrib.sessions")
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
"""
)


def site(where: str, folder: Path, **others: object) -> dict[str, str]:
    """The environment of such a process: tests.settings, and where it keeps its sessions."""
    lines = ["from tests.settings import *"]
    if where == "sqlite":
        lines.append(_SQLITE % str(folder / "site.sqlite3"))
    elif where == "postgres" and not POSTGRES:
        pytest.skip("IDENTITYX_TEST_POSTGRES is not set")
    elif where == "redis":
        if not REDIS:
            pytest.skip("IDENTITYX_TEST_REDIS_URL is not set")
        lines.append(_REDIS % (str(folder / "site.sqlite3"), REDIS))
    lines += [f"{name} = {value!r}" for name, value in others.items()]
    (folder / "settings_of_processes.py").write_text("\n".join(lines))
    path = [str(folder), str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path).strip(os.pathsep),
        "DJANGO_SETTINGS_MODULE": "settings_of_processes",
    }
    for app in ["django_identityx", *(["sessions"] if where != "redis" else [])]:
        command = [sys.executable, "-m", "django", "migrate", "--skip-checks", app]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return environment


def run_at_once(environment: dict[str, str], script: str, *arguments: str, number: int = 4) -> str:
    """Run a script that starts its work at the time of its first argument; what all have said."""
    command = [sys.executable, "-c", script, str(time.time() + 1.5), *arguments]
    processes = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(number)
    ]
    said = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * number, said
    return "".join(output for output, _ in said)
