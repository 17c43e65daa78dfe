"""For an API that was there before: people whom the site knew, and no strangers with a mailbox."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from .identities import is_local


class LocalSessionAuthentication(SessionAuthentication):
    """DRF's `SessionAuthentication` for accounts of the site's own.

    A row that a sign-in by link has made is nobody here, so that ``IsAuthenticated`` goes on
    meaning what it did. Staff count, and local accounts, however their owners signed in.
    """

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        return found if found is not None and self.is_known(found[0]) else None

    def is_known(self, user: Any) -> bool:
        """Whether ``user`` is more than somebody with a mailbox."""
        return getattr(user, "is_staff", False) or is_local(user)
