"""The cookies of the sign-in flow: small, signed, short-lived, and none of them a session.

- The *carrier* brings a link's token from the URL to the page, so that the URL can lose it. The
  session can't: ``SameSite=Strict`` loses it on the way from a mail, and every scanner would leave
  a session behind.
- The *mark* tells a browser again: which one asked for a link (and for whose), and which one has
  already pressed the button.
- The *note* fills the address into the page that follows the form.

``SameSite=Lax`` whatever the session uses, HttpOnly, Secure where the request is.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from posixpath import commonpath
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac

from .. import emails
from ..conf import conf

# Django's error reports hide cookies with "token" in their names, on every site.
CARRIER, MARK, NOTE = "identityx_link_token", "identityx_mark", "identityx_note"
CARRIER_AGE = 600  # seconds, in the cookie; the page's hidden field lives as long as the link
MAX_CARRIED = 2800  # characters of a token that a cookie has room for
MAX_COOKIE = 3800  # bytes; browsers drop a cookie of more than 4096 with its name and attributes
REMEMBERED = 5  # addresses for which one browser asked


@dataclass(frozen=True)
class Carrier:
    """A link's token and where to go afterwards; as text the signed value, as repr no token.

    Templates get it whole: Django logs what they know, by repr, whenever they ask for more.
    """

    token: str = field(repr=False)
    next: str = ""

    def __str__(self) -> str:
        return self.dump()

    @classmethod
    def load(cls, value: str, max_age: float) -> Carrier | None:
        """Read a signed value, from the cookie or from the page's hidden field."""
        data = _load(value, CARRIER, max_age)
        if isinstance(data, dict) and isinstance(data.get("t"), str):
            return cls(data["t"], str(data.get("n", "")))
        return None

    def dump(self) -> str:
        return signing.dumps({"t": self.token, "n": self.next}, salt=CARRIER, compress=True)

    def carry(self, request: HttpRequest, response: HttpResponse) -> None:
        value = self.dump()
        if len(value) > MAX_COOKIE:  # rather the person without the target than nobody
            value = replace(self, next="").dump()
        _set(request, response, CARRIER, value, CARRIER_AGE, _callback_path())

    @classmethod
    def on_page(cls, request: HttpRequest) -> Carrier | None:
        """The link on the page that was sent: in its hidden field, so that two tabs don't mix."""
        return cls.load(request.POST.get("carrier", ""), conf.LINK_MAX_AGE)

    @classmethod
    def in_cookie(cls, request: HttpRequest) -> Carrier | None:
        """The link on its way from the URL to the page."""
        return cls.load(request.COOKIES.get(CARRIER, ""), CARRIER_AGE)


@dataclass(frozen=True)
class Mark:
    """A browser: a random id, and digests of the addresses for which it asked for a link."""

    id: str
    asked: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: HttpRequest) -> Mark | None:
        data = _load(request.COOKIES.get(MARK, ""), MARK, int(conf.LINK_MAX_AGE))
        if isinstance(data, dict) and isinstance(data.get("id"), str):
            asked = data.get("a")
            return cls(data["id"], tuple(asked) if isinstance(asked, list) else ())
        return None

    @classmethod
    def new(cls) -> Mark:
        return cls(secrets.token_urlsafe(16))

    def asking(self, email: str) -> Mark:
        """The mark of the same browser after it asked for a link to ``email``."""
        digest = _exactly(email)
        others = tuple(a for a in self.asked if a != digest)
        return replace(self, asked=(*others, digest)[-REMEMBERED:])

    def asked_for(self, email: str) -> bool:
        return _exactly(email) in self.asked

    def leave(self, request: HttpRequest, response: HttpResponse) -> None:
        value = signing.dumps({"id": self.id, "a": list(self.asked)}, salt=MARK)
        _set(request, response, MARK, value, int(conf.LINK_MAX_AGE), _mark_path())


@dataclass(frozen=True)
class Note:
    """What was typed into the form."""

    email: str
    next: str = ""
    staff: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> Note | None:
        data = _load(request.COOKIES.get(NOTE, ""), NOTE, conf.LINK_MAX_AGE)
        if isinstance(data, dict) and isinstance(data.get("e"), str):
            return cls(data["e"], str(data.get("n", "")), bool(data.get("s")))
        return None

    def leave(self, request: HttpRequest, response: HttpResponse) -> None:
        value = self.dump()
        if len(value) > MAX_COOKIE:
            value = replace(self, next="").dump()
        path = reverse("identityx:link-sent")
        _set(request, response, NOTE, value, int(conf.LINK_MAX_AGE), path)

    def dump(self) -> str:
        data = {"e": self.email, "n": self.next, "s": self.staff}
        return signing.dumps(data, salt=NOTE, compress=True)


def drop_carrier(response: HttpResponse) -> None:
    response.delete_cookie(CARRIER, path=_callback_path(), samesite="Lax")


def drop_mark(response: HttpResponse) -> None:
    """Forget the browser: whoever uses it next is somebody else."""
    response.delete_cookie(MARK, path=_mark_path(), samesite="Lax")


def _callback_path() -> str:
    return reverse("identityx:callback")


def _mark_path() -> str:
    """Where the form and the callback both are, in whatever language each is."""
    paths = [_callback_path()]
    with contextlib.suppress(ValueError):
        paths.append(urlsplit(conf.CALLBACK_URL or "").path)
    paths = [path.removesuffix("callback/") for path in paths if path.startswith("/")]
    return commonpath(paths).rstrip("/") + "/"


def _exactly(email: str) -> str:
    """A digest of this address and no other: who asked for ``a@`` did not ask for ``a+b@``."""
    message = emails.clean(email).encode(errors="surrogatepass")
    return salted_hmac(MARK, message, algorithm="sha256").hexdigest()[:32]


def _load(value: str, salt: str, max_age: float) -> Any:
    try:
        return signing.loads(value, salt=salt, max_age=timedelta(seconds=max_age))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _set(
    request: HttpRequest, response: HttpResponse, name: str, value: str, age: int, path: str
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=age,
        path=path,
        secure=request.is_secure() or settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
