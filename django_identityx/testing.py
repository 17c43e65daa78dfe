"""For the test suites of sites: IdentityX on localhost, people signed in, and a clean slate.

Needs the extra ``sandbox``. With pytest, the fixtures of ``django_identityx.pytest_plugin`` are
there by themselves.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.test import Client
from django.test.utils import override_settings

from . import process, sessions, verification
from .conf import conf
from .credentials import Credential, TokenType
from .sandbox import DAILY_APP_ID, Sandbox, SandboxServer
from .users import AppUser, OrgUser

__all__ = ["authorization", "credential", "login", "reset", "running_sandbox", "use"]


def reset() -> None:
    """Drop all state of this process: verdicts, connections, breaker, what was learned."""
    process.reset()


@contextlib.contextmanager
def running_sandbox(**options: Any) -> Iterator[Sandbox]:
    """Run IdentityX on a free port of 127.0.0.1, with the settings that lead to it.

    ``options`` are those of `Sandbox`. The application is "Acme Daily" of its seed.
    """
    with SandboxServer(Sandbox(**options), port=0) as server, use(server):
        yield server.sandbox


@contextlib.contextmanager
def use(server: SandboxServer) -> Iterator[None]:
    """Lead the settings to a sandbox that runs already; leave no state behind.

    What is kept goes into local memory in the place of ``IDENTITYX_CACHE``, whose server nothing
    here writes to or empties.
    """
    memory = {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": f"identityx-testing-{secrets.token_hex(8)}",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
    with override_settings(
        IDENTITYX_API_URL=server.url,
        IDENTITYX_APP_ID=DAILY_APP_ID,
        CACHES={**settings.CACHES, conf.CACHE: memory},
    ):
        reset()
        ours = caches[conf.CACHE]
        try:
            yield
        finally:
            reset()
            ours.clear()


def credential(
    sandbox: Sandbox, email: str, token_type: TokenType = TokenType.APP_USER
) -> Credential:
    """A valid credential of somebody in the sandbox's world."""
    token = {
        TokenType.APP_USER: sandbox.app_user_token,
        TokenType.ORG_USER: sandbox.org_user_token,
        TokenType.ORG_USER_API_TOKEN: sandbox.api_token,
    }[token_type](email)
    return Credential(token_type, token)


def authorization(
    sandbox: Sandbox, email: str, token_type: TokenType = TokenType.APP_USER
) -> dict[str, str]:
    """Headers for the test client: ``client.get(url, headers=authorization(...))``."""
    known = credential(sandbox, email, token_type)
    return {"Authorization": f"Bearer {known.token_type.value} {known.token}"}


def login(
    client: Client, sandbox: Sandbox, email: str, token_type: TokenType = TokenType.APP_USER
) -> AppUser | OrgUser:
    """Sign ``client`` in as somebody in the sandbox's world, without the mail in between."""
    known = credential(sandbox, email, token_type)
    user = verification.verify(known)
    request = HttpRequest()
    request.session = client.session
    sessions.login(request, user, known)
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key or ""
    return user
