"""The cache that the processes of a site share: the only place that says ``caches[...]``.

One answer to "the cache is in trouble" for everybody in the process. What it *raises* makes it rest
for a few seconds, in which nobody waits for it; then one caller tries again while the others go on
resting. A clock has no say: a busy process takes a healthy cache for slow. One line a minute in
the log tells of it, without the backend's own words, which may have a password in them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache

from .conf import conf
from .process import Clock, PerProcess, Seldom

logger = logging.getLogger("django_identityx")

REST = 5.0  # seconds in which a cache that failed is left alone
LOG_EVERY = 60.0  # seconds

T = TypeVar("T")
D = TypeVar("D")

_OF_ONE_PROCESS = (LocMemCache, DummyCache, FileBasedCache)  # or not atomic, which is no better


class SharedCache:
    """One of Django's caches, and how it is doing. Safe to share between threads."""

    def __init__(self, alias: str, clock: Clock = time) -> None:
        self._alias = alias
        self._is_well = True
        self._may_try = Seldom(REST, clock)  # where it isn't: one caller, and the others rest on
        self._may_log = Seldom(LOG_EVERY, clock)

    @property
    def is_shared(self) -> bool:
        """Whether other processes see what is written, and only one of them wins an ``add``."""
        return not isinstance(caches[self._alias], _OF_ONE_PROCESS)

    @property
    def keeps_entries(self) -> bool:
        """Whether an entry stays for its time: a table throws all out after a few hundred."""
        return self.is_shared and not isinstance(caches[self._alias], DatabaseCache)

    def attempt(
        self, action: Callable[[BaseCache], T], default: D, *, insist: bool = False
    ) -> T | D:
        """The result of ``action(cache)``; ``default`` where the cache is in trouble or resting.

        Never raises. An action may raise `CacheTrouble` for an answer that can't be right. What
        must not be missed may ``insist``: then a resting cache is tried all the same.
        """
        if not (self._is_well or insist or self._may_try()):
            return default
        try:
            result = action(caches[self._alias])
        except Exception as error:  # noqa: BLE001 - any backend, any trouble
            self._is_well = False
            self._may_try.wait()
            self.complain(f"failed ({type(error).__name__})")
            return default
        self._is_well = True
        return result

    def complain(self, trouble: str) -> None:
        """Say what is wrong with the cache, unless that was said a moment ago."""
        if self._may_log():
            logger.warning("The cache %r %s: this process does without it.", self._alias, trouble)


class CacheTrouble(Exception):
    """What an action raises where the cache answers and the answer can't be right."""


_caches: PerProcess[dict[str, SharedCache]] = PerProcess(dict)


def shared(alias: str | None = None) -> SharedCache:
    """The process's view of the cache ``alias``, by default ``IDENTITYX_CACHE``."""
    alias = conf.CACHE if alias is None else alias
    known = _caches()
    return known.get(alias) or known.setdefault(alias, SharedCache(alias))
