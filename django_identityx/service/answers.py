"""Reading IdentityX's answers: the shape, and what an error message means.

IdentityX reports its own outages as authentication errors, with the same code as a bad token,
so only messages that are known to be definite count as a rejection. They are compared whole, or
anchored at their beginning: the texts of outages contain the same words further on.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..exceptions import (
    ConfigurationError,
    Failing,
    IdentityXError,
    InvalidInput,
    NotAllowed,
    NotFound,
    OperationFailed,
    Rejected,
    Unavailable,
    Unclear,
    Unreachable,
)
from ..redaction import redact
from .refusals import by_field

WRONG_DIALECT = (
    "Invalid authorization type. Allowed types are OrgUser AppUser OrgUserApiToken"  # exactly
)

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
    r"|no connection available for operation\b"
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

_UNKNOWN = re.compile(r"No [\w -]{1,40} was found for '")
_ABOUT_INPUT = re.compile(
    r"[a-z-]+ validation failed: "
    r"|Cast to ObjectId failed "
    r"|E11000 duplicate key error "
    r"|The (?:identifier|entity namespace) `\w+` is required\.|An invalid namespace character "
    r"|The path 'params\.\w+(?:\.\w+)*' is required\."
    r"|Unexpected (?:token .{1,4} in JSON |end of JSON input\Z)"  # a cursor that is none
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

    data: dict[str, Any] = field(repr=False)  # a token, it may be
    errors: tuple[GraphQLError, ...] = ()
    date: str = ""  # the header, which tells of IdentityX's clock

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


@dataclass(frozen=True)
class Reply:
    """An answer as it came; it may have a token in it, so no error report prints it."""

    status: int
    body: bytes = field(repr=False)
    date: str = ""


def parse(reply: Reply) -> Answer:
    """Read an answer.

    Raises what the whole request met: `ConfigurationError` for a refused application,
    `OperationFailed` where the request itself was wrong, `Unreachable` for another shape.
    """
    answer = _read(reply)
    if isinstance(answer, str):
        raise Unreachable(f"IdentityX answered {reply.status} {answer}.")
    if reply.status == 200:
        return answer
    for error in answer.errors:
        if _REFUSED_APPLICATION.match(error.message):
            raise refused_application(error)
    if reply.status == 400 and answer.errors:
        # A message of this kind repeats the variables, a token among them: none of it is kept.
        code = answer.errors[0].code
        raise OperationFailed(f"IdentityX could not execute the request ({code}).", code=code)
    raise Unreachable(f"IdentityX answered {reply.status} without an answer to the operation.")


def _read(reply: Reply) -> Answer | str:
    """The answer, or what is wrong with it; nothing is raised where the body is at hand."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return "with something that is not JSON"
    if not isinstance(body, dict):
        return "with something that is not an object"
    data, errors = body.get("data"), body.get("errors")
    if data is not None and not isinstance(data, dict):
        return "with data of another shape"
    if errors is not None and not isinstance(errors, list):
        return "with errors of another shape"
    found = [_error(entry) for entry in errors or ()]
    known = tuple(error for error in found if error is not None)
    if len(known) < len(found):
        return "with errors of another shape"
    if data is None and not known:
        return "with nothing"
    return Answer(data or {}, known, reply.date)


def _error(entry: Any) -> GraphQLError | None:
    if not isinstance(entry, dict):
        return None
    message, path = entry.get("message"), entry.get("path") or []
    extensions = entry.get("extensions") or {}
    if not isinstance(message, str) or not isinstance(path, list):
        return None
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


class About(enum.Enum):
    """What a question depends on; the values are the codes with which a no about that comes.

    A definite sentence with another code is about an argument of the operation, not about whoever
    asks.
    """

    INPUT = frozenset[str]()
    CREDENTIAL = frozenset({"UNAUTHENTICATED"})
    LINK = frozenset({"UNAUTHENTICATED", "INTERNAL_SERVER_ERROR"})  # a token among the arguments


