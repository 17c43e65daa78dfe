"""S19: no token and no link in logs, signals and error reports, whatever the flow meets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.conf import global_settings
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, reverse
from django.utils.log import AdminEmailHandler
from django.views.debug import get_default_exception_reporter_filter

from django_identityx import signals
from django_identityx.redaction import RedactingFilter
from django_identityx.sandbox import Sandbox
from tests.leaks import assert_no_secret
from tests.site import OWNER, READER, Visitor
from tests.test_api import LINK, LOGIN, LOGOUT, ME, Script

pytestmark = pytest.mark.django_db


def boom(request: HttpRequest) -> HttpResponse:
    """A page of the site that fails while it holds what it should not show."""
    held = dict(request.session.items())
    header = request.headers.get("Authorization")
    raise RuntimeError(f"boom {len(held)} {bool(header)}")


urlpatterns = [
    path("boom/", boom),
    path("", include("tests.urls")),
]


class Keeping(logging.Handler):
    """Keeps all that a record has, arguments and extras included."""

    def __init__(self) -> None:
        super().__init__(0)
        self.stream = io.StringIO()
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        # The request is Django's own; what formatters show of it is theirs.
        extras = {k: v for k, v in vars(record).items() if k not in {"message", "request"}}
        self.stream.write(f"{self.format(record)} {extras!r}\n")

    @property
    def text(self) -> str:
        return self.stream.getvalue()


@pytest.fixture
def log() -> Iterator[Keeping]:
    """Everything that anybody logs, from DEBUG on."""
    handler, root = Keeping(), logging.getLogger()
    level = root.level
    names = ("django", "django.db.backends", "django.request", "django.server", "urllib3")
    levels = {name: logging.getLogger(name).level for name in names}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


class Secrets:
    """Every token that a flow has brought about: in mails, in sessions, in cookies of ours."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.found: set[str] = set()

    def collect(self, *clients: Any) -> None:
        for sent in self.sandbox.outbox:
            self.found.add(sent.url.partition("token=")[2].partition("&")[0])
            self.found.add(sent.url.rpartition("/authenticate/")[2].partition("?")[0])
        for client in clients:
            self.found.add(client.session.get("_identityx", {}).get("token", ""))
            for name, morsel in client.cookies.items():
                if name.startswith("identityx_") and "mark" not in name and "note" not in name:
                    self.found.add(morsel.value)
        self.found -= {"", *(f for f in self.found if len(f) < 60)}

    def assert_absent(self, text: str) -> None:
        assert len(self.found) >= 2
        for secret in self.found:
            for part in {secret, *secret.split("."), *secret.split(":")}:
                if len(part) > 16 and part != secret.split(".")[0]:
                    at = text.find(part)
                    assert at < 0, text[max(0, at - 300) : at + 40]
        assert "Bearer AppUser ey" not in text


@pytest.fixture
def secrets(sandbox: Sandbox) -> Secrets:
    return Secrets(sandbox)


