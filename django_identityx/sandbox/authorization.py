"""Decide who is calling, once per HTTP request, as IdentityX reads its headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from . import tokens
from .errors import ServiceError, bad_input, no_such_user, unauthenticated, unreachable
from .faults import Fault
from .tokens import Claims, TokenError
from .world import Document, World

_SUBJECTS = {
    "AppUser": tokens.APP_USER_AUTH,
    "OrgUser": tokens.USER_AUTH,
    "OrgUserApiToken": tokens.USER_API_TOKEN,
}
_WRONG_TYPE = "Invalid authorization type. Allowed types are OrgUser AppUser OrgUserApiToken"


@dataclass(frozen=True)
class Person:
    """The owner of a valid credential."""

    kind: str
    user: Document
    claims: Claims
    token: str

    @property
    def is_org_user(self) -> bool:
        """Say whether an administrator or a script is calling."""
        return self.kind != "AppUser"


class TokenService:
    """Issue, check and end tokens."""

    def __init__(self, world: World, clock: Callable[[], float], fault: Fault | None) -> None:
        self._world = world
        self._clock = clock
        self._fault = fault

    def issue(self, claims: Claims) -> str:
        """Sign claims and remember that the token exists."""
        self._reach()
        self._world.tokens[str(claims["jti"])] = {
            name: claims[name] for name in ("sub", "aud", "iss") if name in claims
        }
        return tokens.sign(claims, bytes.fromhex(self._world.key))

    def check(self, subject: str, token: str) -> Claims:
        """Return the claims of a token that counts, or raise ``TokenError``."""
        if not token:
            raise TokenError("The path 'params.token' is required.", 400)
        self._reach()
        claims = tokens.verify(token, bytes.fromhex(self._world.key), subject, self._clock())
        if str(claims.get("jti")) not in self._world.tokens:
            raise TokenError("No token was found for the provided token identifier.", 404)
        return claims

    def end(self, claims: Claims) -> None:
        """Forget a token."""
        self._world.tokens.pop(str(claims["jti"]), None)

    def _reach(self) -> None:
        reach(self._fault, "token", direct=False)


class Caller:
    """The person behind the ``Authorization`` header; nothing is checked until asked."""

    def __init__(
        self, header: str, dialect: str, world: World, service: TokenService, fault: Fault | None
    ) -> None:
        self._header = header
        self._dialect = dialect
        self._world = world
        self._service = service
        self._fault = fault

    def require(self, *, app_user: bool) -> Person:
        """Return the person, or raise what the operation answers without the right one."""
        if not self._header:
            raise bad_input("No user authentication was provided with this request.")
        outcome = self._outcome
        if isinstance(outcome, str):
            raise unauthenticated(outcome)
        if outcome.is_org_user is app_user:
            raise unauthenticated("The wrong user authorization type was provided.")
        return outcome

    def silent(self) -> Person | None:
        """Return the person or, whatever is wrong with the header, nobody."""
        if not self._header:
            return None
        outcome = self._outcome
        return None if isinstance(outcome, str) else outcome

    @cached_property
    def _outcome(self) -> Person | str:
        kind, token = self._split()
        subject = _SUBJECTS.get(kind)
        if subject is None:
            return _WRONG_TYPE
        try:
            claims = self._service.check(subject, token)
            return Person(kind, self._owner(kind, claims), claims, token)
        except (TokenError, ServiceError) as error:
            return error.message

    def _split(self) -> tuple[str, str]:
        words = self._header.split(" ")
        if self._dialect == "bearer":
            if words[0] != "Bearer":
                return "", ""
            words = words[1:]
        return (words[0] if words else ""), (words[1] if len(words) > 1 else "")

    def _owner(self, kind: str, claims: Claims) -> Document:
        email = claims.get("aud")
        if not email or not isinstance(email, str):
            raise unauthenticated("No email address was provided in the token payload")
        if kind == "AppUser":
            app_id = claims.get("iss")
            if not app_id:
                raise unauthenticated("No application ID was provided in the token payload")
            reach(self._fault, "application", direct=True)
            user = self._world.app_user(str(app_id), email)
        else:
            reach(self._fault, "user", direct=True)
            user = self._world.user(email)
        if user is None:
            raise no_such_user(email)
        if user["email"] != email:
            raise unauthenticated("The user email does not match the token email.")
        return user


def reach(fault: Fault | None, service: str, *, direct: bool) -> None:
    """Raise if an inner service is down at the moment."""
    if fault is not None and fault.mode == "inner" and fault.service == service:
        raise unreachable(service, fault.message, direct=direct)
