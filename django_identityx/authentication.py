"""DRF authentication: from the ``Authorization`` header, or from the session.

None means "not mine" and costs no call; raising means "mine and bad": 401, or 503 where IdentityX
gives no verdict. The pipeline reads header, credential, verified user.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from django.http import HttpRequest
from django.utils import translation
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from . import applications, outages, ratelimits, sessions, verification
from .credentials import Credential, TokenType, parse_authorization
from .exceptions import NoVerdict, Rejected
from .middleware import BEARER
from .outages import ServiceUnavailable
from .ratelimits import LimitExceeded
from .verification import Verdict

__all__ = [
    "AppUserAuthentication",
    "IdentityXAuthentication",
    "IdentityXSessionAuthentication",
    "OrgUserAuthentication",
    "ServiceUnavailable",
]

logger = logging.getLogger("django_identityx")

REJECT_ADDRESS = "reject-address"
_REJECTED = "_identityx_rejected"  # the reason, left for the challenge of this request


class IdentityXAuthentication(BaseAuthentication):
    """``Authorization: Bearer AppUser|OrgUser|OrgUserApiToken <token>``.

    ``request.user`` becomes an `AppUser`, `OrgUser` or `ApiTokenUser` (or what
    ``IDENTITYX_USER_LOADER`` makes of it), ``request.auth`` the `Credential`. In a subclass,
    ``token_types`` narrows what is taken, ``max_age`` is the greatest age in seconds of the
    verdict (0 asks IdentityX), ``app_id`` another application than the request's own.
    """

    token_types: Collection[TokenType] = frozenset(TokenType)
    max_age: float | None = None
    app_id: str | None = None
    www_authenticate_realm = "api"

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        # DRF's request looks each attribute up in Django's, at a price.
        django_request: HttpRequest = getattr(request, "_request", request)
        # Its attributes get no local of their own: the header is among them.
        django_request.__dict__[BEARER] = True  # the answer depends on it, also if absent
        try:  # the header stays in META: a local would stand in error reports
            credential = self.get_credential(django_request.META.get("HTTP_AUTHORIZATION", ""))
            if credential is None:
                logger.debug("authenticate: no header of ours")
                return None
            verdict = self.get_verdict(credential, django_request)
            # Nearly always fresh: on the path of every request each call counts.
            auth = credential if verdict.fresh else sessions.as_auth(credential, verdict)
            user = sessions.load(verdict.value, request=django_request, fresh=verdict.fresh)
        except (Rejected, LimitExceeded, NoVerdict) as error:
            raise self.refusal(django_request, error) from error
        django_request.__dict__[BEARER] = verdict, auth
        return user, auth

    async def aauthenticate(self, request: HttpRequest) -> tuple[Any, Credential] | None:
        """`authenticate` for async Django views: needs no thread where the verdict is known."""
        request.__dict__[BEARER] = True
        try:
            credential = self.get_credential(request.META.get("HTTP_AUTHORIZATION", ""))
            if credential is None:
                logger.debug("authenticate: no header of ours")
                return None
            verdict = await self.aget_verdict(credential, request)
            user = await sessions.aload(verdict.user, request=request, fresh=verdict.fresh)
        except (Rejected, LimitExceeded, NoVerdict) as error:
            raise self.refusal(request, error) from error
        request.__dict__[BEARER] = verdict, sessions.as_auth(credential, verdict)
        return user, sessions.as_auth(credential, verdict)

    def get_credential(self, header: str) -> Credential | None:
        """Read the header; None if it is empty, another scheme's or another kind of ours."""
        return parse_authorization(header, self.token_types)

    def get_verdict(self, credential: Credential, request: HttpRequest) -> Verdict:
        """Ask ``verification`` whom the credential belongs to."""
        return verification.check(
            credential,
            application=None if self.app_id else applications.current(request),
            app_id=self.app_id,
            max_age=sessions.stricter_age(request, self.max_age),
            client=lambda: self._client(request),
        )

    async def aget_verdict(self, credential: Credential, request: HttpRequest) -> Verdict:
        """`get_verdict` for async Django views."""
        here = None if self.app_id else await applications.acurrent(request)
        return await verification.acheck(
            credential,
            application=here,
            app_id=self.app_id,
            max_age=sessions.stricter_age(request, self.max_age),
            client=lambda: self._client(request),
        )

    def _client(self, request: HttpRequest) -> tuple[ratelimits.Bucket, ...]:
        """Whom a rejected token counts for."""
        app_id = self.app_id or applications.current(request).app_id
        return ratelimits.by_client(REJECT_ADDRESS, request, app_id)

    def authenticate_header(self, request: Request) -> str:
        """The challenge (RFC 6750, section 3): no ``error`` where no credential was sent."""
        challenge = f'Bearer realm="{self.www_authenticate_realm}"'
        rejected = getattr(_django(request), _REJECTED, None)
        if rejected is None:
            return challenge
        with translation.override(None):  # ASCII alone (RFC 6750), so in English
            return f'{challenge}, error="invalid_token", error_description="{rejected}"'

    def refusal(self, request: HttpRequest, error: Exception) -> exceptions.APIException:
        """The HTTP side of what went wrong."""
        if isinstance(error, Rejected):
            setattr(request, _REJECTED, error)
        return _refusal(request, error)


class AppUserAuthentication(IdentityXAuthentication):
    """Readers only."""

    token_types = frozenset({TokenType.APP_USER})


class OrgUserAuthentication(IdentityXAuthentication):
    """Staff only, in person or by API token: members of the site's organization."""

    token_types = frozenset({TokenType.ORG_USER, TokenType.ORG_USER_API_TOKEN})


class IdentityXSessionAuthentication(SessionAuthentication):
    """The session that the callback made. Enforces CSRF, as DRF's own session class does."""

    max_age: float | None = None

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        django_request = _django(request)
        try:
            max_age = sessions.stricter_age(django_request, self.max_age)
            verdict = sessions.get_verdict(django_request, max_age=max_age)
            credential = sessions.get_credential(django_request)
            if verdict is None or credential is None:
                logger.debug("authenticate: nobody is signed in")
                return None
            user = sessions.load(verdict.user, request=django_request, fresh=verdict.fresh)
        except (Rejected, NoVerdict) as error:
            raise _refusal(django_request, error) from error
        self.enforce_csrf(request)
        logger.debug("authenticate: %s, by the session", verdict.user.kind)
        return user, sessions.as_auth(credential, verdict)

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied:
            logger.debug("authenticate: 403, the CSRF check failed")
            raise


def _refusal(request: HttpRequest, error: Exception) -> exceptions.APIException:
    if isinstance(error, Rejected):
        logger.debug("authenticate: 401, %s", error.reason)
        return exceptions.AuthenticationFailed({"code": error.reason, "detail": str(error)})
    if isinstance(error, LimitExceeded):
        logger.debug("authenticate: 429, too many rejected tokens from this address")
        return exceptions.Throttled(error.wait)
    assert isinstance(error, NoVerdict)  # noqa: S101
    logger.debug("authenticate: 503, %s", type(error).__name__)
    return outages.api_exception(request, error)


def _django(request: Request | HttpRequest) -> HttpRequest:
    return getattr(request, "_request", request)
