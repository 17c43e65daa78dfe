"""``IDENTITYX_USER_LOADER``: from IdentityX's user to the one that the site works with."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.utils.module_loading import import_string

from .conf import conf
from .exceptions import Rejected
from .users import AppUser, OrgUser


def load(user: AppUser | OrgUser) -> Any:
    """Return what ``request.user`` becomes: ``user`` itself, or what the site's loader makes of it.

    Raises `Rejected` where the loader returns None or a user who is not active.
    """
    path = conf.USER_LOADER
    if path is None:
        return user
    loaded = _loader(path)(user)
    if loaded is None or not getattr(loaded, "is_active", True):
        raise Rejected("not_admitted", "This site does not admit this user.")
    return loaded


@lru_cache(maxsize=8)
def _loader(path: str) -> Any:
    return import_string(path)
