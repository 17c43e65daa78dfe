"""What IdentityX erases when a change of address is asked for, in the session meanwhile.

`sending` puts it back as soon as the mail has left. The session has it as well, because two
requests in a row would find nothing the second time, and because a process may end in between.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict

from django.http import HttpRequest

from .. import sessions
from ..addresses import visitor
from ..applications import current
from ..client import IdentityXClient
from ..exceptions import IdentityXError
from ..sending import Erased
from ..users import AppUser, OrgUser

KEY = "_identityx_erased"
LIFETIME = 3600  # seconds; as long as IdentityX's link lives

logger = logging.getLogger("django_identityx")


def remember(request: HttpRequest, user: AppUser) -> Erased:
    """What ``user`` has to lose, or had before an earlier request."""
    erased = Erased.of(user)
    if not erased.country_code:
        erased = _recalled(request) or erased
    if erased.country_code:
        request.session[KEY] = {**asdict(erased), "at": time.time()}
    return erased


def put_back_late(request: HttpRequest, user: AppUser | OrgUser) -> None:
    """Put back after the change what is still missing; trouble is told in the log."""
    erased, credential = _recalled(request), sessions.get_credential(request)
    request.session.pop(KEY, None)
    if erased is None or credential is None:
        return
    client = IdentityXClient.from_settings(current(request), visitor=visitor(request))
    try:
        if not client.own_profile(credential).get().country_code:
            erased.put_back(client, credential)
    except IdentityXError:
        logger.warning("Country and region of %s %s could not be put back.", user.kind, user.id)


def _recalled(request: HttpRequest) -> Erased | None:
    remembered = dict(request.session.get(KEY) or {})
    if not 0 <= time.time() - remembered.pop("at", 0) < LIFETIME:
        return None
    return Erased(**remembered)
