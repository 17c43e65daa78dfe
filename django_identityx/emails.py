"""E-mail addresses: the form that is sent, compared, counted and shown."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

import idna
from django.conf import settings

MAX_LENGTH = 254
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}")
_GOOGLE = {"gmail.com", "googlemail.com"}


def parse(text: str) -> str:
    """The address that ``text`` is, in its one form; `ValueError` where it is none.

    Trimmed and lower-cased, as IdentityX does itself, the domain in ASCII as of IDNA after UTS 46.
    Refused is what gives one mailbox many spellings: quoted local parts, letters outside ASCII
    before the ``@``, and characters in the domain that nobody sees.
    """
    local, at, domain = text.strip().rpartition("@")
    local = local.lower() if local.isascii() else ""  # some letters have an ASCII one below them
    address = f"{local}{at}{_ascii(domain)}"
    if len(address) > MAX_LENGTH or not _LOCAL.fullmatch(local):
        raise ValueError("This is not an e-mail address.")
    return address


def clean(email: str) -> str:
    """The form in which addresses are compared, also of what is none: that differs from all."""
    try:
        return parse(email)
    except ValueError:
        email = email.strip()
        return email.lower() if email.isascii() else email  # as in `parse`


def mailbox(email: str) -> str:
    """Where mail to the address arrives, as far as one can tell from outside.

    Without a ``+tag``, and without the dots and the second name of Google's domain. For limits
    only: two addresses of one mailbox may be two accounts.
    """
    local, at, domain = clean(unicodedata.normalize("NFKC", email)).rpartition("@")
    local = local.partition("+")[0]
    if domain in _GOOGLE:
        local, domain = local.replace(".", ""), "gmail.com"
    return local + at + domain


def digest(email: str) -> str:
    """A keyed digest of the mailbox, for audit lines: 32 hex digits.

    Keyed with ``SECRET_KEY``, so that a list of addresses can't be tried against it.
    """
    key = settings.SECRET_KEY.encode()
    message = f"identityx:email:{mailbox(email)}".encode(errors="surrogatepass")  # JSON has halves
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def mask(email: str) -> str:
    """The address as a stranger may see it, ``re••er@example.net``; of what is none nothing.

    Enough of it stays to tell two people of one provider apart.
    """
    try:
        local, _, domain = parse(email).rpartition("@")
    except ValueError:
        return "•••"
    hidden = len(local) // 3
    start = (len(local) - hidden) // 2
    return f"{local[:start]}{'•' * hidden}{local[start + hidden :]}@{domain}"


def _ascii(domain: str) -> str:
    """The domain as DNS has it; `ValueError` where it is none."""
    if any(unicodedata.category(character) == "Cf" for character in domain):
        raise ValueError("The domain has characters that nobody sees.")
    domain = domain.lower()
    if not domain.isascii() or domain.startswith("xn--") or ".xn--" in domain:
        domain = idna.encode(domain, uts46=True, std3_rules=True).decode()
    if not _DOMAIN.fullmatch(domain):
        raise ValueError("This is not a domain.")
    return domain
