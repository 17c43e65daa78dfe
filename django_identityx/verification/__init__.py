"""The one place that decides whom a token belongs to, and whether they may come in.

Accepted (a user), rejected (`Rejected`) or unavailable (`Unavailable`): a verdict comes from
IdentityX, is remembered under a digest for ``IDENTITYX_VERIFICATION_TTL``, and trouble is never
remembered as a rejection. Readers count in their application, staff in an organization of which
they are members: ``application.org_id``, or the one that the application is of.

- `verify`, `averify`: the user. `check`, `acheck`: the `Verdict`, which also tells its age and
  whether it is fresh.
- `remember` what a sign-in told; `forget` what is remembered; `deny` a token that was ended here.
- `organization_of` an application. `places`: how many questions are under way.

For other rooms that ask IdentityX about a visitor: `Engine` finds the answer to a `Question` in two
tiers, asks once for all who wait, and lets a `Verdict` serve on in an outage, for the `Lifetimes`
that it is given. `AboutApplication` is where most questions begin; `SETTLED` is for answers that
change once in months.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from ..applications import Application
from ..conf import conf
from ..credentials import Credential
from ..process import PerProcess
from ..service import VERIFICATION, Load, gate
from ..users import AppUser, OrgUser
from .engine import Engine
from .questions import AboutApplication
from .verdict import SETTLED, Lifetimes, Question, Verdict
from .verifier import Client, Verifier

__all__ = [
    "SETTLED",
    "AboutApplication",
    "Engine",
    "Lifetimes",
    "Question",
    "Verdict",
    "Verifier",
    "acheck",
    "aside",
    "averify",
    "check",
    "deny",
    "forget",
    "organization_of",
    "places",
    "remember",
    "verify",
]

T = TypeVar("T")

ASYNC_THREADS = 32  # that wait for IdentityX where the caller must not

_verifier: PerProcess[Verifier] = PerProcess(Verifier)
_threads: PerProcess[ThreadPoolExecutor] = PerProcess(
    lambda: ThreadPoolExecutor(ASYNC_THREADS, "identityx-verification"),
    lambda threads: threads.shutdown(wait=False),
)


def verify(
    credential: Credential,
    *,
    application: Application | None = None,
    app_id: str | None = None,
    max_age: float | None = None,
) -> AppUser | OrgUser:
    """Return the user whom ``credential`` belongs to, if they may come in.

    ``application`` is the one that they come to, by default the settings'; ``app_id`` alone means
    that application. ``max_age`` is the greatest age of a verdict in seconds (0 asks IdentityX),
    for which no stale one serves.

    Raises `Rejected` (of which `Malformed` costs no call), `Unavailable` or `ConfigurationError`.
    """
    return check(credential, application=application, app_id=app_id, max_age=max_age).user


async def averify(
    credential: Credential,
    *,
    application: Application | None = None,
    app_id: str | None = None,
    max_age: float | None = None,
) -> AppUser | OrgUser:
    """`verify` for coroutines: what is at hand in the process is served on the spot."""
    verdict = await acheck(credential, application=application, app_id=app_id, max_age=max_age)
    return verdict.user


def check(
    credential: Credential,
    *,
    application: Application | None = None,
    app_id: str | None = None,
    max_age: float | None = None,
    client: Client | None = None,
) -> Verdict:
    """`verify`, with what is known about the verdict beside the user.

    ``client`` tells whom a rejection counts for (the limit ``reject-address``). It is called only
    where IdentityX would have to be asked about an unknown token, and then `LimitExceeded` may be
    raised instead.
    """
    return (_verifier.value or _verifier()).check(credential, application, app_id, max_age, client)


async def acheck(
    credential: Credential,
    *,
    application: Application | None = None,
    app_id: str | None = None,
    max_age: float | None = None,
    client: Client | None = None,
) -> Verdict:
    """`check` for coroutines."""
    verifier = _verifier()
    known = verifier.recall(credential, application, app_id, max_age)
    if known is not None:
        return known
    return await aside(verifier.check, credential, application, app_id, max_age, client)


async def aside(function: Callable[..., T], *args: Any) -> T:
    """Run what may wait for IdentityX in a thread of this room's, so that nobody else starves."""

    def run() -> T:
        close_old_connections()  # no request begins or ends in this thread that would do it
        try:
            return function(*args)
        finally:
            close_old_connections()

    return await sync_to_async(run, thread_sensitive=False, executor=_threads())()


def organization_of(application: Application) -> str:
    """The id of the organization whose members count as staff of ``application``, or ``any``.

    Raises `Unavailable` or `ConfigurationError` where nobody knows.
    """
    return _verifier().organization_of(application)


def remember(credential: Credential, user: AppUser | OrgUser) -> None:
    """Keep the verdict that came with a sign-in: the first page after it asks nobody.

    A sign-in of staff tells no memberships, and without them this does nothing: `verify` them.
    """
    _verifier().remember(credential, user)


def forget(credential: Credential) -> None:
    """Drop what is remembered about ``credential``: the next request asks IdentityX."""
    _verifier().forget(credential)


def deny(credential: Credential, *, seconds: float | None = None) -> bool:
    """Refuse ``credential`` from now on, in every application, whatever IdentityX still says of it.

    For ``seconds``, by default longer than an old verdict could live anywhere. Returns whether the
    shared cache took it; other processes follow within ``IDENTITYX_LOCAL_TTL``.
    """
    return _verifier().deny(credential, seconds)


def places() -> Load:
    """How many questions this process has under way, of how many, and how many wait for a place."""
    return gate(conf.API_URL).load(VERIFICATION)
