"""Single use: a link is taken once, by a row with the keyed digest of its token.

IdentityX takes a link as often as one likes. A double click cancels the first answer with its
cookies, so the same browser (by its mark) may take a link again for a minute. The later one then
holds the claim; the earlier one leads nowhere, and its session, if there is one already, is ended.
A link that IdentityX takes once only is not taken again: the later press waits for the session.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import Error, IntegrityError, router
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ..exceptions import Busy, Unreachable
from ..models import Claim as Row
from .links import Link

logger = logging.getLogger("django_identityx")

REPEAT = 60  # seconds in which the same browser may take a link again
MAX_REPEATS = 5
OUTLIVES = 24 * 3600  # seconds that a row outlives its link: IDENTITYX_LINK_MAX_AGE may grow
_TRIES = 10  # against others who take or release the same link at the same moment


class Outcome(enum.Enum):
    """What became of a claim."""

    TAKEN = "taken"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True)
class _Holder:
    """What a row keeps: whose the link is, since when, and what it led to."""

    mark: str
    since: int
    repeats: int
    claimant: str
    session: str = ""

    def dump(self) -> str:
        return f"{self.mark}:{self.since}:{self.repeats}:{self.claimant}:{self.session}"

    @classmethod
    def load(cls, text: str) -> _Holder | None:
        mark, *others = text.split(":")
        if len(others) != 4 or not others[0].isdecimal() or not others[1].isdecimal():
            return None
        return cls(mark, int(others[0]), int(others[1]), others[2], others[3])


class Claim:
    """The claim on one link by one request; ``mark`` is the browser's, empty for nobody's.

    The database alone decides, by a key that is unique. Where it fails nothing is known, which is
    `Unreachable`.
    """

    def __init__(self, link: Link, mark: str) -> None:
        what = f"{link.application.app_id or ''}:{link.token}"
        self._key = _digest("link", what)
        # Taken before SECRET_KEY was changed, or by a process that still has the old one.
        self._older_keys = [_digest("link", what, old) for old in settings.SECRET_KEY_FALLBACKS]
        self._mark = _digest("mark", mark) if mark else ""
        self._expires_at = link.refused_after
        self._is_once = link.changes_email  # IdentityX takes it once
        self._mine = ""  # what the row has if nobody has come after us
        self.first_session = ""  # of a repeated claim: the session that an earlier one made

    def take(self) -> Outcome:
        """Take the link, or say why not."""
        with _telling():
            if self._older_keys and _rows().filter(digest__in=self._older_keys).exists():
                return Outcome.REFUSED
            first = _Holder(self._mark, int(time.time()), 0, secrets.token_hex(8))
            new = {"holder": first.dump(), "expires_at": _moment(self._expires_at)}
            for _ in range(_TRIES):
                try:
                    row, is_new = _rows().get_or_create(digest=self._key, defaults=new)
                except IntegrityError:
                    continue  # released at this moment
                if is_new:
                    self._mine = row.holder
                    with contextlib.suppress(Error):  # that of others is not worth a sign-in
                        _rows().filter(expires_at__lt=_moment(time.time() - OUTLIVES)).delete()
                    return Outcome.TAKEN
                held = _Holder.load(row.holder)
                if held is None or not self._may_repeat(held):
                    return Outcome.REFUSED
                if self._is_once and not held.session:
                    raise Busy("An earlier press is under way.", retry_after=1)
                mine = replace(held, repeats=held.repeats + 1, claimant=first.claimant).dump()
                if self._row(row.holder).update(holder=mine):
                    self._mine, self.first_session = mine, held.session
                    return Outcome.REPEATED
        return Outcome.REFUSED

    def is_held(self) -> bool:
        """Whether the link is still ours: no later press of the same browser has taken it."""
        with _telling():
            return bool(self._row(self._mine).exists())

    def complete(self, session_key: str) -> bool:
        """Remember which session the claim led to; False if the link is ours no more."""
        done = self._mine.rpartition(":")[0] + f":{session_key}"
        with _telling():
            return bool(self._row(self._mine).update(holder=done))

    def release(self) -> None:
        """Give the link back: the login failed, and not because of the link."""
        if not self.first_session:
            with _telling():
                self._row(self._mine).delete()

    def _row(self, holder: str) -> Any:
        return _rows().filter(digest=self._key, holder=holder)

    def _may_repeat(self, held: _Holder) -> bool:
        return (
            bool(self._mark)
            and held.mark == self._mark
            and held.repeats < MAX_REPEATS
            and time.time() - held.since <= REPEAT
        )


def _rows() -> Any:
    return Row._default_manager.using(router.db_for_write(Row))


def _moment(seconds: float) -> datetime:
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return moment if settings.USE_TZ else timezone.make_naive(moment)


def _digest(purpose: str, text: str, secret: str | bytes | None = None) -> str:
    """Keyed, so that nobody can make one."""
    digest = salted_hmac(f"identityx:{purpose}", text, secret=secret, algorithm="sha256")
    return digest.hexdigest()


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except Error as error:
        logger.error("The table of used links can't be used (%s).", type(error).__name__)
        raise Unreachable("Whether this link was used before can't be told right now.") from None
