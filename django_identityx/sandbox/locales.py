"""Countries, their regions and postal codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files

from .world import Document

# The service checks the postal codes of these countries only.
_POSTAL_CODES = {
    "US": re.compile(r"\d{5}(-\d{4})?"),
    "CA": re.compile(r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d"),
    "MX": re.compile(r"\d{5}"),
}


def country(code: str | None) -> Document | None:
    """Return a country by its two letters, three letters or number."""
    return _by_code().get(code.upper()) if code else None


def region(country_code: str | None, code: str | None) -> Document | None:
    """Return a region of a country."""
    if not country_code or not code:
        return None
    return _regions().get(f"{country_code.upper()}-{code.upper()}")


def countries(first: Iterable[str]) -> list[Document]:
    """Return all countries by name, those that are asked for before the others."""
    known = _countries()
    top = [code.upper() for code in first if code.upper() in known]
    return list({**{code: known[code] for code in top}, **known}.values())


def regions(country_codes: Collection[str], categories: Collection[str]) -> list[Document]:
    """Return the regions of countries, of all of them where none is named."""
    return [
        entry
        for entry in _regions().values()
        if (not country_codes or entry["country"]["id"] in country_codes)
        and (not categories or entry["category"] in categories)
    ]


def is_postal_code(country_code: str, postal_code: str) -> bool:
    """Say whether a postal code fits the country."""
    pattern = _POSTAL_CODES.get(country_code)
    return pattern is None or pattern.fullmatch(postal_code) is not None


@cache
def _countries() -> dict[str, Document]:
    rows = (line.split(" ", 3) for line in _lines("countries.txt"))
    table = [
        {"id": code, "alpha3": alpha3, "number": number, "name": name, "flag": _flag(code)}
        for code, alpha3, number, name in rows
    ]
    return {entry["id"]: entry for entry in sorted(table, key=lambda entry: _plain(entry["name"]))}


@cache
def _by_code() -> dict[str, Document]:
    return {
        code: entry
        for entry in _countries().values()
        for code in (entry["id"], entry["alpha3"], entry["number"])
        if code != "-"
    }


@cache
def _regions() -> dict[str, Document]:
    found: dict[str, Document] = {}
    for line in _lines("regions.txt"):
        identifier, category, name = line.split(" ", 2)
        owner, _, code = identifier.partition("-")
        place = country(owner)
        found[identifier] = {
            "id": identifier, "code": code, "name": name, "category": category, "country": place,
        }  # fmt: skip
    return found


def _lines(name: str) -> list[str]:
    table = files("django_identityx.sandbox").joinpath("assets", name).read_text(encoding="utf-8")
    return table.splitlines()


def _flag(code: str) -> str:
    # Two regional indicator symbols make a flag.
    return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in code)


def _plain(name: str) -> str:
    """Return a name without accents, as lists are sorted."""
    letters = unicodedata.normalize("NFD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
