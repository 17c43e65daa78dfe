"""The one way to the wire: a GraphQL request out, an `Answer` back.

Owns what every exchange must have: timeouts, a cap on the whole exchange and on its size, TLS
verification, no redirects, and errors translated so that neither a token nor IdentityX's echo of
one is in them. What the answer means is read in ``answers``.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

import requests
import urllib3
from requests.auth import AuthBase

from .. import __version__
from ..addresses import Visitor
from ..conf import rules
from ..credentials import Credential
from ..exceptions import ConfigurationError, IdentityXError, Unreachable
from ..process import PerProcess
from .answers import Answer, parse
from .connections import Connection, Connections, capped

MAX_ANSWER = 1024 * 1024  # bytes

_connections: PerProcess[Connections] = PerProcess(Connections, Connections.close)


@dataclass(frozen=True)
class Operation:
    """A GraphQL request and everything that goes into its headers."""

    document: str
    variables: dict[str, Any] = field(default_factory=dict, repr=False)
    name: str | None = None
    credential: Credential | None = None
    app_id: str | None = None
    org_id: str | None = None
    visitor: Visitor | None = None
    is_mutation: bool = False


class _Authorization(AuthBase):
    """Set the header last: a plain one would lose to what requests finds by itself."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


class Transport:
    """Exchanges with one endpoint. Cheap to make; connections belong to the process.

    ``timeout`` is (connect, read) in seconds, and their sum caps the whole exchange, however
    slowly an answer comes in. Plain http is refused unless the host is loopback or ``allow_http``.
    """

    def __init__(
        self, url: str, *, timeout: tuple[float, float] = (3.05, 5), allow_http: bool = False
    ) -> None:
        problem = rules.api_url(url)
        if problem:
            raise ConfigurationError(f"IDENTITYX_API_URL {problem}.")
        if rules.is_plain_http(url) and not allow_http:
            raise ConfigurationError("IDENTITYX_API_URL must use https.")
        self.url = url
        self.timeout = timeout

    def execute(self, operation: Operation, authorization: str | None = None) -> Answer:
        """Send ``operation`` with ``authorization`` as its header.

        A query that meets a connection which IdentityX has closed meanwhile is sent again, once.
        A mutation never is: it may have arrived. (Nothing of it has where the closing was seen
        before sending, and then a new connection is opened in the first place.)

        Raises `Unreachable`, `ConfigurationError` (a refused application id) or
        `OperationFailed` (the request itself was wrong).
        """
        connection = _connections().take()
        was_reused = connection.used_for == self.url
        try:
            status, body = self._exchange(connection, operation, authorization)
        except Unreachable as error:
            connection.close()
            if not (was_reused and isinstance(error, _Dropped)) or operation.is_mutation:
                raise
            connection = Connection()
            try:
                status, body = self._exchange(connection, operation, authorization)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            connection.close()
            raise
        connection.used_for = self.url
        _connections().put(connection)
        return parse(_decode(body, status), status)

    def _exchange(
        self, connection: Connection, operation: Operation, authorization: str | None
    ) -> tuple[int, bytes]:
        payload: dict[str, Any] = {"query": operation.document, "variables": operation.variables}
        if operation.name:
            payload["operationName"] = operation.name
        data = json.dumps(payload).encode()
        try:
            with (
                capped(sum(self.timeout)),
                connection.session.post(
                    self.url,
                    data=data,
                    headers=_headers(operation),
                    auth=_Authorization(authorization) if authorization else _no_authorization,
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                return response.status_code, _read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as e:
            failure = _translated(e)
        # Out here, so that the original, which has the request with its headers, is not kept.
        raise failure


def _no_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _headers(operation: Operation) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # what is capped is what arrives
        "User-Agent": f"django-identityx/{__version__}",
    }
    if operation.app_id:
        headers["x-app-id"] = operation.app_id
    if operation.org_id:
        headers["x-org-id"] = operation.org_id
    if operation.visitor is not None:
        if operation.visitor.address:
            headers["x-forwarded-for"] = operation.visitor.address
        if operation.visitor.user_agent:
            headers["User-Agent"] = operation.visitor.user_agent
    return headers


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    for piece in response.raw.stream(64 * 1024, decode_content=False):
        body += piece
        if len(body) > MAX_ANSWER:
            raise Unreachable("IdentityX's answer is too large.")
    return bytes(body)


def _decode(body: bytes, status: int) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(body)
    # Out here, because the decoder's error has the whole answer.
    raise Unreachable(f"IdentityX answered {status} with something that is not JSON.")


class _Dropped(Unreachable):
    """The connection ended before an answer began."""


def _translated(error: Exception) -> IdentityXError:
    """Say what an error of requests or urllib3 means, without a header or a body."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return Unreachable("IdentityX did not accept a connection in time.")
    if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
        return Unreachable("IdentityX did not answer in time.")
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable("IdentityX's certificate was not accepted.")
    if isinstance(error, requests.exceptions.ConnectionError):
        if _never_connected(error):
            return Unreachable("IdentityX could not be connected to.")
        return _Dropped("IdentityX closed the connection without an answer.")
    if isinstance(error, ValueError) and not _is_about_answer(error):
        return ConfigurationError("The URL of IdentityX or a header for it is not valid.")
    return Unreachable(f"The exchange with IdentityX failed ({type(error).__name__}).")


def _never_connected(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _is_about_answer(error: Exception) -> bool:
    """Whether it was urllib3 that complained: about a header of the answer, not one of ours."""
    return bool(error.args) and isinstance(error.args[0], urllib3.exceptions.HTTPError)