def meaning(error: GraphQLError, about: About) -> IdentityXError:
    """What ``error`` says about a question."""
    if error.code in about.value and (reason := definite(error)):
        return Rejected(reason)
    if error.message in _BY_MESSAGE:
        return _BY_MESSAGE[error.message](error, about)
    if _REFUSED_APPLICATION.match(error.message):
        return refused_application(error)
    if _OUTAGE.match(error.message):
        return Failing("IdentityX reports an outage.")
    if error.code == "UNAUTHENTICATED" and about is not About.INPUT:
        return Unclear("IdentityX gave no verdict about the credential.")
    if _ABOUT_INPUT.match(error.message):
        return _invalid(error, about)
    if _UNKNOWN.match(error.message):
        return NotFound("IdentityX knows no such one.", code=error.code)
    make = _BY_STATUS.get(error.status) or _BY_CODE.get(error.code)
    if make is not None:
        return make(error, about)
    return Unclear("IdentityX gave an answer that is not understood.")


def definite(error: GraphQLError) -> str:
    """The reason that a definite sentence about a token stands for; empty if it is none."""
    reason = _DEFINITE.get(error.message, "")
    for beginning, stands_for in _DEFINITE_BEGINNINGS:
        if error.message.startswith(beginning):
            reason = stands_for
    return reason


def is_duplicate(answer: Answer, name: str) -> bool:
    """Whether somebody else made the same thing at the same moment."""
    error = answer.error_for(name)
    return error is not None and error.message.startswith("E11000 duplicate key error ")


def value_of(
    answer: Answer, name: str, about: About = About.INPUT, *, nullable: bool = False
) -> Any:
    """The value of one root field; raise what its error means, or that it is missing."""
    error = answer.error_for(name)
    if error is not None:
        raise meaning(error, about)
    value = answer.data.get(name)
    if value is None and not nullable:
        raise no_verdict(answer, f"IdentityX's answer has nothing at {name}.")
    return value


def no_verdict(answer: Answer, message: str) -> Unavailable:
    """What it means that ``answer`` has not what was asked for: an outage, or nothing clear."""
    if any(_OUTAGE.match(error.message) for error in answer.errors):
        return Failing("IdentityX reports an outage.")
    return Unclear(message)


_Make = Callable[[GraphQLError, About], IdentityXError]


def _no_credential(error: GraphQLError, about: About) -> IdentityXError:
    if about is About.INPUT:
        return OperationFailed("This operation needs a credential.", code=error.code)
    return Unclear("The credential was lost on the way to IdentityX.")


def _invalid(error: GraphQLError, about: About) -> InvalidInput:
    fields = by_field(redact(error.message))
    detail = "\n".join(line for lines in fields.values() for line in lines)
    return InvalidInput("IdentityX refused a value.", code=error.code, detail=detail, fields=fields)


def _says(kind: type[OperationFailed], text: str) -> _Make:
    return lambda error, about: kind(text, code=error.code)


_refused = _says(OperationFailed, "IdentityX refused the operation.")

_BY_MESSAGE: dict[str, _Make] = {
    WRONG_DIALECT: lambda error, about: Unclear(
        "IdentityX does not read the Authorization header in this format."
    ),
    "No user authentication was provided with this request.": _no_credential,
    "The wrong user authorization type was provided.": _says(
        OperationFailed, "This operation is for another kind of user."
    ),
    "The provided application context does not match the app for the user.": (
        lambda error, about: Rejected("wrong_application")
    ),
    "You do not have permission to flag comments.": _says(
        NotAllowed, "This person may not flag comments."
    ),
    "The provided user is not verified.": _says(NotAllowed, "This person has not verified yet."),
}
_BY_CODE: dict[str, _Make] = {
    "UNAUTHORIZED": _says(NotAllowed, "The role of this user does not allow it."),
    "UNAUTHENTICATED": _refused,
    "BAD_USER_INPUT": _refused,
}
_BY_STATUS: dict[int | None, _Make] = {
    404: _says(NotFound, "IdentityX did not find it."),
    422: _invalid,
    400: _refused,
    401: _refused,
    403: _refused,
}
