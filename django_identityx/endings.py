"""Sign out everywhere: a mark in the shared cache that ends all older sessions of one person."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable

from django.core.cache import caches

from .conf import conf
from .process import PerProcess

logger = logging.getLogger("django_identityx")

MARK_AGE = 30 * 24 * 3600  # seconds that a mark is kept


class _Marks:
    """A bounded copy of the marks, so that a request seldom asks the shared cache."""

    def __init__(self) -> None:
        self._marks: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> float:
        now = time.monotonic()
        with self._lock:
            read_at, mark = self._marks.get(key, (0.0, 0.0))
        if read_at and now - read_at < conf.LOCAL_TTL:
            return mark
        try:
            found = caches[conf.CACHE].get(key)
        except Exception:  # noqa: BLE001 - any backend, any trouble
            return mark
        mark = float(found) if isinstance(found, int | float) else 0.0
        self.put(key, mark)
        return mark

    def put(self, key: str, mark: float) -> None:
        with self._lock:
            self._marks[key] = (time.monotonic(), mark)
            self._marks.move_to_end(key)
            while len(self._marks) > conf.LOCAL_SIZE:
                self._marks.popitem(last=False)


_marks = PerProcess(_Marks)


def end_all(identity: Iterable[str]) -> bool:
    """End every session of ``identity`` that began until now; whether the cache took it."""
    key, mark = _key(identity), time.time()
    _marks().put(key, mark)
    try:
        caches[conf.CACHE].set(key, mark, MARK_AGE)
        return bool(caches[conf.CACHE].get(key) == mark)
    except Exception:
        logger.exception("The cache %r did not take a sign-out everywhere.", conf.CACHE)
        return False


def is_ended(identity: Iterable[str], *, since: float) -> bool:
    """Whether a session of ``identity`` that began at ``since`` (epoch seconds) was ended."""
    return since <= _marks().get(_key(identity))


def _key(identity: Iterable[str]) -> str:
    parts = "\0".join((conf.API_URL, *identity))
    return f"identityx:ended:{hashlib.sha256(parts.encode()).hexdigest()}"
