"""Organizations, their companies and consent policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import locales, validation
from ..context import MANAGERS, RequestContext
from ..errors import refused
from ..inputs import Input, given
from ..profile import line
from ..validation import Complaint, fail, refuse
from ..world import Document, first, new_id, normalize
from .records import add, change, checked_id, texts
from .registry import field, mutation, query

MODEL = "organization"
_COMPANY = ("name", "city", "regionName", "postalCode", "phoneNumber")


@query("organization")
def organization(request: RequestContext, data: Input) -> Document | None:
    """Return any organization, to whoever has a role in the one of the request."""
    request.with_org_role()
    request.ask("organization")
    return request.world.organizations.get(checked_id(given(data, "id"), MODEL))


@query("activeOrganization")
def active_organization(request: RequestContext, data: Input) -> Document:
    """Return the organization of the request."""
    return request.with_org_role()


@mutation("createOrganization")
def create_organization(request: RequestContext, data: Input) -> Document:
    """Found an organization; anybody may, and owns it."""
    user = request.administrator().user
    request.ask("organization")
    fresh = found(request, data["name"], data.get("description"), data.get("company") or {})
    join(request, fresh["id"], user, "Owner")
    return fresh


@mutation("updateOrganization")
def update_organization(request: RequestContext, data: Input) -> Document | None:
    """Change any organization; nothing is checked."""
    request.with_org_role(*MANAGERS)
    known = request.world.organizations.get(checked_id(given(data, "id"), MODEL))
    if known is None:
        return None
    payload = data["payload"]
    values = texts(payload, "name", "description", "consentPolicy", "emailConsentRequest")
    if "appUserAllowedStaleDays" in payload:
        days = payload["appUserAllowedStaleDays"]
        values["appUserAllowedStaleDays"] = days if days and days > 0 else None
    return change(request, known, values)


@mutation("setOrganizationName")
def set_name(request: RequestContext, data: Input) -> Document:
    """Rename the request's organization."""
    known = request.with_org_role(*MANAGERS)
    return save(request, known, texts({"name": data["value"]}, "name"))


@mutation("setOrganizationDescription")
def set_description(request: RequestContext, data: Input) -> Document:
    """Describe the request's organization."""
    known = request.with_org_role(*MANAGERS)
    return save(request, known, {"description": data["value"].strip()})


@mutation("setOrganizationPhotoURL")
def set_photo(request: RequestContext, data: Input) -> Document:
    """Set the picture of any organization."""
    request.with_org_role(*MANAGERS)
    value = given(data, "id")
    known = request.world.organizations.get(checked_id(value, MODEL))
    if known is None:
        raise refused(f"No organization found for ID {value}.", 404)
    return save(request, known, {"photoURL": data["value"]})


@mutation("setOrganizationCompanyInfo")
def set_company(request: RequestContext, data: Input) -> Document:
    """Change the company of the request's organization; what is left out stays."""
    known = request.with_org_role(*MANAGERS)
    company = data.get("company", {})
    if company is None:
        raise refused("Cannot convert undefined or null to object", 500)
    values = {**(known["company"] or {"id": new_id()}), **_company(company)}
    complaints = validation.email(values, "supportEmail")
    outer = [Complaint("company", f"Validation failed: {one.path}: {one.message}")
             for one in complaints]  # fmt: skip
    inner = [Complaint(f"company.{one.path}", one.message) for one in complaints]
    return save(request, known, {"company": values}, [*inner, *outer])


@field("Organization", "applications")
def applications(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the applications of an organization."""
    request.ask("application")
    known = request.world.applications.values()
    return [entry for entry in known if entry["organizationId"] == source["id"]]


@field("Organization", "regionalConsentPolicies")
def policies(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return an organization's consent policies."""
    status = data.get("status")
    known: list[Document] = source["policies"]
    if status == "all":
        return known
    return [entry for entry in known if bool(entry["enabled"]) is (status == "enabled")]


@field("OrganizationRegionalConsentPolicy", "countries")
def countries(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the countries of a policy, without those that are none."""
    request.ask("locale")
    known = (locales.country(code) for code in source["countryCodes"])
    return [entry for entry in known if entry is not None]


def found(request: RequestContext, name: str, description: str | None, company: Input) -> Document:
    """Keep a new organization; its company has its name where there is no other."""
    details = {
        "id": new_id(),
        **dict.fromkeys((*_COMPANY, "streetAddress", "supportEmail")),
        **_company(company),
    }
    if not company.get("name"):
        details["name"] = line(name)
    complaints = validation.email(details, "supportEmail")
    outer = [Complaint("", f"ValidationError: {one.path}: {one.message}") for one in complaints]
    values = texts({"name": name, "description": description}, "name", "description")
    refuse([*validation.needed(values, "name"), *complaints, *outer])
    org_id = new_id()
    fresh: dict[str, Any] = {
        "id": org_id,
        **values,
        "photoURL": f"https://robohash.org/{org_id}?set=set3&bgset=bg2",
        "appUserAllowedStaleDays": None,
        "company": details,
        "policies": [],
    }
    return add(request, request.world.organizations, fresh)


def save(
    request: RequestContext, known: Document, values: Document, found: Iterable[Complaint] = ()
) -> Document:
    """Change an organization, unless something is wrong with it."""
    fail(MODEL, [*validation.needed({**known, **values}, "name"), *found])
    return change(request, known, values)


def join(request: RequestContext, org_id: str, user: Document, role: str) -> None:
    """Make somebody a member; who is one stays as before."""
    request.ask("membership")
    if request.world.membership(user["id"], org_id) is None:
        values = {"organizationId": org_id, "userId": user["id"], "role": role}
        add(request, request.world.memberships, values)


def policy(known: Document, value: str) -> Document:
    """Return a consent policy of an organization, or raise."""
    one = first(entry for entry in known["policies"] if entry["id"] == value)
    if one is None:
        raise refused(f"No regional consent policy was found for '{value}'", 404)
    return one


def _company(data: Input) -> Document:
    values = {name: line(data[name] or "") for name in _COMPANY if name in data}
    values |= texts(data, "streetAddress")
    if "supportEmail" in data:
        values["supportEmail"] = normalize(data["supportEmail"] or "")
    return values
