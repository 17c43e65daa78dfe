"""Answers to custom fields, given by readers or on behalf of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..context import EDITORS, RequestContext
from ..inputs import Input, given
from ..validation import Complaint, an_id, id_list, needed, refuse
from ..world import Document
from .readers import MODEL
from .records import owned
from .registry import mutation
from .saving import save

Merged = tuple[Document, list[Complaint]]


def booleans(user: Document, given_answers: list[Any]) -> Merged:
    """Return a reader's answers to boolean fields with those given, and what is wrong."""
    merged = {**user["booleanAnswers"], **{one["fieldId"]: one["value"] for one in given_answers}}
    return merged, _about_ids(merged, "customBooleanFieldAnswers")


def selects(user: Document, given_answers: list[Any]) -> Merged:
    """Return a reader's answers to select fields with those given, and what is wrong."""
    merged = dict(user["selectAnswers"])
    found: list[Complaint] = []
    for answer in given_answers:
        if not answer["optionIds"] and not answer["forceUnset"]:
            # An empty answer is ignored, unless it says that it means it.
            continue
        field_id = answer["fieldId"]
        index = list(merged).index(field_id) if field_id in merged else len(merged)
        place = f"customSelectFieldAnswers.{index}."
        values = {"values": list(answer["optionIds"])}
        found += id_list(values, "values", place)
        written: dict[str, Any] = {}
        for number, entry in enumerate(answer.get("writeInValues") or []):
            inside = f"{place}writeInValues.{number}."
            found += an_id(entry["optionId"], inside)
            found += needed(entry, "value", inside=inside)
            written.setdefault(entry["optionId"], entry.get("value"))
        merged[field_id] = {**values, "written": written}
    return merged, [*_about_ids(merged, "customSelectFieldAnswers"), *found]


def texts(user: Document, given_answers: list[Any]) -> Merged:
    """Return a reader's answers to text fields with those given, and what is wrong."""
    merged = dict(user["textAnswers"])
    for answer in given_answers:
        value = answer.get("value")
        merged[answer["fieldId"]] = value.strip() if value is not None else None
    return merged, _about_ids(merged, "customTextFieldAnswers")


def _about_ids(merged: Document, place: str) -> list[Complaint]:
    return [
        one for index, field_id in enumerate(merged) for one in an_id(field_id, f"{place}.{index}.")
    ]


def verified(request: RequestContext) -> Document:
    """Return what is noted when readers have looked through their profile."""
    return {"profileLastVerifiedAt": request.now, "forceProfileReVerification": False}


_KINDS: tuple[tuple[str, str, Callable[[Document, list[Any]], Merged]], ...] = (
    ("Boolean", "booleanAnswers", booleans),
    ("Select", "selectAnswers", selects),
    ("Text", "textAnswers", texts),
)


def _register(kind: str, stored: str, merge: Callable[[Document, list[Any]], Merged]) -> None:
    def answer(request: RequestContext, user: Document, data: Input, more: Document) -> Document:
        given_answers = data.get("answers")
        if given_answers is None:
            return user
        merged, found = merge(user, given_answers)
        refuse(found)
        return save(request, user, {stored: merged, **more})

    @mutation(f"updateOwnAppUserCustom{kind}Answers")
    def own(request: RequestContext, data: Input) -> Document:
        """Answer custom fields; this counts as verifying the profile."""
        user = request.reader().user
        request.ask("application")
        return answer(request, user, data, verified(request))

    @mutation(f"updateAppUserCustom{kind}Answers")
    def anothers(request: RequestContext, data: Input) -> Document:
        """Answer custom fields on behalf of a reader."""
        app_id = request.with_app_role(*EDITORS)["id"]
        user = owned(request.world.app_users, given(data, "id"), MODEL, app_id, "user")
        return answer(request, user, data, {})


for _kind in _KINDS:
    _register(*_kind)
