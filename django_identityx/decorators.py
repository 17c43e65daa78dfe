"""For Django views that want to be surer than usual of who is there.

::

    @max_age(0)
    @login_required
    def delete_account(request): ...
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest

View = TypeVar("View", bound=Callable[..., Any])


def max_age(seconds: float) -> Callable[[View], View]:
    """Let a view see only people whose verdict is at most ``seconds`` old; 0 asks IdentityX.

    Concerns the session, as `IdentityXMiddleware` reads it. Stands above ``login_required``:
    whoever IdentityX rejects is signed out by then. No stale verdict serves: that is 503.
    """

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                await sync_to_async(_demand)(request, seconds)
                return await view(request, *args, **kwargs)
        else:

            @wraps(view)
            def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                _demand(request, seconds)
                return view(request, *args, **kwargs)

        return wrapped  # type: ignore[return-value]

    return decorate


def _demand(request: HttpRequest, seconds: float) -> None:
    request.identityx.demand(seconds)  # type: ignore[attr-defined]
