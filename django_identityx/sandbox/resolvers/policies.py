"""The consent policies of an organization."""

from __future__ import annotations

from ..context import MANAGERS, RequestContext
from ..inputs import Input, given
from ..validation import Complaint, fail, needed
from ..world import Document, new_id
from .organizations import MODEL, policy
from .records import change
from .registry import mutation


@mutation("addOrganizationRegionalConsentPolicy")
def add_policy(request: RequestContext, data: Input) -> Document:
    """Add a consent policy to the request's organization."""
    known = request.with_org_role(*MANAGERS)
    fresh = {"id": new_id(), "enabled": False, "required": False, **data["payload"]}
    _check(fresh, len(known["policies"]))
    known["policies"].append(fresh)
    return change(request, known, {})


@mutation("updateOrganizationRegionalConsentPolicy")
def update_policy(request: RequestContext, data: Input) -> Document:
    """Change a consent policy of the request's organization."""
    known = request.with_org_role(*MANAGERS)
    one = policy(known, given(data, "policyId"))
    _check({**one, **data["payload"]}, known["policies"].index(one))
    one |= data["payload"]
    return change(request, known, {})


@mutation("removeOrganizationRegionalConsentPolicy")
def remove_policy(request: RequestContext, data: Input) -> Document:
    """Remove a consent policy from the request's organization."""
    known = request.with_org_role(*MANAGERS)
    known["policies"].remove(policy(known, given(data, "policyId")))
    return change(request, known, {})


def _check(values: Document, index: int) -> None:
    place = f"regionalConsentPolicies.{index}."
    complaints = needed(values, "name", inside=place)
    if not values["countryCodes"]:
        text = "Validator failed for path `countryCodes` with value ``"
        complaints.append(Complaint(f"{place}countryCodes", text))
    fail(MODEL, complaints)
