"""Where claims on links are kept, so that all processes see them.

Where the session table exists, a forced insert into it is the claim: durable, shared, and never
evicted. Elsewhere the shared cache's ``add`` is; if that is down, nobody is let in. Local memory
serves one process (and tests). Caches whose ``add`` is not atomic let two through, so they are
refused.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import time
from collections.abc import Iterator
from typing import Any, Protocol

from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, IntegrityError, connections, router, transaction
from django.utils import timezone

from ..conf import conf
from ..exceptions import Unreachable
from ..process import PerProcess

NOT_ATOMIC = ("DummyCache", "FileBasedCache")


class Store(Protocol):
    """Each method is atomic. `Unreachable` means that nothing is known, never a yes."""

    def add(self, key: str, value: str, expires_at: float) -> bool:
        """Keep ``value``, unless there is one."""
        ...

    def get(self, key: str) -> str | None: ...

    def swap(self, key: str, old: str, new: str | None, expires_at: float) -> bool:
        """Put ``new`` (None: nothing) in the place of ``old``, unless that has been done.

        The same ``old`` must not come back.
        """
        ...


class TableStore:
    """Rows of the session table. What they hold is no session: it does not decode to one."""

    def __init__(self) -> None:
        self._model = apps.get_model("sessions", "Session")

    @property
    def _using(self) -> str:
        return router.db_for_write(self._model)

    def add(self, key: str, value: str, expires_at: float) -> bool:
        expire_date = datetime.datetime.fromtimestamp(expires_at, tz=datetime.UTC)
        if not settings.USE_TZ:
            expire_date = timezone.make_naive(expire_date)
        row = self._model(session_key=key, session_data=value, expire_date=expire_date)
        with _telling():
            try:
                with transaction.atomic(using=self._using):
                    row.save(force_insert=True, using=self._using)
            except IntegrityError:
                return False
        return True

    def get(self, key: str) -> str | None:
        with _telling():
            row = self._rows(key).first()
        return None if row is None else str(row.session_data)

    def swap(self, key: str, old: str, new: str | None, expires_at: float) -> bool:
        with _telling():
            rows = self._rows(key).filter(session_data=old)
            return bool(rows.delete()[0] if new is None else rows.update(session_data=new))

    def _rows(self, key: str) -> Any:
        return self._model._default_manager.using(self._using).filter(session_key=key)


class CacheStore:
    """Django's cache. None of `add` (a client that hides its errors) is not a yes."""

    def add(self, key: str, value: str, expires_at: float) -> bool:
        added = self._try("add", key, value, self._left(expires_at))
        if added is None:
            raise _untold()
        return bool(added)

    def get(self, key: str) -> str | None:
        value = self._try("get", key)
        return value if isinstance(value, str) else None

    def swap(self, key: str, old: str, new: str | None, expires_at: float) -> bool:
        if self.get(key) != old:
            return False
        # No cache of Django's compares and swaps. Who adds this may replace that value.
        right = f"{key}:{hashlib.sha256(old.encode()).hexdigest()[:20]}"
        if not self.add(right, "", expires_at):
            return False
        if new is None:
            self._try("delete", key)
        else:
            self._try("set", key, new, self._left(expires_at))
        return True

    def _left(self, expires_at: float) -> int:
        return max(1, int(expires_at - time.time()) + 1)

    def _try(self, method: str, key: str, *args: Any) -> Any:
        try:
            return getattr(caches[conf.CACHE], method)(f"identityx:claim:{key}", *args)
        except Exception:  # noqa: BLE001 - any backend, any trouble
            raise _untold() from None


def _choose() -> Store:
    if _has_table():
        return TableStore()
    backend = settings.CACHES.get(conf.CACHE, {}).get("BACKEND", "")
    if backend.endswith(NOT_ATOMIC):
        raise ImproperlyConfigured(
            "Login links can't be single-use: there is neither a session table nor a cache that "
            "adds atomically. Migrate django.contrib.sessions, or lead IDENTITYX_CACHE to Redis, "
            "Valkey or Memcached."
        )
    return CacheStore()


def _has_table() -> bool:
    if not apps.is_installed("django.contrib.sessions"):
        return False
    model = apps.get_model("sessions", "Session")
    connection = connections[router.db_for_write(model)]
    if connection.settings_dict["ENGINE"] in {"", "django.db.backends.dummy"}:
        return False
    with _telling():
        return model._meta.db_table in connection.introspection.table_names()


store: PerProcess[Store] = PerProcess(_choose)


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except DatabaseError:
        raise _untold() from None


def _untold() -> Unreachable:
    return Unreachable("Whether this link was used before can't be told right now.")
