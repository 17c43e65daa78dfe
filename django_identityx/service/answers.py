"""Reading IdentityX's answers: the shape, and what an error message means.

IdentityX reports its own outages as authentication errors, with the same code as a bad token,
so only messages that are known to be definite count as a rejection. They are compared whole, or
anchored at their beginning: the texts of outages contain the same words further on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from ..exceptions import (
    ConfigurationError,
    Failing,
    IdentityXError,
    InvalidInput,
    NotFound,
    OperationFailed,
    PermissionDenied,
    Rejected,
    Unavailable,
    Unclear,
    Unreachable,
)
from ..redaction import redact

WRONG_DIALECT = (
    "Invalid authorization type. Allowed types are OrgUser AppUser OrgUserApiToken"  # exactly
)

_NO_CREDENTIAL = "No user authentication was provided with this request."
_WRONG_KIND_OF_USER = "The wrong user authorization type was provided."

# Whole messages that are definite about the token, and the reason that they stand for.
_DEFINITE = {
    "jwt malformed": "invalid",
    "invalid token": "invalid",
    "Unexpected end of JSON input": "invalid",
    "invalid signature": "invalid",
    "jwt signature is required": "invalid",
    "invalid algorithm": "invalid",
    "jwt expired": "expired",
    "jwt not active": "invalid",
    "invalid exp value": "invalid",
    "invalid nbf value": "invalid",
    "No token was found for the provided token identifier.": "revoked",
    "The token subject does not match.": "wrong_kind",
    "The user email does not match the token email.": "user_gone",
    "No email address was provided in the token payload": "invalid",
    "No application ID was provided in the token payload": "invalid",
    "The current email is missing from the token payload!": "invalid",
    "The requested application ID does not match the token payload": "wrong_application",
}
_DEFINITE_BEGINNINGS = (
    ("Unexpected token ", "invalid"),
    ("No user was found for '", "user_gone"),
)

# Beginnings of what IdentityX says when it can't reach a part of itself.
_OUTAGE = re.compile(
    r"request to https?://\S+ failed, reason: "
    r"|invalid json response body at "
    r"|network timeout at: "
    r"|(?:connect|read|write|getaddrinfo) E[A-Z_]+\b"
    r"|socket hang up\b"
    r"|undefined\Z"
    r"|(?:Server selection timed out|failed to (?:re)?connect to server|no primary found)\b"
    r"|(?:connection|pool) .{0,200}(?:timed out|closed|destroyed|cleared)\b"
    r"|(?:topology was destroyed|not master|node is recovering|operation exceeded time limit)\b"
    r"|Mongo(?:Network|ServerSelection|Timeout)?Error\b",
    re.I,
)

_REFUSED_APPLICATION = re.compile(
    r"Context creation failed: The (?:IdentityX )?application ID .{0,200}"
    r" is (?:no longer allowed|disabled)"
    r"|No application was found for '"
    r"|Unable to find an (?:application|organization) for this request\."
    r"|The path 'params\.applicationId' is required\.",
    re.S,
)

_CODE = re.compile(r"[A-Za-z]\w{0,63}")  # it shows in our messages


@dataclass(frozen=True)
class GraphQLError:
    """One entry of ``errors``. ``message`` is IdentityX's own: never show or log it."""

    message: str
    code: str = ""
    path: tuple[str | int, ...] = ()
    status: int | None = None

    def __repr__(self) -> str:
        return f"GraphQLError(code={self.code!r}, path={self.path!r}, status={self.status!r})"


@dataclass(frozen=True)
class Answer:
    """An executed operation: ``data`` by root field, and the errors that came with it."""

    data: dict[str, Any]
    errors: tuple[GraphQLError, ...] = ()

    def error_for(self, name: str) -> GraphQLError | None:
        """The error of one root field: errors come in order of completion, so by path."""
        for error in self.errors:
            if error.path and error.path[0] == name:
                return error
        if self.data.get(name) is None:
            for error in self.errors:
                if not error.path:
                    return error
        return None


