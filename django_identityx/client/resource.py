"""What the resources of the client share: asking with a credential, and paging by cursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from ..credentials import Credential
from ..exceptions import NotFound, Unclear
from ..service import (
    Operation,
    camel,
    given,
    mutation,
    object_of,
    query,
    read,
    selection,
    several,
    shape,
)
from .base import BaseClient

T = TypeVar("T")

PAGE = 100  # entries that are asked for at once


class Resource:
    """A part of the API, called with one credential: by default the client's own."""

    def __init__(self, client: BaseClient, credential: Credential | None = None) -> None:
        self._client = client
        self._credential = credential

    def _call(self, operation: Operation, *, nullable: bool = False) -> Any:
        if self._credential is None:
            return self._client._staff(operation, nullable=nullable)
        return self._client._call(operation, self._credential, nullable=nullable)

    def _one(self, kind: type[T], name: str, /, **asked: Any) -> T:
        """Ask for a ``kind``; `NotFound` where IdentityX answers null."""
        asking = query(name, self._selected(kind), **asked)
        return self._made(kind, self._call(asking, nullable=True))

    def _several(self, kind: type[T], name: str) -> tuple[T, ...]:
        return several(kind, self._call(query(name, self._selected(kind))))

    def _change(self, kind: type[T], name: str, /, **asked: Any) -> T:
        """Have a ``kind`` changed or made; as it is afterwards."""
        return self._made(kind, self._call(mutation(name, self._selected(kind), **asked)))

    def _made(self, kind: type[T], value: Any) -> T:
        if value is None:
            raise NotFound("IdentityX knows no such one.")
        return read(kind, value)

    def _selected(self, kind: type) -> str:
        return selection(kind)

    def _each(
        self, kind: type[T], name: str, page_size: int = PAGE, /, **asked: Any
    ) -> Iterator[T]:
        """Each entry of a list, asked for page by page: no more than one is held."""
        after: str | None = None
        while True:
            pagination = given(limit=page_size, after=after)
            nodes, end = self._some(kind, name, pagination=pagination, **asked)
            for node in nodes:
                yield self._made(kind, node)
            if end is None:
                return
            if end == after:
                raise Unclear(f"IdentityX gives the same page of {name} again.")
            after = end

    def _some(self, kind: type, name: str, /, **asked: Any) -> tuple[list[Any], str | None]:
        """The entries of one page, unread, and the cursor of the next."""
        return page_of(self._call(query(name, page(self._selected(kind)), **asked)), name)

    def _count(self, name: str, **asked: Any) -> int:
        return count_of(self._call(query(name, "totalCount", pagination={"limit": 1}, **asked)))


def sorted_by(order: str) -> dict[str, str]:
    """IdentityX's order for ours: a field's name, with a minus before it for the reverse."""
    direction = "desc" if order.startswith("-") else "asc"
    return {"field": camel(order.removeprefix("-")), "order": direction}


def wire(fields: Any) -> dict[str, Any]:
    """Our names of fields as IdentityX's; what is None stays, and clears."""
    return {camel(name): value for name, value in fields.items()}


def kept(now: object, fields: type) -> dict[str, Any]:
    """What ``now`` says of ``fields``, a `TypedDict`: IdentityX would empty what is left out."""
    return {name: getattr(now, name) for name in fields.__annotations__ if hasattr(now, name)}


def page(node: str) -> str:
    """What is selected of a page whose entries are ``node``."""
    return f"edges {{ node {{ {node} }} }} pageInfo {{ hasNextPage endCursor }}"


def page_of(value: Any, name: str) -> tuple[list[Any], str | None]:
    """The entries of a page, and the cursor of the next one if there is one."""
    edges, info = object_of(value).get("edges"), object_of(value.get("pageInfo"))
    if not isinstance(edges, list):
        raise shape(name)
    nodes = [edge.get("node") for edge in edges if isinstance(edge, dict)]
    end = info.get("endCursor")
    if not info.get("hasNextPage"):
        return nodes, None
    if not isinstance(end, str) or not end or not nodes:
        raise shape(name)
    return nodes, end


def count_of(value: Any) -> int:
    """How many entries there are on all pages."""
    count = object_of(value).get("totalCount")
    if not isinstance(count, int):
        raise shape("totalCount")
    return count
