"""Check variables in the words of the service's engine, which echo the whole input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_required_input_field,
    type_from_ast,
)

_ARRAY_LENGTH = 10
_DEPTH = 2


def check(
    schema: GraphQLSchema, operation: OperationDefinitionNode, values: Mapping[str, Any]
) -> list[GraphQLError]:
    """Return what is wrong with the variables of an operation."""
    errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        expected: Any = type_from_ast(schema, definition.type)
        if name not in values:
            if isinstance(expected, GraphQLNonNull) and definition.default_value is None:
                message = f'Variable "${name}" of required type "{expected}" was not provided.'
                errors.append(GraphQLError(message, definition))
        elif values[name] is None:
            if isinstance(expected, GraphQLNonNull):
                message = f'Variable "${name}" of non-null type "{expected}" must not be null.'
                errors.append(GraphQLError(message, definition))
        else:
            prefix = f'Variable "${name}" got invalid value {inspect(values[name])}; '
            errors += [
                GraphQLError(prefix + complaint, definition)
                for complaint in _complaints(expected, values[name], "value")
            ]
    return errors


def inspect(value: Any, depth: int = 1) -> str:
    """Return a value as JavaScript's engine prints it."""
    if isinstance(value, dict):
        if not value:
            return "{}"
        if depth > _DEPTH:
            return "[Object]"
        inner = ", ".join(f"{key}: {inspect(item, depth + 1)}" for key, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list):
        if not value:
            return "[]"
        if depth > _DEPTH:
            return "[Array]"
        items = [inspect(item, depth + 1) for item in value[:_ARRAY_LENGTH]]
        more = len(value) - _ARRAY_LENGTH
        if more > 0:
            items.append("... 1 more item" if more == 1 else f"... {more} more items")
        return f"[{', '.join(items)}]"
    return json.dumps(value, ensure_ascii=False)


def _complaints(expected: GraphQLInputType, value: Any, path: str) -> Iterator[str]:
    if isinstance(expected, GraphQLNonNull):
        if value is None:
            yield _message(f"Expected non-nullable type {expected} not to be null", path)
            return
        expected = expected.of_type
    if value is None:
        return
    if isinstance(expected, GraphQLList):
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            inner = f"{path}[{index}]" if isinstance(value, list) else path
            yield from _complaints(expected.of_type, item, inner)
    elif isinstance(expected, GraphQLInputObjectType):
        yield from _object_complaints(expected, value, path)
    elif isinstance(expected, GraphQLEnumType):
        if not isinstance(value, str) or value not in expected.values:
            yield _message(f"Expected type {expected.name}", path)
    elif isinstance(expected, GraphQLScalarType):
        yield from _scalar_complaints(expected, value, path)


def _object_complaints(expected: GraphQLInputObjectType, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _message(f"Expected type {expected.name} to be an object", path)
        return
    for name, field in expected.fields.items():
        if name in value:
            yield from _complaints(field.type, value[name], f"{path}.{name}")
        elif is_required_input_field(field):
            yield f"Field {path}.{name} of required type {field.type} was not provided."
    for name in value:
        if name not in expected.fields:
            yield _message(f'Field "{name}" is not defined by type {expected.name}', path)


def _scalar_complaints(expected: GraphQLScalarType, value: Any, path: str) -> Iterator[str]:
    try:
        expected.parse_value(value)
    except (GraphQLError, TypeError, ValueError) as error:
        detail = error.message if isinstance(error, GraphQLError) else str(error)
        yield _message(f"Expected type {expected.name}", path, detail)


def _message(text: str, path: str, detail: str | None = None) -> str:
    place = "" if path == "value" else f" at {path}"
    return f"{text}{place}; {detail}" if detail else f"{text}{place}."
