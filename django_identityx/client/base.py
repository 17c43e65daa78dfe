"""Calling IdentityX: where, for whom, in whose name, and through the gate."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any, Self

from ..addresses import Visitor
from ..applications import ANY_ORGANIZATION, Application, from_settings
from ..credentials import Credential, TokenType, read_claims
from ..exceptions import ConfigurationError, Malformed, Rejected, Unclear
from ..service import (
    AUTO,
    PEOPLE,
    About,
    Answer,
    Endpoint,
    Operation,
    Transport,
    gate,
    is_duplicate,
    meaning,
    object_of,
    read,
    value_of,
)
from ..sharedcache import SharedCache, shared
from ..users import AppUser


class BaseClient:
    """One endpoint, on behalf of one application. Safe to share between threads.

    ``url`` is the GraphQL endpoint, ``timeout`` (connect, read) in seconds, their sum a cap on each
    call, ``authorization_format`` ``auto``, ``bearer`` or ``plain``. ``credential`` is an OrgUser's
    or, better, an API token: what operations for staff are called with. ``visitor`` is who caused
    the calls; ``memory`` is where processes share how the endpoint reads credentials. ``lane`` is
    the part of the process's gate that the calls go through; None for who holds a place already.
    """

    def __init__(
        self,
        url: str,
        *,
        app_id: str | None = None,
        org_id: str | None = None,
        timeout: tuple[float, float] = (3.05, 5),
        authorization_format: str = AUTO,
        credential: Credential | None = None,
        visitor: Visitor | None = None,
        memory: SharedCache | None = None,
        allow_http: bool = False,
        lane: str | None = PEOPLE,
    ) -> None:
        self.app_id = app_id
        self.org_id = org_id
        self.credential = credential
        self.visitor = visitor
        self.lane = lane
        self._is_of_site = False  # the credential, which then is nobody's who visits it
        transport = Transport(url, timeout=timeout, allow_http=allow_http)
        self._endpoint = Endpoint(transport, authorization_format, memory)

    @classmethod
    def from_settings(
        cls,
        application: Application | None = None,
        *,
        app_id: str | None = None,
        org_id: str | None = None,
        visitor: Visitor | None = None,
        lane: str | None = PEOPLE,
    ) -> Self:
        """Make a client as the ``IDENTITYX_*`` settings say; the arguments win over them."""
        from django.conf import settings

        from ..conf import conf

        application = application or from_settings()
        org_id = org_id or application.org_id
        api_token = conf.API_TOKEN
        client = cls(
            conf.API_URL,
            app_id=app_id or application.app_id,
            org_id=None if org_id == ANY_ORGANIZATION else org_id,
            timeout=conf.TIMEOUT,
            authorization_format=conf.AUTHORIZATION_FORMAT,
            credential=Credential(TokenType.ORG_USER_API_TOKEN, api_token) if api_token else None,
            visitor=visitor,
            memory=shared(),
            allow_http=settings.DEBUG,
            lane=lane,
        )
        client._is_of_site = api_token is not None
        return client

    def for_visitor(self, visitor: Visitor | None) -> Self:
        """The same client on behalf of ``visitor``: IdentityX writes address and browser down."""
        return self._with(visitor=visitor)

    def with_credential(self, credential: Credential) -> Self:
        """The same client with an OrgUser's or API token for operations that need one."""
        return self._with(credential=credential, _is_of_site=False)

    def execute(
        self,
        document: str,
        variables: dict[str, Any] | None = None,
        *,
        credential: Credential | None = None,
        operation_name: str | None = None,
        app_id: str | None = None,
        org_id: str | None = None,
    ) -> dict[str, Any]:
        """Execute ``document`` and return its ``data``; raise for the first error of a root field.

        A document that is not clearly a query counts as a mutation: it is never sent twice.
        """
        operation = Operation(
            document,
            variables or {},
            operation_name,
            is_mutation=not document.lstrip().startswith(("query", "{")) or "mutation" in document,
        )
        del variables  # no error report prints it
        client = self._with(app_id=app_id or self.app_id, org_id=org_id or self.org_id)
        with client._sent(operation, credential) as answer:
            if answer.errors:
                raise meaning(answer.errors[0], About.CREDENTIAL if credential else About.INPUT)
        return answer.data

    def _with(self, **changes: Any) -> Self:
        other = copy.copy(self)
        other.__dict__.update(changes)
        return other

    @contextmanager
    def _sent(self, operation: Operation, credential: Credential | None = None) -> Iterator[Answer]:
        """What ``operation`` is answered; the gate hears of the trouble that it turns out to be."""
        way = (
            nullcontext()
            if self.lane is None
            else gate(self._endpoint.transport.url).call(self.lane)
        )
        with way:
            yield self._endpoint.send(
                replace(
                    operation,
                    credential=credential,
                    app_id=self.app_id,
                    org_id=self.org_id,
                    visitor=self.visitor,
                )
            )

    def _call(
        self,
        operation: Operation,
        credential: Credential | None = None,
        *,
        about: About | None = None,
        nullable: bool = False,
    ) -> Any:
        """Send ``operation`` and return the value of its root field."""
        about = about or (About.CREDENTIAL if credential else About.INPUT)
        with self._sent(operation, credential) as answer:
            return value_of(answer, operation.root, about, nullable=nullable)

    def _public(self, operation: Operation, credential: Credential | None) -> dict[str, Any]:
        """A public operation, with a guard beside it that turns a bad token into an error."""
        name = operation.root
        if credential is None:
            return object_of(self._call(operation))
        guarded = operation.document.replace(" { ", " { activeAppUser { id } ", 1)
        asked = replace(operation, document=guarded, needs_person=True)
        with self._sent(asked, credential) as answer:
            # A failure of the one takes the value of the other away, so both errors come first.
            error = answer.error_for("activeAppUser") or answer.error_for(name)
            if error is not None:
                raise meaning(error, About.CREDENTIAL)
            value_of(answer, "activeAppUser", About.CREDENTIAL)
            return object_of(value_of(answer, name, About.CREDENTIAL))

    def _created(self, operation: Operation, *names: str) -> Any:
        """The value of what creates something; ``names`` are what else must have come of it.

        Sent once more where somebody was faster, so that it exists.
        """
        for _ in range(2):
            with self._sent(operation) as answer:
                if not is_duplicate(answer, operation.root):
                    made, *_ = [value_of(answer, name) for name in (operation.root, *names)]
                    return made
        raise Unclear("IdentityX says that it exists, and does not give it.")

    def _staff(self, operation: Operation, *, nullable: bool = False) -> Any:
        """Call what needs an OrgUser, with the client's own credential."""
        if self.credential is None:
            raise ConfigurationError("This needs an OrgUser: set IDENTITYX_API_TOKEN.")
        try:
            return self._call(operation, self.credential, nullable=nullable)
        except Rejected as rejected:
            if not self._is_of_site:
                raise
            reason = rejected.reason
        # Nobody who visits the site can help it.
        raise ConfigurationError(f"IdentityX refuses IDENTITYX_API_TOKEN ({reason}).")

    def _app_user(self, value: Any, credential: Credential | None = None, **given: Any) -> AppUser:
        """Read an AppUser; whose application it is, a token knows better than we do."""
        if not self.app_id:
            raise ConfigurationError("This needs an application: set IDENTITYX_APP_ID.")
        app_id = _issuer(credential) if credential else self.app_id
        return read(AppUser, value, app_id=app_id, **given)


def _issuer(credential: Credential) -> str:
    try:
        return read_claims(credential.token).iss
    except Malformed:
        raise Unclear("IdentityX accepts a token that can't be read.") from None
