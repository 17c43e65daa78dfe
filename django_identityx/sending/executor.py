"""Work that an answer must not wait for: a small bounded executor of the process.

Used only where the time of an answer would tell a secret. Whoever needs certainty that work can
be taken asks for a place first: when none is free the caller hears `Busy`, and nothing is lost
silently. What was taken is finished at the interpreter's exit.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from django.db import connections

from ..exceptions import Busy
from ..process import PerProcess

logger = logging.getLogger("django_identityx")

WORKERS = 4
PLACES = 64  # jobs that wait or run; further ones are refused


class Background:
    """Threads that run jobs, and a bound on how many jobs there may be."""

    def __init__(self, workers: int = WORKERS, places: int = PLACES) -> None:
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="identityx")
        self._free = places
        self._places = places
        self._changed = threading.Condition()
        self._closing = threading.Event()

    def place(self) -> Place:
        """Take a place for one job; raise `Busy` if there is none."""
        with self._changed:
            if self._free <= 0 or self._closing.is_set():
                raise Busy("Too many login links are waiting to be sent.")
            self._free -= 1
        return Place(self)

    def pause(self, seconds: float) -> bool:
        """Wait inside a job; False as soon as the process wants to end."""
        return not self._closing.wait(seconds)

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is under way; whether that came about in ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._free == self._places, timeout)

    def close(self) -> None:
        """Finish what was taken."""
        self._closing.set()
        self._executor.shutdown(wait=True)

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:
            logger.exception("A job in the background failed.")
        finally:
            connections.close_all()  # this thread's; no request ends here that would do it
            self._give_back()

    def _submit(self, job: Callable[[], None]) -> None:
        try:
            self._executor.submit(self._run, job)
        except RuntimeError as error:  # the interpreter or the process's state is ending
            raise Busy("This process is ending.") from error

    def _give_back(self) -> None:
        with self._changed:
            self._free += 1
            self._changed.notify_all()


class Place:
    """A place for one job; given back at the end of ``with`` unless a job took it."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._taken = False

    def run(self, job: Callable[[], None]) -> None:
        """Hand ``job`` over."""
        self._background._submit(job)
        self._taken = True

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._taken:
            self._background._give_back()


background = PerProcess(Background, Background.close)
