"""What IdentityX said, and when; what it was asked; and how long the answer lives."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ..conf import conf
from ..users import AppUser, OrgUser

T = TypeVar("T")


@dataclass(slots=True)
class Verdict:
    """Whom a token belongs to (or another answer), when IdentityX was asked, and if it is fresh."""

    value: Any
    verified_at: float  # seconds since the epoch, before the question was sent
    fresh: bool = True  # False where IdentityX is unavailable, and this is older than it should be

    # For the engine, which keeps verdicts and hands out the very same.
    expires: float | None = field(default=None, compare=False, repr=False)  # seconds, epoch
    generation: str = field(default="", compare=False, repr=False)  # the purge that it came after
    until: float = field(default=0.0, compare=False, repr=False)  # monotonic, in this process
    refresh_at: float = field(default=0.0, compare=False, repr=False)
    admitted: object = field(default=None, compare=False, repr=False)  # by which application

    @property
    def user(self) -> AppUser | OrgUser:
        user: AppUser | OrgUser = self.value
        return user


class Question(Protocol[T]):
    """One request's question. Whoever has the same ``key`` may have the same answer."""

    key: bytes  # a digest of 32 bytes over all that the answer depends on, endpoint included

    def prepare(self, *, is_known: bool) -> float | None:
        """Refuse what needs no asking, and return when the answer expires (epoch seconds).

        Called before each question; ``is_known`` where there was an answer before.
        """
        ...

    def ask(self) -> T:
        """Ask IdentityX; raise `Rejected`, `Unavailable` or `ConfigurationError`."""
        ...

    def pack(self, value: T) -> Any:
        """Turn an answer into plain data."""
        ...

    def unpack(self, data: Any) -> T | None:
        """Read what `pack` made; None if it is not for this question.

        Foreign data ends in any of Python's usual errors.
        """
        ...


@dataclass(frozen=True)
class Lifetimes:
    """How long answers live, in seconds after their question was sent."""

    fresh: float
    local: float  # a copy in the process, after the shared cache was looked at
    stale: float  # beyond being fresh, while IdentityX is unavailable
    rejected: float = 0.0  # a definite no, in the process

    @classmethod
    def from_settings(cls) -> Lifetimes:
        """Those of a verdict about a token."""
        return cls(conf.VERIFICATION_TTL, conf.LOCAL_TTL, conf.STALE_IF_ERROR, conf.REJECTION_TTL)

    @property
    def longest(self) -> float:
        """How long an answer could serve at all."""
        return self.fresh + self.stale if self.fresh else 0.0


SETTLED = Lifetimes(fresh=3600.0, local=3600.0, stale=math.inf)  # what changes once in months
