"""What a request pays for knowing who is there, beside other packages for DRF.

    python benchmarks/hits.py [--rounds 500]

Contenders take turns in one process, in an order of chance, so that what disturbs one disturbs
all. Printed are the medians of their rounds, as microseconds a call and as ratios; nothing is
asserted. Identity providers and Redis run in processes of their own, the database is SQLite in
memory. Contenders that are not installed are left out: the dependency group ``bench`` has them.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import figures
import servers
import site_settings
from site_settings import LONG, has

ROUND = 0.001  # seconds

Contenders = dict[str, Callable[[], object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=500)
    options = parser.parse_args()
    with ExitStack() as stack:
        sandbox = stack.enter_context(servers.sandbox())
        provider = stack.enter_context(servers.openid())
        redis_url = stack.enter_context(servers.redis())
        site_settings.configure(
            sandbox.url,
            redis_url,
            IDENTITYX_VERIFICATION_TTL=LONG,
            IDENTITYX_LOCAL_TTL=LONG,
            AUTHENTICATION_BACKENDS=[
                "django.contrib.auth.backends.ModelBackend",
                *(["mozilla_django_oidc.auth.OIDCAuthenticationBackend"] if has_oidc() else []),
            ],
            OIDC_OP_TOKEN_ENDPOINT=f"{provider}/token",
            OIDC_OP_USER_ENDPOINT=f"{provider}/userinfo",
            OIDC_RP_CLIENT_ID="a",
            OIDC_RP_CLIENT_SECRET="b",
            OIDC_RP_SIGN_ALGO="HS256",
            OIDC_AUTH={"OIDC_ENDPOINT": provider},
        )
        token = sandbox.tokens(1)[0]
        contenders: Contenders = {"floor: one SHA-256, one look into a dict": floor(token)}
        contenders.update(ours(token))
        contenders.update(others())
        report("hits", measure(contenders, options.rounds))
        if redis_url is not None:
            report("redis", measure(dict(in_redis(token)), options.rounds))
        report("entitled", measure(dict(entitled(sandbox)), options.rounds))
        report("asking", measure(dict(asking(sandbox)), options.rounds))


def has_oidc() -> bool:
    return has("mozilla_django_oidc")


# --- contenders ---------------------------------------------------------------------------------


def request(authorization: str) -> Any:
    """A request as DRF hands it to an authentication class."""
    from rest_framework.request import Request
    from rest_framework.test import APIRequestFactory

    return Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=authorization))


def floor(token: str) -> Callable[[], object]:
    """The least that anything can do that looks up a token."""
    from rest_framework.authentication import get_authorization_header

    known = {hashlib.sha256(token.encode()).digest(): "somebody"}
    asked = request(f"Bearer AppUser {token}")

    def look() -> object:
        _scheme, _kind, found = get_authorization_header(asked).split()
        return known[hashlib.sha256(found).digest()]

    return look


def from_cache(token: str, alias: str) -> Callable[[], object]:
    """A hit without a copy in the process: every verdict comes out of the cache."""
    from django.test import override_settings

    from django_identityx import sessions
    from django_identityx.authentication import IdentityXAuthentication
    from django_identityx.verification import Verifier

    with override_settings(IDENTITYX_CACHE=alias, IDENTITYX_LOCAL_TTL=0):
        verifier = Verifier()

    class FromCache(IdentityXAuthentication):
        def get_verdict(self, credential: Any, request: Any) -> Any:
            max_age = sessions.stricter_age(request, self.max_age)
            return verifier.check(credential, None, self.app_id, max_age, None)

    return repeating(FromCache(), f"Bearer AppUser {token}")


def repeating(authentication: Any, authorization: str) -> Callable[[], object]:
    """Authenticate the same request again and again; it has to succeed."""
    asked = request(authorization)
    assert authentication.authenticate(asked) is not None
    return lambda: authentication.authenticate(asked)


def ours(token: str) -> Iterator[tuple[str, Callable[[], object]]]:
    from django_identityx.authentication import IdentityXAuthentication

    header = f"Bearer AppUser {token}"
    yield "django-identityx, hit in the process", repeating(IdentityXAuthentication(), header)
    yield "django-identityx, hit in LocMemCache", from_cache(token, "default")


def entitled(sandbox: servers.RemoteSandbox) -> Iterator[tuple[str, Callable[[], object]]]:
    """What a view pays for `get_access` beside the verification: at most twice a hit of that."""
    from rest_framework.request import Request
    from rest_framework.test import APIRequestFactory

    from django_identityx.access import get_access
    from django_identityx.authentication import IdentityXAuthentication

    (token,) = sandbox.tokens(1, "subscriber@example.net")
    header = f"Bearer AppUser {token}"
    asked = Request(
        APIRequestFactory().get("/", HTTP_AUTHORIZATION=header),
        authenticators=[IdentityXAuthentication()],
    )
    assert get_access(asked, "Premium").allowed
    yield "django-identityx, hit in the process", repeating(IdentityXAuthentication(), header)
    yield "get_access, hit in the process", lambda: get_access(asked, "Premium")


def in_redis(token: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """A hit in Redis, beside the least that Django's cache takes for the same value."""
    from django.core.cache import caches

    cache, hit = caches["redis"], from_cache(token, "redis")
    (found,) = cache._cache.get_client().keys("*identityx:v:*")
    key = found.decode().split(":", 2)[2]
    assert cache.get(key) is not None
    yield "get: one value from Redis", lambda: cache.get(key)
    yield "django-identityx, hit in Redis", hit


