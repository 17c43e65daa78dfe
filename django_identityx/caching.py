"""What is remembered of verdicts in Django's cache."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from django.core.cache import caches

from .conf import conf
from .credentials import Credential

if TYPE_CHECKING:
    from .verification import Verdict

logger = logging.getLogger("django_identityx")


def key_of(credential: Credential, app_id: str | None) -> str:
    """A digest over endpoint, application, kind and token."""
    parts = (conf.API_URL, app_id or "", credential.token_type.value, credential.token)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class VerdictCache:
    """Verdicts and denials in the shared cache; a cache that is down has none."""

    def get(self, key: str) -> Verdict | None:
        value: Any = self._try("get", f"identityx:verdict:{key}")
        return value

    def set(self, key: str, verdict: Verdict) -> None:
        if conf.VERIFICATION_TTL:
            self._try("set", f"identityx:verdict:{key}", verdict, conf.VERIFICATION_TTL)

    def delete(self, key: str) -> None:
        self._try("delete", f"identityx:verdict:{key}")

    def is_denied(self, key: str) -> bool:
        return self._try("get", f"identityx:denied:{key}") is not None

    def deny(self, key: str, seconds: float) -> bool:
        self._try("set", f"identityx:denied:{key}", 1, seconds)
        return self.is_denied(key)

    def _try(self, method: str, *args: Any) -> Any:
        try:
            return getattr(caches[conf.CACHE], method)(*args)
        except Exception:  # noqa: BLE001 - any backend, any trouble: a miss
            logger.warning("The cache %r failed; IdentityX is asked instead.", conf.CACHE)
            return None
