"""Whether a reader's profile has what the site requires, and IdentityX is content with its age."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from .. import applications, verification
from ..conf import Conf, conf
from ..credentials import Credential
from ..exceptions import ConfigurationError
from ..users import AppUser

# The countries whose regions IdentityX knows: elsewhere nobody can give one.
WITH_REGIONS = frozenset({"US", "CA", "MX"})


def gap(user: AppUser) -> tuple[str, ...] | None:
    """What is missing in the profile of ``user``, by name; None where it is complete.

    Empty where nothing is missing, and IdentityX wants it to be looked through again. Raises
    `ConfigurationError` where ``IDENTITYX_REQUIRED_FIELDS`` names what no profile has.
    """
    required = conf.REQUIRED_FIELDS
    if required and (problem := Conf.REQUIRED_FIELDS.problem):
        raise ConfigurationError(f"IDENTITYX_REQUIRED_FIELDS {problem}.")
    missing = tuple([name for name in required if not _has(user, name)])
    return missing if missing or user.must_re_verify_profile else None


def gap_now(
    request: HttpRequest, user: AppUser, credential: Credential | None
) -> tuple[str, ...] | None:
    """`gap`, and nobody is refused by an old copy: another process may know better since.

    Raises `Unavailable` where it can't say, and `Rejected` where the credential has ended.
    """
    found = gap(user)
    if found is None or credential is None:
        return found
    here = applications.current(request)
    return _gap_of(verification.verify(credential, application=here, max_age=conf.LOCAL_TTL))


async def agap_now(
    request: HttpRequest, user: AppUser, credential: Credential | None
) -> tuple[str, ...] | None:
    """`gap_now` off the event loop."""
    found = gap(user)
    if found is None or credential is None:
        return found
    here = await applications.acurrent(request)
    return _gap_of(await verification.averify(credential, application=here, max_age=conf.LOCAL_TTL))


def incomplete_data(missing: tuple[str, ...]) -> dict[str, Any]:
    """The body of a refusal: ``{code, detail, missing}``."""
    detail = gettext("Please complete your profile first.")
    return {"code": "profile_incomplete", "detail": detail, "missing": list(missing)}


def _gap_of(user: Any) -> tuple[str, ...] | None:
    return gap(user) if isinstance(user, AppUser) else ()


def _has(user: AppUser, name: str) -> bool:
    if name == "region_code" and user.country_code and user.country_code not in WITH_REGIONS:
        return True
    return bool(getattr(user, name))
