"""The cookies of the sign-in flow: small, signed, and none of them a session.

``__Host-`` in their names keeps a sibling host of the domain from setting them where the request is
secure. ``SameSite=Lax`` whatever the session uses, HttpOnly, and for the whole site.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from .. import emails
from ..conf import conf

MAX_CARRIED = 2800  # characters of a token that a cookie has room for
MAX_COOKIE = 3800  # bytes; browsers drop a cookie of more than 4096 with its name and attributes
REMEMBERED = 5  # addresses that one browser is remembered for
YEAR = 365 * 24 * 3600  # seconds


@dataclass(frozen=True)
class SignedCookie:
    """What a cookie holds: text, flags and lists of text, each with a default."""

    name: ClassVar[str]

    @classmethod
    def age(cls) -> int:
        """Seconds that it lives; by default as long as a link."""
        return int(conf.LINK_MAX_AGE)

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """The one that the browser sent, if this site made it and it is not too old; else empty."""
        value = request.COOKIES.get(_full_name(cls.name, request), "")
        return cls.load(value, cls.age()) or cls()

    @classmethod
    def load(cls, value: str, max_age: float) -> Self | None:
        try:
            data = signing.loads(value, salt=cls.name, max_age=timedelta(seconds=max_age))
            known = {
                f.name: tuple(v) if isinstance(v := data[f.name], list) else v for f in fields(cls)
            }
        except (signing.BadSignature, ValueError, TypeError, LookupError):
            return None
        good = all(type(value) is type(getattr(cls(), name)) for name, value in known.items())
        return cls(**known) if good else None

    def dump(self) -> str:
        return signing.dumps(vars(self), salt=self.name, compress=True)

    def leave(self, request: HttpRequest, response: HttpResponse) -> None:
        value = self.dump()
        if len(value) > MAX_COOKIE and isinstance(self, Carrier | Note):
            value = replace(self, next="").dump()  # rather the person without the target
        response.set_cookie(
            _full_name(self.name, request),
            value,
            max_age=self.age(),
            secure=_is_secure(request),
            httponly=True,
            samesite="Lax",
        )

    @classmethod
    def drop(cls, request: HttpRequest, response: HttpResponse) -> None:
        response.delete_cookie(_full_name(cls.name, request), samesite="Lax")


@dataclass(frozen=True)
class Carrier(SignedCookie):
    """A link's token on its way from the URL to the page, and where to go afterwards.

    The session can't carry it: ``SameSite=Strict`` loses it on the way from a mail, and every
    scanner would leave a session behind. As a field of the page it lives as long as the link and
    knows the ``browser`` (its mark's id) that the page was made for.

    As text the signed value, as repr no token: templates get it whole, and Django logs what they
    know, by repr, whenever they ask for more.
    """

    # Django's error reports hide cookies with "token" in their names, on every site.
    name = "identityx_link_token"

    token: str = field(default="", repr=False)
    next: str = ""
    staff: bool = False
    browser: str = ""

    @classmethod
    def age(cls) -> int:
        return 600

    def __str__(self) -> str:
        return self.dump()

    @classmethod
    def on_page(cls, request: HttpRequest) -> Carrier:
        """The link on the page that was sent: in its hidden field, so that two tabs don't mix."""
        return cls.load(request.POST.get("carrier", ""), conf.LINK_MAX_AGE) or cls()

    def is_for(self, mark: Mark) -> bool:
        """Whether the page was made for the browser with this mark."""
        return bool(mark.id) and constant_time_compare(self.browser, mark.id)


@dataclass(frozen=True)
class Mark(SignedCookie):
    """Tells a browser again: the one that pressed a button, or asked for a link, and for whose."""

    name = "identityx_mark"

    id: str = ""
    asked: tuple[str, ...] = ()

    @classmethod
    def for_browser(cls, request: HttpRequest) -> Mark:
        known = cls.of(request)
        return known if known.id else cls(secrets.token_urlsafe(16))

    def asking(self, email: str) -> Mark:
        """The mark of the same browser after it asked for a link to ``email``."""
        return replace(self, asked=_remember(self.asked, email, self.name))

    def asked_for(self, email: str) -> bool:
        """Whether this browser asked for a link to ``email``."""
        return _exactly(email, self.name) in self.asked


@dataclass(frozen=True)
class Note(SignedCookie):
    """What was typed into the form, for the page that follows it.

    ``typed`` is False for an address that a link claimed; ``again`` after another press.
    """

    name = "identityx_note"

    email: str = ""
    next: str = ""
    staff: bool = False
    typed: bool = True
    again: bool = False
    changing: bool = False  # the link was asked for to change the address to this one


@dataclass(frozen=True)
class Known(SignedCookie):
    """A browser in which somebody has signed in: with which addresses, as digests.

    Strangers who ask for links to an address can't use up what its owner's own browser may ask for.
    """

    name = "identityx_known"

    addresses: tuple[str, ...] = ()

    @classmethod
    def age(cls) -> int:
        return YEAR

    def with_address(self, email: str) -> Known:
        return replace(self, addresses=_remember(self.addresses, email, self.name))

    def knows(self, email: str) -> bool:
        """Whether somebody has signed in with ``email`` in this browser."""
        return _exactly(email, self.name) in self.addresses


# What goes when somebody signs out: whoever uses the browser next is somebody else.
THIS_BROWSER: list[type[SignedCookie]] = [Mark, Note, Carrier]


def _remember(digests: tuple[str, ...], email: str, purpose: str) -> tuple[str, ...]:
    digest = _exactly(email, purpose)
    return (*(d for d in digests if d != digest), digest)[-REMEMBERED:]


def _exactly(email: str, purpose: str) -> str:
    """A digest of this address and no other: who asked for ``a@`` did not ask for ``a+b@``."""
    message = emails.clean(email).encode(errors="surrogatepass")
    return salted_hmac(purpose, message, algorithm="sha256").hexdigest()[:32]


def _full_name(name: str, request: HttpRequest) -> str:
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: HttpRequest) -> bool:
    return request.is_secure() or bool(settings.SESSION_COOKIE_SECURE)
