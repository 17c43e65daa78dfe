"""Which stream of comments: named by the site, and signed where it travels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from django.core.signing import Signer

_SALT = "django_identityx.comments"


@dataclass(frozen=True)
class Stream:
    """The comments of one page. ``title`` and ``url`` are for the moderators."""

    identifier: str
    title: str = ""
    url: str = ""

    @property
    def key(self) -> str:
        """What stands for the stream in forms and requests."""
        fields = [self.identifier, self.title, self.url]
        return Signer(salt=_SALT).sign_object(fields, compress=True)

    @classmethod
    def of(cls, key: str) -> Self:
        """Read a key; raise ``BadSignature`` for one that this site has not made."""
        return cls(*Signer(salt=_SALT).unsign_object(key))

    def sign(self, cursor: str) -> str:
        """A cursor that leads on in this stream."""
        return self._signer.sign(cursor)

    def cursor(self, signed: str) -> str:
        """Read a cursor; raise ``BadSignature`` for one that this site has not handed out."""
        return self._signer.unsign(signed)

    @property
    def _signer(self) -> Signer:
        return Signer(salt=f"{_SALT}.cursor.{self.identifier}")


def stream_key(identifier: str, *, title: str = "", url: str = "") -> str:
    """The key of a stream, for a page or an app that uses the JSON endpoints."""
    return Stream(identifier, title, url).key
