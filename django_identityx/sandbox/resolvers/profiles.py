"""What readers write about themselves, and what a site writes for those not verified yet."""

from __future__ import annotations

from typing import Any

from ..context import EDITORS, RequestContext
from ..errors import no_such_user, refused, required
from ..inputs import Input, address, given
from ..profile import clean, complaints, settle
from ..validation import Complaint, an_id, fail, refuse
from ..world import Document
from . import answers
from .readers import MODEL
from .records import owned
from .registry import mutation
from .saving import save


@mutation("setAppUserUnverifiedData")
def set_unverified_data(request: RequestContext, data: Input) -> Document:
    """Overwrite the data of a reader who has not verified yet; leave others alone."""
    app_id = request.application()["id"]
    email = address(data)
    user = request.world.app_user(app_id, email)
    if user is None:
        raise no_such_user(email)
    if user["verified"]:
        return user
    selects, found = answers.selects(user, data.get("customSelectFieldAnswers") or [])
    texts, more = answers.texts(user, data.get("customTextFieldAnswers") or [])
    consents, others = _consents({}, data.get("regionalConsentAnswers") or [], request.now)
    changes = clean(data)
    changed: Document = {**user, **changes}
    settle(changed)
    fail(MODEL, [*found, *more, *others, *complaints(changed, changes)])
    given_answers = {"selectAnswers": selects, "textAnswers": texts, "consents": consents}
    return save(request, user, {**changed, **given_answers})


@mutation("updateOwnAppUser")
def update_own(request: RequestContext, data: Input) -> Document:
    """Change the fields that were given; this counts as verifying the profile."""
    user = request.reader().user
    request.ask("application")
    changes = clean(data)
    if "receiveEmail" in data:
        changes["receiveEmail"] = data["receiveEmail"]
    changed: Document = {**user, **changes}
    settle(changed)
    refuse(complaints(changed))
    return save(request, user, {**changed, **answers.verified(request)})


@mutation("setAppUserRegionalConsent")
def set_regional_consent(request: RequestContext, data: Input) -> Document:
    """Answer the organization's consent policies."""
    user = request.reader().user
    request.ask("application")
    given_answers = data.get("answers", [])
    if given_answers is None:
        raise refused("Cannot read property 'forEach' of null", 500)
    consents, found = _consents(user["consents"], given_answers, request.now)
    fail(MODEL, found)
    return save(request, user, {"consents": consents})


@mutation("updateOwnAppUserCustomAttributes")
def update_own_attributes(request: RequestContext, data: Input) -> Document:
    """Set attributes of the reader who calls, whatever id is given."""
    return _set_attributes(request, request.reader().user, data["attributes"])


@mutation("updateAppUserCustomAttributes")
def update_attributes(request: RequestContext, data: Input) -> Document:
    """Set attributes of a reader."""
    app_id = request.with_app_role(*EDITORS)["id"]
    user = owned(request.world.app_users, given(data, "id"), MODEL, app_id, "user")
    return _set_attributes(request, user, data["attributes"])


def _set_attributes(request: RequestContext, user: Document, values: dict[str, Any]) -> Document:
    request.ask("application")
    for path, value in values.items():
        if path.startswith("$"):
            raise refused(
                "InvalidDocument: Field name cannot contain the null character and top-level "
                f'field name cannot start with "$" (found: {path})',
                500,
            )
        text = value.strip() if isinstance(value, str) else value
        _set(user["customAttributes"], path.split("."), text)
    return save(request, user, {})


def _set(target: dict[str, Any], path: list[str], value: Any) -> None:
    """Set what a path with dots leads to; nothing and an empty text remove it."""
    *above, name = path
    for step in above:
        below = target.get(step)
        target[step] = below if isinstance(below, dict) else {}
        target = target[step]
    if value is None or value == "":
        target.pop(name, None)
    else:
        target[name] = value


def _consents(
    known: Document, given_answers: list[Any], now: int
) -> tuple[Document, list[Complaint]]:
    consents = dict(known)
    found: list[Complaint] = []
    for answer in given_answers:
        policy_id = answer["policyId"]
        if not policy_id:
            raise required("policyId")
        found += an_id(policy_id, f"regionalConsentAnswers.{len(consents)}.")
        consents[policy_id] = {"given": answer["given"], "date": now}
    return consents, found
