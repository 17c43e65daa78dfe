"""``IDENTITYX_USER_LOADER``: from IdentityX's user to the one that the site works with."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..exceptions import Rejected
from ..process import PerProcess
from ..users import AppUser, OrgUser

logger = logging.getLogger("django_identityx")


class _Loader:
    """The site's loader, and which of `load`'s arguments it wants to be told."""

    def __init__(self) -> None:
        path = conf.USER_LOADER
        self.call: Callable[..., Any] | None = None if path is None else import_string(path)
        parameters = inspect.signature(self.call).parameters if self.call else {}
        takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        known = {"request", "signing_in", "fresh"}
        self.told = known if takes_all else known & parameters.keys()


# Reading a setting that is not set costs more than all the rest.
_loader = PerProcess(_Loader)


def load(
    user: AppUser | OrgUser,
    *,
    request: HttpRequest | None = None,
    signing_in: bool = False,
    fresh: bool = True,
) -> Any:
    """Return what ``request.user`` becomes: ``user`` itself, or what the site's loader makes of it.

    A loader with parameters named as ours is told as much: for which request, whether the person
    signs in right now, and whether the verdict is fresh. Raises `Rejected` where it returns None or
    a user who is not active.
    """
    loader = _loader.value or _loader()
    if loader.call is None:
        return user
    told = {"request": request, "signing_in": signing_in, "fresh": fresh}
    loaded = loader.call(user, **{name: told[name] for name in loader.told})
    if loaded is None or not getattr(loaded, "is_active", True):
        logger.debug("load: IDENTITYX_USER_LOADER does not admit them")
        raise Rejected("not_admitted", _("This site does not admit this user."))
    return loaded


async def aload(user: AppUser | OrgUser, **told: Any) -> Any:
    """`load`; a thread is needed only where the site has a loader."""
    loader = _loader.value or _loader()
    return user if loader.call is None else await sync_to_async(load)(user, **told)
