"""For ASGI servers that end without running exit handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from .executor import background

ASGIApplication = Callable[[Any, Any, Any], Awaitable[None]]


def finish_on_shutdown(application: ASGIApplication) -> ASGIApplication:
    """Wrap the ASGI application of ``asgi.py``, so that links on their way are sent before the end.

    uvicorn kills its own process by the signal that it got, and no exit handler runs. It tells the
    application first (ASGI's *lifespan*), which Django does not listen to.
    """

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
            return
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await asyncio.to_thread(background.reset)
        await send({"type": "lifespan.shutdown.complete"})

    return wrapped
