"""Start the example site and the sandbox as ``make demo`` does."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "example_project" / "demo.py"
MANAGE = ROOT / "example_project" / "manage.py"


@dataclass
class Demo:
    """A running demonstration."""

    process: subprocess.Popen[str]
    site: str
    sandbox: str
    data: Path
    printed: str

    @property
    def env(self) -> dict[str, str]:
        return {**environment(self.data), "EXAMPLE_API_URL": f"{self.sandbox}/graphql"}

    @property
    def ports(self) -> list[int]:
        return [int(url.rpartition(":")[2]) for url in (self.site, self.sandbox)]


def environment(data: Path, **more: str) -> dict[str, str]:
    """What a newcomer has, and a database of its own."""
    ours = ("EXAMPLE_", "DJANGO_SETTINGS_MODULE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**env, "EXAMPLE_DATABASE": str(data / "db.sqlite3"), **more}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def start(data: Path, port: int, sandbox_port: int, **more: str) -> subprocess.Popen[str]:
    options = ["--port", str(port), "--sandbox-port", str(sandbox_port), "--data", str(data)]
    return subprocess.Popen(
        [sys.executable, str(DEMO), *options],
        env=environment(data, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def until_it_runs(process: subprocess.Popen[str], data: Path) -> Demo:
    assert process.stdout is not None
    printed = ""
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        while "Ctrl-C ends both" not in printed:
            line = process.stdout.readline()
            assert line, f"It has ended: {printed} {process.communicate()}"
            printed += line
    finally:
        killer.cancel()
    site = re.search(r"Acme Daily +(http://\S+?)/\s", printed)
    sandbox = re.search(r"IdentityX +(http://\S+?)/\s", printed)
    assert site is not None
    assert sandbox is not None
    return Demo(process, site[1], sandbox[1], data, printed)


def end(process: subprocess.Popen[str], number: int) -> tuple[int, str, str]:
    process.send_signal(number)
    try:
        output, errors = process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, output, errors


@contextmanager
def running(data: Path, **more: str) -> Iterator[Demo]:
    """A demonstration of one's own; ``more`` variables of the environment."""
    process = start(data, free_port(), free_port(), **more)
    try:
        yield until_it_runs(process, data)
    finally:
        if process.poll() is None:
            end(process, signal.SIGINT)
