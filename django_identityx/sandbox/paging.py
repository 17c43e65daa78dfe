"""Lists in pages, with IdentityX's cursors, and the search in them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from .errors import no_such_id, refused
from .inputs import Input, given
from .tokens import TokenError, decode, parse_json
from .variables import inspect
from .world import Document, is_id

SMALLEST = 10
MAXIMUM = 10_000


def page(documents: Iterable[Document], options: Input, model: str) -> dict[str, Any]:
    """Return a connection. Edges have no cursor: the service never fills it either."""
    if options.get("sort", {}) is None:
        raise refused("Cannot read property 'field' of null", 500)
    sort = options.get("sort") or {"field": "id", "order": "desc"}
    ordered = arrange(documents, sort, collated=True)
    paging = options.get("pagination") or {}
    limit = paging.get("limit")
    if not limit or limit < 0:
        limit = SMALLEST
    rest = _after(ordered, paging.get("after"), sort, model)
    chunk = rest[: min(limit, MAXIMUM)]
    has_next = len(rest) > len(chunk)
    return {
        "totalCount": len(ordered),
        "edges": [{"node": document} for document in chunk],
        "pageInfo": {
            "hasNextPage": has_next,
            "endCursor": cursor(chunk[-1]) if has_next and chunk else None,
        },
    }


def nothing() -> dict[str, Any]:
    """Return a connection without anything in it."""
    return {
        "totalCount": 0,
        "edges": [],
        "pageInfo": {"hasNextPage": False, "endCursor": None},
    }


def match(
    documents: Iterable[Document],
    options: Input,
    model: str,
    view: Callable[[Document], Document] = dict,
) -> dict[str, Any]:
    """Return a page of the documents with one of a phrase's first two words in a field.

    ``view`` returns a document under the names that the service's database has for its fields.
    """
    name = given(options, "field")
    pattern = _pattern(given(options, "phrase"), options.get("position"))
    # A number, a flag or an id can't be compared with a pattern.
    kinds = {"_id": "ObjectId", "verified": "Boolean", "banned": "Boolean", "active": "Boolean"}
    if name in kinds:
        raise refused(
            f'Cast to {kinds[name]} failed for value "/{pattern.pattern}/i" at path "{name}" '
            f'for model "{model}"',
            500,
        )
    excluded = options.get("excludeIds") or []
    for value in excluded:
        if not is_id(value):
            raise no_such_id(value, model)
    found = (
        document
        for document in documents
        if document["id"] not in excluded and any(map(pattern.search, _texts(view(document), name)))
    )
    sort = {"field": name, "order": "desc", **(options.get("sort") or {})}
    return page(found, {**options, "sort": sort}, model)


def arrange(
    documents: Iterable[Document], sort: dict[str, Any] | None, *, collated: bool = False
) -> list[Document]:
    """Return documents in an order; by id and upwards where none is asked for.

    Only lists in pages are ``collated``, so that capitals do not matter.
    """
    options = sort or {}
    return sorted(
        documents,
        key=_key(options.get("field") or "id", collated),
        reverse=options.get("order") == "desc",
    )


def cursor(document: Document) -> str:
    """Return the cursor that points behind a document."""
    text = json.dumps({"$oid": document["id"]}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _key(name: str, collated: bool) -> Callable[[Document], tuple[Any, ...]]:
    def key(document: Document) -> tuple[Any, ...]:
        value = document.get(name)
        if value is None:
            return (False, (), document["id"])
        folded = (value.casefold(), value) if collated and isinstance(value, str) else (value,)
        return (True, folded, document["id"])

    return key


def _after(
    ordered: list[Document], after: str | None, sort: dict[str, Any], model: str
) -> list[Document]:
    if not after:
        return ordered
    try:
        value = parse_json(decode(re.sub(r"[^A-Za-z0-9_-]", "", after)).decode("utf-8", "replace"))
    except TokenError as error:
        raise refused(error.message, 500) from None
    wanted = value.get("$oid") if isinstance(value, dict) else None
    if not is_id(wanted):
        raise no_such_id(inspect(value), model)
    if (sort.get("field") or "id") == "id":
        downwards = sort.get("order") == "desc"
        return [entry for entry in ordered if (entry["id"] < wanted) is downwards
                and entry["id"] != wanted]  # fmt: skip
    for index, document in enumerate(ordered):
        if document["id"] == wanted:
            return ordered[index + 1 :]
    raise refused("Cannot read property 'get' of null", 500)


def _pattern(phrase: str, position: str | None) -> re.Pattern[str]:
    start = "^" if position in ("starts", "exact") else ""
    end = "$" if position in ("ends", "exact") else ""
    escaped = re.sub(r"([|\\{}()\[\]^$+*?.])", r"\\\1", phrase)
    # The first blank only means "or"; the anchors belong to one side of it each.
    words = re.sub(r"\s\s+", " ", escaped, count=1).replace(" ", "|", 1)
    return re.compile(f"{start}{words}{end}", re.IGNORECASE)


def _texts(document: Document, name: str) -> list[str]:
    value = document.get(name)
    values = value if isinstance(value, list) else [value]
    return [entry for entry in values if isinstance(entry, str)]
