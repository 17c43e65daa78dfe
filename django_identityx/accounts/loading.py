"""From IdentityX's verified person to the row that they are here."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.contrib import auth
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import sessions
from ..conf import conf
from ..exceptions import Rejected
from ..users import OrgUser
from . import identities, linking, roles, rows
from .identities import Person
from .models import Identity

logger = logging.getLogger("django_identityx")

SEEN_EVERY = timedelta(days=1)

_LOADED = "_identityx_row"  # on a request: (user, row), so that looking twice asks once


def load(
    user: Person,
    *,
    request: HttpRequest | None = None,
    signing_in: bool = False,
    fresh: bool = True,
) -> Any:
    """The row of ``user``, or None. See `load_user`."""
    if request is not None and not signing_in:
        known, row = request.__dict__.get(_LOADED, (None, None))
        if known is user:
            return row
    wish = linking.wish_of(request, user) if signing_in and request is not None else None
    identity = identities.find(user) or _without_row(user, wish, signing_in)
    if wish is not None and identity is not None and identity.user_id != wish.pk:
        identity = _refuse(user, "it is another row already")
    row = identity and _admit(identity, user, request, fresh=fresh or signing_in)
    if signing_in and identity is not None and row is not None:
        rows.follow(identity, user)
        if wish is not None and request is not None:
            linking.fulfilled(request)
    if request is not None:
        request.__dict__[_LOADED] = (user, row)
    return row


def _admit(
    identity: Identity, user: Person, request: HttpRequest | None, *, fresh: bool
) -> Any | None:
    row = identity.user
    if row is None or not row.is_active:
        return _refuse(user, "its row is not active")
    # A session that Django's own login made goes on when IdentityX's ends: no role hangs on it.
    roles.apply(identity, user, request, fresh=fresh and not _has_django_user(request))
    if timezone.now() - identity.last_seen > SEEN_EVERY:
        identity.last_seen = timezone.now()
        identity.save(update_fields=["last_seen"])
    return row


def _has_django_user(request: HttpRequest | None) -> bool:
    session = getattr(request, "session", None)
    return session is not None and auth.SESSION_KEY in session


def _without_row(user: Person, wish: Any | None, signing_in: bool) -> Identity | None:
    """Attach or make a row, where that may be done."""
    identity = Identity.objects.filter(**identities.key_of(user)).first()
    if identity is not None and identity.user_id is not None:
        # Made at this moment, or the site's own manager hides the row.
        return identities.find(user) or _refuse(user, "its row is hidden")
    if identity is not None and not signing_in:
        return _refuse(user, "its row was deleted")
    if wish is not None:
        return rows.attach(user, wish)
    same = identities.rows_with(user.email)
    if not any(map(identities.is_local, same)):
        try:
            return rows.make(user)
        except rows.AddressTaken:
            same = identities.rows_with(user.email)
    if not signing_in:
        return _refuse(user, "a local user has its address")
    return _settle(user, same)


def _settle(user: Person, same: list[Any]) -> Identity | None:
    """Decide where local users have the address of somebody who signs in with it."""
    if conf.LINK_ACCOUNTS == "email" and len(same) == 1 and _may_attach(user, same[0]):
        return rows.attach(user, same[0])
    if conf.LINK_ACCOUNTS == "never" or not any(row.is_active for row in same):
        return _refuse(user, "a local user has its address")
    logger.debug("Not signed in: a local user has the address, and must sign in first.")
    raise Rejected("link_account", _("A local account has this address: sign in to it first."))


def _may_attach(user: Person, row: Any) -> bool:
    """Whether a mailbox is enough for ``row``, as it is for a reset of its password."""
    if sessions.is_powerful(row) or not row.is_active:
        return False
    if not identities.has_address(row, user.email):
        return False
    if not getattr(user, "verified", True):
        return False
    if isinstance(user, OrgUser) and conf.STAFF_ROLES:
        return False  # whoever registered with their address would share what a role gives
    return not identities.is_other(row, user)


def _refuse(user: Person, reason: str) -> Identity | None:
    logger.debug("Not admitted, %s: %s", user.kind, reason)
    return None
