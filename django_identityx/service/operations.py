"""What is asked: one operation, its document written from the field that it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ..addresses import Visitor
from ..credentials import Credential

# Types of inputs that are not called as their field is.
_INPUT_TYPES = {
    "addAppUserExternalId": "SetAppUserExternalIdMutationInput",
    "deleteAppUserForCurrentApplication": "DeleteAppUserForCurrentApplicationInput",
    "deleteAppUserForCurrentOrg": "DeleteAppUserForCurrentOrgInput",
    "userInvitations": "UserInvitationQueryInput",
}


@dataclass(frozen=True)
class Operation:
    """A GraphQL request and everything that goes into its headers.

    ``root`` is the field that was asked for. Variables may have a token in them, so they are
    shown nowhere.
    """

    document: str = field(repr=False)
    variables: dict[str, Any] = field(default_factory=dict, repr=False)
    name: str | None = None
    root: str = ""
    credential: Credential | None = None
    app_id: str | None = None
    org_id: str | None = None
    visitor: Visitor | None = None
    is_mutation: bool = False
    needs_person: bool = False  # so its answer tells in which dialect the credential was read


def query(name: str, selection: str = "", /, **given: Any) -> Operation:
    """The query of one root field; ``given`` is its input, in IdentityX's names."""
    return Operation(*_written("query", name, selection, given), root=name)


def mutation(name: str, selection: str = "", /, **given: Any) -> Operation:
    """The mutation of one root field; ``given`` is its input, in IdentityX's names."""
    return Operation(*_written("mutation", name, selection, given), root=name, is_mutation=True)


def _written(
    kind: str, name: str, selection: str, given: dict[str, Any]
) -> tuple[str, dict[str, Any], str]:
    title = name[0].upper() + name[1:]
    head = argument = ""
    if given:
        head = f"($input: {_INPUT_TYPES.get(name, f'{title}{kind.title()}Input')}!)"
        argument = "(input: $input)"
    fields = f" {{ {selection} }}" if selection else ""
    document = f"{kind} {title}{head} {{ {name}{argument}{fields} }}"
    return document, {"input": given} if given else {}, title


def camel(name: str) -> str:
    """IdentityX's name of what we call ``name``."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def given(**values: Any) -> dict[str, Any]:
    """Those of ``values`` that are not None: for IdentityX null means something else."""
    return {name: value for name, value in values.items() if value is not None}
