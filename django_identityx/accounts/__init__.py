"""Rows of ``AUTH_USER_MODEL`` for IdentityX's people; an app of its own, for sites that want it.

::

    INSTALLED_APPS = [..., "django_identityx", "django_identityx.accounts"]
    IDENTITYX_USER_LOADER = "django_identityx.accounts.load_user"

``request.user`` is then the row, and ``request.identityx.user`` stays IdentityX's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest

    from ..users import AppUser, OrgUser

__all__ = ["load_user"]


def load_user(
    user: AppUser | OrgUser,
    *,
    request: HttpRequest | None = None,
    signing_in: bool = False,
    fresh: bool = True,
) -> Any:
    """Return the row of ``user``, made on first use; None where this site does not admit them.

    Raises `Rejected` with the reason ``link_account`` where somebody who signs in has to show
    first that a local account is theirs.
    """
    from .loading import load

    return load(user, request=request, signing_in=signing_in, fresh=fresh)
