"""Sending operations and picking answers out of them; what every method of the client shares."""

from __future__ import annotations

from typing import Any, NoReturn

from ..addresses import Visitor
from ..credentials import Credential
from .answers import Answer, GraphQLError, no_verdict, raise_about_input, raise_about_token
from .dialects import AUTO, Memory, Speaker
from .transport import Operation, Transport


class Caller:
    """Executes operations at one endpoint, on behalf of one application.

    ``url`` is the GraphQL endpoint, ``timeout`` (connect, read) in seconds,
    ``authorization_format`` ``auto``, ``bearer`` or ``plain``. ``memory`` is where processes share
    the dialect. Safe to share between threads.
    """

    def __init__(
        self,
        url: str,
        *,
        app_id: str | None = None,
        org_id: str | None = None,
        timeout: tuple[float, float] = (3.05, 5),
        authorization_format: str = AUTO,
        memory: Memory | None = None,
        allow_http: bool = False,
    ) -> None:
        self.app_id = app_id
        self.org_id = org_id
        transport = Transport(url, timeout=timeout, allow_http=allow_http)
        self._speaker = Speaker(transport, authorization_format, memory)

    def execute(
        self,
        document: str,
        variables: dict[str, Any] | None = None,
        *,
        credential: Credential | None = None,
        operation_name: str | None = None,
        app_id: str | None = None,
        org_id: str | None = None,
        visitor: Visitor | None = None,
    ) -> dict[str, Any]:
        """Execute ``document`` and return its ``data``; raise for the first error of a root field.

        A document that is not clearly a query counts as a mutation: it is never sent twice.
        """
        answer = self._send(
            document,
            variables,
            credential=credential,
            name=operation_name,
            app_id=app_id,
            org_id=org_id,
            visitor=visitor,
        )
        if answer.errors:
            _raise(answer.errors[0], about_token=credential is not None)
        return answer.data

    def _public(
        self,
        name: str,
        selection: str,
        credential: Credential | None,
        *,
        variables: dict[str, Any] | None = None,
        input_type: str | None = None,
        visitor: Visitor | None = None,
    ) -> Any:
        """A public operation, with a guard beside it that turns a bad token into an error."""
        head, arguments = (
            ("($input: " + input_type + ")", "(input: $input)") if input_type else ("", "")
        )
        guard = "activeAppUser { id } " if credential else ""
        answer = self._send(
            f"query {head} {{ {guard}{name}{arguments} {{ {selection} }} }}",
            {"input": variables} if input_type else None,
            credential=credential,
            needs_person=credential is not None,
            visitor=visitor,
        )
        if credential is None:
            return value_of(answer, name)
        # A failure of the one takes the value of the other away, so both errors come first.
        error = answer.error_for("activeAppUser") or answer.error_for(name)
        if error is not None:
            _raise(error, about_token=True)
        value_of(answer, "activeAppUser", about_token=True)
        return value_of(answer, name, about_token=True)

    def _field(
        self,
        document: str,
        name: str,
        variables: dict[str, Any] | None = None,
        *,
        credential: Credential | None = None,
        about_token: bool = False,
        nullable: bool = False,
        visitor: Visitor | None = None,
    ) -> Any:
        answer = self._send(
            document,
            None if variables is None else {"input": variables},
            credential=credential,
            visitor=visitor,
        )
        about_token = about_token or credential is not None
        return value_of(answer, name, about_token=about_token, nullable=nullable)

    def _send(
        self,
        document: str,
        variables: dict[str, Any] | None = None,
        *,
        credential: Credential | None = None,
        needs_person: bool = False,
        name: str | None = None,
        app_id: str | None = None,
        org_id: str | None = None,
        visitor: Visitor | None = None,
    ) -> Answer:
        operation = Operation(
            document=document,
            variables=variables or {},
            name=name,
            credential=credential,
            app_id=app_id or self.app_id,
            org_id=org_id or self.org_id,
            visitor=visitor,
            is_mutation=not document.lstrip().startswith(("query", "{")) or "mutation" in document,
        )
        return self._speaker.send(operation, needs_person=needs_person)


def value_of(
    answer: Answer, name: str, *, about_token: bool = False, nullable: bool = False
) -> Any:
    error = answer.error_for(name)
    if error is not None:
        _raise(error, about_token=about_token)
    value = answer.data.get(name)
    if value is None and not nullable:
        raise no_verdict(answer, f"IdentityX's answer has nothing at {name}.")
    return value


def _raise(error: GraphQLError, *, about_token: bool) -> NoReturn:
    if about_token:
        raise_about_token(error)
    raise_about_input(error)
