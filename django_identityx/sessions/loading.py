"""``IDENTITYX_USER_LOADER``: from IdentityX's user to the one that the site works with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.utils.module_loading import import_string

from ..conf import conf
from ..exceptions import Rejected
from ..process import PerProcess
from ..users import AppUser, OrgUser


def _import() -> Callable[[Any], Any]:
    path = conf.USER_LOADER
    return _as_it_is if path is None else import_string(path)


def _as_it_is(user: Any) -> Any:
    return user


_loader = PerProcess(_import)  # reading a setting that is not set costs more than all the rest


def load(user: AppUser | OrgUser) -> Any:
    """Return what ``request.user`` becomes: ``user`` itself, or what the site's loader makes of it.

    Raises `Rejected` where the loader returns None or a user who is not active.
    """
    loader = _loader.value or _loader()
    if loader is _as_it_is:
        return user
    loaded = loader(user)
    if loaded is None or not getattr(loaded, "is_active", True):
        raise Rejected("not_admitted", "This site does not admit this user.")
    return loaded


async def aload(user: AppUser | OrgUser) -> Any:
    """`load`; a thread is needed only where the site has a loader."""
    loader = _loader.value or _loader()
    return user if loader is _as_it_is else await sync_to_async(load)(user)
