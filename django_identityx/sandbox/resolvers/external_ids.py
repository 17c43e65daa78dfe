"""The ids that readers and fields have in other systems."""

from __future__ import annotations

from typing import Any

from ..context import EDITORS, RequestContext
from ..errors import refused
from ..inputs import Input, given
from ..world import Document
from .readers import MODEL
from .records import owned
from .registry import mutation
from .saving import save

_FORBIDDEN = frozenset(".*~")


@mutation("addAppUserExternalId")
def add_external_id(request: RequestContext, data: Input) -> Document:
    """Give a reader an id in another system; one of the same system and type goes."""
    app_id = request.with_app_role(*EDITORS)["id"]
    user = owned(request.world.app_users, given(data, "userId"), MODEL, app_id, "user")
    fresh = external_id(data["identifier"], data["namespace"])
    known: list[Document] = user["externalIds"]
    if any(entry["id"] == fresh["id"] for entry in known):
        return user
    kept = [entry for entry in known if _system(entry) != _system(fresh)]
    return save(request, user, {"externalIds": [*kept, fresh]})


def external_id(identifier: dict[str, Any], namespace: dict[str, Any]) -> Document:
    """Return an id in another system as it is stored, or raise."""
    value, kind = (_part(identifier.get(name)) for name in ("value", "type"))
    if not value:
        raise refused("The identifier `value` is required.", 500)
    names = ("provider", "tenant", "type")
    parts = [_part(namespace.get(name)) for name in names]
    if not parts[-1]:
        raise refused("The entity namespace `type` is required.", 500)
    place = ".".join(part or "_" for part in parts)
    return {
        "id": f"{place}*{value}~{kind}" if kind else f"{place}*{value}",
        "identifier": {"value": value, "type": kind},
        "namespace": dict(zip(names, parts, strict=True)),
    }


def _part(value: str | None) -> str | None:
    if not value or value.strip() in ("", "_"):
        return None
    if not _FORBIDDEN.isdisjoint(value):
        raise refused("An invalid namespace character was encountered.", 500)
    return value


def _system(entry: Document) -> tuple[Any, ...]:
    return (tuple(entry["namespace"].values()), entry["identifier"]["type"])
