"""Login links: what was pasted or clicked, whose it claims to be, and whether it is too old.

As with credentials, what a link's token says of itself is unverified: it tells early that it can't
be good, which of the two logins it is for, and whose address to show (masked). Only IdentityX says
that a link is good.
"""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest

from .. import audit
from ..conf import conf
from ..credentials import LEEWAY, MAX_TOKEN, Claims, TokenType, read_claims
from ..exceptions import Malformed, Rejected

CHANGE_EMAIL = "app-user-change-email-link"


class LinkKind(enum.Enum):
    """The two kinds of login links; the values are their ``sub``."""

    APP_USER = "app-user-login-link"
    ORG_USER = "user-login-link"

    @property
    def token_type(self) -> TokenType:
        """The kind of credential that such a link is exchanged for."""
        return TokenType.APP_USER if self is LinkKind.APP_USER else TokenType.ORG_USER


@dataclass(frozen=True)
class Link:
    """A link's token and what it claims; the token does not show in the repr."""

    kind: LinkKind
    token: str = field(repr=False)
    email: str
    expires_at: float  # seconds since the epoch: when it is refused here at the latest


def token_from(text: str) -> str:
    """Find the token in a pasted link (``?token=``, or last in the path) or bare token."""
    text = "".join(text[: 4 * MAX_TOKEN].split())  # mail programs break long lines
    if "/" not in text and "?" not in text:
        return text
    try:
        parts = urlsplit(text)
        found = parse_qs(parts.query).get("token")
    except ValueError:
        return text
    return found[0] if found else parts.path.rstrip("/").rpartition("/")[2]


def read_link(text: str, *, now: float | None = None) -> Link:
    """Read a link or bare token.

    Raises `Rejected` with reason ``missing``, ``malformed``, ``wrong_kind``, ``change_email`` or
    ``wrong_application``, or `Expired`: past its ``exp``, or older than ``IDENTITYX_LINK_MAX_AGE``
    by its ``iat``.
    """
    token = token_from(text)
    if not token:
        raise Malformed("missing", "There is no link.")
    claims = read_claims(token)
    kind = _kind(claims)
    if kind is LinkKind.APP_USER and (not conf.APP_ID or claims.iss != conf.APP_ID):
        raise Malformed("wrong_application", "The link belongs to another site.")
    if not claims.aud or claims.iat is None:
        raise Malformed("malformed", "The link is incomplete.")
    now = time.time() if now is None else now
    if claims.iat > now + LEEWAY:
        raise Malformed("malformed", "The link comes from the future.")
    if claims.exp is not None and now > claims.exp + LEEWAY:
        raise Expired("expired", claims.aud, kind)
    expires_at = claims.iat + conf.LINK_MAX_AGE
    if now > expires_at + LEEWAY:
        raise Expired("too_old", claims.aud, kind)
    return Link(kind, token, claims.aud, expires_at + LEEWAY)


def read_to_sign_in(request: HttpRequest, text: str) -> Link:
    """`read_link` for somebody who wants to sign in with it: what is wrong is audited."""
    try:
        return read_link(text)
    except Expired as expired:
        kind = expired.kind.token_type.value
        audit.login_failed(request, expired.reason, kind=kind, email=expired.email)
        raise
    except Rejected as rejected:
        audit.login_failed(request, rejected.reason)
        raise


class Expired(Malformed):
    """A link that was good once; ``email`` is where a new one would go."""

    def __init__(self, reason: str, email: str, kind: LinkKind) -> None:
        super().__init__(reason)
        self.email = email
        self.kind = kind


def _kind(claims: Claims) -> LinkKind:
    if claims.sub == CHANGE_EMAIL:
        raise Rejected("change_email", "This link confirms a new address, it does not sign in.")
    try:
        return LinkKind(claims.sub)
    except ValueError:
        raise Malformed("wrong_kind", "This is not a login link.") from None
