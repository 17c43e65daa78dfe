"""What readers write about themselves, and what a site writes for those not verified yet."""

from __future__ import annotations

from typing import Any

from ..context import RequestContext
from ..errors import no_such_user, required
from ..profile import check, clean
from ..world import Document, normalize
from .registry import Input, mutation


@mutation("setAppUserUnverifiedData")
def set_unverified_data(request: RequestContext, data: Input) -> Document:
    """Overwrite the data of a reader who has not verified yet; leave others alone."""
    app_id = request.application()["id"]
    email = normalize(data["email"])
    if not email:
        raise required("email")
    user = request.world.app_user(app_id, email)
    if user is None:
        raise no_such_user(email)
    if user["verified"]:
        return user
    changes = clean(data)
    check({**user, **changes})
    user |= {**changes, "consents": {}, "updatedAt": request.now}
    _answer_selects(request, user, data.get("customSelectFieldAnswers") or [])
    _answer_texts(user, data.get("customTextFieldAnswers") or [])
    _consent(request, user, data.get("regionalConsentAnswers") or [])
    return user


@mutation("updateOwnAppUser")
def update_own(request: RequestContext, data: Input) -> Document:
    """Change the fields that were given; this counts as verifying the profile."""
    user = request.reader().user
    changes = clean(data)
    if "receiveEmail" in data:
        changes["receiveEmail"] = data["receiveEmail"]
    check({**user, **changes})
    user |= {
        **changes,
        "profileLastVerifiedAt": request.now,
        "forceProfileReVerification": False,
        "updatedAt": request.now,
    }
    return user


@mutation("updateOwnAppUserCustomBooleanAnswers")
def answer_booleans(request: RequestContext, data: Input) -> Document:
    """Answer boolean fields."""
    user = request.reader().user
    for answer in data.get("answers") or []:
        user["booleanAnswers"][answer["fieldId"]] = answer["value"]
    user["updatedAt"] = request.now
    return user


@mutation("updateOwnAppUserCustomSelectAnswers")
def answer_selects(request: RequestContext, data: Input) -> Document:
    """Answer select fields."""
    user = request.reader().user
    _answer_selects(request, user, data.get("answers") or [])
    user["updatedAt"] = request.now
    return user


@mutation("updateOwnAppUserCustomTextAnswers")
def answer_texts(request: RequestContext, data: Input) -> Document:
    """Answer text fields."""
    user = request.reader().user
    _answer_texts(user, data.get("answers") or [])
    user["updatedAt"] = request.now
    return user


@mutation("setAppUserRegionalConsent")
def set_regional_consent(request: RequestContext, data: Input) -> Document:
    """Answer the organization's consent policies."""
    request.application()
    user = request.reader().user
    _consent(request, user, data.get("answers") or [])
    user["updatedAt"] = request.now
    return user


def _answer_selects(request: RequestContext, user: Document, answers: list[Any]) -> None:
    for answer in answers:
        if not answer["optionIds"] and not answer.get("forceUnset"):
            # An empty answer is ignored, unless it says that it means it.
            continue
        field = request.world.custom_fields.get(answer["fieldId"], {})
        known = {option["id"] for option in field.get("options", ())}
        written = {
            entry["optionId"]: entry.get("value") for entry in answer.get("writeInValues") or []
        }
        user["selectAnswers"][answer["fieldId"]] = {
            option: written.get(option) for option in answer["optionIds"] if option in known
        }


def _answer_texts(user: Document, answers: list[Any]) -> None:
    for answer in answers:
        user["textAnswers"][answer["fieldId"]] = answer.get("value")


def _consent(request: RequestContext, user: Document, answers: list[Any]) -> None:
    for answer in answers:
        user["consents"][answer["policyId"]] = {"given": answer["given"], "date": request.now}
