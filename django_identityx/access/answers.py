"""`get_access`: whether the visitor of a request may see what needs one of some levels."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from rest_framework.authentication import SessionAuthentication

from .. import applications, verification
from ..addresses import client_address
from ..credentials import Credential, TokenType
from ..exceptions import Rejected
from ..middleware import PRIVATE, details
from ..users import AccessLevel
from .entitlements import entitlements
from .levels import describe, known_level
from .messages import message_for

logger = logging.getLogger("django_identityx")

LOGIN_REQUIRED, ACCESS_LEVEL_REQUIRED = "login_required", "access_level_required"


@dataclass(frozen=True)
class Access:
    """Whether a visitor may see something, and what to say if not.

    ``reason`` is empty, ``login_required`` or ``access_level_required``; ``message`` safe HTML, or
    empty. ``required`` are the levels asked for (of one that is not known id or name is empty),
    ``levels`` what the visitor has. ``fresh`` is False where IdentityX is unavailable and an older
    answer serves. ``unavailable`` is True in templates only, where nothing is known: then
    ``allowed`` is False.
    """

    allowed: bool
    reason: str = ""
    message: SafeString | str = ""
    required: tuple[AccessLevel, ...] = ()
    levels: tuple[AccessLevel, ...] = ()
    fresh: bool = True
    unavailable: bool = False

    def __bool__(self) -> bool:
        return self.allowed


def get_access(request: Any, *names_or_ids: str) -> Access:
    """Ask whether the visitor of ``request``, Django's or DRF's, has any one of some levels.

    Without levels: whether they are signed in as a reader, or let in by their address. Raises
    `Unavailable`, or `ConfigurationError` for a level that the application does not have.
    """
    django_request: HttpRequest = getattr(request, "_request", request)
    django_request.__dict__[PRIVATE] = True
    application = applications.current(django_request)
    credential, is_somebody = _credential(request, django_request)
    address = client_address(django_request)
    found = None
    if credential is not None:
        try:
            found = entitlements(application, credential, address)
        except Rejected:
            # It has ended since it was verified: from the next request on nobody is signed in.
            verification.forget(credential)
            credential, is_somebody = None, False
    entitled, is_fresh = found or entitlements(application, None, address)
    held = entitled.levels
    if names_or_ids:
        allowed = any(level.id in names_or_ids or level.name in names_or_ids for level in held)
    else:
        allowed = credential is not None or entitled.is_in_team
    is_fresh = is_fresh and details(django_request).fresh
    if allowed:
        logger.debug("Access allowed.")
        required = tuple([known_level(name, held) for name in names_or_ids])
        return Access(True, "", "", required, held, is_fresh)
    reason = ACCESS_LEVEL_REQUIRED if is_somebody else LOGIN_REQUIRED
    logger.debug("Access refused: %s.", reason)
    lacking = describe(application, names_or_ids, held)
    return Access(
        allowed=False,
        reason=reason,
        message=message_for(lacking, is_signed_in=is_somebody),
        required=tuple([AccessLevel(level.id, level.name) for level in lacking]),
        levels=held,
        fresh=is_fresh,
    )


async def aget_access(request: Any, *names_or_ids: str) -> Access:
    """`get_access` off the event loop."""
    await details(getattr(request, "_request", request)).auser()  # where the session is at home
    return await verification.aside(get_access, request, *names_or_ids)


def _credential(request: Any, django_request: HttpRequest) -> tuple[Credential | None, bool]:
    """The reader's verified credential, and whether anybody is signed in at all.

    Staff have no access levels, and IdentityX would answer for the reader with the same e-mail.
    """
    credential: Credential | None
    if request is django_request:
        credential = details(django_request).credential
    elif isinstance(auth := request.auth, Credential):
        credential = auth
    elif isinstance(request.successful_authenticator, SessionAuthentication):
        credential = details(django_request).credential  # CSRF was checked
    else:
        credential = None
    if credential is None or credential.token_type is not TokenType.APP_USER:
        return None, credential is not None
    return credential, True
