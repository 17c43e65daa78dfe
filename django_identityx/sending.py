"""Sending a login link, so that the answer tells nothing about the address.

With ``IDENTITYX_CREATE_APP_USERS`` every address takes the same way: creating and sending are one
request. Where known and unknown addresses would differ, the answer does not wait: IdentityX is
asked whether it is there, and a small executor of this process does the rest. When that is full
the visitor is told to come again: no mail is silently lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.http import HttpRequest
from django.urls import reverse

from . import audit
from .addresses import Visitor
from .client import IdentityXClient
from .conf import conf
from .credentials import TokenType
from .exceptions import Busy, IdentityXError, InvalidInput, NotFound, Unavailable
from .lifetime import PerProcess
from .transport import LOOPBACK

logger = logging.getLogger("django_identityx")

WORKERS = 4
MAX_WAITING = 100
TRIES = 3
PAUSE = 1.0  # seconds before the second try; twice as long before the third


def callback_url(request: HttpRequest | None = None) -> str:
    """The callback as it goes into mails: from ``IDENTITYX_CALLBACK_URL``, never the request.

    Only in DEBUG may the request's host stand in for a missing setting. Raises
    `ImproperlyConfigured` for a bad one: a link with a token would lead who knows where.
    """
    url = conf.CALLBACK_URL
    if url is None:
        if settings.DEBUG and request is not None:
            return request.build_absolute_uri(reverse("identityx:callback"))
        raise ImproperlyConfigured("IDENTITYX_CALLBACK_URL is not set.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ImproperlyConfigured("IDENTITYX_CALLBACK_URL is not a URL.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ImproperlyConfigured("IDENTITYX_CALLBACK_URL must be an absolute http(s) URL.")
    if "?" in url or "#" in url:
        raise ImproperlyConfigured("IDENTITYX_CALLBACK_URL must have no query and no fragment.")
    if parts.scheme == "http" and not settings.DEBUG and parts.hostname not in LOOPBACK:
        raise ImproperlyConfigured("IDENTITYX_CALLBACK_URL must use https outside DEBUG.")
    return url


def send_login_link(
    email: str,
    *,
    token_type: TokenType,
    redirect_to: str | None = None,
    visitor: Visitor | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Mail a login link to ``email``, if it may have one; the caller can't tell.

    Raises `Unavailable`, `ConfigurationError` or `ImproperlyConfigured`, for any address alike.
    """
    email = email.strip()
    client = IdentityXClient.from_settings()
    if token_type is not TokenType.APP_USER:
        client.ping()
        _hand_over(lambda: client.send_user_login_link(email, visitor=visitor))
    else:
        auth_url = callback_url(request)

        def send_alone() -> None:
            client.send_app_user_login_link(
                email, auth_url, redirect_to=redirect_to, visitor=visitor
            )

        if conf.CREATE_APP_USERS:
            try:
                client.create_and_send_app_user_login_link(
                    email, auth_url, redirect_to=redirect_to, visitor=visitor
                )
            except InvalidInput:
                # A burner address, say. It may be an existing user's all the same, so the link is
                # tried alone; behind the answer, whose time would tell.
                _hand_over(send_alone)
        else:
            client.ping()
            _hand_over(send_alone)
    audit.login_link_sent(request, token_type.value, email)


def _hand_over(job: Callable[[], None]) -> None:
    _queue().put(job)


class _Queue:
    """A bounded executor; what waits in it is finished at the interpreter's exit."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="identityx-links")
        self._room = threading.BoundedSemaphore(MAX_WAITING)

    def put(self, job: Callable[[], None]) -> None:
        if not self._room.acquire(blocking=False):
            raise Busy("Too many links are waiting to be sent.")
        try:
            self._executor.submit(self._run, job)
        except BaseException:
            self._room.release()
            raise

    def close(self) -> None:
        self._executor.shutdown(wait=True)

    def _run(self, job: Callable[[], None]) -> None:
        try:
            _persist(job)
        except (NotFound, InvalidInput):
            pass  # nobody has this address here, and nobody is told
        except IdentityXError as error:
            logger.error("A login link was not sent: %s", error)
        except Exception:
            logger.exception("A login link was not sent.")
        finally:
            connections.close_all()
            self._room.release()


def _persist(job: Callable[[], None]) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            return job()
        except Unavailable:
            if attempt == TRIES:
                raise
            time.sleep(PAUSE * attempt)
    return None


_queue = PerProcess(_Queue, _Queue.close)
