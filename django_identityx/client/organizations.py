"""An organization, its applications and its staff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypedDict, Unpack

from ..service import Operation, given, mutation, query, read, selection
from ..users import ConsentPolicy
from .resource import Resource, kept, wire
from .results import (
    AppContext,
    ApplicationDetails,
    Company,
    ContextDetails,
    Invitation,
    OrganizationDetails,
    StaffMember,
)


class _OfOrganization(Resource):
    """Asks in the client's organization, by default the application's own."""

    def _call(self, operation: Operation, *, nullable: bool = False) -> Any:
        if not self._client.org_id:
            asked = query("activeAppContext", selection(AppContext))
            found = read(AppContext, self._client._call(asked))
            self._client = self._client._with(org_id=found.organization_id)
        return super()._call(operation, nullable=nullable)


class Memberships(_OfOrganization):
    """Who is staff of the organization, as ``Owner``, ``Administrator``, ``Member``, ``Guest``."""

    def list(self) -> tuple[StaffMember, ...]:
        return self._several(StaffMember, "organizationUsers")

    def set_role(self, email: str, role: str) -> StaffMember:
        return self._change(StaffMember, "updateUserOrgRole", email=email, role=role)

    def remove(self, email: str) -> None:
        self._call(mutation("removeUserFromOrg", email=email), nullable=True)

    def invitations(self) -> tuple[Invitation, ...]:
        return self._several(Invitation, "organizationInvitations")

    def invite(self, email: str, role: str = "Member") -> None:
        """Mail an invitation; somebody who was invited already is invited anew."""
        self._call(mutation("inviteUserToOrg", email=email, role=role))

    def cancel_invitation(self, email: str) -> None:
        self._call(mutation("removeUserInvite", email=email), nullable=True)


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
        return self._one(ApplicationDetails, "activeApplication")

    def update(self, **fields: Unpack[ContextFields]) -> ApplicationDetails:
        """Change the application; what is left out stays, so it is read first."""
        now = self.get()
        payload = _context(now, fields)
        return self._change(ApplicationDetails, "updateApplication", id=now.id, payload=payload)

    def add_context(self, **fields: Unpack[ContextFields]) -> ApplicationDetails:
        """Add a context; ``name``, ``email`` and ``language`` are needed."""
        return self._change_contexts("addApplicationContext", payload=wire(fields))

    def update_context(
        self, context_id: str, **fields: Unpack[ContextFields]
    ) -> ApplicationDetails:
        """Change a context; what is left out stays."""
        now = next((c for c in self.get().contexts if c.id == context_id), None)
        asked = {"contextId": context_id, "payload": _context(now, fields)}
        return self._change_contexts("updateApplicationContext", **asked)

    def remove_context(self, context_id: str) -> ApplicationDetails:
        return self._change_contexts("removeApplicationContext", contextId=context_id)

    def _change_contexts(self, name: str, /, **asked: Any) -> ApplicationDetails:
        app_id = self._client.app_id
        return self._change(ApplicationDetails, name, applicationId=app_id, **asked)


def _context(now: ContextDetails | None, fields: ContextFields) -> dict[str, Any]:
    said = kept(now, ContextFields)
    template = said.pop("login_link_template", None)
    if template is not None:
        said["login_link_template"] = wire(asdict(template))
    return wire({**said, **fields})


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


class PolicyFields(TypedDict, total=False):
    """What can be said of a consent policy; None says nothing."""

    name: str | None
    message: str | None
    country_codes: Iterable[str] | None
    enabled: bool | None
    required: bool | None


class OrganizationSettings(_OfOrganization):
    """The organization, the company behind it, and what it asks people to consent to."""

    def get(self) -> OrganizationDetails:
        return self._one(OrganizationDetails, "activeOrganization")

    def update(self, **fields: Unpack[OrganizationFields]) -> OrganizationDetails:
        """Change the organization; what is left out stays, so it is read first."""
        now = self.get()
        payload = wire({**kept(now, OrganizationFields), **fields})
        return self._change(OrganizationDetails, "updateOrganization", id=now.id, payload=payload)

    def update_company(self, **fields: Unpack[CompanyFields]) -> OrganizationDetails:
        """Change the company; what is left out stays, so it is read first."""
        now = self.get().company or Company("")
        company = wire({**kept(now, CompanyFields), **fields})
        return self._change(OrganizationDetails, "setOrganizationCompanyInfo", company=company)

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
        said = {"name": name, "message": message, "enabled": enabled, "required": required}
        payload = {**said, "countryCodes": [*country_codes]}
        name = "addOrganizationRegionalConsentPolicy"
        return self._change(OrganizationDetails, name, payload=payload)

    def update_consent_policy(
        self, policy: ConsentPolicy, **fields: Unpack[PolicyFields]
    ) -> OrganizationDetails:
        """Change a policy; what is None stays as ``policy`` has it."""
        countries = [country.id for country in policy.countries]
        said = {**kept(policy, PolicyFields), "country_codes": countries, **given(**fields)}
        payload = wire({**said, "country_codes": [*said["country_codes"]]})
        name = "updateOrganizationRegionalConsentPolicy"
        return self._change(OrganizationDetails, name, policyId=policy.id, payload=payload)

    def remove_consent_policy(self, policy_id: str) -> OrganizationDetails:
        name = "removeOrganizationRegionalConsentPolicy"
        return self._change(OrganizationDetails, name, policyId=policy_id)
