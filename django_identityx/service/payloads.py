"""From IdentityX's JSON to our types, strictly: another shape is no verdict.

A dataclass says by its fields what is selected and how it is read, so that a field is added in one
place. Names are IdentityX's in snake case, or what ``metadata={"wire": ...}`` says: with dots where
it is further in, None where it comes from elsewhere. Null is a field's default; where it has none,
it is no verdict.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from ..exceptions import Unclear
from .operations import camel

T = TypeVar("T")

_Reader = Callable[[Any, str], Any]


@dataclasses.dataclass(frozen=True)
class _Field:
    name: str
    path: tuple[str, ...]  # IdentityX's names, from the outermost in
    is_required: bool
    read: _Reader
    selection: str


def selection(kind: Any) -> str:
    """The fields of IdentityX's type that make a ``kind``."""
    return " ".join(entry.selection for entry in _fields(kind))


def read(kind: type[T], value: Any, **given: Any) -> T:
    """Make a ``kind`` of a JSON object; ``given`` is what it can't tell. Raises `Unclear`."""
    found = given
    for entry in _fields(kind):
        raw = value
        for name in entry.path:
            raw = object_of(raw).get(name)
        if raw is not None:
            found[entry.name] = entry.read(raw, entry.path[-1])
            if not entry.is_required or found[entry.name] != "":
                continue
        if entry.is_required:
            raise shape(entry.path[-1])
    return kind(**found)


def several(kind: type[T], value: Any) -> tuple[T, ...]:
    """Make a ``kind`` of each entry of a JSON list."""
    found: tuple[T, ...] = _list(_reader(kind))(value, "a list")
    return found


def object_of(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise shape("an object")
    return value


def shape(name: str) -> Unclear:
    return Unclear(f"IdentityX's answer has another shape at {name}.")


def _described(kind: Any) -> tuple[_Field, ...]:
    hints = typing.get_type_hints(kind)
    return tuple(
        [
            _field(field, hints[field.name])
            for field in dataclasses.fields(kind)
            if field.metadata.get("wire", field.name) is not None
        ]
    )


_fields: Callable[[Any], tuple[_Field, ...]] = cache(_described)


def _field(field: dataclasses.Field[Any], hint: Any) -> _Field:
    path = tuple(field.metadata.get("wire", camel(field.name)).split("."))
    inner = _selection_in(hint)
    for name in reversed(path):
        inner = f"{name} {{ {inner} }}" if inner else name
    missing = dataclasses.MISSING
    is_required = field.default is missing and field.default_factory is missing
    return _Field(field.name, path, is_required, _reader(hint), inner)


def _selection_in(hint: Any) -> str:
    for inner in (hint, *typing.get_args(hint)):
        if dataclasses.is_dataclass(inner) and isinstance(inner, type):
            return selection(inner)
    return ""


def _reader(hint: Any) -> _Reader:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return _reader(next(a for a in arguments if a is not type(None)))
    if origin is tuple:
        return _list(_reader(arguments[0]))
    if hint is datetime:
        return _datetime
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return lambda value, name: read(hint, value)
    return _plain(origin or hint)


def _plain(kind: type) -> _Reader:
    kinds = (int, float) if kind is float else kind

    def read_plain(value: Any, name: str) -> Any:
        # JSON's true is no number, though Python's is.
        if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
            raise shape(name)
        return value

    return read_plain


def _list(read_one: _Reader) -> _Reader:
    def read_list(value: Any, name: str) -> Any:
        if not isinstance(value, list):
            raise shape(name)
        # A null element is a level or team that was deleted while still assigned.
        return tuple([read_one(entry, name) for entry in value if entry is not None])

    return read_list


def _datetime(value: Any, name: str) -> datetime:
    """IdentityX's dates are milliseconds since the epoch."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC)
        except (OverflowError, ValueError, OSError):
            pass
    raise shape(name)
