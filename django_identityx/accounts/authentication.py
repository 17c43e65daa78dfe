"""For an API that was there before: people whom the site knew, and no strangers with a mailbox."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from .identities import made_by_sign_in


class LocalSessionAuthentication(SessionAuthentication):
    """DRF's `SessionAuthentication` for accounts of the site's own.

    A row that a sign-in by link has made is nobody here, so that ``IsAuthenticated`` goes on
    meaning what it did. A local account counts however its owner signed in.
    """

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        if found is None or made_by_sign_in(found[0]):
            return None
        return found
