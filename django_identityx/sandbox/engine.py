"""Run GraphQL documents over the resolvers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from . import refusals, scalars, variables
from .context import RequestContext
from .errors import ServiceError
from .inputs import NullInput
from .resolvers import FIELDS, INTERFACES, ROOTS

logger = logging.getLogger(__name__)

# The service's engine quotes names with double quotes.
_QUOTED = re.compile(r"'([^'\n]+)'")


@dataclass(frozen=True)
class Prepared:
    """A document after parsing and validation, or what is wrong with it."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class Outcome:
    """The answer to one operation, and the status that it has outside of a batch."""

    status: int
    body: dict[str, Any]


@cache
def schema() -> GraphQLSchema:
    """Build the schema once; an operation's description is the first line of its resolver."""
    # A test checks the files, so that not every start has to.
    built = build_schema(sdl(), assume_valid_sdl=True, no_location=True)
    scalars.install(built)
    for (type_name, name), root in ROOTS.items():
        owner = _fields(built, type_name)[name]
        owner.resolve = _root(name, root)
        owner.description = (root.__doc__ or "").partition("\n")[0]
    for (type_name, name), resolver in FIELDS.items():
        _fields(built, type_name)[name].resolve = _field(resolver)
    for type_name, decide in INTERFACES.items():
        interface: Any = built.type_map[type_name]
        interface.resolve_type = decide
    return built


def sdl() -> str:
    """Return the schema's files as one."""
    folder = files("django_identityx.sandbox").joinpath("schema")
    # The types that others extend are in the first of them.
    found = [entry.name for entry in folder.iterdir()]
    names = sorted(found, key=lambda name: (name != "basics.graphql", name))
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


@lru_cache(maxsize=512)
def prepare(query: str) -> Prepared:
    """Parse and validate a document."""
    try:
        document = parse(query)
        errors = validate(schema(), document)
    except GraphQLSyntaxError as error:
        return Prepared(None, (error,), "GRAPHQL_PARSE_FAILED")
    except RecursionError:
        return Prepared(
            None, (GraphQLError("Maximum call stack size exceeded"),), "GRAPHQL_PARSE_FAILED"
        )
    return Prepared(document, tuple(errors), "GRAPHQL_VALIDATION_FAILED" if errors else "")


def run(
    query: str, values: dict[str, Any], operation_name: str | None, request: RequestContext
) -> Outcome:
    """Run one operation."""
    prepared = prepare(query)
    document = prepared.document
    if document is None or prepared.errors:
        return _refuse(prepared.errors, prepared.code)
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        text = (
            f'Unknown operation named "{operation_name}".'
            if operation_name
            else "Must provide operation name if query contains multiple operations."
        )
        return _refuse((GraphQLError(text),), "INTERNAL_SERVER_ERROR")
    if operation.operation is OperationType.SUBSCRIPTION:
        text = "Schema is not configured for subscriptions."
        return _refuse((GraphQLError(text),), "INTERNAL_SERVER_ERROR")
    errors = variables.check(schema(), operation, values)
    if errors:
        return _refuse(tuple(errors), "INTERNAL_SERVER_ERROR")
    return _execute(document, operation, values, operation_name, request)


def selects(query: str, operation_name: str | None) -> OperationType | None:
    """Return the type of the operation that a request runs, if that is clear."""
    document = prepare(query).document
    operation = get_operation_ast(document, operation_name) if document else None
    return operation.operation if operation else None


def _execute(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    values: dict[str, Any],
    operation_name: str | None,
    request: RequestContext,
) -> Outcome:
    request.wrote |= operation.operation is OperationType.MUTATION
    result = execute_sync(
        schema(),
        document,
        context_value=request,
        variable_values=values,
        operation_name=operation_name,
    )
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [_formatted(error) for error in result.errors]
    body["data"] = result.data
    # The service adds timings; clients have to leave room for them and look past them.
    body["extensions"] = {"tracing": {"version": 1}, "cacheControl": {"version": 1, "hints": []}}
    return Outcome(200, body)


def _refuse(errors: tuple[GraphQLError, ...], code: str) -> Outcome:
    formatted = []
    for error in errors:
        entry: dict[str, Any] = {"message": error.message}
        if code.startswith("GRAPHQL"):
            entry["message"] = _QUOTED.sub(r'"\1"', error.message)
        if error.locations:
            entry["locations"] = [
                {"line": place.line, "column": place.column} for place in error.locations
            ]
        entry["extensions"] = {"code": code}
        formatted.append(entry)
    return Outcome(400, {"errors": formatted})


def _formatted(error: GraphQLError) -> dict[str, Any]:
    _log_own(error)
    return {
        "message": error.message,
        "locations": [
            {"line": place.line, "column": place.column} for place in error.locations or ()
        ],
        "path": list(error.path or ()),
        "extensions": error.extensions or {"code": "INTERNAL_SERVER_ERROR"},
    }


def _log_own(error: GraphQLError) -> None:
    """Show mistakes of the sandbox itself, which would look like the service's otherwise."""
    cause = error.original_error
    is_answer = cause is None or isinstance(cause, ServiceError | GraphQLError)
    if not is_answer and not error.message.startswith("Cannot return null"):
        logger.error("A resolver of the sandbox failed.", exc_info=cause)


def _fields(built: GraphQLSchema, type_name: str) -> dict[str, Any]:
    owner = built.type_map[type_name]
    if not isinstance(owner, GraphQLObjectType):
        raise TypeError(f"{type_name} has no fields")
    fields: dict[str, Any] = owner.fields
    return fields


def _root(
    name: str, resolver: Callable[[RequestContext, dict[str, Any]], Any]
) -> Callable[..., Any]:
    def resolve(_: object, info: Any, **arguments: Any) -> Any:
        data = _input(info, arguments)
        try:
            return resolver(info.context, data)
        except ServiceError as error:
            refusals.note(name, info.context, data, error)
            raise

    return resolve


def _field(
    resolver: Callable[[dict[str, Any], RequestContext, dict[str, Any]], Any],
) -> Callable[..., Any]:
    def resolve(source: dict[str, Any], info: Any, **arguments: Any) -> Any:
        return resolver(source, info.context, _input(info, arguments))

    return resolve


def _input(info: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    takes_one = "input" in info.parent_type.fields[info.field_name].args
    data: dict[str, Any] | None = arguments.get("input", None if takes_one else {})
    return NullInput() if data is None else data
