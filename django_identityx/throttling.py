"""The package's limits as DRF throttle classes, for views of a site's own.

::

    class SubscribeView(APIView):
        throttle_classes = [SendAddressThrottle, SendEmailThrottle]

They count together with the package's own pages, under ``IDENTITYX_THROTTLE_RATES``. Unlike
``SimpleRateThrottle``, which reads, then writes, they hold when requests race.
"""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from . import ratelimits
from .applications import current
from .credentials import TokenType
from .ratelimits import Bucket

Buckets = tuple[Bucket | None, ...]


class IdentityXThrottle(BaseThrottle):
    """Let through what ``buckets`` have room for."""

    scope = ""

    def __init__(self) -> None:
        self._wait: int | None = None

    def buckets(self, request: Request, view: Any) -> Buckets:
        """Whom this request counts for."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            ratelimits.take(*self.buckets(request, view))
        except ratelimits.LimitExceeded as exceeded:
            self._wait = exceeded.wait
            return False
        return True

    def wait(self) -> int | None:
        return self._wait


class _AddressThrottle(IdentityXThrottle):
    def buckets(self, request: Request, view: Any) -> Buckets:
        app_id = current(request._request).app_id
        return ratelimits.by_client(self.scope, request._request, app_id)


class SendAddressThrottle(_AddressThrottle):
    """Login links asked for, by client address."""

    scope = ratelimits.SEND_ADDRESS


class SendEmailThrottle(IdentityXThrottle):
    """Login links asked for, by the e-mail in the request's data."""

    scope = ratelimits.SEND_EMAIL
    field = "email"
    token_type = TokenType.APP_USER

    def buckets(self, request: Request, view: Any) -> Buckets:
        data: Any = request.data
        email = data.get(self.field) if hasattr(data, "get") else None
        if not isinstance(email, str):
            return ()
        app_id = current(request._request).app_id
        return (
            ratelimits.by_email(self.scope, email, self.token_type, app_id),
            ratelimits.by_mailbox(ratelimits.SEND_MAILBOX, email, app_id),
        )


class RedeemAddressThrottle(_AddressThrottle):
    """Login links brought, by client address."""

    scope = ratelimits.REDEEM_ADDRESS
