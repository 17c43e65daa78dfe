"""Countries and regions."""

from __future__ import annotations

from .. import locales
from ..context import RequestContext
from ..errors import refused
from ..inputs import Input, given
from ..world import Document
from .registry import query


@query("localeCountries")
def countries(request: RequestContext, data: Input) -> list[Document]:
    """Return all countries by name, some of them before the others."""
    language = data.get("lang", "en")
    request.ask("locale")
    if language is None:
        raise refused("Cannot read property 'toLowerCase' of null", 500)
    _check_language(language)
    return [_shown(entry, data) for entry in locales.countries(data.get("prioritize") or ())]


@query("localeCountry")
def country(request: RequestContext, data: Input) -> Document | None:
    """Return a country by two letters, three letters or its number."""
    code = given(data, "code")
    _check_language(data.get("lang"))
    request.ask("locale")
    found = locales.country(code)
    return None if found is None else _shown(found, data)


@query("localeRegions")
def regions(request: RequestContext, data: Input) -> list[Document]:
    """Return regions, of some countries or of all that have any here."""
    codes, categories = data.get("countryCodes") or (), data.get("categories") or ()
    request.ask("locale")
    return locales.regions(codes, categories)


def _shown(country: Document, data: Input) -> Document:
    return country if data.get("withFlag", True) else {**country, "flag": None}


def _check_language(language: str | None) -> None:
    if language not in (None, "en"):
        raise refused("The sandbox has the names of countries in English only.", 500)
