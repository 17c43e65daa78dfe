"""Links from mails: what was pasted or clicked, whose it claims to be, and whether it is too old.

What a link says of itself is unverified, as with credentials: it tells early that the link can't be
good, which operation it is for, and whose address to show (masked). Only IdentityX says
that it is good.
"""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from .. import emails
from ..applications import Application
from ..conf import conf
from ..credentials import LEEWAY, MAX_TOKEN, Claims, TokenType, check_form, read_claims
from ..exceptions import Malformed


class LinkKind(enum.Enum):
    """The kinds of links; the values are their ``sub``."""

    APP_USER = "app-user-login-link"
    ORG_USER = "user-login-link"
    CHANGE_EMAIL = "app-user-change-email-link"

    @property
    def token_type(self) -> TokenType:
        """The kind of credential that such a link is exchanged for."""
        return TokenType.ORG_USER if self is LinkKind.ORG_USER else TokenType.APP_USER


@dataclass(frozen=True)
class Link:
    """A link's token and what it claims; the token does not show in the repr."""

    kind: LinkKind
    token: str = field(repr=False)
    email: str  # where it was mailed to
    application: Application
    issued_at: float  # seconds since the epoch, as the next
    expires_at: float  # by its own word
    old_email: str = ""  # of a change

    @property
    def is_staff(self) -> bool:
        return self.kind is LinkKind.ORG_USER

    @property
    def changes_email(self) -> bool:
        """Whether it gives an account a new address, and signs in by that."""
        return self.kind is LinkKind.CHANGE_EMAIL

    @property
    def masked_email(self) -> str:
        """The address as a page may show it: dots where the claim is none."""
        return emails.mask(self.email)

    @property
    def has_address(self) -> bool:
        """Whether it claims an address that a new link could go to."""
        try:
            return bool(emails.parse(self.email))
        except ValueError:
            return False

    @property
    def refused_after(self) -> float:
        """When it is refused here at the latest; seconds since the epoch."""
        return self.issued_at + conf.LINK_MAX_AGE + LEEWAY

    def check_age(self, now: float | None = None) -> None:
        """Raise `Rejected` (``expired`` or ``too_old``) if its time is over."""
        now = time.time() if now is None else now
        if now > self.expires_at + LEEWAY:
            raise Malformed("expired")
        if now > self.refused_after:
            raise Malformed("too_old")


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


def check_token(token: str) -> None:
    """Raise `Rejected` for what can't be a link's token, by its characters."""
    if not token:
        raise Malformed("missing", "There is no link.")
    check_form(token)


def read_link(text: str, application: Application, *, now: float | None = None) -> Link:
    """Read a link or bare token, of whatever age.

    Raises `Rejected` with reason ``missing``, ``malformed``, ``wrong_kind`` or
    ``wrong_application``.
    """
    token = token_from(text)
    check_token(token)
    claims = read_claims(token)
    kind = _kind(claims)
    app_id = application.app_id
    if kind is not LinkKind.ORG_USER and (not app_id or claims.iss != app_id):
        raise Malformed("wrong_application", "The link belongs to another site.")
    if not claims.aud or claims.iat is None:
        raise Malformed("malformed", "The link is incomplete.")
    if claims.iat > (time.time() if now is None else now) + LEEWAY:
        raise Malformed("malformed", "The link comes from the future.")
    expires_at = float("inf") if claims.exp is None else claims.exp
    old_email = ""
    if kind is LinkKind.CHANGE_EMAIL:
        said = claims.data.get("email") if isinstance(claims.data, dict) else None
        if not said or not isinstance(said, str):
            raise Malformed("malformed", "The link is incomplete.")
        old_email = said
    return Link(kind, token, claims.aud, application, claims.iat, expires_at, old_email)


def _kind(claims: Claims) -> LinkKind:
    try:
        return LinkKind(claims.sub)
    except ValueError:
        raise Malformed("wrong_kind", "This is not a login link.") from None
