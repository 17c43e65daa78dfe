"""Which field IdentityX's complaint about a value is about, where its words tell."""

from __future__ import annotations

import re

ALL = "__all__"  # as Django's forms have it

_VALIDATION = re.compile(r"[a-z-]+ validation failed: ")  # how its database begins
_NEXT = re.compile(r", (?=[A-Za-z]\w*(?:\.\w+)*: )")
_NAMED = re.compile(
    r"(?P<named>[A-Za-z]\w*)(?:\.[\w.]+)?: "
    r"|The path 'params\.(?:payload\.)?(?P<param>\w+)' is required"
    r"|Path `(?P<path>\w+)` "
    r'|Cast to \w+ failed for value .{0,200} at path "(?P<cast>\w+)"',
    re.S,
)
_TAKEN = re.compile(r"E11000 duplicate key error .{0,200}?(?:index: )?(?:\w+_1_)?([A-Za-z]+)_1\b")
_WORDS = [
    (re.compile(r"\bregion code\b"), "regionCode"),
    (re.compile(r"\bcountry code\b"), "countryCode"),
    (re.compile(r"\bpostal code\b"), "postalCode"),
    (re.compile(r"\bemail (?:address|domain)\b|\bNew email\b"), "email"),
    (re.compile(r"\bCIDR notation\b"), "cidrs"),
]
_ALIASES = {"_id": "id", "domain": "email"}  # an address without a domain


def by_field(message: str) -> dict[str, list[str]]:
    """The lines of ``message`` by field; `ALL` has those of which it can't be told."""
    found: dict[str, list[str]] = {}
    beginning = _VALIDATION.match(message)
    lines = _NEXT.split(message[beginning.end() :]) if beginning else message.splitlines()
    for line in filter(None, map(str.strip, lines)):
        name, text = _field(line, is_named=beginning is not None)
        found.setdefault(name, []).append(text)
    return found


def _field(line: str, *, is_named: bool) -> tuple[str, str]:
    taken = _TAKEN.match(line)
    if taken is not None:
        return taken[1], "This exists already."
    match = _NAMED.match(line)
    if match is not None and (is_named or match["named"] is None):
        name = next(filter(None, match.groups()))
        return _ALIASES.get(name, name), line[match.end() :] if match["named"] else line
    for words, name in _WORDS:
        if words.search(line):
            return name, line
    return ALL, line