def parse(body: Any, http_status: int) -> Answer:
    """Turn a decoded JSON body into an `Answer`.

    Raises what the whole request met: `ConfigurationError` for a refused application,
    `OperationFailed` where the request itself was wrong, `Unreachable` for another shape.
    """
    if not isinstance(body, dict):
        raise Unreachable("IdentityX's answer is not an object.")
    errors = tuple(_errors(body.get("errors")))
    data = body.get("data")
    if data is not None and not isinstance(data, dict):
        raise Unreachable("IdentityX's answer has data of another shape.")
    if http_status == 200 and (data is not None or errors):
        return Answer(data or {}, errors)
    for error in errors:
        if _REFUSED_APPLICATION.match(error.message):
            raise refused_application(error)
    if http_status == 400 and errors:
        # A message of this kind repeats the variables, a token among them: none of it is kept.
        raise OperationFailed(
            f"IdentityX could not execute the request ({errors[0].code}).", code=errors[0].code
        )
    raise Unreachable(f"IdentityX answered {http_status} without an answer to the operation.")


def _errors(value: Any) -> list[GraphQLError]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise Unreachable("IdentityX's answer has errors of another shape.")
    return [_error(entry) for entry in value]


def _error(entry: dict[str, Any]) -> GraphQLError:
    message, path = entry.get("message"), entry.get("path") or []
    extensions = entry.get("extensions") or {}
    if not isinstance(message, str) or not isinstance(path, list):
        raise Unreachable("IdentityX's answer has errors of another shape.")
    code = extensions.get("code", "") if isinstance(extensions, dict) else ""
    exception = extensions.get("exception") if isinstance(extensions, dict) else None
    status = exception.get("statusCode") if isinstance(exception, dict) else None
    return GraphQLError(
        message=message,
        code=code if isinstance(code, str) and _CODE.fullmatch(code) else "",
        path=tuple(part for part in path if isinstance(part, str | int)),
        status=status if isinstance(status, int) else None,
    )


def refused_application(error: GraphQLError) -> ConfigurationError:
    if "organization" in error.message[:60]:
        return ConfigurationError("IdentityX does not know this organization: IDENTITYX_ORG_ID.")
    return ConfigurationError("IdentityX refuses the application id: check IDENTITYX_APP_ID.")


def rejection(error: GraphQLError) -> Rejected | None:
    """The definite no that ``error`` is about a token; None if it isn't one."""
    reason = _DEFINITE.get(error.message)
    if reason is None:
        for beginning, meaning in _DEFINITE_BEGINNINGS:
            if error.message.startswith(beginning):
                reason = meaning
    return None if reason is None else Rejected(reason)


def raise_about_token(error: GraphQLError) -> NoReturn:
    """Raise what ``error`` means where the operation depends on a credential or a link."""
    if error.message == WRONG_DIALECT:
        raise Unclear("IdentityX does not read the Authorization header in this format.")
    if error.message == _NO_CREDENTIAL:
        raise Unclear("The credential was lost on the way to IdentityX.")
    if error.message == _WRONG_KIND_OF_USER:
        raise OperationFailed("This operation is for another kind of user.", code=error.code)
    rejected = rejection(error)
    if rejected is not None:
        raise rejected
    raise _failure(error, about_token=True)


def raise_about_input(error: GraphQLError) -> NoReturn:
    """Raise what ``error`` means where the operation depends on values only."""
    if error.message.startswith("No user was found for '"):
        raise NotFound("IdentityX knows no such user.", code=error.code)
    raise _failure(error, about_token=False)


def _failure(error: GraphQLError, *, about_token: bool) -> IdentityXError:
    if _REFUSED_APPLICATION.match(error.message):
        return refused_application(error)
    if is_outage(error):
        return Failing("IdentityX reports an outage.")
    if error.code == "UNAUTHORIZED":
        return PermissionDenied("The role of this user does not allow it.", code=error.code)
    if about_token and error.code == "UNAUTHENTICATED":
        return Unclear("IdentityX gave no verdict about the credential.")
    if error.message.startswith("Cast to ObjectId failed "):
        return InvalidInput("IdentityX can't read an id.", code=error.code)
    if error.status == 422:
        return InvalidInput(
            "IdentityX refused a value.", code=error.code, detail=redact(error.message)
        )
    if error.status == 404:
        return NotFound("IdentityX did not find it.", code=error.code)
    if error.status in {400, 401, 403} or error.code in {"BAD_USER_INPUT", "UNAUTHENTICATED"}:
        return OperationFailed("IdentityX refused the operation.", code=error.code)
    return Unclear("IdentityX gave an answer that is not understood.")


def is_outage(error: GraphQLError) -> bool:
    return _OUTAGE.match(error.message) is not None


def no_verdict(answer: Answer, message: str) -> Unavailable:
    """What it means that ``answer`` has not what was asked for: an outage, or nothing clear."""
    if any(is_outage(error) for error in answer.errors):
        return Failing("IdentityX reports an outage.")
    return Unclear(message)
