"""What is wrong with a document, in the words and in the two forms of the service's database."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .errors import ServiceError, refused
from .world import is_id

# The rules of the service's library for addresses and domains.
_WORD = r"[a-z\d!#$%&'*+\-/=?^_`{|}~\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef]+"
_LOCAL = re.compile(rf"{_WORD}(\.{_WORD})*", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\\n\r]|\\.)*"')
_LABEL = re.compile(r"(?!-)[a-z\u00a1-\uff00\uff5f-\uffff\d-]{1,63}(?<!-)", re.IGNORECASE)
_TOP = re.compile(r"[a-z\u00a1-\uffff]{2,}|xn[a-z\d-]{2,}", re.IGNORECASE)
_URL = re.compile(
    r"(?:https?|ftp)://(?:[^\s/?#@<>]*@)?(?:\[(?P<six>[^\]]+)\]|(?P<name>[^\s/?#@:<>]+))"
    r"(?::\d{1,5})?(?:[/?#][^\s<>]*)?",
    re.IGNORECASE,
)
_LOCAL_LENGTH = 64
_DOMAIN_LENGTH = 254


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong, and where."""

    path: str
    message: str
    cast: bool = False


def refuse(complaints: Iterable[Complaint]) -> None:
    """Raise all complaints, as most operations put them: 422, one a line."""
    lines = [f"CastError: {one.message}" if one.cast else one.message for one in complaints]
    if lines:
        raise refused("\n".join(lines), 422)


def fail(model: str, complaints: Iterable[Complaint]) -> None:
    """Raise all complaints, as operations put them that did not expect any: 500, with places."""
    parts = [f"{one.path}: {one.message}" for one in complaints]
    if parts:
        raise refused(f"{model} validation failed: {', '.join(parts)}", 500)


def needed(document: dict[str, Any], *paths: str, inside: str = "") -> list[Complaint]:
    """Complain about required fields without a value."""
    return [
        Complaint(f"{inside}{path}", f"Path `{path}` is required.")
        for path in paths
        if document.get(path) in (None, "")
    ]


def email(document: dict[str, Any], path: str = "email", inside: str = "") -> list[Complaint]:
    """Complain about an address that is none."""
    value = document.get(path)
    if not value or is_email(value):
        return []
    return [Complaint(f"{inside}{path}", f"Invalid email address {value}")]


def id_list(document: dict[str, Any], path: str, inside: str = "") -> list[Complaint]:
    """Complain about a list with something in it that is no id."""
    values = document.get(path) or []
    if all(is_id(value) for value in values):
        return []
    shown = ", ".join(f"'{value}'" for value in values)
    text = f'Cast to Array failed for value "[ {shown} ]" at path "{path}"'
    return [Complaint(f"{inside}{path}", text, cast=True)]


def an_id(value: str, inside: str) -> list[Complaint]:
    """Complain about an entry of a list whose id is none."""
    if is_id(value):
        return []
    text = f'Cast to ObjectID failed for value "{value}" at path "_id"'
    return [Complaint(f"{inside}_id", text, cast=True)]


def duplicate(collection: str, index: str, owner: str, value: str, status: int) -> ServiceError:
    """Return the failure of a second document where there may be one only."""
    return refused(
        f"E11000 duplicate key error collection: identity-x.{collection} index: {index} "
        f"dup key: {{ : ObjectId('{owner}'), : \"{value}\" }}",
        status,
    )


def is_email(value: str) -> bool:
    """Say whether a text is an address that the service takes."""
    local, at, domain = value.rpartition("@")
    if not at or not local or len(local.encode()) > _LOCAL_LENGTH:
        return False
    if len(domain.encode()) > _DOMAIN_LENGTH or not is_domain(domain):
        return False
    pattern = _QUOTED if local.startswith('"') else _LOCAL
    return pattern.fullmatch(local) is not None


def is_domain(value: str) -> bool:
    """Say whether a text is the name of a host in the internet."""
    labels = value.split(".")
    return (
        len(labels) > 1
        and _TOP.fullmatch(labels[-1]) is not None
        and all(_LABEL.fullmatch(label) for label in labels)
    )


def is_url(value: str) -> bool:
    """Say whether a text is an absolute address of a page."""
    found = _URL.fullmatch(value)
    if found is None:
        return False
    return is_domain(found["name"] or "") or is_address(found["name"] or found["six"])


def is_address(value: str) -> bool:
    """Say whether a text is an address of the network."""
    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False
