"""What a test needs from the machine: skipped with a reason, or a failure where all is required."""

from __future__ import annotations

import os

import pytest


def require(condition: object, reason: str) -> None:
    """Skip the test unless ``condition``; fail it where ``IDENTITYX_REQUIRE_ALL`` is set."""
    if condition:
        return
    if os.environ.get("IDENTITYX_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)
