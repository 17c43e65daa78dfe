"""For the test suites of sites: people signed in, IdentityX on localhost, and a clean slate.

`offline` and `force_login` need neither the extra ``sandbox`` nor HTTP: enough where tests only
want somebody to be signed in. `running_sandbox` brings IdentityX itself. With pytest, the fixtures
of ``django_identityx.pytest_plugin`` are there by themselves; without it, `OfflineMixin` and
`SandboxMixin` go before Django's ``TestCase``.

Nothing here writes to, or empties, a cache, a database or a server of the site's but the test's.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.http import HttpRequest
from django.test import Client
from django.test.utils import override_settings
from django.urls import NoReverseMatch, reverse

from . import applications, process, sessions, verification
from .conf import conf
from .credentials import AUTH_SUBJECTS, Credential, TokenType
from .sharedcache import shared
from .users import AppUser, Membership, OrgUser

if TYPE_CHECKING:
    from django.test import SimpleTestCase as _TestCase

    from .sandbox import Sandbox, SandboxServer
else:
    _TestCase = object

__all__ = [
    "OfflineMixin",
    "SandboxMixin",
    "authorization",
    "credential",
    "force_credential",
    "force_login",
    "login",
    "offline",
    "reset",
    "running_sandbox",
    "use",
]

NOWHERE = "http://127.0.0.1:9/graphql"  # where nobody listens
APP_ID = "5d1b36070ce467bff670a052"
ORG_ID = "5d1b36070ce467bff670a050"


def reset() -> None:
    """Drop all state of this process: verdicts, connections, breaker, what was learned."""
    process.reset()


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Nothing leaves this machine, and nobody is signed in but by `force_login`."""
    with _apart(
        IDENTITYX_API_URL=NOWHERE,
        IDENTITYX_APP_ID=conf.APP_ID or APP_ID,
        IDENTITYX_ORG_ID=conf.ORG_ID or ORG_ID,
    ):
        yield


def force_login(
    client: Client, email: str, *, role: str | None = None, **fields: Any
) -> AppUser | OrgUser:
    """Sign ``client`` in as a reader, or with a ``role`` as staff, whom nobody has to know.

    ``fields`` are those of `AppUser` and `OrgUser`. Within `offline` or beside a sandbox, for as
    long as a verdict is fresh (``IDENTITYX_VERIFICATION_TTL``).
    """
    known, user = _made_up(email, role, fields)
    return _sign_in(client, user, known)


def force_credential(email: str, *, role: str | None = None, **fields: Any) -> Credential:
    """A bearer credential of somebody as in `force_login`."""
    return _made_up(email, role, fields)[0]


@contextlib.contextmanager
def running_sandbox(**options: Any) -> Iterator[Sandbox]:
    """Run IdentityX on a free port of 127.0.0.1, with the settings that lead to it.

    ``options`` are those of `Sandbox`. The application is "Acme Daily" of its seed.
    """
    with start_sandbox(**options) as server, use(server):
        yield server.sandbox


def start_sandbox(**options: Any) -> SandboxServer:
    """A server for `use`, to be entered by ``with``."""
    from .sandbox import Sandbox, SandboxServer  # needs the extra

    return SandboxServer(Sandbox(**options), port=0)


@contextlib.contextmanager
def use(server: SandboxServer) -> Iterator[None]:
    """Lead the settings to a sandbox that runs already; leave no state behind.

    Tests run without DEBUG, so links lead to the test client's host where no setting says where.
    """
    callback = conf.CALLBACK_URL
    if callback is None and not settings.DEBUG:
        with contextlib.suppress(NoReverseMatch):
            callback = f"https://testserver{reverse('identityx:callback')}"
    with _apart(
        IDENTITYX_API_URL=server.url,
        IDENTITYX_APP_ID=APP_ID,
        IDENTITYX_CALLBACK_URL=callback,
    ):
        yield


@contextlib.contextmanager
def fresh(server: SandboxServer) -> Iterator[Sandbox]:
    """`use`, with the sandbox as new and without a fault, before and after."""
    server.sandbox.clear_fault()
    server.sandbox.reset()
    with use(server):
        yield server.sandbox
    server.sandbox.clear_fault()


