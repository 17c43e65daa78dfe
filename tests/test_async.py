"""Async views: what is known needs no thread, and what isn't keeps nobody else waiting."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from asgiref.sync import SyncToAsync, async_to_sync
from django.contrib.sessions.backends.cache import SessionStore as CacheStore
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory
from django.urls import path

from django_identityx import sessions
from django_identityx.decorators import app_user_required, bearer_required
from django_identityx.middleware import IdentityXMiddleware
from django_identityx.sandbox import Sandbox, SandboxServer
from django_identityx.testing import credential
from django_identityx.users import AppUser
from django_identityx.verification import aside, verify

from .crowd import open_connection

READER = "reader@example.net"


@app_user_required
async def members(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    return HttpResponse(f"{user} {request.identityx.user}")  # type: ignore[attr-defined]


@bearer_required
async def api(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.identityx.user))  # type: ignore[attr-defined]


async def trivial(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("api/", api), path("trivial/", trivial)]


@pytest.fixture
def request_(sandbox: Sandbox) -> ASGIRequest:
    """A request with a session of a reader's, out of memory."""
    request = AsyncRequestFactory().get("/")
    request.session = CacheStore()
    return request


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was sent to a thread."""
    seen: list[Any] = []
    call = SyncToAsync.__call__

    async def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(self.func)
        return await call(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counted)
    return seen


@pytest.mark.django_db
class TestHits:
    @pytest.fixture(autouse=True)
    def _signed_in(self, sandbox: Sandbox, request_: ASGIRequest) -> None:
        known = credential(sandbox, READER)
        sessions.login(request_, verify(known), known)

    def ask(self, view: Any, request: ASGIRequest) -> HttpResponse:
        return async_to_sync(IdentityXMiddleware(view))(request)  # type: ignore[no-any-return]

    def test_a_session(self, request_: ASGIRequest, hops: list[Any]) -> None:
        answer = self.ask(members, request_)
        assert answer.content.decode() == f"{READER} {READER}"
        assert hops == []

    def test_by_the_functions(self, request_: ASGIRequest, hops: list[Any]) -> None:
        user = async_to_sync(sessions.aget_user)(request_)
        assert isinstance(user, AppUser)
        assert hops == []

    def test_a_bearer(self, sandbox: Sandbox, hops: list[Any]) -> None:
        known = credential(sandbox, READER)
        verify(known)
        request = AsyncRequestFactory().get(
            "/", headers={"authorization": f"Bearer AppUser {known.token}"}
        )
        assert self.ask(api, request).content.decode() == READER
        assert hops == []

    def test_whoever_has_signed_out_is_nobody(self, request_: ASGIRequest) -> None:
        async_to_sync(sessions.alogout)(request_)
        assert self.ask(members, request_).status_code == 302

    def test_signing_in(self, sandbox: Sandbox) -> None:
        request = AsyncRequestFactory().get("/")
        request.session = CacheStore()
        known = credential(sandbox, "subscriber@example.net")
        async_to_sync(sessions.alogin)(request, verify(known), known)
        assert async_to_sync(sessions.aget_user)(request).email == "subscriber@example.net"


@pytest.mark.django_db
def test_what_waits_in_a_thread_leaves_no_database_connection_there(tmp_path: Path) -> None:
    connection = async_to_sync(aside)(open_connection, tmp_path)
    assert connection.connection is None


@pytest.mark.slow
def test_under_uvicorn_what_waits_for_identityx_keeps_nobody_else_waiting(
    sandbox_server: SandboxServer, sandbox: Sandbox, tmp_path: Path
) -> None:
    """50 verifications of 2 s each are under way. (Measured: 13 to 26 ms on two busy cores.)"""
    pytest.importorskip("uvicorn")
    tokens = [credential(sandbox, READER).token for _ in range(50)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "asgi_site.py").write_text(
        "from tests.settings import *\n"
        'ROOT_URLCONF = "tests.test_async"\n'
        f'IDENTITYX_API_URL = "{sandbox_server.url}"\n'
        "IDENTITYX_MAX_VERIFICATIONS = 50\n"
        "MIDDLEWARE = ['django_identityx.middleware.IdentityXMiddleware']\n"
        'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}\n'
    )
    (tmp_path / "asgi_app.py").write_text(
        "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"
    )
    root = Path(__file__).parent.parent
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(root)]),
        "DJANGO_SETTINGS_MODULE": "asgi_site",
    }
    command = [sys.executable, "-m", "uvicorn", "asgi_app:application", "--port", str(port)]
    site = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([*command, "--log-level", "critical"], env=env, cwd=tmp_path)
    try:
        until_it_answers(f"{site}/trivial/")
        sandbox.set_fault("slow", seconds=2)

        def verified(token: str) -> int:
            headers = {"Authorization": f"Bearer AppUser {token}"}
            return requests.get(f"{site}/api/", headers=headers, timeout=30).status_code

        took: list[float] = []
        with ThreadPoolExecutor(50) as threads, requests.Session() as session:
            waiting = [threads.submit(verified, token) for token in tokens]
            while not all(one.done() for one in waiting):
                began = time.perf_counter()
                assert session.get(f"{site}/trivial/", timeout=30).status_code == 200
                took.append(time.perf_counter() - began)
                time.sleep(0.01)
            statuses = {one.result() for one in waiting}
        assert statuses == {200}
        took.sort()
        # While 50 wait for two seconds each: a trivial page waits for none of them.
        assert took[len(took) // 2] < 1
    finally:
        sandbox.clear_fault()
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


def until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            requests.get(url, timeout=5)
            return
        except requests.ConnectionError:
            assert time.monotonic() < deadline, "uvicorn does not start"
            time.sleep(0.1)
