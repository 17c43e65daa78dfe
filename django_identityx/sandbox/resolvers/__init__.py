"""The operations, a module for each group of them."""

from . import access, applications, profiles, readers, sign_in, staff, types
from .registry import FIELDS, ROOTS

__all__ = [
    "FIELDS",
    "ROOTS",
    "access",
    "applications",
    "profiles",
    "readers",
    "sign_in",
    "staff",
    "types",
]
