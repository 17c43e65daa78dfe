"""S28: the helpers for a site's tests touch no cache, database or server of the site's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from django_identityx import testing
from django_identityx.sandbox import Sandbox
from django_identityx.verification import verify
from tests import cache_backends
from tests.requirements import require

READER = "reader@example.net"


@pytest.fixture
def site_cache(settings) -> dict[str, Any]:
    """The site's own cache, on a server that others use too."""
    location = os.urandom(8).hex()
    settings.CACHES = {
        "default": {"BACKEND": "tests.cache_backends.Remote", "LOCATION": location},
        "another": {"BACKEND": "tests.cache_backends.Remote", "LOCATION": f"{location}-2"},
    }
    for cache in caches.all():
        cache.set("key-of-the-site", 1, None)
    return settings.CACHES


def use_all(sandbox: Sandbox, client: Client) -> None:
    """What leaves something in a cache: verdicts, limits."""
    assert verify(testing.credential(sandbox, READER))
    client.post("/identityx/login/", {"email": READER})
    client.get("/api/protected/", headers=testing.authorization(sandbox, READER))


def is_untouched() -> bool:
    return all(
        [key.rpartition(":")[2] for key in cache.keys] == ["key-of-the-site"]
        for cache in caches.all()
    )


@pytest.mark.usefixtures("site_cache")
def test_without_pytest() -> None:
    with testing.running_sandbox() as sandbox:
        use_all(sandbox, Client())
    assert is_untouched()


@pytest.fixture
def afterwards(site_cache: dict[str, Any]) -> Iterator[None]:
    """Looks at the site's caches when later fixtures are done."""
    yield
    assert is_untouched()


@pytest.mark.usefixtures("afterwards")
def test_with_the_fixture(request: pytest.FixtureRequest) -> None:
    use_all(request.getfixturevalue("identityx"), Client())


def test_a_cache_that_is_down_hinders_no_test(settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.cache_backends.Down"}}
    cache_backends.Down.calls = 0
    with testing.running_sandbox() as sandbox:
        use_all(sandbox, Client())
    assert cache_backends.Down.calls == 0


def test_a_real_server_is_not_flushed(settings) -> None:
    location = os.environ.get("IDENTITYX_TEST_REDIS_URL", "")
    require(location, "IDENTITYX_TEST_REDIS_URL is not set")
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": location,
        }
    }
    key = os.urandom(8).hex()
    caches["default"].set(key, 1, 60)
    with testing.running_sandbox() as sandbox:
        use_all(sandbox, Client())
    assert caches["default"].get(key) == 1


def test_one_test_leaves_nothing_to_the_next() -> None:
    with testing.running_sandbox():
        caches["default"].set("left", 1, None)
    with testing.running_sandbox():
        assert caches["default"].get("left") is None
