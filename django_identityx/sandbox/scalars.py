"""The scalars of the service that check what they are given."""

from __future__ import annotations

import json
from typing import Any

from graphql import GraphQLSchema, ObjectValueNode, StringValueNode, ValueNode
from graphql.utilities import value_from_ast_untyped

from .world import is_id

_NO_ID = "Argument passed in must be a single String of 12 bytes or a string of 24 hex characters"


def install(schema: GraphQLSchema) -> None:
    """Give the schema's scalars their checks."""
    types: dict[str, Any] = dict(schema.type_map)
    types["JSONObject"].parse_value = _parse_object
    types["JSONObject"].parse_literal = _parse_object_literal
    types["ObjectID"].parse_value = _parse_id
    types["ObjectID"].parse_literal = _parse_id_literal


def _parse_object(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"JSONObject cannot represent non-object value: {_as_text(value)}")
    return value


def _parse_object_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    if not isinstance(node, ObjectValueNode):
        raise ValueError("JSONObject cannot represent non-object value.")
    return value_from_ast_untyped(node, variables)


def _parse_id(value: Any) -> str:
    if not isinstance(value, str):
        kind = "boolean" if isinstance(value, bool) else "number"
        raise ValueError(
            f"{'object' if isinstance(value, dict | list) else kind} not convertible to ObjectID."
        )
    if not is_id(value):
        raise ValueError(_NO_ID)
    return value.lower()


def _parse_id_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> str:
    if not isinstance(node, StringValueNode):
        raise ValueError("only a string is convertible to ObjectID.")
    return _parse_id(node.value)


def _as_text(value: Any) -> str:
    """Return a value as JavaScript puts it into a text."""
    if isinstance(value, list):
        return ",".join("" if item is None else _as_text(item) for item in value)
    if isinstance(value, dict):
        return "[object Object]"
    return value if isinstance(value, str) else json.dumps(value)
