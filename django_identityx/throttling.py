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
from .ratelimits.counters import Bucket


class IdentityXThrottle(BaseThrottle):
    """Let through what ``bucket`` has room for."""

    scope = ""

    def __init__(self) -> None:
        self._wait: int | None = None

    def bucket(self, request: Request, view: Any) -> Bucket | None:
        """Whom this request counts for; None for no limit."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            ratelimits.take(self.bucket(request, view))
        except ratelimits.LimitExceeded as exceeded:
            self._wait = exceeded.wait
            return False
        return True

    def wait(self) -> int | None:
        return self._wait


class SendAddressThrottle(IdentityXThrottle):
    """Login links asked for, by client address."""

    scope = ratelimits.SEND_ADDRESS

    def bucket(self, request: Request, view: Any) -> Bucket | None:
        return ratelimits.by_address(self.scope, request._request)


class SendEmailThrottle(IdentityXThrottle):
    """Login links asked for, by the e-mail in the request's data."""

    scope = ratelimits.SEND_EMAIL
    field = "email"

    def bucket(self, request: Request, view: Any) -> Bucket | None:
        email = request.data.get(self.field) if hasattr(request.data, "get") else None
        return ratelimits.by_email(self.scope, email) if isinstance(email, str) else None


class RedeemAddressThrottle(IdentityXThrottle):
    """Login links brought, by client address."""

    scope = ratelimits.REDEEM_ADDRESS

    def bucket(self, request: Request, view: Any) -> Bucket | None:
        return ratelimits.by_address(self.scope, request._request)
