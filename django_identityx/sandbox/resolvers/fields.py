"""The questions that an application asks its readers."""

from __future__ import annotations

from typing import Any

from ..context import EDITORS, RequestContext
from ..errors import bad_input, refused, required
from ..inputs import Input, given
from ..paging import match, page
from ..validation import Complaint, fail, id_list, needed
from ..world import Document, new_id
from .external_ids import external_id
from .records import add, by_id, change, checked_id, texts
from .registry import INTERFACES, mutation, query

_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"0", "false", ""})


@query("fields")
def fields(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of custom fields, to anybody."""
    if request.app_id is None:
        raise required("id")
    request.ask("application")
    found = request.world.of_application(request.world.custom_fields, request.app_id)
    return page(found, data, "field")


@query("matchFields")
def match_fields(request: RequestContext, data: Input) -> dict[str, Any]:
    """Return a page of custom fields with a phrase in one of their own fields."""
    app_id = request.with_app_role()["id"]
    found = request.world.of_application(request.world.custom_fields, app_id)
    return match(found, data, "field")


@query("booleanField")
def boolean_field(request: RequestContext, data: Input) -> Document | None:
    """Return a boolean field of any application, to anybody."""
    return _of_kind(request, data, "boolean")


@query("selectField")
def select_field(request: RequestContext, data: Input) -> Document | None:
    """Return a select field of any application, to anybody."""
    return _of_kind(request, data, "select")


@query("textField")
def text_field(request: RequestContext, data: Input) -> Document | None:
    """Return a text field of any application, to anybody."""
    return _of_kind(request, data, "text")


@mutation("createBooleanField")
def create_boolean(request: RequestContext, data: Input) -> Document:
    """Ask readers for yes or no."""
    values = {
        "whenTrue": {"type": "BOOLEAN", "value": True},
        "whenFalse": {"type": "BOOLEAN", "value": False},
    }
    return _create(request, data, "boolean", values)


@mutation("createTextField")
def create_text(request: RequestContext, data: Input) -> Document:
    """Ask readers for a text."""
    return _create(request, data, "text", {})


@mutation("createSelectField")
def create_select(request: RequestContext, data: Input) -> Document:
    """Ask readers to choose."""
    request.with_app_role(*EDITORS)
    given_options = data.get("options")
    if given_options is None:
        raise refused("Cannot read property 'map' of null", 500)
    options = [
        _option({**option, "index": index}, data) for index, option in enumerate(given_options)
    ]
    values = {"multiple": data.get("multiple"), "options": options, "groups": []}
    return _create(request, data, "select", values)


@mutation("updateBooleanField")
def update_boolean(request: RequestContext, data: Input) -> Document:
    """Change a boolean field."""
    found = _existing(request, data, "boolean")
    values = {
        name: {"type": data[name]["type"], "value": _cast(**data[name])}
        for name in ("whenTrue", "whenFalse")
    }
    return _update(request, found, data, values)


@mutation("updateTextField")
def update_text(request: RequestContext, data: Input) -> Document:
    """Change a text field."""
    return _update(request, _existing(request, data, "text"), data, {})


@mutation("updateSelectField")
def update_select(request: RequestContext, data: Input) -> Document:
    """Change a select field; options and groups that are left out go."""
    app_id = request.with_app_role(*EDITORS)["id"]
    if not data["options"]:
        raise bad_input("The select field options cannot be empty.")
    found = _existing(request, data, "select", app_id)
    known = {option["id"]: option for option in found["options"]}
    for option in data["options"]:
        if option.get("id") and option["id"] not in known:
            text = f"No select option found for {option['id']} in question {data['id']}"
            raise refused(text, 404)
    options = [_option(option, data) for option in _by_index(data["options"])]
    groups = [
        {
            "id": group.get("id") or new_id(),
            "label": group["label"].strip(),
            "index": group["index"],
            "optionIds": list(group["optionIds"]),
        }
        for group in _by_index(data["groups"])
    ]
    values = {"multiple": data.get("multiple"), "options": options, "groups": groups}
    return _update(request, found, data, values)


def _kind_of(source: Document, *_: Any) -> str:
    return f"{str(source['type']).capitalize()}Field"


def _choice_of(source: Document, *_: Any) -> str:
    return "SelectFieldOptionGroup" if "optionIds" in source else "SelectFieldOption"


INTERFACES |= {"FieldInterface": _kind_of, "SelectFieldOptionChoice": _choice_of}


def _of_kind(request: RequestContext, data: Input, kind: str) -> Document | None:
    found = by_id(request, request.world.custom_fields, data, f"field-{kind}")
    return found if found and found["type"] == kind else None


def _existing(
    request: RequestContext, data: Input, kind: str, app_id: str | None = None
) -> Document:
    owner = app_id or request.with_app_role(*EDITORS)["id"]
    value = given(data, "id")
    found = request.world.custom_fields.get(checked_id(value, f"field-{kind}"))
    if found is None or (found["applicationId"], found["type"]) != (owner, kind):
        raise refused(f"No {kind} field was found for '{value}'", 404)
    return found


def _create(request: RequestContext, data: Input, kind: str, values: Document) -> Document:
    app_id = request.with_app_role(*EDITORS)["id"]
    fresh = {"applicationId": app_id, "type": kind, **_shared(data), **values}
    _check(fresh)
    return add(request, request.world.custom_fields, fresh)


def _update(request: RequestContext, found: Document, data: Input, values: Document) -> Document:
    changes = {**_shared(data), **values}
    _check({**found, **changes})
    return change(request, found, changes)


def _shared(data: Input) -> Document:
    external = data.get("externalId")
    if external and not (external["identifier"]["value"] and external["namespace"]["type"]):
        external = None
    return {
        **texts(data, "name", "label"),
        "required": data.get("required"),
        "active": data.get("active"),
        "externalId": external and external_id(external["identifier"], external["namespace"]),
    }


def _option(option: Input, data: Input) -> Document:
    # The id in another system counts only in a field that has one itself.
    outside = option.get("externalIdentifier") if data.get("externalId") else None
    return {
        "id": option.get("id") or new_id(),
        "label": option["label"].strip(),
        "index": option.get("index") or 0,
        "externalIdentifier": outside and outside.strip(),
        "canWriteIn": option.get("canWriteIn", False),
        "canSelect": option.get("canSelect", True),
    }


def _by_index(entries: list[Any]) -> list[Any]:
    return sorted(entries, key=lambda entry: entry.get("index") or 0)


def _check(values: Document) -> None:
    complaints: list[Complaint] = needed(values, "name", "label")
    for name in ("options", "groups"):
        for index, entry in enumerate(values.get(name) or []):
            place = f"{name}.{index}."
            complaints += needed(entry, "label", inside=place)
            complaints += id_list(entry, "optionIds", place)
    fail(f"field-{values['type']}", complaints)


def _cast(type: str, value: str | None) -> Any:  # noqa: A002 (the name in the schema)
    text = str(value)
    if type == "STRING":
        return text
    if type == "BOOLEAN":
        return text in _TRUE or text not in _FALSE
    try:
        number = float(text)
    except ValueError:
        return 0
    return int(number) if type == "INTEGER" or number.is_integer() else number
