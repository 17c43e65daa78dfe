"""Which IdentityX application, and so which organization, a request is for.

Only entry points ask `current`; sessions, links, claims and denials keep what it said. One project
may serve several applications by ``IDENTITYX_APPLICATION_RESOLVER``; nothing of one counts for
another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils.module_loading import import_string

from .conf import conf, rules
from .exceptions import ConfigurationError
from .process import PerProcess

# As an organization's id: says aloud that every OrgUser counts.
ANY_ORGANIZATION = rules.ANY_ORGANIZATION

_CURRENT = "_identityx_application"


@dataclass(frozen=True)
class Application:
    """One application of IdentityX, as this site uses it.

    ``app_id`` is None on a site for staff only. ``callback_url`` is where its links lead, and
    ``org_id`` whose members count as staff: by default the application's own organization.
    """

    app_id: str | None
    callback_url: str | None = None
    org_id: str | None = None


def current(request: HttpRequest | None = None) -> Application:
    """The application that ``request`` is for; without a request the one in the settings.

    Raises `ConfigurationError` where the resolver gives no `Application`.
    """
    resolve = _resolver.value or _resolver()
    if request is None or resolve is _of_settings:
        return _settings.value or _settings()
    known: Application | None = request.__dict__.get(_CURRENT)
    if known is None:
        known = resolve(request)
        if not isinstance(known, Application):
            raise ConfigurationError("IDENTITYX_APPLICATION_RESOLVER must return an Application.")
        assign(request, known)
    return known


def assign(request: HttpRequest, application: Application) -> None:
    """Let a ``request`` that no client has sent be for ``application``: no resolver is asked."""
    request.__dict__[_CURRENT] = application


async def acurrent(request: HttpRequest) -> Application:
    """`current` for coroutines: a thread is needed only where a resolver is to be asked."""
    if _CURRENT in request.__dict__ or (_resolver.value or _resolver()) is _of_settings:
        return current(request)
    return await sync_to_async(current)(request)


def from_settings() -> Application:
    """The application that ``IDENTITYX_APP_ID`` and its neighbours describe."""
    return _settings.value or _settings()


def _of_settings(request: HttpRequest) -> Any:
    return from_settings()


def _resolve() -> Callable[[HttpRequest], Any]:
    # Never None: that stands for "not looked up yet", and each request would look again.
    path = conf.APPLICATION_RESOLVER
    return _of_settings if path is None else import_string(path)


_resolver = PerProcess(_resolve)
_settings = PerProcess(lambda: Application(conf.APP_ID, conf.CALLBACK_URL, conf.ORG_ID))
