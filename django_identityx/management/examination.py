"""What `identityx_doctor` looks at: line by line, each with a limit of time and trouble of its own.

The checks say what is wrong with settings; this asks IdentityX, the cache and the database as well.
No text has a token in it, nor the words of a foreign exception, which may have a password.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from itertools import pairwise
from secrets import token_hex
from threading import Thread
from typing import Any

from django.conf import settings
from django.core.cache.backends.base import BaseCache
from django.core.checks import run_checks
from django.core.checks.messages import ERROR
from django.db import connections, router
from django.db.migrations.loader import MigrationLoader

from .. import applications
from ..checks import has_pages
from ..client import IdentityXClient
from ..conf import conf
from ..credentials import LEEWAY, Credential, TokenType
from ..exceptions import IdentityXError, OperationFailed, Rejected
from ..models import SignIn
from ..service import WRONG_DIALECT, Answer, Endpoint, Operation, Transport, query
from ..sharedcache import shared

Said = Iterator[tuple[str, str]]  # state and text

OK, ADVICE, TODO, SKIPPED = "ok", "advice", "to do", "skipped"

# The lines, each with its method: what asks IdentityX, and what is this site's own.
ASKS = (
    *("clock", "dialect", "application", "organization", "API token", "access levels"),
    "signing in",
)
HERE = ("callback", "cache", "sessions", "database", "proxies", "HTML")

DIALECTS = ("bearer", "plain")
MIGRATED = ("django_identityx", "identityx_accounts", "sessions", "auth", "contenttypes")

# Which line shows what the checks say; the rest is on the first.
CHECKS = {
    "endpoint": {"E002", "E010"},
    "API token": {"E013"},
    "callback": {"E003", "E004", "E014", "W003", "W004", "W011"},
    "cache": {"E017", "W005", "W006", "W008", "W009"},
    "sessions": {"E005", "E006"},
    "database": {"E048"},
    "proxies": {"E034", "W010"},
}


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and if need be what to do."""

    line: str
    state: str
    text: str


