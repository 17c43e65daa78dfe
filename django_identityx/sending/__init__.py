"""Sending login links without telling whether an address is known.

Known, unknown, refused (a burner domain) and banned addresses differ at IdentityX: in the answer,
in the number of requests, and in the time that creating a user or handing a mail to a server takes.
So no visitor waits for any of it. The answer waits for one question that is the same for
everybody, whether IdentityX is there and serves this application, which tells outages; then the
address goes to the background. That goes for every kind of link, with and without
``IDENTITYX_CREATE_APP_USERS``: a request that creates and sends in the foreground would still
show a new user by the time of the insertion, and a burner domain by its second request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from .. import audit, emails
from ..addresses import Visitor, client_address
from ..client import IdentityXClient
from ..conf import conf, rules
from ..credentials import TokenType
from ..exceptions import (
    ConfigurationError,
    Failing,
    IdentityXError,
    InvalidInput,
    NotFound,
    OperationFailed,
    Unavailable,
    Unclear,
)
from .executor import background

logger = logging.getLogger("django_identityx")

PAUSES = (0.3, 1.0)  # seconds before IdentityX, reporting an outage inside, is asked again

# An address that nobody has: the answer is null, unless a part of IdentityX is down.
_PROBE = 'query { ping appUser(input: { email: "nobody@sign-in.invalid" }) { id } }'


def send_login_link(
    email: str,
    *,
    token_type: TokenType,
    redirect_to: str | None = None,
    visitor: Visitor | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Have IdentityX mail a login link to ``email``; return in the same way whoever that is.

    Sign-up comes first where ``IDENTITYX_CREATE_APP_USERS`` says so. ``redirect_to`` must have been
    checked; it is in the link of an AppUser, where its reader can change it.

    Raises `Unavailable` (`Busy` if too many links are waiting), `ConfigurationError`, or
    `ImproperlyConfigured` for a bad callback URL; never anything about the address.
    """
    client = IdentityXClient.from_settings(visitor=visitor)
    call = _call(client, email, token_type, redirect_to, request)
    digest = emails.digest(email)
    address = (request and client_address(request)) or (visitor and visitor.address) or ""
    with background().place() as place:
        _ask(client.for_visitor(None), token_type)
        place.run(partial(_deliver, call, token_type.value, digest, address))
    audit.login_link_sent(request, token_type.value, email)


def callback_url(request: HttpRequest | None = None) -> str:
    """Where links lead: ``IDENTITYX_CALLBACK_URL``, and never what a request says.

    A forged ``Host`` would mail the link of a stranger's choice to a victim. Only in DEBUG, and
    only where the setting is missing, the request's host serves. Raises `ImproperlyConfigured`.
    """
    url = conf.CALLBACK_URL
    if url is None:
        if not settings.DEBUG or request is None:
            raise ImproperlyConfigured("IDENTITYX_CALLBACK_URL must be set to send login links.")
        try:
            return request.build_absolute_uri(reverse("identityx:callback"))
        except NoReverseMatch as error:
            raise ImproperlyConfigured(
                'Login links lead to identityx:callback: include("django_identityx.urls").'
            ) from error
    problem = rules.callback_url(url)
    if not problem and rules.is_plain_http(url) and not settings.DEBUG:
        problem = "must use https outside DEBUG"
    if problem:
        raise ImproperlyConfigured(f"IDENTITYX_CALLBACK_URL {problem}.")
    return url


def wait_until_sent(timeout: float = 10.0) -> bool:
    """Wait until this process has no link left to send; for tests. Whether that came about."""
    return background().wait(timeout)


def _call(
    client: IdentityXClient,
    email: str,
    token_type: TokenType,
    redirect_to: str | None,
    request: HttpRequest | None,
) -> Callable[[], None]:
    """What is to be done for ``email``, with everything that the settings say about it."""
    email = emails.clean(email)
    if token_type is TokenType.ORG_USER:
        return partial(client.send_user_login_link, email)
    if token_type is not TokenType.APP_USER:
        raise ValueError(f"Nobody signs in by a link as {token_type.value}.")
    url = callback_url(request)
    if not client.app_id:
        raise ConfigurationError("Readers can't sign in: IDENTITYX_APP_ID is not set.")
    send = partial(client.send_app_user_login_link, email, url, redirect_to=redirect_to)
    if not conf.CREATE_APP_USERS:
        return send
    create_and_send = partial(
        client.create_and_send_app_user_login_link,
        email,
        url,
        redirect_to=redirect_to,
    )

    def sign_up() -> None:
        try:
            create_and_send()
        except InvalidInput:
            send()  # no new user may have this address (a burner domain, say); an old one may

    return sign_up


def _ask(client: IdentityXClient, token_type: TokenType) -> None:
    """Raise if IdentityX is in trouble, whoever is going to get the link."""
    if token_type is TokenType.ORG_USER:
        client.ping()
        return
    try:
        client.execute(_PROBE)
    except (OperationFailed, Unclear):
        # It answered, and reported no outage: what it dislikes is the question.
        logger.debug("IdentityX did not answer the question before a login link.")


def _deliver(call: Callable[[], None], kind: str, digest: str, address: str) -> None:
    """Send, in the background; what comes to nothing is told in the audit log."""
    for pause in (*PAUSES, None):
        try:
            call()
        except Failing:
            if pause is not None and background().pause(pause):
                continue  # reported as failed, so nothing is sent twice
            reason = "unavailable"
        except Unavailable:
            reason = "unavailable"
        except NotFound:
            reason = "unknown_user"
        except OperationFailed:
            reason = "refused"
        except IdentityXError:
            reason = "misconfigured"
        else:
            return
        break
    if reason in {"unavailable", "misconfigured"}:
        logger.error("A login link could not be sent (%s).", reason)
    audit.login_link_not_sent(kind, digest, reason, address)
