"""The settings of verification as they were when the process began to verify.

Reading a setting that is not set costs more than a hit may. The state of the process, and this
with it, is dropped whenever a setting changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..conf import conf


@dataclass(frozen=True)
class Options:
    """``IDENTITYX_*``, in seconds where they are times."""

    url: str
    app_id: str | None = None
    cache: str = "default"
    timeout: float = 8.05  # of one exchange as a whole
    ttl: float = 60
    local_ttl: float = 5
    local_size: int = 10_000
    rejection_ttl: float = 10
    stale_if_error: float = 300
    max_verifications: int = 8
    refuse_banned: bool = False
    metrics: str | None = None

    @classmethod
    def from_settings(cls) -> Options:
        return cls(
            url=conf.API_URL,
            app_id=conf.APP_ID,
            cache=conf.CACHE,
            timeout=sum(conf.TIMEOUT),
            ttl=conf.VERIFICATION_TTL,
            local_ttl=conf.LOCAL_TTL,
            local_size=conf.LOCAL_SIZE,
            rejection_ttl=conf.REJECTION_TTL,
            stale_if_error=conf.STALE_IF_ERROR,
            max_verifications=conf.MAX_VERIFICATIONS,
            refuse_banned=conf.REFUSE_BANNED,
            metrics=conf.METRICS,
        )

    @property
    def longest_life(self) -> float:
        """Seconds after its question that a verdict could still serve."""
        return self.ttl + self.stale_if_error if self.ttl else 0.0