class Examination:
    """One look at everything. ``timeout`` is for each line, in seconds."""

    def __init__(self, app_id: str | None = None, *, timeout: float = 20) -> None:
        self._timeout = timeout
        self._answers = False  # IdentityX
        self._said: dict[str, list[tuple[str, str]]] = {}  # by the checks, about a line
        self._own: str | None = None  # the organization that the application belongs to
        self._database_connection = connections[router.db_for_read(SignIn)]
        application = applications.from_settings()
        self._here = replace(application, app_id=app_id or application.app_id)

    def findings(self) -> Iterator[Finding]:
        """Each line as soon as it is known."""
        for name in ("settings", "endpoint", *ASKS, *HERE):
            if name in ASKS and not self._answers:
                yield Finding(name, SKIPPED, "IdentityX does not answer")
            else:
                yield from self._line(name, getattr(self, f"_{name.lower().replace(' ', '_')}"))

    def _line(self, name: str, examine: Callable[[], Said]) -> list[Finding]:
        """In a thread: what hangs (a resolver, a cache, a database) holds up one line only."""
        found: list[Finding] = []

        def work() -> None:
            try:
                found.extend(Finding(name, *said) for said in self._said.get(name, ()))
                if all(finding.state != TODO for finding in found):
                    found.extend(Finding(name, *said) for said in examine())
            except IdentityXError as error:
                found.append(Finding(name, TODO, str(error)))
            except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
                found.append(Finding(name, TODO, f"This fails with {type(error).__name__}."))
            finally:
                connections.close_all()

        thread = Thread(target=work, daemon=True)
        thread.start()
        thread.join(self._timeout)
        if thread.is_alive():
            late = Finding(name, TODO, f"There is no answer after {self._timeout:g} seconds.")
            return [*found, late]
        return found

    # --- IdentityX ------------------------------------------------------------------------

    def _endpoint(self) -> Said:
        marks = [time.perf_counter()]
        try:
            for _ in range(2):
                self._send(query("ping"))
                marks.append(time.perf_counter())
        except IdentityXError as error:
            yield (
                TODO,
                f"{error} Can this server reach {conf.API_URL}? Look at its firewall and name "
                "server. Proxies from the environment (HTTPS_PROXY) are not used.",
            )
            return
        self._answers = True
        first, second = (f"{(then - now) * 1000:.0f} ms" for now, then in pairwise(marks))
        yield OK, f"{conf.API_URL} answers in {first}, on the same connection in {second}"

    def _clock(self) -> Said:
        asked = time.time()
        answer = self._send(query("ping"))
        ours = (asked + time.time()) / 2
        try:
            theirs = parsedate_to_datetime(answer.date).timestamp() + 0.5  # its seconds are whole
        except ValueError:
            yield SKIPPED, "the answer has no date"
            return
        apart = abs(ours - theirs)
        if apart > LEEWAY / 6:
            yield (
                TODO if apart > LEEWAY else ADVICE,
                f"This clock is {apart:.0f} s {'behind' if ours < theirs else 'ahead'}; links and "
                f"tokens allow for {LEEWAY}. Let NTP set it.",
            )
        else:
            yield OK, "as IdentityX's"

    def _dialect(self) -> Said:
        read = [dialect for dialect in DIALECTS if self._is_read(dialect)]
        form = " and ".join(read) or "neither form"
        if read and conf.AUTHORIZATION_FORMAT in ("auto", *read):
            yield OK, f"credentials are read as {form}"
        else:
            yield TODO, f"IdentityX reads {form}: leave IDENTITYX_AUTHORIZATION_FORMAT out."

    def _application(self) -> Said:
        if conf.APPLICATION_RESOLVER:
            yield ADVICE, "There are several: examine each with --app-id."
        if not self._here.app_id:
            if not conf.APPLICATION_RESOLVER:
                yield SKIPPED, "IDENTITYX_APP_ID is not set: only staff can sign in"
            return
        context = self._client.active_app_context()
        self._own = context.organization_id
        yield OK, f"{context.app_id} is served"

    def _organization(self) -> Said:
        own, configured = self._own, self._here.org_id
        if configured == applications.ANY_ORGANIZATION:
            yield ADVICE, "Everybody in the world may be staff here: IDENTITYX_ORG_ID is 'any'."
        elif configured and own and configured != own:
            yield ADVICE, f"Staff are those of {configured}; the application belongs to {own}."
        elif configured or own:
            yield OK, f"staff are the members of {configured or own}"
        elif conf.APPLICATION_RESOLVER:
            yield SKIPPED, "each application has its own"
        else:
            yield TODO, "Nobody knows whose members are staff: set IDENTITYX_ORG_ID."

    def _api_token(self) -> Said:
        client = self._client
        if client.credential is None:
            yield OK, "none; client resources and identityx_users need IDENTITYX_API_TOKEN"
            return
        try:
            user = client.active_user(client.credential)
        except Rejected as error:
            yield TODO, f"{error} Make a new one with identityx_api_token."
            return
        ours = self._here.org_id or self._own
        roles = [m.role for m in user.memberships if ours in (m.organization_id, "any", None)]
        if roles:
            yield OK, f"of {user.email}, {' and '.join(roles)}"
        else:
            yield TODO, f"{user.email} has no role in the organization {ours}: invite them there."

    def _access_levels(self) -> Said:
        client = self._client
        if not client.app_id:
            yield SKIPPED, "there is no application"
        elif client.credential is None:
            yield (
                ADVICE,
                "Without IDENTITYX_API_TOKEN a level asked for by a name that does not exist is "
                "a plain refusal, and one asked for by name has no message of its own. Set it, or "
                "ask for levels by id.",
            )
        else:
            try:
                names = sorted(level.name for level in client.access_levels.list())
            except OperationFailed:
                yield TODO, "IDENTITYX_API_TOKEN may not read them: its role is too low."
                return
            yield OK, ", ".join(names) or "the application has none"

    def _signing_in(self) -> Said:
        for kind in map(TokenType, conf.SIGN_IN_KINDS):
            if kind is not TokenType.APP_USER or self._here.app_id:
                self._client.check_up(kind)
                yield OK, f"what {kind.value}s need answers"

    # --- this site ------------------------------------------------------------------------

    def _settings(self) -> Said:
        """What the checks say; an error ends the line that it is about: nothing is said twice."""
        tags = ["identityx", "identityx_accounts"]
        for message in run_checks(tags=tags, include_deployment_checks=not settings.DEBUG):
            id_ = str(message.id).removeprefix("identityx.")
            where = next((name for name, ids in CHECKS.items() if id_ in ids), "settings")
            if not message.is_silenced():
                is_error = message.level >= ERROR or (id_ == "W003" and has_pages())
                text = f"{message.msg} {message.hint or ''}".strip()
                said = (TODO if is_error else ADVICE, f"{text} ({message.id})")
                self._said.setdefault(where, []).append(said)
        yield from self._said.get("settings", [(OK, "the checks find nothing")])

    def _callback(self) -> Said:
        if not has_pages():
            yield SKIPPED, 'there is no include("django_identityx.urls"): bearers only'
        else:
            yield OK, self._here.callback_url or "of the request's host, as DEBUG allows"

    def _cache(self) -> Said:
        key = f"identityx:doctor:{token_hex(8)}"

        def probe(cache: BaseCache) -> tuple[list[Any], float]:
            started = time.perf_counter()
            said = [cache.add(key, "a", 60), cache.add(key, "b", 60), cache.get(key)]
            took = time.perf_counter() - started
            cache.delete(key)
            cache.close()
            return said, took

        result = shared().attempt(probe, None, insist=True)
        if result is None:
            yield TODO, f"{conf.CACHE!r} fails: is its server up, and LOCATION right?"
        elif result[0] != [True, False, "a"]:
            yield TODO, f"{conf.CACHE!r} does not keep what is written to it."
        else:
            among = "shared by" if shared().is_shared else "not shared by"
            yield OK, f"{conf.CACHE!r} answers in {result[1] / 3 * 1000:.1f} ms, {among} processes"

    def _sessions(self) -> Said:
        engine = settings.SESSION_ENGINE
        yield OK, engine
        if engine.endswith(("cache", "cached_db")):
            yield ADVICE, "While the cache is down no page works. The engine db needs no cache."

    def _database(self) -> Said:
        connection = self._database_connection
        if connection.vendor == "unknown":
            yield SKIPPED, "there is none: bearers only"
            return
        connection.inc_thread_sharing()
        connections[connection.alias] = connection  # that of the caller, in this thread
        try:
            loader = MigrationLoader(connection)
            there = loader.applied_migrations
            missing = sorted(
                {n[0] for n in loader.graph.nodes if n[0] in MIGRATED and n not in there}
            )
        finally:
            del connections[connection.alias]
            connection.dec_thread_sharing()
        if missing:
            yield TODO, f"Tables are missing ({', '.join(missing)}): manage.py migrate"
        else:
            yield OK, f"{connection.vendor}, and all tables are there"

    def _proxies(self) -> Said:
        declared = conf.TRUSTED_PROXIES
        if declared is None:
            yield OK, "not declared, which outside DEBUG they must be"
        elif declared == 0:
            yield OK, "none: clients connect directly"
        else:
            yield OK, f"{declared} declared"

    def _html(self) -> Said:
        if find_spec("nh3"):
            yield OK, "nh3 cleans what IdentityX writes"
        else:
            yield (
                ADVICE,
                "Messages of access levels are shown as plain text. "
                'pip install "django-identityx[html]" shows them as they were written.',
            )

    # --- asking ---------------------------------------------------------------------------

    @property
    def _client(self) -> IdentityXClient:
        # Past the gate and the cache: trouble of one line says nothing of the next.
        client = IdentityXClient.from_settings(self._here, lane=None)
        client._endpoint = replace(client._endpoint, memory=None)
        return client

    def _send(self, operation: Operation, dialect: str = "auto") -> Answer:
        transport = Transport(conf.API_URL, timeout=conf.TIMEOUT, allow_http=settings.DEBUG)
        return Endpoint(transport, dialect).send(operation)

    def _is_read(self, dialect: str) -> bool:
        """Whether IdentityX reads a header of this form, which has a token that is none."""
        reader = self._here.app_id is not None
        asked = replace(
            query("activeAppUser" if reader else "activeUser", "id"),
            credential=Credential(TokenType.APP_USER if reader else TokenType.ORG_USER, "none"),
            app_id=self._here.app_id,
        )
        return all(e.message != WRONG_DIALECT for e in self._send(asked, dialect).errors)
