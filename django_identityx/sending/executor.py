"""Work that an answer must not wait for: a thread a job, a bound, and few at work at once.

Used only where the time of an answer would tell a secret. Whoever needs certainty that work can
be taken asks for a place first: when none is free the caller hears `Busy`, and nothing is lost
silently. A job that is to be tried again later holds its place, and is in nobody's way. What was
taken is finished at the interpreter's exit.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from django.db import connections

from ..exceptions import Busy
from ..process import PerProcess

logger = logging.getLogger("django_identityx")

WORKERS = 4  # jobs that are tried at once
PLACES = 64  # jobs that wait or run; further ones are refused

# One try, told whether it is the last; the seconds until the next one, or None where it is done.
Job = Callable[[bool], float | None]

ASGIApplication = Callable[[Any, Any, Any], Awaitable[None]]


class Background:
    """Runs jobs when they are due: so many of them, and so many at once."""

    def __init__(self, workers: int = WORKERS, places: int = PLACES) -> None:
        self._at_work = threading.Semaphore(workers)
        self._free = self._places = places
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._threads: set[threading.Thread] = set()

    @contextlib.contextmanager
    def place(self) -> Iterator[Callable[[Job], None]]:
        """Take a place for one job, and hand the job over by what this gives; else give it back.

        Raises `Busy` if there is none.
        """
        with self._changed:
            if self._free <= 0 or self._closing.is_set():
                raise Busy("Too many login links are waiting to be sent.")
            self._free -= 1
        taken = False

        def run(job: Job) -> None:
            nonlocal taken
            thread = threading.Thread(target=self._run, args=[job], name="identityx", daemon=True)
            with self._changed:
                if self._closing.is_set():
                    raise Busy("This process is ending.")
                try:
                    thread.start()
                except RuntimeError as error:  # the interpreter is ending
                    raise Busy("This process is ending.") from error
                self._threads.add(thread)
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
            self._closing.set()
            threads = [*self._threads]
        for thread in threads:
            thread.join()

    def _give_back(self) -> None:
        with self._changed:
            self._free += 1
            self._threads.discard(threading.current_thread())
            self._changed.notify_all()

    def _run(self, job: Job) -> None:
        pause: float | None = 0.0
        while pause is not None:
            self._closing.wait(pause)
            with self._at_work:
                last, pause = self._closing.is_set(), None
                try:
                    pause = job(last)
                except Exception:
                    logger.exception("A job in the background failed.")
                finally:
                    connections.close_all()  # this thread's; no request ends here that would do it
            if last:
                break
        self._give_back()


background = PerProcess(Background, Background.close)


def _finish() -> None:
    if background.value is not None:
        background.value.close()


atexit.register(_finish)  # daemon threads live until then; others would keep it from running


def finish_on_shutdown(application: ASGIApplication) -> ASGIApplication:
    """Wrap the ASGI application of ``asgi.py``, so that links on their way are sent before the end.

    uvicorn kills its own process by the signal that it got, and no exit handler runs. It tells the
    application first (ASGI's *lifespan*), which Django does not listen to.
    """

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
            return
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await asyncio.to_thread(background.reset)
        await send({"type": "lifespan.shutdown.complete"})

    return wrapped
