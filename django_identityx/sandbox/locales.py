"""Countries, their regions and postal codes, as far as profiles need them."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from .world import Document

_STATES = """AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut
DE Delaware|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas
KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota
MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey
NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon
PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah
VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming"""
_OTHERS = (
    ("US", "District", "DC District of Columbia"),
    ("US", "OutlyingArea", "AS American Samoa|GU Guam|PR Puerto Rico|VI Virgin Islands"),
    ("CA", "Province", "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick"),
    ("CA", "Province", "NL Newfoundland and Labrador|NS Nova Scotia|ON Ontario"),
    ("CA", "Province", "PE Prince Edward Island|QC Quebec|SK Saskatchewan"),
    ("CA", "Territory", "NT Northwest Territories|NU Nunavut|YT Yukon"),
)
_POSTAL_CODES = {
    "US": r"\d{5}(-\d{4})?",
    "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
    "DE": r"\d{5}",
    "FR": r"\d{5}",
}


def country(code: str | None) -> Document | None:
    """Return a country by its two letters."""
    return _countries().get(code) if code else None


def region(country_code: str | None, code: str | None) -> Document | None:
    """Return a region of a country."""
    if not country_code or not code:
        return None
    found = _regions().get((country_code, code))
    return None if found is None else {**found, "country": country(country_code)}


def is_postal_code(country_code: str, postal_code: str) -> bool:
    """Say whether a postal code fits the country; those of other countries are not checked."""
    pattern = _POSTAL_CODES.get(country_code)
    return pattern is None or re.fullmatch(pattern, postal_code.strip(), re.IGNORECASE) is not None


@cache
def _countries() -> dict[str, Document]:
    table = files(__package__).joinpath("assets/countries.txt").read_text(encoding="utf-8")
    rows = (line.split(" ", 2) for line in table.splitlines())
    return {
        code: {"id": code, "alpha3": alpha3, "name": name, "flag": _flag(code)}
        for code, alpha3, name in rows
    }


def _flag(code: str) -> str:
    # Two regional indicator symbols make a flag.
    return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in code)


@cache
def _regions() -> dict[tuple[str, str], Document]:
    tables = (("US", "State", _STATES.replace("\n", "|")), *_OTHERS)
    return {
        (owner, entry[:2]): {
            "id": f"{owner}-{entry[:2]}",
            "code": entry[:2],
            "name": entry[3:],
            "category": category,
        }
        for owner, category, table in tables
        for entry in table.split("|")
    }
