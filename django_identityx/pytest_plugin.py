"""Fixtures for sites that use pytest-django; nothing is imported or started before it is used.

- ``identityx``: a `Sandbox` with its seed world, and the settings that lead to it;
- ``identityx_login``: ``identityx_login(client, "reader@example.net")`` signs a test client in;
- ``identityx_offline``: no IdentityX, nothing leaves the machine; needs no extra;
- ``identityx_force_login``: ``identityx_force_login(client, "ann@example.net", role="Owner")``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from .sandbox import Sandbox, SandboxServer


@pytest.fixture(scope="session")
def identityx_server() -> Iterator[SandboxServer]:
    """The server behind ``identityx``, one for the session."""
    from .testing import start_sandbox

    with start_sandbox() as server:
        yield server


@pytest.fixture
def identityx(identityx_server: SandboxServer) -> Iterator[Sandbox]:
    """IdentityX on localhost, as new for each test."""
    from .testing import fresh

    with fresh(identityx_server) as sandbox:
        yield sandbox


@pytest.fixture
def identityx_login(identityx: Sandbox) -> Callable[..., Any]:
    """Sign a test client in: ``identityx_login(client, email, token_type=...)``."""
    from .testing import login

    def sign_in(client: Client, email: str, **kwargs: Any) -> Any:
        return login(client, identityx, email, **kwargs)

    return sign_in


@pytest.fixture
def identityx_offline() -> Iterator[None]:
    """No IdentityX at all; `identityx_force_login` signs people in."""
    from .testing import offline

    with offline():
        yield


@pytest.fixture
def identityx_force_login(identityx_offline: None) -> Callable[..., Any]:
    """Sign a test client in without a sandbox: ``(client, email, role=..., **fields)``."""
    from .testing import force_login

    return force_login