def credential(
    sandbox: Sandbox, email: str, token_type: TokenType = TokenType.APP_USER
) -> Credential:
    """A valid credential of somebody in the sandbox's world."""
    token = {
        TokenType.APP_USER: sandbox.app_user_token,
        TokenType.ORG_USER: sandbox.org_user_token,
        TokenType.ORG_USER_API_TOKEN: sandbox.api_token,
    }[token_type](email)
    return Credential(token_type, token)


def authorization(
    sandbox: Sandbox, email: str, token_type: TokenType = TokenType.APP_USER
) -> dict[str, str]:
    """Headers for the test client: ``client.get(url, headers=authorization(...))``."""
    known = credential(sandbox, email, token_type)
    return {"Authorization": f"Bearer {known.token_type.value} {known.token}"}


def login(
    client: Client, sandbox: Sandbox, email: str, token_type: TokenType = TokenType.APP_USER
) -> AppUser | OrgUser:
    """Sign ``client`` in as somebody in the sandbox's world, without the mail in between."""
    known = credential(sandbox, email, token_type)
    return _sign_in(client, verification.verify(known), known)


class OfflineMixin(_TestCase):
    """`offline` for each test: ``class Tests(OfflineMixin, TestCase)``. Needs no extra."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(offline())

    def sign_in(
        self, email: str, *, role: str | None = None, client: Client | None = None, **fields: Any
    ) -> AppUser | OrgUser:
        """`force_login` for ``self.client``, or another."""
        return force_login(client or self.client, email, role=role, **fields)


class SandboxMixin(_TestCase):
    """IdentityX on localhost as ``self.identityx``, a `Sandbox` that is as new for each test.

    ``class Tests(SandboxMixin, TestCase)``. One server for the class; needs the extra ``sandbox``.
    """

    identityx: Sandbox
    _identityx_server: ClassVar[SandboxServer]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls._identityx_server = cls.enterClassContext(start_sandbox())

    def setUp(self) -> None:
        super().setUp()
        self.identityx = self.enterContext(fresh(self._identityx_server))

    def sign_in(
        self,
        email: str,
        *,
        token_type: TokenType = TokenType.APP_USER,
        client: Client | None = None,
    ) -> AppUser | OrgUser:
        """`login` for ``self.client``, or another."""
        return login(client or self.client, self.identityx, email, token_type)


@contextlib.contextmanager
def _apart(**changed: Any) -> Iterator[None]:
    """With local memory of our own in the place of ``IDENTITYX_CACHE``."""
    memory = {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": f"identityx-testing-{secrets.token_hex(8)}",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
    with override_settings(CACHES={**settings.CACHES, conf.CACHE: memory}, **changed):
        reset()
        try:
            yield
        finally:
            shared().attempt(lambda ours: ours.clear(), None)
            reset()


def _sign_in(client: Client, user: AppUser | OrgUser, known: Credential) -> AppUser | OrgUser:
    request = HttpRequest()
    applications.assign(request, applications.current())
    request.session = client.session
    sessions.login(request, user, known)
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key or ""
    return user


def _made_up(
    email: str, role: str | None, fields: dict[str, Any]
) -> tuple[Credential, AppUser | OrgUser]:
    """Somebody with a token of the right form, whom verification takes for known."""
    if conf.API_URL != NOWHERE and not conf.API_URL.startswith("http://127.0.0.1:"):
        raise RuntimeError("People are made up within testing.offline() or beside a sandbox only.")
    fields = {"id": hashlib.sha256(email.encode()).hexdigest()[:24], "email": email, **fields}
    user: AppUser | OrgUser
    if role is None:
        user = AppUser(**{"app_id": conf.APP_ID, "verified": True, **fields})
    else:
        membership = Membership(role, conf.ORG_ID or ORG_ID, "An organization")
        user = OrgUser(**{"memberships": (membership,), **fields})
    token_type = TokenType(user.kind)
    claims = {"sub": AUTH_SUBJECTS[token_type], "aud": email, "jti": secrets.token_hex(8)}
    claims |= {"iss": user.app_id} if isinstance(user, AppUser) else {}
    parts: list[dict[str, Any]] = [{"alg": "HS256", "typ": "JWT"}, claims]
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    token = ".".join([*(part.rstrip("=") for part in coded), secrets.token_urlsafe(32)])
    known = Credential(token_type, token)
    verification.remember(known, user)
    return known, user
