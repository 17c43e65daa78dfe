"""Let schemathesis look for answers of the example's API that its schema does not describe.

Each credential's part in turn: a reader's token, staff's, a script's, and a browser's cookies.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.demo import MANAGE, Demo, running  # noqa: E402

# What a schema can't say: a token may have the right form and be no good, and DRF reads 0 as false.
EXCLUDED = ["positive_data_acceptance", "negative_data_rejection"]


def cookies(demo: Demo, *, signed_in: bool) -> list[str]:
    """Headers of a browser."""
    with requests.Session() as browser:
        browser.get(f"{demo.site}/account/api/me/", timeout=10)
        headers = {"X-CSRFToken": browser.cookies["csrftoken"]}
        if signed_in:
            address = {"email": "reader@example.net"}
            login = f"{demo.site}/account/api/login"
            browser.post(f"{login}-link/", json=address, headers=headers, timeout=10)
            token = link(demo)
            answer = browser.post(f"{login}/", json={"token": token}, headers=headers, timeout=10)
            answer.raise_for_status()
            headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        held = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
    return [f"Cookie: {held}", *(f"{name}: {value}" for name, value in headers.items())]


def link(demo: Demo) -> str:
    """The newest link in the outbox, once it is there."""
    for _ in range(100):
        mails = requests.get(f"{demo.sandbox}/_sandbox/outbox", timeout=10).json()
        if mails:
            return str(mails[-1]["url"])
        time.sleep(0.1)
    raise TimeoutError("no mail came")


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as data, running(Path(data)) as demo:
        runs = {
            "nobody": ("^/(account|app|comments)/", cookies(demo, signed_in=False)),
            "session": ("^/(account/api/(me|devices)|comments)/", cookies(demo, signed_in=True)),
        }
        for kind in ("AppUser", "OrgUser", "OrgUserApiToken"):
            token = subprocess.run(
                [sys.executable, str(MANAGE), "demo_token", kind],
                env=demo.env,
                check=True,
                capture_output=True,
                text=True,
            ).stdout.strip()
            runs[kind] = ("^/api/", [f"Authorization: Bearer {kind} {token}"])
        for name, (paths, headers) in runs.items():
            print(f"\n--- {name}", flush=True)
            command = [str(Path(sys.executable).with_name("schemathesis")), "run"]
            command += [f"{demo.site}/api/schema", "--max-examples", "25", "--seed", "1"]
            command += ["--exclude-checks", ",".join(EXCLUDED), "--no-color"]
            command += ["--include-path-regex", paths]
            for header in headers:
                command += ["--header", header]
            run = subprocess.run(command, cwd=data, env=os.environ, text=True, capture_output=True)
            print(run.stdout[max(0, run.stdout.find("====")) :], run.stderr, flush=True)
            failed |= run.returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