def walk(sandbox: Sandbox, secrets: Secrets) -> None:
    """All that a visitor, a member of staff, a script and a stranger can meet."""
    visitor = Visitor()
    visitor.ask(next="/members/")
    secrets.collect()
    url = sandbox.outbox[-1].url
    page = visitor.open(url)
    secrets.collect(visitor)
    visitor.submit(page)
    secrets.collect(visitor)
    visitor.get("/members/")
    another = Visitor()
    used = another.open(url)
    another.submit(used)
    another.submit(used, csrfmiddlewaretoken="wrong")
    another.open(f"{url}&next=https://evil.example/")
    another.open(f"{reverse('identityx:callback')}?token={url}")
    old = sandbox.login_link_token(READER, age=7200)
    another.open(f"{reverse('identityx:callback')}?token={old}")
    secrets.found.add(old)
    token = visitor.session["_identityx"]["token"]
    for kind in ("AppUser", "OrgUser", "OrgUserApiToken"):
        for header in (f"Bearer {kind} {token}", f"{kind} {token}x", f"{kind} {token} {token}"):
            visitor.get("/api/protected/", headers={"authorization": header})
            visitor.get("/no/such/page/", {"token": token}, headers={"authorization": header})
    visitor.submit(visitor.get(reverse("identityx:logout")))

    staff = Visitor()
    staff.ask(OWNER, path="identityx:org-login")
    secrets.collect()
    staff.submit(staff.get(reverse("identityx:link-sent")), 0, link=sandbox.outbox[-1].url)
    staff.submit(staff.get(reverse("identityx:callback")))
    secrets.collect(staff)

    script = Script()
    script.send(LINK, {"email": READER})
    secrets.collect()
    script.send(LOGIN, {"token": sandbox.outbox[-1].url})
    script.send(LOGIN, json.dumps({"token": sandbox.outbox[-1].url})[:-1])
    script.send(LOGIN, {"token": [sandbox.outbox[-1].url]})
    script.get(ME)
    secrets.collect(script)
    script.send(LOGOUT)


def test_whole_flows(sandbox: Sandbox, secrets: Secrets, log: Keeping) -> None:
    """Without any filter: what this package and those below it log by themselves."""
    walk(sandbox, secrets)
    assert "login_link_sent" in log.text
    assert "user_logged_in" in log.text
    assert "urllib3" in log.text
    secrets.assert_absent(log.text)


@pytest.mark.parametrize("fault", ["html502", "drop", "blocked", "inner"])
def test_whole_flows_in_trouble(
    fault: str, sandbox: Sandbox, secrets: Secrets, log: Keeping
) -> None:
    visitor = Visitor()
    visitor.ask()
    secrets.collect()
    page = visitor.open(sandbox.outbox[-1].url)
    secrets.collect(visitor)
    signed_in = Visitor()
    signed_in.sign_in(sandbox)
    secrets.collect(signed_in)
    sandbox.set_fault(fault)
    assert visitor.submit(page).status_code == 503
    signed_in.get("/members/")
    token = sandbox.app_user_token("subscriber@example.net")
    secrets.found.add(token)
    answer = visitor.get("/api/protected/", headers={"authorization": f"Bearer AppUser {token}"})
    assert answer.status_code == 503
    signed_in.submit(signed_in.get(reverse("identityx:logout")))
    secrets.assert_absent(log.text)


def test_the_filter_cleans_what_others_log(
    sandbox: Sandbox, secrets: Secrets, log: Keeping, settings
) -> None:
    """In DEBUG Django logs its SQL, sessions included."""
    log.addFilter(RedactingFilter())
    settings.DEBUG = True
    connection.force_debug_cursor = True
    try:
        walk(sandbox, secrets)
    finally:
        connection.force_debug_cursor = False
    logging.getLogger("site").warning("opened %s", sandbox.outbox[-1].url)
    assert 'INSERT INTO "django_session"' in log.text
    assert "opened https://testserver/identityx/callback/?token=[redacted]" in log.text
    secrets.assert_absent(log.text)
    assert not [line for line in log.text.splitlines() if ".eJ" in line]


def test_signals(sandbox: Sandbox, secrets: Secrets) -> None:
    heard: list[str] = []

    def receiver(signal: Signal, sender: Any, **kwargs: Any) -> None:
        kwargs.pop("request", None)
        heard.append(repr((sender, kwargs)))

    ours = [value for value in vars(signals).values() if isinstance(value, Signal)]
    for signal in ours:
        signal.connect(receiver)
    try:
        walk(sandbox, secrets)
    finally:
        for signal in ours:
            signal.disconnect(receiver)
    assert len(heard) >= 6
    secrets.assert_absent("\n".join(heard))


# --- Error reports ---------------------------------------------------------------------------


