"""What a resolver may use: the world, the clock, and who asks through which application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from . import tokens
from .authorization import Caller, Person, TokenService
from .errors import ServiceError, bad_input, no_such_id, refused, unauthorized
from .faults import Fault
from .services import Services
from .tokens import Claims, TokenError
from .world import Document, World, is_id

MANAGERS = ("Owner", "Administrator")
EDITORS = (*MANAGERS, "Member")


@dataclass
class RequestContext:
    """One HTTP request, on its way through the resolvers."""

    world: World
    clock: Callable[[], float]
    headers: Mapping[str, str]
    dialect: str
    base_url: str
    fault: Fault | None = field(default=None)
    wrote: bool = field(default=False)

    @property
    def now(self) -> int:
        """Return the time in milliseconds, as documents keep it."""
        return int(self.clock() * 1000)

    @cached_property
    def services(self) -> Services:
        """Return the inner services."""
        return Services(self.fault)

    @cached_property
    def tokens(self) -> TokenService:
        """Return the token service."""
        return TokenService(self.world, self.clock, self.services)

    @cached_property
    def caller(self) -> Caller:
        """Return the person behind the request."""
        header = self.headers.get("authorization", "")
        return Caller(header, self.dialect, self.world, self.tokens, self.services)

    def ask(self, service: str) -> None:
        """Raise if an inner service that the gateway asks is down."""
        self.services.ask(service, direct=True)

    def load(self) -> None:
        """Ask for application, organization and person, as the service does at first."""
        for question in (self.application, self.organization, self.caller.silent):
            try:
                question()
            except ServiceError:
                continue

    @property
    def app_id(self) -> str | None:
        """Return the id of the request's application, if there is one of that id."""
        app_id = self.headers.get("x-app-id") or ""
        return app_id if app_id in self.world.applications else None

    def application(self) -> Document:
        """Return the request's application, or raise."""
        if self.headers.get("x-app-id"):
            self.ask("application")
            if self.app_id is not None:
                self.ask("organization")
                return self.world.applications[self.app_id]
        raise bad_input("Unable to find an application for this request.")

    def own_organization(self) -> Document | None:
        """Return the organization of the request's application, if it can be had."""
        try:
            application = self.application()
        except ServiceError:
            return None
        return self.world.organizations[application["organizationId"]]

    def organization(self) -> Document:
        """Return the request's organization, or raise."""
        org_id = self.headers.get("x-org-id")
        if org_id:
            self.ask("organization")
            if not is_id(org_id):
                raise no_such_id(org_id, "organization")
            found = self.world.organizations.get(org_id)
            if found is not None:
                return found
        raise bad_input("Unable to find an organization for this request.")

    def with_app_role(self, *roles: str) -> Document:
        """Return the application if the caller has a role in it; no roles means any."""
        application = self.application()
        self._check_role(application["organizationId"], roles)
        return application

    def with_org_role(self, *roles: str) -> Document:
        """Return the organization if the caller has a role in it; no roles means any."""
        organization = self.organization()
        self._check_role(organization["id"], roles)
        return organization

    def reader(self) -> Person:
        """Return the AppUser who calls, or raise."""
        return self.caller.require(app_user=True)

    def administrator(self) -> Person:
        """Return the OrgUser who calls, or raise."""
        return self.caller.require(app_user=False)

    def issue(self, claims: Claims) -> dict[str, str]:
        """Return a new token as answers show it."""
        return {"id": str(claims["jti"]), "value": self.tokens.issue(claims)}

    def redeem(self, subject: str, token: str) -> Claims:
        """Return the claims of a token that was sent as input, or raise."""
        try:
            return self.tokens.check(subject, token)
        except TokenError as error:
            raise refused(error.message, error.status) from error

    def link_token(self, subject: str, email: str, app_id: str, data: Mapping[str, object]) -> str:
        """Return the token of a link for a reader."""
        claims = tokens.new_claims(
            subject, email, self.clock(), issuer=app_id, data=data, life=tokens.LINK_LIFE
        )
        return self.tokens.issue(claims)

    def _check_role(self, org_id: str, roles: tuple[str, ...]) -> None:
        person = self.administrator()
        self.ask("membership")
        self.services.ask("organization")
        membership = self.world.membership(person.user["id"], org_id)
        if membership is None or (roles and membership["role"] not in roles):
            raise unauthorized()
