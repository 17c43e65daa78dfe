"""What IdentityX keeps about an AppUser, as it says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class CustomField:
    """A question of an application that IdentityX asks its people."""

    id: str
    name: str
    label: str = ""
    required: bool = False
    active: bool = True


@dataclass(frozen=True)
class SelectOption:
    """One of the answers that a select field offers."""

    id: str
    label: str = ""
    can_write_in: bool = False


@dataclass(frozen=True)
class SelectField(CustomField):
    """A custom field with options."""

    multiple: bool = False
    options: tuple[SelectOption, ...] = ()


@dataclass(frozen=True)
class BooleanAnswer:
    """``answer`` is None where there is none."""

    field: CustomField
    answer: bool | None = None


@dataclass(frozen=True)
class SelectedOption:
    """An option that was chosen, and what was written in."""

    option: SelectOption
    write_in_value: str = ""


@dataclass(frozen=True)
class SelectAnswer:
    """The chosen options; none where there is no answer."""

    field: SelectField
    answers: tuple[SelectedOption, ...] = ()


@dataclass(frozen=True)
class TextAnswer:
    """``value`` is empty where there is none."""

    field: CustomField
    value: str = ""


@dataclass(frozen=True)
class Country:
    """A country; ``id`` is its two letters."""

    id: str
    name: str
    alpha3: str = ""
    flag: str = ""


@dataclass(frozen=True)
class ConsentPolicy:
    """What an organization asks of people in some countries."""

    id: str
    name: str
    message: str = ""
    enabled: bool = False
    required: bool = False
    countries: tuple[Country, ...] = ()


@dataclass(frozen=True)
class ConsentAnswer:
    """What somebody said to a policy, and when."""

    id: str
    date: datetime
    policy: ConsentPolicy
    given: bool = False


@dataclass(frozen=True)
class ExternalIdentifier:
    """What another system calls somebody."""

    value: str
    type: str = ""


@dataclass(frozen=True)
class ExternalNamespace:
    """Which system that is, and which of its kinds of things."""

    type: str
    provider: str = ""
    tenant: str = ""


@dataclass(frozen=True)
class ExternalId:
    """Somebody's id in another system."""

    id: str
    identifier: ExternalIdentifier
    namespace: ExternalNamespace


@dataclass(frozen=True, eq=False)
class Particulars:
    """What people write about themselves, and whether IdentityX wants it looked through again.

    Of somebody who has not verified it may come from anyone.
    """

    organization: str = field(default="", repr=False)
    organization_title: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    address_extra: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    region_code: str = field(default="", repr=False)
    country_code: str = field(default="", repr=False)
    mobile_number: str = field(default="", repr=False)
    phone_number: str = field(default="", repr=False)
    receive_email: bool | None = None
    must_re_verify_profile: bool = False
    force_profile_re_verification: bool = False


@dataclass(frozen=True)
class Profile:
    """What IdentityX knows of an AppUser beyond what each `AppUser` has.

    People write ``custom_attributes`` themselves: authorize nobody by them.
    """

    profile_last_verified_at: datetime | None = None
    last_logged_in: datetime | None = None
    verified_count: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    custom_attributes: dict[str, Any] = field(default_factory=dict)
    custom_boolean_field_answers: tuple[BooleanAnswer, ...] = ()
    custom_select_field_answers: tuple[SelectAnswer, ...] = ()
    custom_text_field_answers: tuple[TextAnswer, ...] = ()
    regional_consent_answers: tuple[ConsentAnswer, ...] = ()
    external_ids: tuple[ExternalId, ...] = ()


# What a site may require of people, in the order in which they are asked.
PROFILE_FIELDS = (
    "given_name",
    "family_name",
    "organization",
    "organization_title",
    "country_code",
    "region_code",
    "postal_code",
    "city",
    "street",
    "address_extra",
    "phone_number",
    "mobile_number",
)
