"""The answers of a reader to custom fields, those of the request's application."""

from __future__ import annotations

from typing import Any

from ..context import RequestContext
from ..errors import no_such_id
from ..inputs import Input
from ..paging import arrange
from ..world import Document, is_id
from .registry import field


@field("AppUser", "customBooleanFieldAnswers")
def boolean_answers(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the answers to boolean fields."""
    answers: dict[str, bool] = source["booleanAnswers"]
    found = []
    for entry in _fields(request, data, "boolean", answers):
        answer = answers.get(entry["id"])
        meaning = entry["whenTrue"] if answer else entry["whenFalse"]
        value = None if answer is None else meaning["value"]
        known = {"hasAnswered": entry["id"] in answers, "answer": answer, "value": value}
        found.append({"id": entry["id"], "field": entry, **known})
    return _answered(found, data)


@field("AppUser", "customSelectFieldAnswers")
def select_answers(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the answers to select fields; options that are gone are left out."""
    answers: dict[str, Document] = source["selectAnswers"]
    found = []
    for entry in _fields(request, data, "select", answers):
        answer = answers.get(entry["id"], {"values": [], "written": {}})
        options = {option["id"]: option for option in entry["options"]}
        chosen = [_chosen(options[value], answer) for value in answer["values"] if value in options]
        known = {
            "hasAnswered": bool(chosen),
            "answers": chosen if entry["multiple"] else chosen[:1],
        }
        found.append({"id": entry["id"], "field": entry, **known})
    return _answered(found, data)


@field("AppUser", "customTextFieldAnswers")
def text_answers(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the answers to text fields."""
    answers: dict[str, str | None] = source["textAnswers"]
    found = [
        {
            "id": entry["id"],
            "field": entry,
            "hasAnswered": entry["id"] in answers,
            "value": answers.get(entry["id"]),
        }
        for entry in _fields(request, data, "text", answers)
    ]
    return _answered(found, data)


@field("SelectField", "options")
def options(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the options in their order."""
    return _in_order(source["options"])


@field("SelectField", "groups")
def groups(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return the groups in their order."""
    return [_with_options(group, source) for group in _in_order(source["groups"])]


@field("SelectField", "choices")
def choices(source: Document, request: RequestContext, data: Input) -> list[Document]:
    """Return groups, and the options that are in none, together."""
    grouped = {value for group in source["groups"] for value in group["optionIds"]}
    alone = [option for option in source["options"] if option["id"] not in grouped]
    return _in_order([*alone, *(_with_options(group, source) for group in source["groups"])])


@field("FieldValue", "value")
def value_text(source: Document, request: RequestContext, data: Input) -> str:
    """Return a value as JavaScript writes it."""
    value = source["value"]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _chosen(option: Document, answer: Document) -> Document:
    written = answer["written"].get(option["id"]) if option["canWriteIn"] else None
    return {**option, "option": option, "writeInValue": written}


def _with_options(group: Document, source: Document) -> Document:
    inside = [option for option in source["options"] if option["id"] in group["optionIds"]]
    return {**group, "options": inside}


def _in_order(entries: list[Document]) -> list[Document]:
    return sorted(entries, key=lambda entry: int(entry["index"]))


def _answered(found: list[Document], data: Input) -> list[Document]:
    if not data.get("onlyAnswered"):
        return found
    return [entry for entry in found if entry["hasAnswered"]]


def _fields(
    request: RequestContext, data: Input, kind: str, answers: dict[str, Any]
) -> list[Document]:
    wanted = data.get("fieldIds") or []
    request.ask("application")
    for value in wanted:
        if not is_id(value):
            raise no_such_id(value, f"field-{kind}")
    if data.get("onlyAnswered") and not answers:
        return []
    # Without an application the service finds the fields of all of them.
    found = (
        entry
        for entry in request.world.custom_fields.values()
        if entry["type"] == kind
        and (request.app_id is None or entry["applicationId"] == request.app_id)
        and (not wanted or entry["id"] in wanted)
        and (entry["active"] is not False or not data.get("onlyActive"))
    )
    return arrange(found, data.get("sort"))
