"""``make demo`` and ``make demo-existing``: a site and IdentityX's sandbox, until Ctrl-C.

With EXAMPLE_SPA, the origin that serves the page in ``spa/``, links lead to that page.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

HOST = "127.0.0.1"
PORT = 8000
SANDBOX_PORT = 8787  # what the settings expect
HERE = Path(__file__).resolve().parent
MANAGE = HERE / "manage.py"
PATIENCE = 60.0  # seconds until both must answer; a first start compiles everything
SHOWN = 25  # lines of a process that died


class Stopped(Exception):
    """Somebody pressed Ctrl-C, or sent SIGTERM."""


class Failed(Exception):
    """The demonstration can't go on; the message says why."""


class Signals:
    """Remembers that the end was asked for, so that no code is interrupted anywhere."""

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = True

    def pause(self) -> None:
        """Wait a moment; raise `Stopped` once the end was asked for."""
        time.sleep(0.05)
        if self.received:
            raise Stopped


class Child:
    """A process of ours, with what it says kept in a file."""

    def __init__(self, name: str, log: Path, arguments: list[str], env: dict[str, str]) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            # In a session of its own: Ctrl-C reaches this script only, which ends it in order.
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, str(MANAGE), *arguments],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def last_words(self) -> str:
        """Return the end of what it said."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-SHOWN:]) or "    (nothing)"

    def must_live(self) -> None:
        """Raise `Failed` if it is dead."""
        code = self.process.poll()
        if code is not None:
            raise Failed(f"{self.name} has ended with {code}. It said:\n\n{self.last_words()}")


def end(children: list[Child]) -> None:
    """End all that still live.

    With SIGTERM, which ends Python wherever it is; an interrupt may be lost while it starts. Both
    keep what they know after each change, so that nothing is left to be written.
    """
    for number, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        living = [child.process for child in children if child.process.poll() is None]
        for process in living:
            process.send_signal(number)
        for process in living:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)


def main() -> int:
    """Run the demonstration; return the exit code."""
    options = _options()
    signals = Signals()
    children: list[Child] = []
    try:
        _run(options, signals, children)
    except Stopped:
        print("\nEnding the site and the sandbox.", flush=True)
        return 0
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr, flush=True)
        return 1
    finally:
        end(children)
    return 0


def _run(options: argparse.Namespace, signals: Signals, children: list[Child]) -> None:
    data: Path = options.data
    data.mkdir(parents=True, exist_ok=True)
    sandbox_port = free_port(options.sandbox_port)
    site_port = free_port(options.port, but=sandbox_port)
    sandbox, site = f"http://{HOST}:{sandbox_port}", f"http://{HOST}:{site_port}"
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": f"{options.site}.settings",
        "EXAMPLE_DEBUG": "1",
        "EXAMPLE_API_URL": f"{sandbox}/graphql",
        "EXAMPLE_CALLBACK_URL": f"{site}/account/callback/",
        "PYTHONUNBUFFERED": "1",
    }

    print("Preparing the database ...", flush=True)
    migration = Child("The migration", data / "migrate.log", ["migrate", "--no-input"], env)
    children.append(migration)
    while (code := migration.process.poll()) is None:
        signals.pause()
    if code:
        migration.must_live()

    print("Starting the sandbox and the site ...", flush=True)
    state = str((data / "sandbox.json").absolute())
    arguments = ["identityx_sandbox", "--port", str(sandbox_port), "--state", state]
    servers = [Child("The sandbox", data / "sandbox.log", arguments, env)]
    children.extend(servers)
    arguments = ["runserver", "--noreload", f"{HOST}:{site_port}"]
    servers.append(Child("The site", data / "site.log", arguments, env))
    children.append(servers[-1])

    deadline = time.monotonic() + PATIENCE
    while not (answers(sandbox_port, "/_health") and answers(site_port, "/")):
        for server in servers:
            server.must_live()
        if time.monotonic() > deadline:
            raise Failed(f"Nothing answers after {PATIENCE:.0f} seconds. See {data}/*.log.")
        signals.pause()

    say = welcome if options.site == "daily" else welcome_to_existing
    print(say(site, sandbox, data), flush=True)
    while True:
        for server in servers:
            server.must_live()
        signals.pause()


def free_port(first: int, *, but: int = 0) -> int:
    """Return ``first``, or the next port after it that nobody listens on."""
    for port in _candidates(first):
        if port != but and _is_free(port):
            return port
    raise Failed(f"No port from {first} on is free.")


def _candidates(first: int) -> Iterator[int]:
    yield from range(first, min(first + 100, 65536))


def _is_free(port: int) -> bool:
    # Somebody may listen on all addresses and let others bind to one of them, so ask first.
    with socket.socket() as asking:
        asking.settimeout(1)
        if asking.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as binding:
        binding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            binding.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int, path: str) -> bool:
    """Say whether a server answers ``path`` with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def welcome(site: str, sandbox: str, logs: Path) -> str:
    """Return what is printed when both answer."""
    python, manage, said = _short(Path(sys.executable)), _short(MANAGE), _short(logs)
    if sandbox != f"http://{HOST}:{SANDBOX_PORT}":
        python = f"EXAMPLE_API_URL={sandbox}/graphql {python}"
    return f"""
  Acme Daily  {site}/
  IdentityX   {sandbox}/  people, and the outbox instead of mail

  To try:

  1. Read as a member: sign in at {site}/account/login/
     as reader@example.net or subscriber@example.net, or with an address that you make up.
     The mail with the link is in {sandbox}/#outbox

  2. Work as staff: sign in at {site}/account/org-login/
     as owner@example.com or guest@example.com, and paste the link from the outbox.

  3. Call the API, as a reader, as staff (OrgUser) or as a script (OrgUserApiToken):

     TOKEN=$({python} {manage} demo_token AppUser)
     curl -H "Authorization: Bearer AppUser $TOKEN" {site}/api/me

     {site}/try-it/ has the lines for the others.

  4. Break IdentityX, and look at the site; "none" mends it:

     curl {sandbox}/_sandbox/faults \\
         -H "Content-Type: application/json" -d '{{"mode": "html502"}}'

  What both say is in {said}/site.log and sandbox.log. Ctrl-C ends both.
"""