def others() -> Iterator[tuple[str, Callable[[], object]]]:
    """Other packages, each as its documentation sets it up."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from rest_framework.authentication import TokenAuthentication
    from rest_framework.authtoken.models import Token

    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_user("reader", "reader@example.net")

    key = Token.objects.create(user=user).key
    yield "DRF TokenAuthentication", repeating(TokenAuthentication(), f"Token {key}")
    if has("knox"):
        from knox.auth import TokenAuthentication as KnoxAuthentication
        from knox.models import AuthToken

        _, key = AuthToken.objects.create(user)
        yield "django-rest-knox", repeating(KnoxAuthentication(), f"Token {key}")
    if has("rest_framework_simplejwt"):
        from rest_framework_simplejwt.authentication import (
            JWTAuthentication,
            JWTStatelessUserAuthentication,
        )
        from rest_framework_simplejwt.tokens import AccessToken

        token = AccessToken.for_user(user)
        token.set_exp(lifetime=timedelta(hours=1))
        header = f"Bearer {token}"
        yield "simplejwt, stateless", repeating(JWTStatelessUserAuthentication(), header)
        yield "simplejwt, with user", repeating(JWTAuthentication(), header)
    if has("oidc_auth"):
        import logging

        from oidc_auth.authentication import BearerTokenAuthentication

        logging.getLogger().handlers.clear()  # it adds one at import
        yield "drf-oidc-auth, cache hit", repeating(BearerTokenAuthentication(), "Bearer x")
    if has("mozilla_django_oidc"):
        from mozilla_django_oidc.contrib.drf import OIDCAuthentication

        yield "mozilla-django-oidc", repeating(OIDCAuthentication(), "Bearer x")


def asking(sandbox: servers.RemoteSandbox) -> Iterator[tuple[str, Callable[[], object]]]:
    """A verification that has to ask, beside the barest request with the same question."""
    import requests

    from django_identityx.client import ACTIVE_APP_USER, IdentityXClient
    from django_identityx.credentials import Credential, TokenType
    from django_identityx.verification import verify

    credential = Credential(TokenType.APP_USER, sandbox.tokens(1)[0])
    headers = {
        "Authorization": f"AppUser {credential.token}",
        "x-app-id": site_settings.APP_ID,
        "Accept": "application/json",
    }
    session = requests.Session()
    prepared = session.prepare_request(
        requests.Request(
            "POST", sandbox.url, json={"query": ACTIVE_APP_USER.document}, headers=headers
        )
    )
    assert session.send(prepared).json()["data"]["activeAppUser"]["id"]
    verify(credential)

    yield "requests: a prepared request, kept alive", lambda: session.send(prepared).json()
    client = IdentityXClient.from_settings()
    yield "django-identityx: the client's question", lambda: client.active_app_user(credential)
    yield "django-identityx: verify() that asks", lambda: verify(credential, max_age=0)


# --- measuring ----------------------------------------------------------------------------------


def measure(contenders: Contenders, rounds: int) -> dict[str, float]:
    """The median of each contender's rounds, in microseconds a call.

    A round is short, so that most rounds pass without another process taking the processor.
    """
    numbers = {name: _calls_a_round(call) for name, call in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders.items())
    for _ in range(rounds):
        random.shuffle(order)  # or one would always follow the one that leaves the caches cold
        for name, call in order:
            number = numbers[name]
            began = time.perf_counter()
            for _ in range(number):
                call()
            times[name].append((time.perf_counter() - began) / number * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def _calls_a_round(call: Callable[[], object]) -> int:
    """How often a contender is called in about a millisecond; warms it up, too."""
    fastest = math.inf
    for _ in range(20):
        began = time.perf_counter()
        call()
        fastest = min(fastest, time.perf_counter() - began)
    return max(1, round(ROUND / fastest))


def report(title: str, medians: dict[str, float]) -> None:
    """Print a table, and keep it for the documentation; ratios are to its first line."""
    figures.record(title, medians)
    stateless = medians.get("simplejwt, stateless")
    first = next(iter(medians))
    header = f"{'':<44}{'µs':>10}{'x ' + first.split(':')[0]:>12}"
    print(header + (f"{'x simplejwt':>14}" if stateless else ""))
    for name, median in medians.items():
        line = f"{name:<44}{median:>10.1f}{median / medians[first]:>12.2f}"
        print(line + (f"{median / stateless:>14.2f}" if stateless else ""))
    print(flush=True)


if __name__ == "__main__":
    main()
