"""An organization, its applications and its staff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypedDict, TypeVar, Unpack

from ..service import Operation, mutation, query, read, selection
from ..users import ConsentPolicy
from .resource import Resource, several, wire
from .results import (
    ApplicationDetails,
    Company,
    Context,
    ContextDetails,
    Invitation,
    OrganizationDetails,
    StaffMember,
)

T = TypeVar("T")

_APPLICATION = selection(ApplicationDetails)
_ORGANIZATION = selection(OrganizationDetails)


class _OfOrganization(Resource):
    """Asks in the client's organization, by default the application's own."""

    def _call(self, operation: Operation, *, nullable: bool = False) -> Any:
        if not self._client.org_id:
            asked = query("activeAppContext", selection(Context))
            found = read(Context, self._client._call(asked))
            self._client = self._client._with(org_id=found.application.organization.id)
        return super()._call(operation, nullable=nullable)


class Memberships(_OfOrganization):
    """Who is staff of the organization, as ``Owner``, ``Administrator``, ``Member``, ``Guest``."""

    def list(self) -> tuple[StaffMember, ...]:
        return self._several(StaffMember, "organizationUsers")

    def set_role(self, email: str, role: str) -> StaffMember:
        fields = selection(StaffMember)
        return self._one(StaffMember, mutation("updateUserOrgRole", fields, email=email, role=role))

    def remove(self, email: str) -> None:
        self._call(mutation("removeUserFromOrg", email=email), nullable=True)

    def invitations(self) -> tuple[Invitation, ...]:
        return self._several(Invitation, "organizationInvitations")

    def invite(self, email: str, role: str = "Member") -> None:
        """Mail an invitation; somebody who was invited already is invited anew."""
        self._call(mutation("inviteUserToOrg", email=email, role=role))

    def cancel_invitation(self, email: str) -> None:
        self._call(mutation("removeUserInvite", email=email), nullable=True)

    def _several(self, kind: type[T], name: str) -> tuple[T, ...]:
        return several(kind, self._call(query(name, selection(kind))))


class ContextFields(TypedDict, total=False):
    """What can be said of an application, or of one of its contexts."""

    name: str
    email: str
    description: str | None
    language: str
    login_link_template: dict[str, str]


class ApplicationSettings(_OfOrganization):
    """The application: its name, the sender, language and wording of its mails."""

    def get(self) -> ApplicationDetails:
        return self._one(ApplicationDetails, query("activeApplication", _APPLICATION))

    def update(self, **fields: Unpack[ContextFields]) -> ApplicationDetails:
        """Change the application; what is left out stays, so it is read first."""
        now = self.get()
        return self._change("updateApplication", id=now.id, payload=_payload(now, fields))

    def add_context(self, **fields: Unpack[ContextFields]) -> ApplicationDetails:
        """Add a context; ``name``, ``email`` and ``language`` are needed."""
        return self._change("addApplicationContext", payload=wire(fields), **self._which)

    def update_context(
        self, context_id: str, **fields: Unpack[ContextFields]
    ) -> ApplicationDetails:
        """Change a context; what is left out stays."""
        now = next((c for c in self.get().contexts if c.id == context_id), None)
        payload = wire(fields) if now is None else _payload(now, fields)
        asked = {"contextId": context_id, "payload": payload, **self._which}
        return self._change("updateApplicationContext", **asked)

    def remove_context(self, context_id: str) -> ApplicationDetails:
        return self._change("removeApplicationContext", contextId=context_id, **self._which)

    @property
    def _which(self) -> dict[str, str | None]:
        return {"applicationId": self._client.app_id}

    def _change(self, name: str, /, **asked: Any) -> ApplicationDetails:
        return self._one(ApplicationDetails, mutation(name, _APPLICATION, **asked))


def _payload(now: ContextDetails, fields: ContextFields) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "name": now.name,
        "email": now.email,
        "description": now.description,
        "language": now.language,
    }
    if now.login_link_template is not None:
        kept["loginLinkTemplate"] = wire(asdict(now.login_link_template))
    return {**kept, **wire(fields)}


class OrganizationFields(TypedDict, total=False):
    """What can be said of an organization."""

    name: str
    description: str | None
    consent_policy: str | None
    email_consent_request: str | None
    app_user_allowed_stale_days: float | None


class CompanyFields(TypedDict, total=False):
    """What can be said of the company behind it."""

    name: str | None
    street_address: str | None
    city: str | None
    region_name: str | None
    postal_code: str | None
    phone_number: str | None
    support_email: str | None


class OrganizationSettings(_OfOrganization):
    """The organization, the company behind it, and what it asks people to consent to."""

    def get(self) -> OrganizationDetails:
        return self._one(OrganizationDetails, query("activeOrganization", _ORGANIZATION))

    def update(self, **fields: Unpack[OrganizationFields]) -> OrganizationDetails:
        """Change the organization; what is left out stays, so it is read first."""
        now = self.get()
        kept = {name: getattr(now, name) for name in OrganizationFields.__annotations__}
        payload = wire({**kept, **fields})
        return self._change("updateOrganization", id=now.id, payload=payload)

    def update_company(self, **fields: Unpack[CompanyFields]) -> OrganizationDetails:
        """Change the company; what is left out stays, so it is read first."""
        now = self.get().company or Company("")
        kept = {name: getattr(now, name) for name in CompanyFields.__annotations__}
        return self._change("setOrganizationCompanyInfo", company=wire({**kept, **fields}))

    def add_consent_policy(
        self,
        name: str,
        message: str,
        country_codes: Iterable[str],
        *,
        enabled: bool = True,
        required: bool = False,
    ) -> OrganizationDetails:
        """Ask people of some countries to consent."""
        payload = _policy(name, message, country_codes, enabled, required)
        return self._change("addOrganizationRegionalConsentPolicy", payload=payload)

    def update_consent_policy(
        self,
        policy: ConsentPolicy,
        *,
        name: str | None = None,
        message: str | None = None,
        country_codes: Iterable[str] | None = None,
        enabled: bool | None = None,
        required: bool | None = None,
    ) -> OrganizationDetails:
        """Change a policy; what is None stays as ``policy`` has it."""
        payload = _policy(
            policy.name if name is None else name,
            policy.message if message is None else message,
            (c.id for c in policy.countries) if country_codes is None else country_codes,
            policy.enabled if enabled is None else enabled,
            policy.required if required is None else required,
        )
        asked = {"policyId": policy.id, "payload": payload}
        return self._change("updateOrganizationRegionalConsentPolicy", **asked)

    def remove_consent_policy(self, policy_id: str) -> OrganizationDetails:
        return self._change("removeOrganizationRegionalConsentPolicy", policyId=policy_id)

    def _change(self, name: str, /, **asked: Any) -> OrganizationDetails:
        return self._one(OrganizationDetails, mutation(name, _ORGANIZATION, **asked))


def _policy(
    name: str, message: str, country_codes: Iterable[str], enabled: bool, required: bool
) -> dict[str, Any]:
    return {
        "name": name,
        "message": message,
        "countryCodes": [*country_codes],
        "enabled": enabled,
        "required": required,
    }
