"""Saving a profile: one mutation a part, and what came of each is told."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .. import applications, audit, sessions, verification
from ..addresses import visitor
from ..client import IdentityXClient, OwnProfile
from ..credentials import Credential
from ..exceptions import InvalidInput, NoVerdict, OperationFailed, Unclear
from ..users import AppUser

_WORDS: dict[str, Any] = {  # for what IdentityX says in English
    "country_code": _("IdentityX does not know this country."),
    "region_code": _("This is not in the country that you chose."),
    "postal_code": _("This is not a postal code of the country that you chose."),
}

logger = logging.getLogger("django_identityx")


@dataclass(repr=False)  # streets and phones: error reports print it
class Changes:
    """What is to be saved; empty parts are not sent, but for the fields: that verifies."""

    fields: dict[str, Any] = field(default_factory=dict)
    # To custom fields, by their kinds, as `OwnProfile.answer` takes them.
    answers: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    consents: dict[str, bool] = field(default_factory=dict)
    attributes: dict[str, str | None] = field(default_factory=dict)

    def put(self, part: str, key: str, value: Any) -> None:
        """Note a value; ``part`` is one of ours, or a kind of answers."""
        (getattr(self, part) if hasattr(self, part) else self.answers[part])[key] = value

    @property
    def names(self) -> list[str]:
        """Fields of the profile by their names, and which other parts there are."""
        parts = {
            "custom_fields": self.answers,
            "consents": self.consents,
            "custom_attributes": self.attributes,
        }
        return [*self.fields, *(name for name, values in parts.items() if values)]


@dataclass
class Outcome:
    """``person`` as of the last part that was saved; ``error`` is what kept a part from it."""

    person: AppUser | None = None
    error: InvalidInput | NoVerdict | None = None

    @property
    def errors(self) -> dict[str, list[str]]:
        """What IdentityX refused, by our names of the fields; ``__all__`` for what names none."""
        if not isinstance(self.error, InvalidInput):
            return {}
        found = {_ours(name): lines for name, lines in self.error.fields.items()}
        return {name: [_WORDS[name]] if name in _WORDS else lines for name, lines in found.items()}


def own_profile(request: HttpRequest, credential: Credential) -> OwnProfile:
    """The profile of who is signed in, with which the visitor's address goes along."""
    client = IdentityXClient.from_settings(applications.current(request), visitor=visitor(request))
    return client.own_profile(credential)


def save(request: HttpRequest, credential: Credential, changes: Changes) -> Outcome:
    """Save one part after another, until one is refused or IdentityX is in trouble.

    What was saved stays saved, and is known to the next page. Raises `Rejected`.
    """
    own, outcome = own_profile(request, credential), Outcome()
    steps: list[Any] = [
        partial(own.update, **changes.fields),
        changes.answers and partial(own.answer, **changes.answers),
        changes.consents and partial(own.consent, changes.consents),
        changes.attributes and partial(own.set_custom_attributes, changes.attributes),
    ]
    try:
        for step in filter(None, steps):
            outcome.person = step()
    except (InvalidInput, NoVerdict) as error:
        outcome.error = error
    except OperationFailed as error:
        outcome.error = Unclear("IdentityX gave no answer to a change of a profile.")
        outcome.error.__cause__ = error
    finally:
        _know(request, credential, outcome)
    logger.debug("Profile: %s.", "saved" if outcome.error is None else "not all of it saved")
    if outcome.person is not None:
        audit.profile_updated(
            request, outcome.person, changes.names, complete=outcome.error is None
        )
    return outcome


def _know(request: HttpRequest, credential: Credential, outcome: Outcome) -> None:
    """What was saved counts from the next page on; where nobody knows, IdentityX is asked."""
    if outcome.person is not None:
        sessions.refresh(request, outcome.person)
    if outcome.person is not None and outcome.error is None:
        verification.remember(credential, replace(outcome.person, profile=None))
    else:
        verification.forget(credential)


def _ours(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
