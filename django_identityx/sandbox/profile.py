"""What a profile may hold, and the burner domains that IdentityX turns away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from . import locales
from .errors import ServiceError, refused
from .world import Document, normalize

NAMES = (
    "givenName",
    "familyName",
    "organization",
    "organizationTitle",
    "countryCode",
    "regionCode",
    "postalCode",
    "city",
    "street",
    "addressExtra",
    "mobileNumber",
    "phoneNumber",
)

# A handful of the several thousand that the service knows.
_BURNERS = """
10minutemail.com dispostable.com example.com fakeinbox.com getnada.com guerrillamail.com
maildrop.cc mailinator.com mintemail.com sharklasers.com spamgourmet.com temp-mail.org test.com
throwawaymail.com trashmail.com yopmail.com
"""
BURNER_DOMAINS = frozenset(_BURNERS.split())

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def new_app_user(app_id: str, email: str, **profile: Any) -> Document:
    """Return an AppUser as it is before anybody has verified it."""
    address = normalize(email)
    local, _, domain = address.rpartition("@")
    return {
        "applicationId": app_id,
        "email": address,
        "domain": domain,
        "displayName": local,
        "verified": False,
        "verifiedCount": 0,
        "lastLoggedIn": None,
        "profileLastVerifiedAt": None,
        "forceProfileReVerification": False,
        "banned": False,
        "receiveEmail": False,
        "accessLevelIds": [],
        "teamIds": [],
        "customAttributes": {},
        "externalIds": [],
        "consents": {},
        "booleanAnswers": {},
        "selectAnswers": {},
        "textAnswers": {},
        **profile,
    }


def domain_of(email: str) -> str:
    """Return what follows the last ``@``, or nothing."""
    return email.rpartition("@")[2].strip().lower() if "@" in email else ""


def burner(domain: str, advice: str) -> ServiceError:
    """Return the refusal of a burner domain."""
    return refused(f'The email domain "{domain}" is not allowed. Please {advice}.', 422)


def clean(values: Mapping[str, Any], names: Iterable[str] = NAMES) -> Document:
    """Return the given fields as they are stored; omitted ones stay omitted."""
    cleaned = {name: _text(values[name]) for name in names if name in values}
    for name in ("countryCode", "regionCode"):
        if cleaned.get(name):
            cleaned[name] = cleaned[name].upper()
    return cleaned


def check(document: Mapping[str, Any]) -> None:
    """Raise all complaints about a document at once, as its database model does."""
    complaints = [*_about_email(document["email"]), *_about_place(document)]
    if complaints:
        raise refused("\n".join(complaints), 422)


def _about_email(email: str) -> list[str]:
    complaints = []
    if not _EMAIL.fullmatch(email):
        complaints.append(f"Invalid email address {email}")
    if not domain_of(email):
        complaints.append("Path `domain` is required.")
    return complaints


def _about_place(document: Mapping[str, Any]) -> list[str]:
    code, region, postal = (
        document.get(name) for name in ("countryCode", "regionCode", "postalCode")
    )
    if not code:
        return []
    complaints = []
    if region and locales.region(code, region) is None:
        complaints.append(
            f"Either an invalid region code {region} was set, or no country was defined."
        )
    known = locales.country(code) is not None
    if known and postal and not locales.is_postal_code(code, postal):
        complaints.append(f"Invalid postal code {postal} for the provided country.")
    if not known:
        complaints.append(f"Invalid country code {code}")
    return complaints


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return " ".join(value.split()) or None
