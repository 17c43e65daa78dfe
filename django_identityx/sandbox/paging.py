"""Lists in pages, with IdentityX's cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from .errors import refused
from .world import Document

DEFAULT_LIMIT = 20
MAXIMUM = 10_000


def page(documents: Iterable[Document], options: dict[str, Any]) -> dict[str, Any]:
    """Return a connection. Edges have no cursor: the service never fills it either."""
    ordered = arrange(documents, options.get("sort"))
    paging = options.get("pagination") or {}
    limit = paging.get("limit")
    if not limit or limit < 0:
        limit = DEFAULT_LIMIT
    start = _after(ordered, paging.get("after"))
    chunk = ordered[start : start + min(limit, MAXIMUM)]
    has_next = start + len(chunk) < len(ordered)
    return {
        "totalCount": len(ordered),
        "edges": [{"node": document} for document in chunk],
        "pageInfo": {
            "hasNextPage": has_next,
            "endCursor": cursor(chunk[-1]) if has_next and chunk else None,
        },
    }


def arrange(documents: Iterable[Document], sort: dict[str, Any] | None) -> list[Document]:
    """Return documents in the order that was asked for, newest first by default."""
    options = sort or {}
    name = options.get("field") or "id"
    return sorted(
        documents,
        key=lambda document: (document.get(name) is not None, document.get(name), document["id"]),
        reverse=(options.get("order") or "desc") == "desc",
    )


def cursor(document: Document) -> str:
    """Return the cursor that points behind a document."""
    text = json.dumps({"$oid": document["id"]}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _after(ordered: list[Document], after: str | None) -> int:
    if not after:
        return 0
    try:
        wanted = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))["$oid"]
    except (ValueError, KeyError, TypeError):
        raise refused(f"Unable to decode the cursor '{after}'", 500) from None
    for index, document in enumerate(ordered):
        if document["id"] == wanted:
            return index + 1
    raise refused(f"No record was found for the cursor '{after}'", 404)
