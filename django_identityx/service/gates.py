"""What keeps an IdentityX in trouble from taking the site with it: one gate for all that is sent.

Each endpoint has two *lanes* in a process, "verification" and "people" (asking for links,
redeeming, signing out, profiles). A lane is a circuit breaker and a number of places, and each has
its own: what needs no credential works on while IdentityX's tokens are down, so that one lane does
well says nothing of the other.

A breaker listens only to what says something about the endpoint: `Unreachable` and `Failing`. An
answer about one token that this package does not understand (`Unclear`) neither opens nor closes
it, or a stranger could switch sign-in off, or keep an outage from being noticed.

The places are a queue, not a wall. Who finds them taken waits for up to a second while they come
free fast enough; where they don't (IdentityX hangs), and where most newcomers bring tokens that
turn out to be bad, nobody waits, so that the threads stay free for those who need no place.
"""

from __future__ import annotations

import enum
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..conf import conf
from ..exceptions import Busy, Failing, LeftAlone, OperationFailed, Rejected, Unreachable
from ..process import Clock, PerProcess

logger = logging.getLogger("django_identityx")

VERIFICATION, PEOPLE = "verification", "people"
MAX_PEOPLE = 8  # calls for people's actions that one process has under way

FAILURES = 3  # in a row, until a breaker opens
FIRST_PAUSE = 2.0  # seconds; doubled with each probe that fails
LONGEST_PAUSE = 30.0

LONGEST_WAIT = 1.0  # seconds in a queue
PATIENCE = (0.25, 1.0)  # seconds without an answer, least and most, after which nobody waits
FIRST_PATIENCE = 0.5  # while it is not known how long an answer takes
RECENT = 8  # answers to newcomers that are looked at


class Outcome(enum.Enum):
    """What a call came to."""

    ANSWER = "answer"
    REFUSAL = "refusal"  # an answer: the token is no good
    TROUBLE = "trouble"
    NOTHING = "nothing"  # that says anything about the endpoint

    @classmethod
    def of(cls, error: BaseException) -> Outcome:
        if isinstance(error, Unreachable | Failing):
            return cls.TROUBLE
        # Only IdentityX's own words: `Malformed` is ours, and never went there.
        if type(error) is Rejected:
            return cls.REFUSAL
        return cls.ANSWER if isinstance(error, OperationFailed) else cls.NOTHING


