"""Sending login links without telling whether an address is known.

Known, unknown, refused (a burner domain) and banned addresses differ at IdentityX: in the answer,
in the number of requests, and in the time that creating a user or handing a mail to a server takes.
So no visitor waits for any of it. The answer waits for one question that is the same for
everybody, whether the parts of IdentityX that signing in needs are there and serve this
application; then the address goes to the background. That goes for every kind of link, with and
without ``IDENTITYX_CREATE_APP_USERS``: a request that creates and sends in the foreground would
still show a new user by the time of the insertion, and a burner domain by its second request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from .. import applications, audit, emails
from ..addresses import Visitor, client_address
from ..addresses import visitor as visitor_of
from ..applications import Application
from ..client import IdentityXClient
from ..conf import conf, rules
from ..credentials import Credential, TokenType
from ..exceptions import ConfigurationError, InvalidInput, NotFound
from ..service import camel
from ..users import AppUser
from .changing import Change, Erased, put_back_late
from .delivery import Delivery
from .executor import background, finish_on_shutdown

__all__ = [
    "callback_url",
    "finish_on_shutdown",
    "put_back_late",
    "send_change_email_link",
    "send_login_link",
    "wait_until_sent",
]


def send_login_link(
    email: str,
    *,
    token_type: TokenType,
    redirect_to: str | None = None,
    source: str | None = None,
    additional_context: dict[str, Any] | None = None,
    app_context_id: str | None = None,
    visitor: Visitor | None = None,
    request: HttpRequest | None = None,
    application: Application | None = None,
    profile: Mapping[str, str] | None = None,
) -> None:
    """Have IdentityX mail a login link to ``email``; return in the same way whoever that is.

    Sign-up comes first where ``IDENTITYX_CREATE_APP_USERS`` says so. ``redirect_to`` must have been
    checked; it is in the link of an AppUser, where its reader can change it. ``source`` and
    ``additional_context`` are in the link's token, for all to read, and come back at sign-in;
    ``app_context_id`` chooses sender, language and words of the mail. ``application`` is by default
    the request's. ``profile`` (``given_name``, ...) is what somebody who signs up has said: for an
    address that is not verified yet, without what IdentityX refuses of it.

    Raises `Unavailable` (`Busy` if too many links are waiting), `ConfigurationError`, or
    `ImproperlyConfigured` for a bad callback URL; never anything about the address.
    """
    application = application or applications.current(request)
    client = IdentityXClient.from_settings(application, visitor=visitor)
    email = emails.clean(email)
    with_link = {
        "redirect_to": redirect_to,
        "source": source,
        "additional_context": additional_context,
        "app_context_id": app_context_id,
    }
    if token_type is TokenType.ORG_USER:
        send: Callable[[], None] = partial(client.send_user_login_link, email)
    elif token_type is TokenType.APP_USER:
        url = callback_url(request, application)
        if not application.app_id:
            raise ConfigurationError("Readers can't sign in: IDENTITYX_APP_ID is not set.")
        send = partial(_send_to_reader, client, email, url, with_link, profile or {})
    else:
        raise ValueError(f"Nobody signs in by a link as {token_type.value}.")
    address = (request and client_address(request)) or (visitor and visitor.address) or ""
    _hand_over(client, token_type, send, emails.digest(email), address)
    audit.login_link_sent(request, token_type.value, email)


def send_change_email_link(
    request: HttpRequest,
    user: AppUser,
    credential: Credential,
    email: str,
    *,
    redirect_to: str | None = None,
    app_context_id: str | None = None,
) -> None:
    """Have IdentityX mail a link to a reader's new address; return alike whoever has that.

    ``credential`` is the reader's, who is signed in. What IdentityX erases is put back once the
    link has left. Checks nothing about the person, and raises as `send_login_link` does.
    """
    application = applications.current(request)
    client = IdentityXClient.from_settings(application, visitor=visitor_of(request))
    send = partial(
        client.send_own_app_user_change_email_link,
        credential,
        email,
        callback_url(request, application),
        redirect_to=redirect_to,
        app_context_id=app_context_id,
    )
    change = Change(client, credential, send, Erased.of(request, user))
    address = client_address(request) or ""
    _hand_over(client, TokenType.APP_USER, change, emails.digest(email), address)
    audit.email_change_asked(request, user.id, email)


def callback_url(request: HttpRequest | None = None, application: Application | None = None) -> str:
    """Where links lead: the application's callback URL, and never what a request says.

    A forged ``Host`` would mail the link of a stranger's choice to a victim. Only in DEBUG, and
    only where there is no setting, the request's host serves. Raises `ImproperlyConfigured`.
    """
    url = (application or applications.current(request)).callback_url
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


def _hand_over(
    client: IdentityXClient, token_type: TokenType, send: Callable[[], None], *told: str
) -> None:
    """Have it sent behind the answer, if IdentityX has what that takes; ``told`` is for the log."""
    with background().place() as run:
        client.for_visitor(None).check_up(token_type)
        run(Delivery(send, token_type.value, *told))


def _send_to_reader(
    client: IdentityXClient,
    email: str,
    url: str,
    with_link: dict[str, Any],
    profile: Mapping[str, str],
) -> None:
    if not conf.CREATE_APP_USERS:
        return client.send_app_user_login_link(email, url, **with_link)
    try:
        client.create_and_send_app_user_login_link(email, url, profile=profile, **with_link)
    except InvalidInput as refused:
        if profile:  # the link is worth more than what came along
            rest = {name: v for name, v in profile.items() if camel(name) not in refused.fields}
            rest = {} if len(rest) == len(profile) else rest
            return _send_to_reader(client, email, url, with_link, rest)
        # No new user may have this address (a burner domain, say); an old one may.
        try:
            client.send_app_user_login_link(email, url, **with_link)
        except NotFound:
            raise refused from None
