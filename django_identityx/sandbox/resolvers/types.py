"""Fields that are worked out when they are asked for."""

from __future__ import annotations

from typing import Any

from .. import locales
from ..context import RequestContext
from ..errors import ServiceError
from ..paging import arrange
from ..world import Document
from .registry import Input, field

_DAY = 86_400_000


@field("Application", "organization")
@field("OrganizationMembership", "organization")
def organization(source: Document, request: RequestContext, data: Input) -> Document:
    """Return the organization that something belongs to."""
    request.reach("organization", direct=True)
    return request.world.organizations[source["organizationId"]]


@field("OrganizationMembership", "user")
def member(source: Document, request: RequestContext, data: Input) -> Document:
    """Return the person of a membership."""
    return request.world.users[source["userId"]]


@field("Organization", "applications")
def applications(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the applications of an organization."""
    found = request.world.applications.values()
    return [entry for entry in found if entry["organizationId"] == source["id"]]


@field("Organization", "regionalConsentPolicies")
def policies(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return an organization's consent policies."""
    status = data.get("status") or "all"
    found: list[Document] = source["policies"]
    return [
        entry for entry in found if status == "all" or entry["enabled"] == (status == "enabled")
    ]


@field("OrganizationRegionalConsentPolicy", "countries")
def countries(source: Document, request: RequestContext, data: Input) -> list[Document | None]:
    """Return the countries of a policy."""
    return [locales.country(code) for code in source["countryCodes"]]


@field("AppUser", "accessLevels")
@field("Team", "accessLevels")
def access_levels(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the levels that were assigned directly."""
    levels = request.world.access_levels
    return [levels[entry] for entry in source["accessLevelIds"] if entry in levels]


@field("AppUser", "teams")
def teams(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the teams that were assigned directly."""
    found = request.world.teams
    return [found[entry] for entry in source["teamIds"] if entry in found]


@field("AppUser", "name")
def name(source: Document, request: RequestContext, data: Input) -> str:
    """Return given and family name."""
    return " ".join(filter(None, (source.get("givenName"), source.get("familyName"))))


@field("AppUser", "country")
def country(source: Document, request: RequestContext, data: Input) -> Document | None:
    """Return the country of a reader."""
    return locales.country(source.get("countryCode"))


@field("AppUser", "region")
def region(source: Document, request: RequestContext, data: Input) -> Document | None:
    """Return the region of a reader."""
    return locales.region(source.get("countryCode"), source.get("regionCode"))


@field("AppUser", "mustReVerifyProfile")
def must_re_verify(source: Document, request: RequestContext, data: Input) -> bool:
    """Say whether the profile is old; without an application, silently say no."""
    found = request.world.applications.get(request.app_id or "")
    if found is None:
        return False
    if source["forceProfileReVerification"]:
        return True
    days = request.world.organizations[found["organizationId"]].get("appUserAllowedStaleDays")
    if not days:
        return False
    return bool((source["profileLastVerifiedAt"] or 0) < request.now - days * _DAY)


@field("AppUser", "regionalConsentAnswers")
def consent_answers(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the answers to the policies of the request's organization."""
    found = request.world.applications.get(request.app_id or "")
    if found is None:
        raise ServiceError("Cannot read property 'map' of undefined", "INTERNAL_SERVER_ERROR")
    known = request.world.organizations[found["organizationId"]]["policies"]
    answers: dict[str, Document] = source["consents"]
    return [
        {"id": policy["id"], "policy": policy, **answers[policy["id"]]}
        for policy in known
        if policy["id"] in answers
    ]


@field("AppUser", "segments")
def segments(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return nothing: the sandbox has no segments."""
    return []


@field("AppUser", "customBooleanFieldAnswers")
def boolean_answers(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the answers to boolean fields."""
    answers: dict[str, bool] = source["booleanAnswers"]
    return [
        {
            "id": entry["id"],
            "field": entry,
            "hasAnswered": entry["id"] in answers,
            "answer": answers.get(entry["id"]),
            "value": answers.get(entry["id"]),
        }
        for entry in _fields(source, request, data, "boolean", answers)
    ]


@field("AppUser", "customSelectFieldAnswers")
def select_answers(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the answers to select fields."""
    answers: dict[str, dict[str, Any]] = source["selectAnswers"]
    return [
        {
            "id": entry["id"],
            "field": entry,
            "hasAnswered": bool(answers.get(entry["id"])),
            "answers": [
                {
                    "id": option["id"],
                    "option": option,
                    "label": option["label"],
                    "writeInValue": answers[entry["id"]][option["id"]],
                }
                for option in entry["options"]
                if option["id"] in answers.get(entry["id"], ())
            ],
        }
        for entry in _fields(source, request, data, "select", answers)
    ]


@field("AppUser", "customTextFieldAnswers")
def text_answers(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the answers to text fields."""
    answers: dict[str, str | None] = source["textAnswers"]
    return [
        {
            "id": entry["id"],
            "field": entry,
            "hasAnswered": bool(answers.get(entry["id"])),
            "value": answers.get(entry["id"]),
        }
        for entry in _fields(source, request, data, "text", answers)
    ]


@field("SelectField", "choices")
def choices(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return options and groups together."""
    options = [{"__typename": "SelectFieldOption", **option} for option in source["options"]]
    return [*options, *source["groups"]]


def _fields(
    source: Document, request: RequestContext, data: Input, kind: str, answers: dict[str, Any]
) -> list[Document]:
    wanted = data.get("fieldIds") or []
    found = (
        entry
        for entry in request.world.of_application(
            request.world.custom_fields, source["applicationId"]
        )
        if entry["type"] == kind
        and (not wanted or entry["id"] in wanted)
        and (entry["active"] or not data.get("onlyActive"))
        and (answers.get(entry["id"]) is not None or not data.get("onlyAnswered"))
    )
    return arrange(found, data.get("sort"))