class Breaker:
    """Closed, open for a pause, or half open: then one probe at a time goes through."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = 0.0  # seconds; 0 while closed
        self._left_alone_until = 0.0
        self._is_probing = False

    @property
    def is_closed(self) -> bool:
        return self._pause == 0

    def refuse_early(self) -> None:
        """Raise `LeftAlone` if a call would not go through right now."""
        if self.is_closed:
            return
        wait = self._left_alone_until - self._clock.monotonic()
        if wait > 0 or self._is_probing:
            raise LeftAlone("IdentityX is being left alone.", retry_after=math.ceil(max(wait, 1.0)))

    def begin(self) -> bool:
        """Begin a call, and say whether it is a probe; `LeftAlone` if that may not be."""
        with self._lock:
            self.refuse_early()
            self._is_probing = self._pause > 0
            return self._is_probing

    def end(self, outcome: Outcome, *, is_probe: bool) -> None:
        try:
            if outcome is Outcome.TROUBLE:
                self._failed()
            elif outcome is not Outcome.NOTHING:
                self._succeeded()
        finally:  # interrupted, or by a log's filter that raises: the next one may still probe
            if is_probe:
                self._is_probing = False

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            now = self._clock.monotonic()
            if self._failures < FAILURES or now < self._left_alone_until:
                return  # not enough yet, or one of those that were under way when it opened
            self._pause = min(self._pause * 2, LONGEST_PAUSE) if self._pause else FIRST_PAUSE
            self._left_alone_until = now + self._pause
            pause = self._pause
        logger.warning("IdentityX fails: it is left alone for %.0f s.", pause)

    def _succeeded(self) -> None:
        with self._lock:
            was_closed = self.is_closed
            self._failures, self._pause, self._left_alone_until = 0, 0.0, 0.0
        if not was_closed:
            logger.info("IdentityX answers again.")


@dataclass(frozen=True)
class Load:
    """How full a lane is."""

    taken: int
    places: int
    waiting: int


@dataclass(eq=False)
class _Waiter:
    limit: int  # it may have a place while fewer are taken
    is_known: bool
    changed: threading.Condition


class Places:
    """At most ``size`` calls at a time; ``reserved`` of them for those who are known already.

    At most ``max_waiting`` wait. A place that comes free is handed to who waits longest: left to
    chance, the thread that has just given it back would take it again.
    """

    def __init__(self, size: int, *, reserved: int = 0, max_waiting: float = math.inf) -> None:
        self._size = size
        self._for_newcomers = max(1, size - reserved)
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._taken = 0
        self._queue: deque[_Waiter] = deque()
        self._seconds = 0.0  # that an answer takes, on average; 0 while unknown
        self._moved_at = -math.inf  # when a place was last taken, or given back with an answer
        self._were_bad: deque[bool] = deque(maxlen=RECENT)  # of newcomers, whether refused

    @property
    def load(self) -> Load:
        return Load(self._taken, self._size, len(self._queue))

    def refuse_early(self, *, is_known: bool) -> None:
        """Raise `Busy` where it is no use to wait for a place."""
        limit = self._size if is_known else self._for_newcomers
        if self._taken >= limit:
            queue, now = len(self._queue), time.monotonic()
            expected = (queue + 1) * self._seconds / limit
            is_long = queue >= self._max_waiting or expected > LONGEST_WAIT
            if is_long or now >= self._stuck_at() or (not is_known and self._is_flooded()):
                raise _full()

    def enter(self, is_known: bool) -> None:
        """Take a place, or raise `Busy`."""
        deadline = time.monotonic() + LONGEST_WAIT
        limit = self._size if is_known else self._for_newcomers
        waiter = _Waiter(limit, is_known, threading.Condition(self._lock))
        with self._lock:
            self.refuse_early(is_known=is_known)
            self._queue.append(waiter)
            try:
                while self._next() is not waiter:
                    wait = min(deadline, self._stuck_at()) - time.monotonic()
                    if wait <= 0:
                        raise _full()
                    waiter.changed.wait(wait)
                    if not is_known and self._is_flooded():
                        raise _full()
                self._taken += 1
                self._moved_at = time.monotonic()
            finally:
                self._queue.remove(waiter)
                self._wake()

    def leave(self, is_known: bool, outcome: Outcome, seconds: float) -> None:
        """Give the place back; ``seconds`` is what the call took."""
        with self._lock:
            self._taken -= 1
            if outcome in {Outcome.ANSWER, Outcome.REFUSAL}:
                self._moved_at = time.monotonic()
                self._seconds += (seconds - self._seconds) / (8 if self._seconds else 1)
                if not is_known:
                    self._were_bad.append(outcome is Outcome.REFUSAL)
            self._wake()

    def _next(self) -> _Waiter | None:
        """Whose turn it is: the first in the queue for whom there is a place."""
        return next((waiter for waiter in self._queue if self._taken < waiter.limit), None)

    def _wake(self) -> None:
        """Wake whose turn it is, and who has to go because nobody waits in a flood."""
        following, is_flooded = self._next(), self._is_flooded()
        for waiter in self._queue:
            if waiter is following or (is_flooded and not waiter.is_known):
                waiter.changed.notify()

    def _stuck_at(self) -> float:
        """When the queue counts as stuck, if nothing moves until then."""
        least, most = PATIENCE
        patience = min(max(5 * self._seconds, least), most) if self._seconds else FIRST_PATIENCE
        return self._moved_at + patience

    def _is_flooded(self) -> bool:
        # One alone may be chance: the first who comes after a restart with an old token.
        return sum(self._were_bad) > max(1, len(self._were_bad) / 2)


def _full() -> Busy:
    return Busy("Too many calls to IdentityX are under way.", retry_after=1)


_under_way = threading.local()


class Gate:
    """The two lanes to one endpoint."""

    def __init__(self, max_verifications: int, clock: Clock = time) -> None:
        self._breakers = {VERIFICATION: Breaker(clock), PEOPLE: Breaker(clock)}
        self._places = {
            VERIFICATION: Places(max_verifications, reserved=max_verifications // 4),
            PEOPLE: Places(MAX_PEOPLE, max_waiting=MAX_PEOPLE // 2),
        }

    @contextmanager
    def call(self, lane: str, *, is_known: bool = False) -> Iterator[None]:
        """Enclose what is sent to the endpoint; raise `Busy` or `LeftAlone` if it may not be.

        ``is_known`` is for credentials that were good before: a quarter of the places is theirs. A
        call within a call is part of it, whatever lane it names.
        """
        if getattr(_under_way, "is_one", False):
            yield
            return
        breaker, places = self._breakers[lane], self._places[lane]
        breaker.refuse_early()
        places.enter(is_known)
        began, is_probe, outcome = time.monotonic(), False, Outcome.ANSWER
        try:
            is_probe = breaker.begin()
            _under_way.is_one = True
            yield
        except BaseException as error:
            outcome = Outcome.of(error)
            raise
        finally:
            _under_way.is_one = False
            try:
                breaker.end(outcome, is_probe=is_probe)
            finally:
                places.leave(is_known, outcome, time.monotonic() - began)

    def refuse_early(self, lane: str, *, is_known: bool = False) -> None:
        """Raise `Busy` or `LeftAlone` if a call would right now."""
        self._breakers[lane].refuse_early()
        self._places[lane].refuse_early(is_known=is_known)

    def is_closed(self, lane: str) -> bool:
        """Whether the endpoint is in trouble, as far as this lane knows: then False."""
        return self._breakers[lane].is_closed

    def load(self, lane: str) -> Load:
        return self._places[lane].load


_gates: PerProcess[dict[str, Gate]] = PerProcess(dict)


def gate(url: str) -> Gate:
    """The process's gate to the endpoint at ``url``."""
    known = _gates()
    return known.get(url) or known.setdefault(url, Gate(conf.MAX_VERIFICATIONS))
