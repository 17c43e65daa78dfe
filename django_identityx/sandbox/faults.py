"""Trouble on demand: what the service and the proxies before it do on a bad day."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MODES = ("none", "html502", "hang", "drop", "inner", "database", "mail", "blocked", "slow")
SERVICES = (
    "token", "application", "organization", "user", "membership", "mailer", "locale", "ip",
)  # fmt: skip
DEFAULT_SECONDS = {"hang": 30.0, "inner": 30.0, "database": 30.0, "slow": 2.0}
OPTIONS: dict[str, frozenset[str]] = {
    "hang": frozenset({"seconds", "executed"}),
    "drop": frozenset({"executed"}),
    "inner": frozenset({"service", "message", "hangs", "seconds"}),
    "database": frozenset({"seconds"}),
    "mail": frozenset({"message"}),
    "blocked": frozenset({"disabled"}),
    "slow": frozenset({"seconds"}),
}


class FaultError(ValueError):
    """A fault that can't be set; the message says what to write instead."""


@dataclass(frozen=True)
class Fault:
    """One kind of trouble, and which requests it meets."""

    mode: str
    seconds: float = 0.0
    service: str = ""
    message: str | None = None
    executed: bool = False
    disabled: bool = False
    hangs: bool = False
    times: int | None = None
    operations: frozenset[str] = field(default_factory=frozenset)
    since: float = field(default_factory=time.monotonic)

    @property
    def is_old(self) -> bool:
        """Say whether the trouble has gone on for its seconds."""
        return time.monotonic() - self.since >= self.seconds

    def meets(self, operations: tuple[str, ...]) -> bool:
        """Say whether a request with these root fields is in trouble."""
        return not self.operations or not self.operations.isdisjoint(operations)


def parse(mode: object, options: Mapping[str, Any]) -> Fault | None:
    """Return the described fault, ``None`` for "none"; raise ``FaultError`` otherwise."""
    if mode not in MODES:
        raise FaultError(f"mode is one of: {', '.join(MODES)}.")
    allowed = OPTIONS.get(str(mode), frozenset()) | {"times", "operations"}
    unknown = sorted(set(options) - allowed)
    if unknown:
        raise FaultError(
            f"{mode} does not know {', '.join(unknown)}; it takes: {', '.join(sorted(allowed))}."
        )
    if mode == "none":
        return None
    return Fault(
        mode=str(mode),
        seconds=_number(options.get("seconds", DEFAULT_SECONDS.get(str(mode), 0.0))),
        service=_service(mode, options.get("service", "token")),
        message=_text(options.get("message")),
        executed=_flag("executed", options.get("executed", False)),
        disabled=_flag("disabled", options.get("disabled", False)),
        hangs=_flag("hangs", options.get("hangs", False)),
        times=_times(options.get("times")),
        operations=_operations(options.get("operations", ())),
    )


class FaultBox:
    """The fault that is set at the moment, shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._released = threading.Event()

    def set(self, fault: Fault | None) -> None:
        """Replace the fault and let go of the requests that hang in the old one."""
        with self._lock:
            self._fault = fault
            self._released.set()
            self._released = threading.Event()

    def current(self) -> Fault | None:
        """Return the fault that is set."""
        with self._lock:
            return self._fault

    def take(self, operations: tuple[str, ...]) -> tuple[Fault, threading.Event] | None:
        """Return the fault that meets a request, and what is set when the fault is replaced."""
        with self._lock:
            fault = self._fault
            if fault is None or not fault.meets(operations):
                return None
            if fault.times is not None:
                left = fault.times - 1
                self._fault = replace(fault, times=left) if left > 0 else None
            return fault, self._released


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FaultError("seconds is a number.")
    if not math.isfinite(value) or not 0 <= value <= 3600:
        raise FaultError("seconds is between 0 and 3600.")
    return float(value)


def _service(mode: object, value: object) -> str:
    if mode == "inner" and value not in SERVICES:
        raise FaultError(f"service is one of: {', '.join(SERVICES)}.")
    return str(value)


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise FaultError("message is a text.")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise FaultError(f"{name} is true or false.")
    return value


def _times(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise FaultError("times is a whole number from 1, the requests that the fault lasts.")
    return value


def _operations(value: object) -> frozenset[str]:
    if not isinstance(value, list | tuple | set | frozenset) or not all(
        isinstance(name, str) for name in value
    ):
        raise FaultError('operations is a list of names, like ["activeAppUser"].')
    return frozenset(value)
