"""``manage.py identityx_sandbox``, as a process of its own and in process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.core.management.base import CommandError

ROOT = Path(__file__).parents[2]


def start(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "django", "identityx_sandbox", "--port", "0", *options]
    command.append("--allow-without-debug")
    return subprocess.Popen(
        command,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def test_it_says_where_to_go_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    process = start("--state", str(state), "--callback", "https://mine.example/cb/")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(11)]
    shown = "".join(lines)
    url = re.search(r'IDENTITYX_API_URL = "(.*?)"', shown)
    assert url is not None
    with requests.Session() as session:
        session.trust_env = False
        assert session.post(url[1], json={"query": "{ ping }"}, timeout=5).status_code == 200
        page = session.get(url[1].replace("/graphql", "/authenticate/x.y.z"), timeout=5)
        assert "https://mine.example/cb/?token=x.y.z" in page.text
    assert 'IDENTITYX_APP_ID = "5d1b36070ce467bff670a052"' in shown
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert "The sandbox has stopped." in output
    assert state.exists()


@pytest.fixture(autouse=True)
def in_development(settings: Any) -> None:
    settings.DEBUG = True


def test_where_real_people_may_be_it_wants_to_be_told_so(settings: Any, busy_port: int) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="add --allow-without-debug"):
        call_command("identityx_sandbox", port=busy_port)
    with pytest.raises(CommandError, match="is not free"):
        call_command("identityx_sandbox", port=busy_port, allow_without_debug=True)


def test_a_busy_port(busy_port: int) -> None:
    with pytest.raises(CommandError, match=f"Port {busy_port} is not free"):
        call_command("identityx_sandbox", port=busy_port)


def test_a_state_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("something else")
    with pytest.raises(CommandError, match="Move it away"):
        call_command("identityx_sandbox", port=0, state=str(path))
    with pytest.raises(CommandError, match="does not exist"):
        call_command("identityx_sandbox", port=0, state=str(tmp_path / "no" / "state.json"))


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("--port", "many", "a port is a number"),
        ("--port", "70000", "a port is a number"),
        ("--latency", "much", "number of milliseconds"),
        ("--latency", "-5", "between 0 and 60000"),
        ("--dialect", "smoke", "invalid choice"),
    ],
)
def test_bad_options(option: str, value: str, hint: str) -> None:
    with pytest.raises(CommandError, match=hint):
        call_command("identityx_sandbox", f"{option}={value}")


@pytest.mark.parametrize("module", ["graphql", "disposable_email_domains"])
def test_without_what_the_extra_brings(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    for name in list(sys.modules):
        if name.startswith(("django_identityx.sandbox", module)):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CommandError, match=r'pip install "django-identityx\[sandbox\]"'):
        call_command("identityx_sandbox", port=0)


@pytest.mark.parametrize("missing", ["graphql", "disposable_email_domains"])
def test_a_missing_extra_says_what_to_install(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import django_identityx.sandbox"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = f'The sandbox needs {missing}: pip install "django-identityx[sandbox]"'
    assert done.stderr.splitlines()[-1].endswith(said)