@pytest.fixture
def reporting(settings) -> Iterator[None]:
    settings.ROOT_URLCONF = __name__
    settings.ADMINS = ["ada@example.com"] if django.VERSION >= (6,) else [("Ada", "ada@x.example")]
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    settings.DEFAULT_EXCEPTION_REPORTER = "django_identityx.reporting.RedactingReporter"
    settings.DEFAULT_EXCEPTION_REPORTER_FILTER = (
        "django_identityx.reporting.RedactingReporterFilter"
    )
    get_default_exception_reporter_filter.cache_clear()
    logger, to_admins = logging.getLogger("django.request"), AdminEmailHandler(include_html=True)
    to_admins.setLevel(logging.ERROR)
    logger.addHandler(to_admins)
    yield
    logger.removeHandler(to_admins)
    get_default_exception_reporter_filter.cache_clear()


@pytest.mark.parametrize("debug", [True, False])
def test_a_page_of_the_site_that_fails(
    debug: bool, sandbox: Sandbox, secrets: Secrets, reporting: None, settings
) -> None:
    settings.DEBUG = debug
    visitor = Visitor(raise_request_exception=False)
    visitor.sign_in(sandbox)
    visitor.open(sandbox.outbox[-1].url)
    secrets.collect(visitor)
    token = visitor.session["_identityx"]["token"]
    answer = visitor.get(
        "/boom/", {"token": token}, headers={"authorization": f"Bearer AppUser {token}"}
    )
    assert answer.status_code == 500
    (sent,) = (message for message in mail.outbox if message.alternatives)
    report = answer.content.decode() + sent.body + str(sent.alternatives)
    assert "RuntimeError" in report
    secrets.assert_absent(report)


@pytest.mark.parametrize("debug", [True, False])
def test_our_own_page_that_fails(
    debug: bool, sandbox: Sandbox, secrets: Secrets, reporting: None, settings
) -> None:
    """A receiver of the site's raises while the link is being redeemed."""

    def receiver(**kwargs: Any) -> None:
        raise RuntimeError("boom")

    settings.DEBUG = debug
    visitor = Visitor(raise_request_exception=False)
    visitor.ask()
    page = visitor.open(sandbox.outbox[-1].url)
    secrets.collect(visitor)
    signals.user_logged_in.connect(receiver)
    try:
        answer = visitor.submit(page)
    finally:
        signals.user_logged_in.disconnect(receiver)
    assert answer.status_code == 500
    (sent,) = (message for message in mail.outbox if message.alternatives)
    report = answer.content.decode() + sent.body + str(sent.alternatives)
    assert "boom" in report
    secrets.assert_absent(report)


def test_our_own_page_that_fails_on_a_site_without_our_reporter(
    sandbox: Sandbox, secrets: Secrets, reporting: None, settings
) -> None:
    """What is posted and set by us stays out of Django's own mails to the admins, too."""

    def receiver(**kwargs: Any) -> None:
        raise RuntimeError("boom")

    settings.DEFAULT_EXCEPTION_REPORTER = global_settings.DEFAULT_EXCEPTION_REPORTER
    settings.DEFAULT_EXCEPTION_REPORTER_FILTER = global_settings.DEFAULT_EXCEPTION_REPORTER_FILTER
    get_default_exception_reporter_filter.cache_clear()
    visitor = Visitor(raise_request_exception=False)
    visitor.ask()
    page = visitor.open(sandbox.outbox[-1].url)
    secrets.collect(visitor)
    signals.user_logged_in.connect(receiver)
    try:
        visitor.submit(page)
    finally:
        signals.user_logged_in.disconnect(receiver)
    (sent,) = (message for message in mail.outbox if message.alternatives)
    secrets.assert_absent(sent.body + str(sent.alternatives))


def test_what_is_kept_is_found() -> None:
    """That the search finds what it looks for."""
    handler = Keeping()
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "%s", ("a" * 70,), None)
    handler.emit(record)
    with pytest.raises(AssertionError):
        assert_no_secret(handler.text, "a" * 70)
    assert django_settings.ROOT_URLCONF == "tests.urls"
