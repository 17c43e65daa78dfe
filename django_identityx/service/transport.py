"""The one way to the wire: a GraphQL request out, an `Answer` back.

Owns what every exchange must have: timeouts, a cap on its size, TLS verification, no redirects, and
errors translated so that neither a token nor IdentityX's echo of one is in them, nor in the frames
that they come through. What the answer means is read in ``answers``.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import requests
import urllib3
from django.utils.translation import gettext_lazy as _

from .. import __version__
from ..conf import rules
from ..credentials import Credential
from ..exceptions import (
    ConfigurationError,
    Failing,
    IdentityXError,
    InvalidInput,
    Malformed,
    NotConnected,
    Unreachable,
)
from ..process import PerProcess
from .answers import Answer, Reply, parse
from .connections import Connection, Connections, capped
from .operations import Operation

MAX_REQUEST = 100 * 1024  # bytes; IdentityX reads no more
MAX_ANSWER = 1024 * 1024
BEARER, PLAIN = "bearer", "plain"  # the dialects of the header
LONGEST_WAIT = 3600  # seconds that a Retry-After may ask for

_TOKEN = re.compile(r"[!-~]+")  # a blank would end it: IdentityX splits the header there

_connections: PerProcess[Connections] = PerProcess(Connections, Connections.close)


def header(credential: Credential, dialect: str) -> str:
    """The value of the ``Authorization`` header; `Malformed` if the token can't be in one."""
    if not _TOKEN.fullmatch(credential.token):
        raise Malformed("malformed", _("The token has characters that a header can't carry."))
    plain = f"{credential.token_type.value} {credential.token}"
    return f"Bearer {plain}" if dialect == BEARER else plain


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

    def execute(self, operation: Operation, dialect: str = BEARER) -> Answer:
        """Send ``operation``, its credential in a ``dialect`` of the header.

        A query that meets a connection which IdentityX has closed meanwhile is sent again, once.
        A mutation never is: it may have arrived. (Nothing of it has where the closing was seen
        before sending, and then a new connection is opened in the first place.)

        Raises `Unreachable`, `ConfigurationError` (a refused application id), `InvalidInput` (too
        much at once), `Malformed` (no header can carry the token) or `OperationFailed` (the request
        itself was wrong).
        """
        connection = _connections().take()
        while True:
            was_reused = connection.used_for == self.url
            try:
                reply = self._exchange(connection, operation, dialect)
                break
            except BaseException as error:
                connection.close()
                if operation.is_mutation or not (was_reused and isinstance(error, _Dropped)):
                    raise
            connection = Connection()
        connection.used_for = self.url
        _connections().put(connection)
        return parse(reply)

    def _exchange(self, connection: Connection, operation: Operation, dialect: str) -> Reply:
        try:
            with (
                capped(sum(self.timeout)),
                connection.send(
                    _request(self.url, operation, dialect), stream=True, timeout=self.timeout
                ) as response,
            ):
                _refuse(response)
                date = response.headers.get("Date", "")
                return Reply(response.status_code, _read(response), date)
        except IdentityXError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its frames have the headers
            failure = _translated(error)
        # Out here, so that the original, which has the request with its headers, is not kept.
        raise failure


def _request(url: str, operation: Operation, dialect: str) -> requests.PreparedRequest:
    # As requests prepares one, in a third of the time: no cookies, and the same URL each time.
    request = requests.PreparedRequest()
    request.method, request.url, request.body = "POST", _prepared(url), _body(operation)
    request.prepare_headers(_headers(operation))
    request.headers["Content-Length"] = str(len(request.body))
    if operation.credential is not None:
        request.headers["Authorization"] = header(operation.credential, dialect)
    return request


@lru_cache(maxsize=16)
def _prepared(url: str) -> str | None:
    return requests.Request("POST", url).prepare().url


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


def _body(operation: Operation) -> bytes:
    try:
        data = _encoded(operation)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"A value can't be sent as JSON ({type(error).__name__}).") from None
    if len(data) > MAX_REQUEST:
        del data
        raise _too_large()
    return data


def _encoded(operation: Operation) -> bytes:
    payload: dict[str, Any] = {"query": operation.document, "variables": operation.variables}
    if operation.name:
        payload["operationName"] = operation.name
    return json.dumps(payload).encode()


def _too_large() -> InvalidInput:
    return InvalidInput(f"IdentityX takes at most {MAX_REQUEST // 1024} KB at once.")


def _refuse(response: requests.Response) -> None:
    """Raise what a status says by itself, with or without a body."""
    if response.status_code == 413:
        raise _too_large()
    if response.status_code == 429:
        wait = response.headers.get("Retry-After", "")
        seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else 5
        raise Failing("IdentityX asks for fewer calls.", retry_after=min(seconds, LONGEST_WAIT))


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    for piece in response.raw.stream(64 * 1024, decode_content=False):
        body += piece
        if len(body) > MAX_ANSWER:
            raise Unreachable("IdentityX's answer is too large.")
    return bytes(body)


class _Dropped(Unreachable):
    """The connection ended before an answer began."""


def _translated(error: Exception) -> IdentityXError:
    """Say what an error of requests or urllib3 means, without a header or a body."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotConnected("IdentityX did not accept a connection in time.")
    if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
        return Unreachable("IdentityX did not answer in time.")
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable("IdentityX's certificate was not accepted.")
    if isinstance(error, requests.exceptions.ConnectionError):
        if _never_connected(error):
            return NotConnected("IdentityX could not be connected to.")
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
