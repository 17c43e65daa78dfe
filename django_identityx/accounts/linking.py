"""The wish to be one person: a link that was asked for on `identityx:link-account`.

Only the link that this session's own page sent, to the address that was typed there, attaches: else
whoever gets a visitor to press a link of theirs would get into the visitor's account.
"""

from __future__ import annotations

import time
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest

from .. import emails
from ..conf import conf
from ..credentials import TokenType
from ..signin import CONNECTING
from .identities import Person, key_of

KEY = "_identityx_link"


def wish(request: HttpRequest, row: Any, email: str, token_type: TokenType) -> None:
    """Remember in the session that ``row`` asked for a link to attach."""
    request.session[KEY] = {
        "user": str(row.pk),
        "email": emails.clean(email),
        "kind": token_type.value,
        "at": time.time(),
    }
    request.session[CONNECTING] = emails.clean(email)


def wish_of(request: HttpRequest, user: Person) -> Any | None:
    """The row of this session that ``user``, by the link redeemed now, is to be attached to."""
    data = getattr(request, "session", {}).get(KEY)
    if data is None or conf.LINK_ACCOUNTS == "never":
        return None
    row, asked = local_row(request), (data["kind"], data["email"], data["user"])
    is_late = time.time() - data["at"] > conf.LINK_MAX_AGE
    if is_late or row is None:
        return None
    if asked != (key_of(user)["kind"], emails.clean(user.email), str(row.pk)):
        return None
    return get_user_model()._default_manager.filter(pk=row.pk).first()


def fulfilled(request: HttpRequest) -> None:
    """Forget the wish: what it was for is done."""
    for key in (KEY, CONNECTING):
        request.session.pop(key, None)


def local_row(request: HttpRequest) -> Any | None:
    """The row that is signed in, by the site's own login or by IdentityX."""
    user = getattr(request, "user", None)
    if not isinstance(user, get_user_model()) or not user.is_active:
        return None
    return user
