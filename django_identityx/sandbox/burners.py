"""The domains of throw-away mailboxes, which IdentityX turns away."""

from __future__ import annotations

from functools import cache

# IdentityX's list is another one of the kind; these are on it, and people type them in tests.
_ALSO = frozenset({"example.com", "spamgourmet.com", "test.com", "test.de"})


def is_burner(domain: str) -> bool:
    """Say whether IdentityX takes no address of the domain."""
    return domain.lower() in _domains()


@cache
def _domains() -> frozenset[str]:
    # Ten thousand names: read when the first address comes, not when the sandbox starts.
    from disposable_email_domains import blocklist

    return _ALSO | blocklist
