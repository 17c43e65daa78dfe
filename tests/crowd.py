"""Many threads that do the same at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


def crowd(number: int, action: Callable[[int], Any]) -> list[Any]:
    """What ``action(0)``, ``action(1)``, ... returned or raised, all begun together."""
    results: list[Any] = [None] * number
    gate = threading.Barrier(number)

    def run(index: int) -> None:
        gate.wait(10)
        try:
            results[index] = action(index)
        except Exception as error:  # noqa: BLE001 - a result like any other
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return results
