"""Sending links: what goes to IdentityX, what is told, and what happens behind the answer."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from django_identityx import sending, signals
from django_identityx.addresses import Visitor
from django_identityx.client import IdentityXClient
from django_identityx.credentials import TokenType
from django_identityx.exceptions import Busy, ConfigurationError, Failing, Unclear, Unreachable
from django_identityx.sandbox import Sandbox
from django_identityx.sending import delivery
from django_identityx.sending import executor as background
from django_identityx.sending.executor import Background

from .crowd import open_connection
from .leaks import logged

APP_USER, ORG_USER = TokenType.APP_USER, TokenType.ORG_USER
VISITOR = Visitor("198.51.100.7", "A browser")


def send(email: str, token_type: TokenType = APP_USER, **options: Any) -> None:
    sending.send_login_link(email, token_type=token_type, **options)
    assert sending.wait_until_sent()


def operations(sandbox: Sandbox) -> list[str]:
    return [" ".join(call.operations) for call in sandbox.calls]


# --- What is sent ----------------------------------------------------------------------------


def test_a_reader(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_AUTHORIZATION_FORMAT = "plain"
    send("reader@example.net", redirect_to="/articles/?page=2", visitor=VISITOR)
    (mail,) = sandbox.outbox
    assert mail.to == "reader@example.net"
    assert mail.url.startswith("https://testserver/identityx/callback/?token=")
    assert mail.url.endswith("&redirectTo=%2Farticles%2F%3Fpage%3D2")
    assert operations(sandbox) == [
        "ping appUser activeAppUser",
        "createAppUser sendAppUserLoginLink",
    ]
    last = sandbox.calls[-1]
    assert (last.forwarded_for, last.user_agent) == ("198.51.100.7", "A browser")


def test_the_question_before_is_not_asked_for_the_visitor(sandbox: Sandbox) -> None:
    send("reader@example.net", visitor=VISITOR)
    assert sandbox.calls[0].forwarded_for is None


def test_an_unknown_address_signs_up(sandbox: Sandbox) -> None:
    send(" New@Example.net ")
    assert [mail.to for mail in sandbox.outbox] == ["new@example.net"]
    assert "new@example.net" in [reader["email"] for reader in sandbox.readers()]


def test_an_unknown_address_where_nobody_signs_up(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_CREATE_APP_USERS = False
    send("new@example.net")
    assert sandbox.outbox == []
    assert "new@example.net" not in [reader["email"] for reader in sandbox.readers()]
    send("reader@example.net")
    assert [mail.to for mail in sandbox.outbox] == ["reader@example.net"]
    assert sandbox.count("createAppUser") == 0


def test_a_burner_address_of_nobody(sandbox: Sandbox) -> None:
    send("x@mailinator.com")
    assert sandbox.outbox == []
    assert operations(sandbox)[-2:] == [
        "createAppUser sendAppUserLoginLink",
        "sendAppUserLoginLink",
    ]


def test_a_banned_reader_gets_a_link(sandbox: Sandbox) -> None:
    """IdentityX bans commenters; whether they may sign in is decided when they do."""
    send("banned@example.net")
    assert [mail.to for mail in sandbox.outbox] == ["banned@example.net"]


def test_staff(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_AUTHORIZATION_FORMAT = "plain"
    send("owner@example.com", ORG_USER, visitor=VISITOR)
    send("nobody@example.com", ORG_USER)
    assert [mail.to for mail in sandbox.outbox] == ["owner@example.com"]
    assert operations(sandbox) == ["ping activeUser", "sendUserLoginLink"] * 2


def test_staff_need_no_application_and_no_callback(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_APP_ID = settings.IDENTITYX_CALLBACK_URL = None
    send("owner@example.com", ORG_USER)
    assert len(sandbox.outbox) == 1


def test_nobody_signs_in_by_a_link_as_a_script(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="OrgUserApiToken"):
        send("owner@example.com", TokenType.ORG_USER_API_TOKEN)


# --- What is told ----------------------------------------------------------------------------


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("token_type", [APP_USER, ORG_USER])
@pytest.mark.parametrize(
    "email",
    [
        "reader@example.net",
        "new@example.net",
        "x@mailinator.com",
        "banned@example.net",
        "owner@example.com",
        "no address",
        "",
        "a" * 5000 + "@example.net",
        "\x00@example.net",
        "\ud800@example.net",
    ],
    ids=lambda value: str(value)[:12].encode("ascii", "replace").decode(),
)
def test_nothing_about_the_address(
    email: str, token_type: TokenType, create: bool, sandbox: Sandbox, settings
) -> None:
    settings.IDENTITYX_CREATE_APP_USERS = create
    send(email, token_type)


def sending_fails(error: type[Exception], token_type: TokenType = APP_USER) -> None:
    with pytest.raises(error):
        send("reader@example.net", token_type)
    assert sending.wait_until_sent(0)


@pytest.mark.parametrize("token_type", [APP_USER, ORG_USER])
@pytest.mark.parametrize("fault", ["html502", "drop", "hang"])
def test_an_outage(fault: str, token_type: TokenType, sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_TIMEOUT = (0.2, 0.2)
    sandbox.set_fault(fault)
    sending_fails(Unreachable, token_type)
    assert sandbox.outbox == []


def test_an_outage_of_a_part(sandbox: Sandbox) -> None:
    sandbox.set_fault("inner", service="application")
    sending_fails(Failing)
    assert sandbox.count("sendAppUserLoginLink") == 0


@pytest.mark.parametrize("where", ["appUser", "activeAppUser"])
def test_an_answer_to_the_question_that_is_not_understood(sandbox: Sandbox, where: str) -> None:
    """Nobody is told that a mail is on its way that nobody may send."""
    sandbox.set_fault(
        "inner", service="application", message="A new kind of problem", operations=[where]
    )
    sending_fails(Unclear)
    assert sandbox.count("sendAppUserLoginLink") == 0


@pytest.mark.parametrize("token_type", [APP_USER, ORG_USER])
@pytest.mark.parametrize("service", ["token", "user", "application"])
def test_the_token_service_is_asked_too(
    sandbox: Sandbox, service: str, token_type: TokenType
) -> None:
    sandbox.set_fault("inner", service=service)
    if service == "token" or (service == "application" and token_type is APP_USER):
        sending_fails(Failing, token_type)


def test_an_application_refused_behind_the_answer(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sandbox.set_fault("blocked", operations=["sendAppUserLoginLink"])
    send("reader@example.net")
    assert audit_of(caplog)[-1]["reason"] == "misconfigured"
    assert "could not be sent (misconfigured)" in logged(caplog)


def test_nothing_listens(settings) -> None:
    sending_fails(Unreachable)


def test_a_refused_application(sandbox: Sandbox, settings) -> None:
    sandbox.set_fault("blocked")
    sending_fails(ConfigurationError)
    sandbox.clear_fault()
    settings.IDENTITYX_APP_ID = "0" * 24
    sending_fails(ConfigurationError)
    settings.IDENTITYX_APP_ID = None
    sending_fails(ConfigurationError)


def test_a_bad_callback_url_comes_before_everything(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_CALLBACK_URL = "https://testserver/callback/?a=b"
    sending_fails(ImproperlyConfigured)
    assert sandbox.count() == 0


# --- Behind the answer -----------------------------------------------------------------------


def test_the_answer_does_not_wait(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_TIMEOUT = (30, 30)
    sandbox.set_fault("slow", seconds=20, operations=["sendAppUserLoginLink"])
    began = time.perf_counter()
    sending.send_login_link("reader@example.net", token_type=APP_USER)
    assert time.perf_counter() - began < 10
    assert sandbox.outbox == []
    sandbox.clear_fault()
    assert sending.wait_until_sent()
    assert len(sandbox.outbox) == 1


def test_a_part_that_comes_back(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    sandbox.set_fault("inner", service="mailer", times=1, operations=["sendAppUserLoginLink"])
    send("reader@example.net")
    assert len(sandbox.outbox) == 1
    assert "not_sent" not in logged(caplog)


def audit_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [
        record.identityx  # type: ignore[attr-defined]
        for record in caplog.records
        if record.name == "django_identityx.audit"
    ]


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSES", [0.01, 0.02])


@pytest.mark.usefixtures("_quick")
def test_a_part_that_stays_away(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sandbox.set_fault("inner", service="mailer")
    send("reader@example.net")
    assert sandbox.count("sendAppUserLoginLink") == 3
    assert audit_of(caplog)[-1]["reason"] == "unavailable"
    said = [r.levelname for r in caplog.records if r.name == "django_identityx"]
    assert said == ["WARNING", "ERROR"]  # left alone from now on; this link is lost


@pytest.mark.usefixtures("_quick")
def test_what_got_no_connection_is_tried_again(sandbox: Sandbox, settings) -> None:
    tries = []

    def send() -> None:
        tries.append(1)
        nowhere = IdentityXClient("http://127.0.0.1:9/graphql", allow_http=True, lane=None)
        nowhere.ping()

    job = delivery.Delivery(send, "AppUser", "a-digest", "")
    assert [job(False), job(False), job(False)] == [0.01, 0.02, None]
    assert len(tries) == 3


def test_it_is_tried_for_a_minute() -> None:
    assert 55 <= sum(delivery.PAUSES) <= 70


@pytest.mark.usefixtures("_quick")
def test_one_line_when_it_is_taken_and_one_when_identityx_has_it(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sandbox.set_fault("inner", service="mailer", times=2)
    send("reader@example.net", visitor=VISITOR)
    by_event = {entry["event"]: entry for entry in audit_of(caplog)}
    assert set(by_event) == {"login_link_sent", "login_link_delivered"}
    sent, delivered = by_event["login_link_sent"], by_event["login_link_delivered"]
    for field in ("kind", "email_digest"):
        assert sent[field] == delivered[field]


def test_what_may_have_arrived_is_not_sent_again(sandbox: Sandbox) -> None:
    sandbox.set_fault("drop", executed=True, operations=["sendAppUserLoginLink"])
    send("reader@example.net")
    assert sandbox.count("sendAppUserLoginLink") == 1


@pytest.mark.parametrize(
    ("email", "create", "reason"),
    [
        ("new@example.net", False, "unknown_user"),
        ("x@mailinator.com", True, "refused"),
        ("", True, "refused"),
    ],
)
def test_what_comes_to_nothing_is_audited(
    email: str,
    create: bool,
    reason: str,
    sandbox: Sandbox,
    settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.IDENTITYX_CREATE_APP_USERS = create
    caplog.set_level(logging.INFO)
    send(email, visitor=VISITOR)
    not_sent, sent = sorted(audit_of(caplog), key=lambda entry: entry["event"])
    assert (sent["event"], not_sent["event"]) == ("login_link_sent", "login_link_not_sent")
    assert not_sent["reason"] == reason
    assert not_sent["email_digest"] == sent["email_digest"]
    assert not_sent["address"] == "198.51.100.7"


def test_the_signal_comes_with_the_request(sandbox: Sandbox) -> None:
    seen = []

    def receive(**kwargs: Any) -> None:
        seen.append((threading.current_thread(), kwargs))

    signals.login_link_sent.connect(receive)
    try:
        request = RequestFactory().post("/", REMOTE_ADDR="198.51.100.7")
        send("reader@example.net", request=request)
    finally:
        signals.login_link_sent.disconnect(receive)
    ((thread, kwargs),) = seen
    assert thread is threading.current_thread()
    assert kwargs["request"] is request
    assert kwargs["kind"] == "AppUser"
    assert "reader" not in str(kwargs["email_digest"])


def test_too_many_at_once(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_TIMEOUT = (30, 30)
    sandbox.set_fault("hang", seconds=30, operations=["sendAppUserLoginLink"])
    for _ in range(background.PLACES):
        sending.send_login_link("reader@example.net", token_type=APP_USER)
    with pytest.raises(Busy):
        sending.send_login_link("reader@example.net", token_type=APP_USER)
    sandbox.clear_fault()
    assert sending.wait_until_sent()
    send("reader@example.net")


def test_a_reset_finishes_what_was_taken(sandbox: Sandbox, settings) -> None:
    sandbox.set_fault("slow", seconds=0.3, operations=["sendAppUserLoginLink"])
    sending.send_login_link("reader@example.net", token_type=APP_USER)
    settings.IDENTITYX_API_URL = "http://127.0.0.1:9/graphql"  # drops the state of the process
    assert len(sandbox.outbox) == 1


PROGRAM = """
import sys
from django.conf import settings
settings.configure(
    SECRET_KEY="x" * 50,
    IDENTITYX_API_URL=sys.argv[1], IDENTITYX_APP_ID=sys.argv[2],
    IDENTITYX_CALLBACK_URL="https://site.example/callback/",
)
import os
from django_identityx import sending
from django_identityx.client import IdentityXClient
from django_identityx.credentials import TokenType
def send(email):
    sending.send_login_link(email, token_type=TokenType.APP_USER)
