"""Decide who is calling, once per HTTP request, as IdentityX reads its headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from . import tokens
from .errors import (
    ServiceError,
    bad_input,
    no_such_application,
    no_such_user,
    unauthenticated,
)
from .services import Services
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

    def __init__(self, world: World, clock: Callable[[], float], services: Services) -> None:
        self._world = world
        self._clock = clock
        self._services = services

    def issue(self, claims: Claims) -> str:
        """Sign claims and remember that the token exists."""
        self._services.ask("token")
        self._world.tokens[str(claims["jti"])] = {
            name: claims[name] for name in ("sub", "aud", "iss") if name in claims
        }
        return self.sign(claims)

    def sign(self, claims: Claims) -> str:
        """Sign claims."""
        return tokens.sign(claims, bytes.fromhex(self._world.key))

    def check(self, subject: str, token: str) -> Claims:
        """Return the claims of a token that counts, or raise ``TokenError``."""
        if not token:
            raise TokenError("The path 'params.token' is required.", 400)
        self._services.reach("token")
        claims = tokens.verify(token, bytes.fromhex(self._world.key), self._clock())
        # Only then is the database asked: what is no token is refused without it.
        self._services.use_database()
        known = self._world.tokens.get(str(claims.get("jti")))
        if known is None:
            raise TokenError("No token was found for the provided token identifier.", 404)
        if known["sub"] != subject:
            raise TokenError("The token subject does not match.", 400)
        return claims

    def end(self, claims: Claims) -> None:
        """Forget a token; as in the service, whether that fails is not known."""
        if not self._services.is_down("token"):
            self._world.tokens.pop(str(claims["jti"]), None)


class Caller:
    """The person behind the ``Authorization`` header; nothing is checked until asked."""

    def __init__(
        self, header: str, dialect: str, world: World, service: TokenService, services: Services
    ) -> None:
        self._header = header
        self._dialect = dialect
        self._world = world
        self._tokens = service
        self._services = services

    def require(self, *, app_user: bool) -> Person:
        """Return the person, or raise what the operation answers without the right one."""
        person = self.anybody()
        if person.is_org_user is app_user:
            raise unauthenticated("The wrong user authorization type was provided.")
        return person

    def anybody(self) -> Person:
        """Return the person, whoever it is, or raise."""
        if not self._header:
            raise bad_input("No user authentication was provided with this request.")
        outcome = self.outcome
        if isinstance(outcome, str):
            raise unauthenticated(outcome)
        return outcome

    def silent(self) -> Person | None:
        """Return the person or, whatever is wrong with the header, nobody."""
        if not self._header:
            return None
        outcome = self.outcome
        return None if isinstance(outcome, str) else outcome

    @cached_property
    def outcome(self) -> Person | str:
        """Find out who it is, or why it is nobody."""
        kind, token = self._split()
        subject = _SUBJECTS.get(kind)
        if subject is None:
            return _WRONG_TYPE
        try:
            # The service of the person's kind is asked first, and asks for the token in turn.
            self._services.reach("application" if kind == "AppUser" else "user", direct=True)
            claims = self._tokens.check(subject, token)
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
            if app_id not in self._world.applications:
                raise no_such_application(str(app_id))
            user = self._world.app_user(str(app_id), email)
        else:
            user = self._world.user(email)
        if user is None:
            raise no_such_user(email)
        if user["email"] != email:
            raise unauthenticated("The user email does not match the token email.")
        return user
