"""Which operations there are: those of the sandbox, and those that only the service has."""

from __future__ import annotations

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from .resolvers import ROOTS

# Asked of the sandbox, these are refused by name, so that nobody takes a gap for a typing error.
_QUERIES = """
appUserByExternalId booleanField comment commentStream comments commentsForStream fields
localeCountries localeCountry localeRegions matchAccessLevels matchCommentStreams matchFields
matchSegments matchTeams organization organizationInvitations segment segments selectField
textField userInvitations viewInvitation
"""
_MUTATIONS = """
acceptOrgInvite addAppUserExternalId addApplicationContext addOrganizationRegionalConsentPolicy
createApplication createBooleanField createComment createOrganization createSegment
createSelectField createTeam createTextField deleteAppUserForCurrentOrg deleteComment
exportAppUsers forceProfileReVerificationAppUser inviteUserToOrg logoutAppUserWithData
manageCreateAppUser registerNewUser rejectOrgInvite removeApplicationContext
removeOrganizationRegionalConsentPolicy removeUserFromOrg removeUserInvite setCommentApproved
setCommentBody setCommentFlagged setCommentStreamArchived setOrganizationCompanyInfo
setOrganizationDescription setOrganizationName setOrganizationPhotoURL updateAccessLevel
updateAppUserCustomAttributes updateAppUserCustomBooleanAnswers updateAppUserCustomSelectAnswers
updateAppUserCustomTextAnswers updateApplication updateApplicationContext updateBooleanField
updateOrganization updateOrganizationRegionalConsentPolicy updateOwnAppUserCustomAttributes
updateSegment updateSelectField updateTeam updateTextField updateUserOrgRole updateUserProfile
"""
ELSEWHERE = {
    "Query": frozenset(_QUERIES.split()),
    "Mutation": frozenset(_MUTATIONS.split()),
}
_TYPES = {OperationType.QUERY: "Query", OperationType.MUTATION: "Mutation"}


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


def missing(document: DocumentNode) -> list[GraphQLError]:
    """Return an error for each operation that the service has and the sandbox has not."""
    return [
        GraphQLError(
            f'The sandbox does not have "{node.name.value}"; it has: {_known(type_name)}.', node
        )
        for operation in _operations(document)
        if (type_name := _TYPES.get(operation.operation)) is not None
        for node in root_fields(document, operation)
        if node.name.value in ELSEWHERE[type_name]
    ]


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def _known(type_name: str) -> str:
    return ", ".join(sorted(name for owner, name in ROOTS if owner == type_name))


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
