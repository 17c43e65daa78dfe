"""What a setting is: a default, a kind of value, a check's id and a sentence, declared together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from django.conf import settings

T = TypeVar("T")


@dataclass(frozen=True)
class Kind(Generic[T]):
    """What values may be, and the type that the package works with.

    ``rule`` says what is wrong with a value, or nothing.
    """

    rule: Callable[[Any], str]
    read: Callable[[Any], T]


def optional(kind: Kind[T]) -> Kind[T | None]:
    """... or None, which empty text means too, as from an empty variable."""
    return Kind(
        lambda value: "" if value in (None, "") else kind.rule(value),
        lambda value: None if value in (None, "") else kind.read(value),
    )


@dataclass(eq=False)
class Setting(Generic[T]):
    """A descriptor that reads ``IDENTITYX_`` and its name, live.

    ``id`` is the check that repeats what the kind's rule says, and never changes; ``doc`` is the
    row in README's table.
    """

    id: str
    default: object
    kind: Kind[T]
    doc: str
    name: str = field(init=False)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"IDENTITYX_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> Setting[T] | T:
        if instance is None:
            return self
        return self.kind.read(getattr(settings, self.name, self.default))

    @property
    def problem(self) -> str:
        """What is wrong with the value in the settings; empty where nothing is."""
        return self.kind.rule(getattr(settings, self.name, self.default))
