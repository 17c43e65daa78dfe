"""The input of an operation, and what the service says where something is missing in it."""

from __future__ import annotations

from typing import Any, NoReturn

from .errors import ServiceError, refused, required
from .world import normalize

Input = dict[str, Any]


class NullInput(dict[str, Any]):
    """An input that was null: whoever reads it fails, in the service's words."""

    def get(self, name: str, default: Any = None) -> NoReturn:
        """Fail."""
        raise ServiceError(
            f"Cannot destructure property `{name}` of 'undefined' or 'null'.",
            "INTERNAL_SERVER_ERROR",
        )

    def __getitem__(self, name: str) -> NoReturn:
        self.get(name)


def given(data: Input, name: str, called: str | None = None) -> str:
    """Return a parameter that must not be empty; ``called`` is its name inside the service."""
    value = data.get(name)
    if not value:
        raise required(called or name)
    return str(value)


def address(data: Input, name: str = "email", called: str | None = None) -> str:
    """Return a parameter that people are looked up by; blanks alone are none."""
    value = given(data, name, called)
    if not normalize(value):
        raise refused("Unable to find user: no email address was provided.", 500)
    return value
