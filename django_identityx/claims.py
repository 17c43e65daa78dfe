"""Single use: a link is taken once, by an atomic claim on a digest of its token.

IdentityX takes a link as often as one likes. Where the session table exists, a forced insert into
it is the claim: durable, shared by all processes, and never evicted. Elsewhere the shared cache's
``add`` is; if that is down, nobody is let in. Local memory serves one process (and tests); a dummy
cache would let everybody through, so it is refused.

A double click cancels the first answer with its cookies, so the same browser (by its mark) may
take a link again for a minute; that ends the session which the first answer would have brought.
"""

from __future__ import annotations

import datetime
import enum
import hashlib
import hmac
import time
from typing import Any, Protocol

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, IntegrityError, connections, router, transaction
from django.utils import timezone

from .conf import conf
from .exceptions import Unreachable
from .lifetime import PerProcess

REPEAT = 60  # seconds in which the same browser may take a link again


class Outcome(enum.Enum):
    """What became of a claim."""

    TAKEN = "taken"
    REPEATED = "repeated"
    REFUSED = "refused"


class Claim:
    """The claim on one link by one browser; ``mark`` is the browser's, empty for nobody's."""

    def __init__(self, token: str, mark: str, expires_at: float) -> None:
        self._key = _digest("link", token)
        self._mark = _digest("mark", mark) if mark else ""
        self._expires_at = expires_at
        self.first_session = ""  # of a repeated claim: the session that the first one made

    def take(self) -> Outcome:
        """Take the link, or say why not. Raises `Unreachable` where nobody can tell."""
        if _store().add(self._key, self._value(""), self._expires_at):
            return Outcome.TAKEN
        held = (_store().get(self._key) or "").split(":")
        if len(held) != 3 or not self._mark or held[0] != self._mark:
            return Outcome.REFUSED
        if time.time() - float(held[1]) > REPEAT:
            return Outcome.REFUSED
        self.first_session = held[2]
        return Outcome.REPEATED

    def complete(self, session_key: str) -> None:
        """Remember which session the claim led to."""
        _store().set(self._key, self._value(session_key), self._expires_at)

    def release(self) -> None:
        """Give the link back: the login failed, and not because of the link."""
        _store().delete(self._key)

    def _value(self, session_key: str) -> str:
        return f"{self._mark}:{int(time.time())}:{session_key}"


class Store(Protocol):
    """Where claims are kept."""

    def add(self, key: str, value: str, expires_at: float) -> bool: ...

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str, expires_at: float) -> None: ...

    def delete(self, key: str) -> None: ...


class TableStore:
    """Rows of the session table. What they hold is no session: it does not decode to one."""

    def add(self, key: str, value: str, expires_at: float) -> bool:
        using = router.db_for_write(Session)
        try:
            with transaction.atomic(using=using):
                self._row(key, value, expires_at).save(force_insert=True, using=using)
        except IntegrityError:
            return False
        except DatabaseError:
            raise _untold() from None
        return True

    def get(self, key: str) -> str | None:
        rows = Session.objects.using(router.db_for_write(Session)).filter(session_key=key)
        try:
            return rows.values_list("session_data", flat=True).first()
        except DatabaseError:
            raise _untold() from None

    def set(self, key: str, value: str, expires_at: float) -> None:
        rows = Session.objects.using(router.db_for_write(Session)).filter(session_key=key)
        rows.update(session_data=value)

    def delete(self, key: str) -> None:
        Session.objects.using(router.db_for_write(Session)).filter(session_key=key).delete()

    def _row(self, key: str, value: str, expires_at: float) -> Session:
        expire_date = datetime.datetime.fromtimestamp(expires_at, tz=datetime.UTC)
        if not settings.USE_TZ:
            expire_date = timezone.make_naive(expire_date)
        return Session(session_key=key, session_data=value, expire_date=expire_date)


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

    def set(self, key: str, value: str, expires_at: float) -> None:
        self._try("set", key, value, self._left(expires_at))

    def delete(self, key: str) -> None:
        self._try("delete", key)

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
    if backend.endswith("DummyCache"):
        raise ImproperlyConfigured(
            "Login links can't be single-use: there is neither a session table nor a cache. "
            "Migrate django.contrib.sessions, or lead IDENTITYX_CACHE to a real cache."
        )
    return CacheStore()


def _has_table() -> bool:
    connection = connections[router.db_for_write(Session)]
    if connection.settings_dict["ENGINE"] in {"", "django.db.backends.dummy"}:
        return False
    try:
        return Session._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        raise _untold() from None


_store: PerProcess[Store] = PerProcess(_choose)


def _untold() -> Unreachable:
    return Unreachable("Whether this link was used before can't be told right now.")


def _digest(purpose: str, text: str) -> str:
    """40 hex digits, as long as a session key may be; keyed, so that nobody can make one."""
    message = f"identityx:{purpose}:{text}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()[:40]
