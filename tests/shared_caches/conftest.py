"""Real servers, where the environment says that there are some."""

from __future__ import annotations

import os
import secrets
from typing import Any

import pytest

from ..requirements import require

BACKENDS = {
    "redis": ("IDENTITYX_TEST_REDIS_URL", "django.core.cache.backends.redis.RedisCache"),
    "memcached": (
        "IDENTITYX_TEST_MEMCACHED",
        "django.core.cache.backends.memcached.PyMemcacheCache",
    ),
}


@pytest.fixture(params=BACKENDS)
def server_cache(request: pytest.FixtureRequest, settings: Any) -> str:
    """Django's cache on a real server, with a key space of the test's own."""
    variable, backend = BACKENDS[request.param]
    location = os.environ.get(variable)
    require(location, f"{variable} names no server")
    settings.CACHES = {
        "default": {
            "BACKEND": backend,
            "LOCATION": location,
            "KEY_PREFIX": secrets.token_hex(4),
        }
    }
    return str(request.param)
