"""What a setting is: a default, a rule, a check's id and a sentence, declared together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from django.conf import settings

T = TypeVar("T")


class Setting(Generic[T]):
    """A descriptor that reads ``IDENTITYX_`` and its name, live.

    ``rule`` says what is wrong with a value, or nothing; ``id`` is the check that repeats it, and
    never changes. ``read`` gives the value the type that the package works with. ``doc`` is the
    row in README's table.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - as Django's checks call it
        default: object,
        read: Callable[[Any], T],
        rule: Callable[[Any], str],
        doc: str,
    ) -> None:
        self.id = id
        self.default = default
        self.read = read
        self.rule = rule
        self.doc = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"IDENTITYX_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> Setting[T] | T:
        if instance is None:
            return self
        return self.read(getattr(settings, self.name, self.default))

    @property
    def problem(self) -> str:
        """What is wrong with the value in the settings; empty where nothing is."""
        return self.rule(getattr(settings, self.name, self.default))
