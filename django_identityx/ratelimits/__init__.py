"""Rate limits on sending and redeeming login links: scopes, whom they count, and the refusal.

Knows no DRF. Addresses and e-mails are counted under keyed digests, those of one application never
for another; a success resets nothing; and a limit applies before anything is looked up, so being
over it tells nothing about an address.

Nobody can keep somebody else from signing in: what refuses a link is the very address and kind, so
that the links which came instead lead to the same person. Other spellings of a mailbox have a
looser limit together, and a browser that signed in with the address before has a count of its own.
"""

from __future__ import annotations

import ipaddress

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from .. import emails
from ..addresses import client_address, network_of, parse_address
from ..applications import from_settings
from ..conf import conf
from ..credentials import TokenType
from ..process import PerProcess
from .counters import Bucket, Limiter, LimitExceeded
from .rates import Rate, rates_of

__all__ = [
    "REDEEM_ADDRESS",
    "SEND_ADDRESS",
    "SEND_EMAIL",
    "SEND_MAILBOX",
    "Bucket",
    "LimitExceeded",
    "Limiter",
    "Rate",
    "bucket",
    "by_client",
    "by_email",
    "by_mailbox",
    "limit_changing",
    "limit_redeeming",
    "limit_sending",
    "take",
]

SEND_ADDRESS = "send-address"
SEND_EMAIL = "send-email"
SEND_MAILBOX = "send-mailbox"
REDEEM_ADDRESS = "redeem-address"

MANY = 10  # times the limit of a client, for clients that can't be told apart

_limiter: PerProcess[Limiter] = PerProcess(Limiter)


def limit_sending(
    request: HttpRequest,
    email: str,
    kind: TokenType = TokenType.APP_USER,
    *,
    app_id: str | None = None,
    known_browser: bool = False,
) -> None:
    """Count a link that is asked for; raise `LimitExceeded`.

    ``known_browser``: this browser has signed in with ``email`` before, and proves it. It counts
    for itself alone then, so that no flood from elsewhere keeps its owner out.
    """
    if known_browser:
        take(bucket(SEND_EMAIL, app_id, kind.value, emails.clean(email), "known"))
        return
    take(
        *by_client(SEND_ADDRESS, request, app_id),
        by_email(SEND_EMAIL, email, kind, app_id),
        by_mailbox(SEND_MAILBOX, email, app_id),
    )


def limit_changing(
    request: HttpRequest, email: str, person: str, *, app_id: str | None = None
) -> None:
    """Count a change to ``email`` that ``person`` (an id) asks for; raise `LimitExceeded`.

    Such links sign nobody else in, so they count apart from login links to the same address.
    """
    take(
        *by_client(SEND_ADDRESS, request, app_id),
        bucket(SEND_EMAIL, app_id, "change", person),
        bucket(SEND_EMAIL, app_id, "change", emails.clean(email)),
        bucket(SEND_MAILBOX, app_id, "change", emails.mailbox(email)),
    )


def limit_redeeming(request: HttpRequest, *, app_id: str | None = None) -> None:
    """Count a link that is brought, by client address; raise `LimitExceeded`."""
    take(*by_client(REDEEM_ADDRESS, request, app_id))


def take(*buckets: Bucket | None) -> None:
    """Count one hit in all of ``buckets``, or raise `LimitExceeded` and count it in none."""
    counted = [found for found in buckets if found is not None]
    if counted:
        _limiter().take(counted)


def by_client(scope: str, request: HttpRequest, app_id: str | None = None) -> tuple[Bucket, ...]:
    """Count the client's address: of IPv6 the /64 of a household, and the /48 of a customer.

    The /48 has a limit ten times as high, and so have all clients together whose address is
    unknown. Who is exempt has none.
    """
    address = client_address(request)
    if address is None:
        found = [bucket(scope, app_id, "unknown", times=MANY)]
    elif is_exempt(address):
        found = []
    else:
        found = [bucket(scope, app_id, network_of(address))]
        if ":" in address:
            found.append(bucket(scope, app_id, network_of(address, 48), times=MANY))
    return tuple(one for one in found if one is not None)


def by_email(
    scope: str, email: str, kind: TokenType = TokenType.APP_USER, app_id: str | None = None
) -> Bucket | None:
    """Count this address and kind, and no other spelling of the mailbox."""
    return bucket(scope, app_id, kind.value, emails.clean(email))


def by_mailbox(scope: str, email: str, app_id: str | None = None) -> Bucket | None:
    """Count all spellings of a mailbox but the plain one, which is no flood's to use up."""
    mailbox = emails.mailbox(email)
    if mailbox == emails.clean(email):
        return None
    return bucket(scope, app_id, mailbox)


def bucket(scope: str, app_id: str | None, *whom: str, times: int = 1) -> Bucket | None:
    """Count ``whom`` within ``scope``, ``times`` its rates; None where the scope has none.

    Without an ``app_id`` it is that of the settings.
    """
    rates = tuple(Rate(rate.limit * times, rate.period) for rate in rates_of(scope))
    if not rates:
        return None
    salt = f"django_identityx.limit.{scope}"
    app_id = app_id or from_settings().app_id or ""
    message = "\n".join((app_id, *whom)).encode(errors="surrogatepass")
    return Bucket(scope, salted_hmac(salt, message, algorithm="sha256").hexdigest()[:40], rates)


def is_exempt(address: str) -> bool:
    """Whether ``IDENTITYX_THROTTLE_EXEMPT`` has the address."""
    parsed = parse_address(address)
    try:
        networks = [ipaddress.ip_network(text, strict=False) for text in conf.THROTTLE_EXEMPT]
    except ValueError as error:
        raise ImproperlyConfigured(f"IDENTITYX_THROTTLE_EXEMPT: {error}") from error
    return parsed is not None and any(parsed in network for network in networks)
