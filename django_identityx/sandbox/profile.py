"""What a reader's profile may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from . import locales, validation
from .burners import is_burner
from .validation import Complaint
from .world import Document, normalize

_LINES = ("givenName", "familyName", "organization", "organizationTitle")
_CODES = ("countryCode", "regionCode", "postalCode")
_TEXTS = ("city", "street", "addressExtra", "mobileNumber", "phoneNumber")
NAMES = (*_LINES, *_CODES, *_TEXTS)


def new_app_user(app_id: str, email: str, **profile: Any) -> Document:
    """Return an AppUser as it is before anybody has verified it."""
    address = normalize(email)
    return {
        "applicationId": app_id,
        "email": address,
        "domain": domain_of(address),
        "displayName": address.partition("@")[0],
        "verified": False,
        "verifiedCount": 0,
        "lastLoggedIn": None,
        "profileLastVerifiedAt": None,
        "forceProfileReVerification": False,
        "banned": False,
        "receiveEmail": False,
        "accessLevelIds": [],
        "teamIds": [],
        "segmentIds": [],
        "customAttributes": {},
        "externalIds": [],
        "consents": {},
        "booleanAnswers": {},
        "selectAnswers": {},
        "textAnswers": {},
        **profile,
    }


def domain_of(email: str) -> str:
    """Return what stands behind the first ``@``, as the service takes it."""
    return email.partition("@")[2].partition("@")[0].strip()


def clean(values: Mapping[str, Any], names: Iterable[str] = NAMES) -> Document:
    """Return the given fields as they are stored; omitted ones stay omitted."""
    return {name: _cleaned(name, values[name]) for name in names if name in values}


def line(value: str) -> str | None:
    """Return a text as one line."""
    one = re.sub(r"\s\s+", " ", re.sub(r"[\r\n]", " ", value)).strip()
    return one if value else None


def settle(document: Document) -> None:
    """Bring the place of a profile into its final form before it is checked."""
    code = document.get("countryCode")
    if not code:
        document |= {"countryCode": None, "regionCode": None}
    elif (found := locales.country(code)) is not None:
        document["countryCode"] = found["id"]


def complaints(document: Document, changed: Iterable[str] = ()) -> list[Complaint]:
    """Return what is wrong with a reader."""
    place = _about_place(document)
    if {"countryCode", "regionCode"}.issubset(changed):
        # The service checks side by side; these two come in the order of the change.
        place.sort(key=lambda one: ("postalCode", "countryCode", "regionCode").index(one.path))
    lists = [entry for name in ("accessLevelIds", "teamIds")
             for entry in validation.id_list(document, name)]  # fmt: skip
    return [*lists, *_about_email(document), *place]


def _about_email(document: Document) -> list[Complaint]:
    found = [*validation.needed(document, "email"), *validation.email(document)]
    domain = domain_of(document["email"])
    if not domain:
        found.append(Complaint("domain", "Path `domain` is required."))
    elif is_burner(domain):
        text = f'The email domain "{domain}" is not allowed. Please enter a valid email address.'
        found.append(Complaint("domain", text))
    return found


def _about_place(document: Document) -> list[Complaint]:
    code, region, postal = (document.get(name) for name in _CODES)
    if not code:
        return []
    found = []
    if postal and not locales.is_postal_code(code, postal):
        text = f"Invalid postal code {postal} for the provided country."
        found.append(Complaint("postalCode", text))
    if region and locales.region(code, region) is None:
        text = f"Either an invalid region code {region} was set, or no country was defined."
        found.append(Complaint("regionCode", text))
    if locales.country(code) is None:
        found.append(Complaint("countryCode", f"Invalid country code {code}"))
    return found


def _cleaned(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name in _TEXTS:
        return value.strip()
    text = line(value)
    return text.upper() if text and name in _CODES else text
