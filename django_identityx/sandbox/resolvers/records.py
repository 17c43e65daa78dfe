"""What the operations of an application's records have in common."""

from __future__ import annotations

from ..context import RequestContext
from ..errors import no_such_id, refused
from ..inputs import Input, given
from ..world import Collection, Document, is_id, new_id


def by_id(
    request: RequestContext, collection: Collection, data: Input, model: str
) -> Document | None:
    """Return a document of any application, or nothing; raise if the id is malformed."""
    request.ask("application")
    return collection.get(checked_id(given(data, "id"), model))


def owned(collection: Collection, value: str, model: str, app_id: str, called: str) -> Document:
    """Return an application's document, or raise that there is none."""
    found = collection.get(checked_id(value, model))
    if found is None or found["applicationId"] != app_id:
        raise refused(f"No {called} was found for '{value}'", 404)
    return found


def document(collection: Collection, data: Input, model: str, app_id: str) -> Document:
    """Return an application's document for a change of one of its fields, or raise."""
    value = given(data, "id")
    found = collection.get(checked_id(value, model))
    if found is None or found["applicationId"] != app_id:
        raise refused(f"No document found for ID {value} using app {app_id}.", 404)
    return found


def checked_id(value: str, model: str, path: str = "_id") -> str:
    """Return an id; raise if it is malformed."""
    if not is_id(value):
        raise no_such_id(value, model, path)
    return value.lower()


def add(request: RequestContext, collection: Collection, values: Document) -> Document:
    """Keep a new document."""
    stamps = {"createdAt": request.now, "updatedAt": request.now}
    entry: Document = {"id": new_id(), **values, **stamps}
    collection[entry["id"]] = entry
    return entry


def change(request: RequestContext, entry: Document, values: Document) -> Document:
    """Change a document, and note when."""
    entry |= {**values, "updatedAt": request.now}
    return entry


def texts(data: Input, *names: str) -> Document:
    """Return the given texts without blanks around them; omitted ones stay omitted."""
    found = {name: data[name] for name in names if name in data}
    return {
        name: value.strip() if isinstance(value, str) else value for name, value in found.items()
    }
