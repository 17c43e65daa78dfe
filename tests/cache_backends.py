"""Caches for the tests: one that processes could share, and two that are in trouble."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache


class Remote(BaseCache):
    """Behaves as a server's: nothing is lost to other entries, and it is no local memory."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.memory = LocMemCache(f"remote-{server}", {"OPTIONS": {"MAX_ENTRIES": 1_000_000}})

    def add(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return self.memory.add(key, *args, **kwargs)

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self.memory.get(key, *args, **kwargs)

    def set(self, key: str, *args: Any, **kwargs: Any) -> None:
        self.memory.set(key, *args, **kwargs)

    def delete(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return self.memory.delete(key, *args, **kwargs)

    def clear(self) -> None:
        self.memory.clear()

    @property
    def keys(self) -> list[str]:
        return list(self.memory._cache)


class Lagging(Remote):
    """A server that answers reads from a replica, on which nothing has arrived yet."""

    def get_many(self, keys: Any, version: Any = None) -> dict[str, Any]:
        return {}


class Down(BaseCache):
    """A server that can't be reached."""

    calls = 0

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        type(self).calls += 1
        raise ConnectionError("no server at amqp://user:a-password@cache.example")

    add = get = set = delete = get_many = incr = _fail

    def clear(self) -> None:
        """Nothing is in it."""


class Swallowing(BaseCache):
    """A server that can't be reached, behind a backend that hides it."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        return default

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Nothing happens."""

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def clear(self) -> None:
        """Nothing is in it."""