if len(sys.argv) == 4:
    send("parent@example.net")
    sending.wait_until_sent()
    child = os.fork()
    if child == 0:
        send("child@example.net")
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
else:
    send("reader@example.net")
"""


def run(sandbox: Sandbox, settings: Any, *arguments: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM,
            settings.IDENTITYX_API_URL,
            settings.IDENTITYX_APP_ID,
            *arguments,
        ],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},  # newer Pythons warn of forks with threads
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_the_end_of_the_interpreter_finishes_what_was_taken(sandbox: Sandbox, settings) -> None:
    sandbox.set_fault("slow", seconds=0.3, operations=["sendAppUserLoginLink"])
    run(sandbox, settings)
    assert [mail.to for mail in sandbox.outbox] == ["reader@example.net"]


def test_a_forked_child_has_an_executor_of_its_own(sandbox: Sandbox, settings) -> None:
    run(sandbox, settings, "fork")
    assert {mail.to for mail in sandbox.outbox} == {"parent@example.net", "child@example.net"}


# --- The executor ----------------------------------------------------------------------------


def run_in(executor: Background, job: Callable[[bool], float | None]) -> None:
    with executor.place() as run:
        run(job)


def test_a_job_that_fails_costs_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    executor = Background(workers=1, places=1)

    def fail(last: bool) -> None:
        raise LookupError("it failed")

    run_in(executor, fail)
    assert executor.wait(5)
    assert "A job in the background failed." in logged(caplog)
    done = threading.Event()
    run_in(executor, lambda last: done.set())
    executor.close()
    assert done.is_set()


def test_a_place_that_is_not_used_is_given_back() -> None:
    executor = Background(places=1)
    with pytest.raises(LookupError), executor.place():
        raise LookupError
    with executor.place(), pytest.raises(Busy), executor.place():
        """No second place."""
    executor.close()
    with pytest.raises(Busy), executor.place():
        """None at the end."""


def test_an_executor_that_ends_between_place_and_job() -> None:
    executor = Background()
    with executor.place() as run:
        executor.close()
        with pytest.raises(Busy):
            run(lambda last: None)
    assert executor.wait(0)


def test_jobs_that_wait_hold_nobody_up() -> None:
    executor, done = Background(workers=1), threading.Event()
    for _ in range(10):
        run_in(executor, lambda last: None if last else 60.0)
    run_in(executor, lambda last: done.set())
    assert done.wait(5)
    assert not executor.wait(0.05)  # they hold their places
    executor.close()
    assert executor.wait(0)


def test_what_waits_is_tried_when_its_time_has_come() -> None:
    executor, tries = Background(workers=2), []

    def job(last: bool) -> float | None:
        tries.append(time.monotonic())
        return 0.1 if len(tries) < 3 else None

    run_in(executor, job)
    assert executor.wait(5)
    first, second, third = tries
    assert second - first >= 0.1
    assert third - second >= 0.1
    executor.close()


def test_at_the_end_what_waits_is_tried_once_more_and_told_that_it_is_the_last() -> None:
    executor, told = Background(), []

    def job(last: bool) -> float:
        told.append(last)
        return 60.0

    run_in(executor, job)
    while not told:
        time.sleep(0.01)
    executor.close()
    assert told == [False, True]
    assert executor.wait(0)


def test_several_run_at_once() -> None:
    executor, together = Background(workers=3), threading.Barrier(3, timeout=5)

    def meet(last: bool) -> None:
        together.wait()

    for _ in range(3):
        run_in(executor, meet)
    assert executor.wait(5)
    executor.close()
    assert not together.broken


@pytest.mark.django_db
def test_a_job_closes_its_database_connections(tmp_path: Path) -> None:
    executor, seen = Background(workers=1), []

    def look(last: bool) -> None:
        seen.append(open_connection(tmp_path))

    run_in(executor, look)
    executor.close()
    assert seen[0].connection is None


# --- Servers that run no exit handlers -------------------------------------------------------


def test_asgi_servers_that_say_so_before_they_end(sandbox: Sandbox) -> None:
    async def django(scope: Any, receive: Any, send: Any) -> None:
        await send(scope["type"])

    async def serve() -> list[Any]:
        said: list[Any] = []
        events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Any:
            return next(events)

        async def tell(message: Any) -> None:
            said.append(message if isinstance(message, str) else message["type"])
            if said[-1] == "lifespan.startup.complete":
                await asyncio.to_thread(
                    sending.send_login_link, "reader@example.net", token_type=APP_USER
                )

        application = sending.finish_on_shutdown(django)
        await application({"type": "http"}, receive, tell)
        await application({"type": "lifespan"}, receive, tell)
        return said

    sandbox.set_fault("slow", seconds=0.3, operations=["sendAppUserLoginLink"])
    said = asyncio.run(serve())
    assert said == ["http", "lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert [mail.to for mail in sandbox.outbox] == ["reader@example.net"]
