"""Single use: a link is taken once, by an atomic claim on a digest of its token.

IdentityX takes a link as often as one likes. A double click cancels the first answer with its
cookies, so the same browser (by its mark) may take a link again for a minute. The later one then
holds the claim; the earlier one leads nowhere, and its session, if there is one already, is ended.
"""

from __future__ import annotations

import enum
import secrets
import time
from dataclasses import dataclass, replace

from django.conf import settings
from django.utils.crypto import salted_hmac

from .claim_stores import store

REPEAT = 60  # seconds in which the same browser may take a link again
MAX_REPEATS = 5
_TRIES = 10  # against others who take or release the same link at the same moment


class Outcome(enum.Enum):
    """What became of a claim."""

    TAKEN = "taken"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True)
class _Held:
    """What a store keeps: whose the link is, since when, and what it led to."""

    mark: str
    since: int
    repeats: int
    claimant: str
    session: str = ""

    def dump(self) -> str:
        return f"{self.mark}:{self.since}:{self.repeats}:{self.claimant}:{self.session}"

    @classmethod
    def load(cls, text: str) -> _Held | None:
        mark, *others = text.split(":")
        if len(others) != 4 or not others[0].isdecimal() or not others[1].isdecimal():
            return None
        return cls(mark, int(others[0]), int(others[1]), others[2], others[3])


class Claim:
    """The claim on one link by one request; ``mark`` is the browser's, empty for nobody's."""

    def __init__(self, token: str, mark: str, expires_at: float) -> None:
        self._key = _digest("link", token)
        # Taken before SECRET_KEY was changed, or by a process that still has the old one.
        self._older_keys = [_digest("link", token, old) for old in settings.SECRET_KEY_FALLBACKS]
        self._mark = _digest("mark", mark) if mark else ""
        self._expires_at = expires_at
        self._mine = ""  # what the store keeps if nobody has come after us
        self.first_session = ""  # of a repeated claim: the session that an earlier one made

    def take(self) -> Outcome:
        """Take the link, or say why not. Raises `Unreachable` where nobody can tell."""
        if any(store().get(key) is not None for key in self._older_keys):
            return Outcome.REFUSED
        first = _Held(self._mark, int(time.time()), 0, secrets.token_hex(8))
        for _ in range(_TRIES):
            if store().add(self._key, first.dump(), self._expires_at):
                self._mine = first.dump()
                return Outcome.TAKEN
            text = store().get(self._key)
            if text is None:
                continue  # released at this moment
            held = _Held.load(text)
            if held is None or not self._may_repeat(held):
                return Outcome.REFUSED
            mine = replace(held, repeats=held.repeats + 1, claimant=first.claimant).dump()
            if store().swap(self._key, text, mine, self._expires_at):
                self._mine, self.first_session = mine, held.session
                return Outcome.REPEATED
        return Outcome.REFUSED

    def is_held(self) -> bool:
        """Whether the link is still ours: no later press of the same browser has taken it."""
        return store().get(self._key) == self._mine

    def complete(self, session_key: str) -> bool:
        """Remember which session the claim led to; False if the link is ours no more."""
        done = self._mine.rpartition(":")[0] + f":{session_key}"
        return store().swap(self._key, self._mine, done, self._expires_at)

    def release(self) -> None:
        """Give the link back: the login failed, and not because of the link."""
        if not self.first_session:
            store().swap(self._key, self._mine, None, self._expires_at)

    def _may_repeat(self, held: _Held) -> bool:
        return (
            bool(self._mark)
            and held.mark == self._mark
            and held.repeats < MAX_REPEATS
            and time.time() - held.since <= REPEAT
        )


def _digest(purpose: str, text: str, secret: str | bytes | None = None) -> str:
    """40 hex digits, as long as a session key may be; keyed, so that nobody can make one."""
    digest = salted_hmac(f"identityx:{purpose}", text, secret=secret, algorithm="sha256")
    return digest.hexdigest()[:40]
