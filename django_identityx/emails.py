"""E-mail addresses: the form that is compared, counted and shown."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from django.conf import settings


def clean(email: str) -> str:
    """The address as it is sent to IdentityX: trimmed, and lower-cased as it does itself."""
    return email.strip().lower()


def digest(email: str) -> str:
    """A keyed digest for limits and audit lines: 32 hex digits.

    Over the NFKC form, trimmed and lower-cased, without a ``+tag``: spellings of one mailbox count
    as one. Keyed with ``SECRET_KEY``, so that a list of addresses can't be tried against it.
    """
    text = unicodedata.normalize("NFKC", email).strip().lower()
    local, at, domain = text.rpartition("@")
    text = local.partition("+")[0] + at + domain
    key = settings.SECRET_KEY.encode()
    message = f"identityx:email:{text}".encode(errors="surrogatepass")  # JSON may have halves
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def mask(email: str) -> str:
    """The address as a stranger may see it: ``r•••r@example.net``."""
    local, at, domain = email.rpartition("@")
    if not at or not local:
        return "•••"
    ends = local[0] + "•••" + (local[-1] if len(local) > 2 else "")
    return f"{ends}@{domain}"
