"""The consent policies of an organization."""

from __future__ import annotations

from ..context import MANAGERS, RequestContext
from ..inputs import Input, given
from ..validation import Complaint, needed
from ..world import Document, new_id
from .organizations import policy, save
from .registry import mutation


@mutation("addOrganizationRegionalConsentPolicy")
def add_policy(request: RequestContext, data: Input) -> Document:
    """Add a consent policy to the request's organization."""
    known = request.with_org_role(*MANAGERS)
    fresh = {"id": new_id(), "enabled": False, "required": False, **data["payload"]}
    policies = [*known["policies"], fresh]
    return save(request, known, {"policies": policies}, _complaints(policies))


@mutation("updateOrganizationRegionalConsentPolicy")
def update_policy(request: RequestContext, data: Input) -> Document:
    """Change a consent policy of the request's organization."""
    known = request.with_org_role(*MANAGERS)
    wanted = policy(known, given(data, "policyId"))
    policies = [{**one, **data["payload"]} if one is wanted else one for one in known["policies"]]
    return save(request, known, {"policies": policies}, _complaints(policies))


@mutation("removeOrganizationRegionalConsentPolicy")
def remove_policy(request: RequestContext, data: Input) -> Document:
    """Remove a consent policy from the request's organization."""
    known = request.with_org_role(*MANAGERS)
    unwanted = policy(known, given(data, "policyId"))
    policies = [one for one in known["policies"] if one is not unwanted]
    return save(request, known, {"policies": policies})


def _complaints(policies: list[Document]) -> list[Complaint]:
    found: list[Complaint] = []
    for index, one in enumerate(policies):
        place = f"regionalConsentPolicies.{index}."
        found += needed(one, "name", inside=place)
        if not one["countryCodes"]:
            text = "Validator failed for path `countryCodes` with value ``"
            found.append(Complaint(f"{place}countryCodes", text))
    return found
