"""Countries, regions and consent policies: kept an hour, and on through any outage."""

from __future__ import annotations

import contextlib
from dataclasses import astuple, dataclass
from typing import Any

from django.utils.translation import get_language

from ..applications import Application
from ..client import IdentityXClient
from ..exceptions import OperationFailed, Unclear
from ..process import PerProcess
from ..users import ConsentPolicy, Country
from ..verification import SETTLED, AboutApplication, Engine


@dataclass(frozen=True)
class Catalogue:
    """What there is to choose from: code and name; of a region its country's code before."""

    countries: tuple[tuple[str, str], ...] = ()
    regions: tuple[tuple[str, str, str], ...] = ()
    policies: tuple[ConsentPolicy, ...] = ()

    def regions_of(self, country: str) -> set[str]:
        return {code for where, code, _ in self.regions if where == country}

    def policies_for(self, country: str) -> list[ConsentPolicy]:
        """What people of a country are asked to consent to."""
        return [p for p in self.policies if country in {asked.id for asked in p.countries}]


class _Question(AboutApplication[Catalogue]):
    def __init__(self, application: Application, lang: str) -> None:
        super().__init__(application, lang)
        self._lang = lang

    def answer(self, client: IdentityXClient) -> Catalogue:
        return Catalogue(
            tuple([(c.id, c.name) for c in _countries(client, self._lang)]),
            tuple([(r.country.id, r.code, r.name) for r in client.regions()]),
            tuple([policy for policy in client.consent_policies() if policy.enabled]),
        )

    def pack(self, value: Catalogue) -> Any:
        return astuple(value)

    def unpack(self, data: Any) -> Catalogue | None:
        countries, regions, policies = data
        return Catalogue(
            tuple([(str(code), str(name)) for code, name in countries]),
            tuple([(str(where), str(code), str(name)) for where, code, name in regions]),
            tuple([_policy(*fields) for fields in policies]),
        )


def _policy(id_: str, name: str, message: str, enabled: bool, required: bool, of: Any) -> Any:
    countries = tuple([Country(*country) for country in of])
    return ConsentPolicy(id_, name, message, enabled, required is True, countries)


def _countries(client: IdentityXClient, lang: str) -> tuple[Country, ...]:
    """By their names in a language, else in English."""
    found: tuple[Country, ...] = ()
    if lang != "en":
        with contextlib.suppress(Unclear, OperationFailed):
            found = client.countries(lang)
    return found or client.countries()


_engine_of_process: PerProcess[Engine[Catalogue]] = PerProcess(
    lambda: Engine("catalogue:", SETTLED)
)


def catalogue(application: Application) -> Catalogue:
    """What people of ``application`` may choose from, in the language of the request.

    Raises `Unavailable` where IdentityX has never told, and `ConfigurationError`.
    """
    lang = (get_language() or "en").partition("-")[0]
    return _engine_of_process().answer(_Question(application, lang))
