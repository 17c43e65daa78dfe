"""What a sandbox keeps, and for how long."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from django_identityx.sandbox import DAILY_APP_ID, Sandbox, StateError

from .conftest import ME

ROOT = Path(__file__).parents[2]
HEADERS = {"content-type": "application/json", "x-app-id": DAILY_APP_ID}
SEND = """mutation { sendAppUserLoginLink(
  input: { email: "reader@example.net", authUrl: "https://a.example" }) }"""
CREATE = 'mutation { createAppUser(input: { email: "%s" }) { id } }'
LOGIN = 'mutation { loginAppUser(input: { token: "%s" }) { user { lastLoggedIn } } }'
FIND = '{ appUser(input: { email: "%s" }) { id } }'


def ask(sandbox: Sandbox, query: str, auth: str = "") -> Any:
    headers = {**HEADERS, "authorization": auth}
    return sandbox.handle("POST", "/", headers, json.dumps({"query": query}).encode()).json()


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    before = Sandbox(state_file=path)
    token = f"AppUser {before.app_user_token('reader@example.net')}"
    script = f"OrgUserApiToken {before.api_token('owner@example.com')}"
    ask(before, SEND)
    ask(before, CREATE % "new@example.net")
    after = Sandbox(state_file=str(path))
    assert after.outbox == before.outbox
    assert ask(after, ME, token)["data"]["activeAppUser"]["email"] == "reader@example.net"
    assert ask(after, "{ activeUser { email } }", script)["data"]
    assert ask(after, FIND % "new@example.net")["data"]["appUser"]
    after.revoke(token.split()[1])
    assert "errors" in ask(Sandbox(state_file=path), ME, token)


def test_a_reset_is_kept_too(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    sandbox = Sandbox(state_file=path)
    ask(sandbox, SEND)
    sandbox.reset()
    assert Sandbox(state_file=path).outbox == []


def test_the_file_is_private_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    ask(Sandbox(state_file=path), SEND)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "[]", "5", "{}", '{"version": 99}', '{"version": 1}'])
def test_another_file_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(StateError, match="Move it away"):
        Sandbox(state_file=path)
    assert path.read_text() == content


def test_a_failed_write_leaves_the_old_state(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "state.json"
    sandbox = Sandbox(state_file=path)
    before = path.read_text()

    def fail(self: Path, target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        sandbox.app_user_token("reader@example.net")
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_it_needs_neither_django_nor_the_rest_of_the_package() -> None:
    code = """import sys
import django_identityx.sandbox
own = ("django_identityx.sandbox", "graphql")
print(*(n for n in sys.modules if n.startswith(("django", "rest_framework", "requests"))
        and n != "django_identityx" and not n.startswith(own)))"""
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout.split() == []


def test_keys_are_random() -> None:
    token = Sandbox().app_user_token("reader@example.net")
    answer = ask(Sandbox(), ME, f"AppUser {token}")
    assert answer["errors"][0]["message"] == "invalid signature"


def test_the_clock() -> None:
    now = [1_000_000_000.0]
    sandbox = Sandbox(clock=lambda: now[0])
    token = sandbox.login_link_token("reader@example.net")
    query = LOGIN % token
    now[0] += 3599.5
    found = ask(sandbox, query)["data"]["loginAppUser"]["user"]
    assert found == {"lastLoggedIn": 1_000_003_599_500}
    now[0] += 1
    assert ask(sandbox, query)["errors"][0]["message"] == "jwt expired"


def test_the_seed_can_be_written_down() -> None:
    query = "{ accessLevels { edges { node { id } } } }"
    assert ask(Sandbox(), query)["data"] == ask(Sandbox(), query)["data"]


def test_unknown_dialects_and_people() -> None:
    with pytest.raises(ValueError, match="dialect"):
        Sandbox(dialect="smoke-signals")  # type: ignore[arg-type]
    with pytest.raises(LookupError, match="has no OrgUser"):
        Sandbox().api_token("nobody@example.com")


def test_many_threads_at_once(tmp_path: Path) -> None:
    sandbox = Sandbox(state_file=tmp_path / "state.json")
    failures: list[Any] = []

    def work(number: int) -> None:
        for turn in range(5):
            email = f"r{number}-{turn}@example.net"
            answer = ask(sandbox, CREATE % email)
            token = f"AppUser {sandbox.app_user_token(email)}"
            if "errors" in answer or "errors" in ask(sandbox, ME, token):
                failures.append(answer)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    again = Sandbox(state_file=tmp_path / "state.json")
    assert all(ask(again, FIND % f"r{n}-4@example.net")["data"]["appUser"] for n in range(8))
