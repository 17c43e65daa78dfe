"""Fields of readers and teams that are worked out when they are asked for."""

from __future__ import annotations

from .. import locales
from ..context import RequestContext
from ..errors import ServiceError
from ..inputs import Input
from ..world import Document
from .registry import field

_DAY = 86_400_000


@field("AppUser", "accessLevels")
@field("Team", "accessLevels")
def access_levels(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the levels that were assigned directly."""
    return _assigned(request, request.world.access_levels, source["accessLevelIds"])


@field("AppUser", "teams")
def teams(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the teams that were assigned directly."""
    return _assigned(request, request.world.teams, source["teamIds"])


@field("AppUser", "name")
def name(source: Document, request: RequestContext, data: Input) -> str:
    """Return given and family name."""
    return " ".join(filter(None, (source.get("givenName"), source.get("familyName"))))


@field("AppUser", "country")
def country(source: Document, request: RequestContext, data: Input) -> Document | None:
    """Return the country of a reader."""
    if source.get("countryCode"):
        request.ask("locale")
    return locales.country(source.get("countryCode"))


@field("AppUser", "region")
def region(source: Document, request: RequestContext, data: Input) -> Document | None:
    """Return the region of a reader."""
    if source.get("regionCode"):
        request.ask("locale")
    return locales.region(source.get("countryCode"), source.get("regionCode"))


@field("AppUser", "mustReVerifyProfile")
def must_re_verify(source: Document, request: RequestContext, data: Input) -> bool:
    """Say whether the profile is old; without an application, only if it is marked so."""
    if source["forceProfileReVerification"]:
        return True
    organization = request.own_organization()
    days = organization.get("appUserAllowedStaleDays") if organization else None
    if not days:
        return False
    return bool((source["profileLastVerifiedAt"] or 0) < request.now - days * _DAY)


@field("AppUser", "regionalConsentAnswers")
def consent_answers(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the answers to the policies of the request's organization."""
    organization = request.own_organization()
    if organization is None:
        raise ServiceError("Cannot read property 'map' of undefined", "INTERNAL_SERVER_ERROR")
    policies = {policy["id"]: policy for policy in organization["policies"]}
    answers: dict[str, Document] = source["consents"]
    return [
        {"id": policy_id, "policy": policies[policy_id], **answer}
        for policy_id, answer in answers.items()
        if policy_id in policies
    ]


def _assigned(
    request: RequestContext, collection: dict[str, Document], ids: list[str]
) -> list[Document]:
    if not ids:
        return []
    request.ask("application")
    # In the order of the database, each once.
    return [entry for entry in collection.values() if entry["id"] in ids]
