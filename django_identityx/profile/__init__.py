"""The person's own data at IdentityX: whether it is complete, what it may hold, and saving it."""

from __future__ import annotations

from .choices import Catalogue, catalogue
from .completeness import agap_now, gap, gap_now, incomplete_data
from .forms import LONGEST, ProfileForm, check_place, mark_errors, profile_field
from .saving import own_profile, save

__all__ = [
    "LONGEST",
    "Catalogue",
    "ProfileForm",
    "agap_now",
    "catalogue",
    "check_place",
    "gap",
    "gap_now",
    "incomplete_data",
    "mark_errors",
    "own_profile",
    "profile_field",
    "save",
]
