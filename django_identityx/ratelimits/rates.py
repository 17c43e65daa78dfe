"""Rates in DRF's syntax, and which ones are in force."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

from ..conf import conf, rules

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Rate:
    """At most ``limit`` in any ``period`` seconds."""

    limit: int
    period: int


def parse_rate(text: str) -> Rate:
    """Read ``10/min``; of the period only the first letter counts. `ImproperlyConfigured`."""
    match = rules.RATE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ImproperlyConfigured(f"{text!r} is not a rate: write it like 10/min.")
    return Rate(int(match[1]), _SECONDS[match[2]])


def rates_of(scope: str) -> tuple[Rate, ...]:
    """The rates that ``IDENTITYX_THROTTLE_RATES`` has for ``scope``; none where it is off."""
    value = conf.THROTTLE_RATES.get(scope)
    if value is None:
        return ()
    return tuple(parse_rate(text) for text in ([value] if isinstance(value, str) else value))
