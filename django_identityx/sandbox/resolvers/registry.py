"""Where resolvers sign up, so that a module of operations reads as a list of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..context import RequestContext
from ..inputs import Input
from ..world import Document

RootResolver = Callable[[RequestContext, Input], Any]
FieldResolver = Callable[[Document, RequestContext, Input], Any]

ROOTS: dict[tuple[str, str], RootResolver] = {}
FIELDS: dict[tuple[str, str], FieldResolver] = {}
# Of each interface, what tells the type of a document.
INTERFACES: dict[str, Callable[..., str]] = {}


def query(name: str) -> Callable[[RootResolver], RootResolver]:
    """Register the resolver of a query; it gets the ``input`` argument."""
    return _root("Query", name)


def mutation(name: str) -> Callable[[RootResolver], RootResolver]:
    """Register the resolver of a mutation; it gets the ``input`` argument."""
    return _root("Mutation", name)


def field(type_name: str, name: str) -> Callable[[FieldResolver], FieldResolver]:
    """Register the resolver of a field that documents don't hold as such."""

    def register(resolver: FieldResolver) -> FieldResolver:
        FIELDS[type_name, name] = resolver
        return resolver

    return register


def _root(type_name: str, name: str) -> Callable[[RootResolver], RootResolver]:
    def register(resolver: RootResolver) -> RootResolver:
        ROOTS[type_name, name] = resolver
        return resolver

    return register
