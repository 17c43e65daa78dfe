"""Work that an answer must not wait for: a few threads, a bound, and a clock for what comes later.

Used only where the time of an answer would tell a secret. Whoever needs certainty that work can
be taken asks for a place first: when none is free the caller hears `Busy`, and nothing is lost
silently. A job that is to be tried again later holds its place, and no thread. What was taken is
finished at the interpreter's exit.
"""

from __future__ import annotations

import atexit
import contextlib
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator

from django.db import connections

from ..exceptions import Busy
from ..process import PerProcess

logger = logging.getLogger("django_identityx")

WORKERS = 4
PLACES = 64  # jobs that wait or run; further ones are refused

# One try, told whether it is the last; the seconds until the next one, or None where it is done.
Job = Callable[[bool], float | None]


class Background:
    """Threads that run jobs when they are due, and a bound on how many jobs there may be."""

    def __init__(self, workers: int = WORKERS, places: int = PLACES) -> None:
        self._workers = workers
        self._free = self._places = places
        self._changed = threading.Condition()
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._due: list[tuple[float, int, Job]] = []
        self._numbers = itertools.count()

    @contextlib.contextmanager
    def place(self) -> Iterator[Callable[[Job], None]]:
        """Take a place for one job, and hand the job over by what this gives; else give it back.

        Raises `Busy` if there is none.
        """
        with self._changed:
            if self._free <= 0 or self._closing:
                raise Busy("Too many login links are waiting to be sent.")
            self._free -= 1
        taken = False

        def run(job: Job) -> None:
            nonlocal taken
            self._submit(job)
            taken = True

        try:
            yield run
        finally:
            if not taken:
                self._give_back()

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is under way; whether that came about in ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._free == self._places, timeout)

    def close(self) -> None:
        """Finish what was taken: what waits for its time is tried at once, for the last time."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _submit(self, job: Job) -> None:
        with self._changed:
            if self._closing:
                raise Busy("This process is ending.")
            if len(self._due) >= self._idle and len(self._threads) < self._workers:
                thread = threading.Thread(target=self._work, name="identityx", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # the interpreter is ending
                    raise Busy("This process is ending.") from error
                self._threads.append(thread)
            self._push(job, 0.0)

    def _give_back(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def _push(self, job: Job, seconds: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), job))
        self._changed.notify_all()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            last, again = self._closing, None
            try:
                again = job(last)
            except Exception:
                logger.exception("A job in the background failed.")
            finally:
                connections.close_all()  # this thread's; no request ends here that would do it
            if again is None or last:
                self._give_back()
            else:
                with self._changed:
                    self._push(job, again)

    def _next(self) -> Job | None:
        """The next job when its time has come; None at the end."""
        with self._changed:
            self._idle += 1
            try:
                while True:
                    left = self._due[0][0] - time.monotonic() if self._due else None
                    if left is not None and (left <= 0 or self._closing):
                        return heapq.heappop(self._due)[2]
                    if self._closing:
                        return None
                    self._changed.wait(left)
            finally:
                self._idle -= 1


background = PerProcess(Background, Background.close)


def _finish() -> None:
    if background.value is not None:
        background.value.close()


atexit.register(_finish)  # daemon threads live until then; others would keep it from running