def welcome_to_existing(site: str, sandbox: str, logs: Path) -> str:
    """The same for the site that had users before."""
    python, manage, said = _short(Path(sys.executable)), _short(MANAGE), _short(logs)
    return f"""
  Acme Kitchen  {site}/
  IdentityX     {sandbox}/  people, and the outbox instead of mail

  To try:

  1. Sign in with a link, as reader@example.net, and bookmark something: it belongs to a row.
     The mail with the link is in {sandbox}/#outbox

  2. Open the admin: {site}/admin/ has "Sign in with IdentityX", for owner@example.com.
     Paste the link from the outbox.

  3. Make an account with a password, as the site has had them, sign in to it, and connect it:

     {python} {manage} createsuperuser --settings existing.settings

  4. Break IdentityX, go on reading, and try to bookmark something; "none" mends it:

     curl {sandbox}/_sandbox/faults \\
         -H "Content-Type: application/json" -d '{{"mode": "html502"}}'

  What both say is in {said}/site.log and sandbox.log. Ctrl-C ends both.
"""


def _short(path: Path) -> str:
    """Return the path as one would type it here."""
    with contextlib.suppress(ValueError):
        return str(path.absolute().relative_to(Path.cwd()))
    return str(path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--site", choices=["daily", "existing"], default="daily", help="which (%(default)s)"
    )
    parser.add_argument("--port", type=int, default=PORT, help="of the site (%(default)s)")
    parser.add_argument("--sandbox-port", type=int, default=SANDBOX_PORT, help="(%(default)s)")
    parser.add_argument(
        "--data",
        type=Path,
        default=HERE.parent / ".demo",
        help="directory of the sandbox's state and the logs (%(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
