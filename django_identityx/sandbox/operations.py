"""Which operations a document asks for."""

from __future__ import annotations

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


def root_fields(
    document: DocumentNode, operation: OperationDefinitionNode
) -> tuple[FieldNode, ...]:
    """Return the operation's root fields, those in fragments included."""
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    return tuple(_fields(operation.selection_set, fragments, frozenset()))


def names(document: DocumentNode, operation_name: str | None = None) -> tuple[str, ...]:
    """Return the names of the root fields that a request runs."""
    return tuple(
        node.name.value
        for operation in _operations(document)
        if operation_name is None or (operation.name and operation.name.value == operation_name)
        for node in root_fields(document, operation)
    )


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def _fields(
    selections: SelectionSetNode,
    fragments: dict[str, FragmentDefinitionNode],
    seen: frozenset[str],
) -> list[FieldNode]:
    found: list[FieldNode] = []
    for node in selections.selections:
        if isinstance(node, FieldNode):
            found.append(node)
        elif isinstance(node, InlineFragmentNode):
            found += _fields(node.selection_set, fragments, seen)
        elif isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name in fragments and name not in seen:
                found += _fields(fragments[name].selection_set, fragments, seen | {name})
    return found
