"""What a signed-in page costs: IdentityX's session beside Django's own login.

    python benchmarks/pages.py [--rounds 2000]

The same page, ``login_required`` and printing its user, by the whole of Django's middleware. Django
reads a session row and a user row, we read a session row and a verdict in memory. Sessions are in a
database in memory, so that what is measured is the work and not a disk. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import figures
import servers
import site_settings
from site_settings import LONG

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
OURS = "django_identityx.middleware.IdentityXMiddleware"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2000)
    options = parser.parse_args()
    with servers.sandbox() as sandbox:
        site_settings.configure(
            sandbox.url,
            ROOT_URLCONF=__name__,
            IDENTITYX_VERIFICATION_TTL=LONG,
            IDENTITYX_LOCAL_TTL=LONG,
        )
        contenders = {"Django's own login": django_page(), "IdentityX's session": our_page(sandbox)}
        report(measure(contenders, options.rounds))


def django_page() -> Callable[[], object]:
    from django.contrib.auth import get_user_model, login
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    request = with_session()
    user = get_user_model().objects.create_user("reader", "reader@example.net")
    login(request, user)
    request.session.save()
    return opening(request.session.session_key, [SESSIONS, AUTHENTICATION])


def our_page(sandbox: servers.RemoteSandbox) -> Callable[[], object]:
    from django_identityx import sessions
    from django_identityx.credentials import Credential, TokenType
    from django_identityx.verification import verify

    request = with_session()
    credential = Credential(TokenType.APP_USER, sandbox.tokens(1)[0])
    sessions.login(request, verify(credential), credential)
    request.session.save()
    return opening(request.session.session_key, [SESSIONS, AUTHENTICATION, OURS])


def with_session() -> Any:
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.session = SessionStore()
    return request


def opening(session_key: str, middleware: list[str]) -> Callable[[], object]:
    """Open the page once."""
    from django.core.handlers.base import BaseHandler
    from django.test import RequestFactory
    from django.test.utils import override_settings

    handler, factory = BaseHandler(), RequestFactory()
    with override_settings(MIDDLEWARE=middleware):
        handler.load_middleware()

    def open_page() -> None:
        response = handler.get_response(factory.get("/", HTTP_COOKIE=f"sessionid={session_key}"))
        assert response.status_code == 200, response.status_code

    return open_page


def measure(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median of each, in microseconds a page; they take turns in an order of chance."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders.items())
    for number in range(rounds + 100):
        random.shuffle(order)
        for name, call in order:
            began = time.perf_counter()
            call()
            if number >= 100:
                times[name].append((time.perf_counter() - began) * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def report(medians: dict[str, float]) -> None:
    figures.record("pages", medians)
    first = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"{name:<24}{median:>10.1f} µs{median / first:>8.2f} x")


def page(request: Any) -> Any:
    from django.contrib.auth.decorators import login_required
    from django.http import HttpResponse

    return login_required(lambda request: HttpResponse(str(request.user)))(request)


def _urlpatterns() -> list[Any]:
    from django.urls import path

    return [path("", page)]


def __getattr__(name: str) -> Any:
    """``urlpatterns``, once Django is set up."""
    if name == "urlpatterns":
        return _urlpatterns()
    raise AttributeError(name)


if __name__ == "__main__":
    main()
