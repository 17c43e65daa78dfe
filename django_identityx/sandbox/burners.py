"""The domains of throw-away mailboxes, which IdentityX turns away."""

from __future__ import annotations

from disposable_email_domains import blocklist

# IdentityX's list is another one of the kind; these are on it, and people type them in tests.
_ALSO = frozenset({"example.com", "spamgourmet.com", "test.com", "test.de"})
_DOMAINS = _ALSO | blocklist


def is_burner(domain: str) -> bool:
    """Say whether IdentityX takes no address of the domain."""
    return domain.lower() in _DOMAINS
