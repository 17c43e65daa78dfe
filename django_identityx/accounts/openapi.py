"""For drf-spectacular: the session of `LocalSessionAuthentication` is a session like any other."""

from __future__ import annotations

from drf_spectacular.authentication import SessionScheme

from .authentication import LocalSessionAuthentication


class LocalSessionScheme(SessionScheme):  # type: ignore[no-untyped-call]
    target_class = LocalSessionAuthentication  # type: ignore[assignment]
    match_subclasses = True
    priority = 1
