"""The command ``identityx_doctor``: each line by itself, whatever the others meet."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from django_identityx.management.examination import Examination
from django_identityx.sandbox import Sandbox, SandboxServer

from .faulty_server import FaultyServer, answer, hang, refusing_port
from .leaks import assert_no_secret
from .troubled_caches import Hanging

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:Overriding setting DATABASES"),
]

OF_IDENTITYX = ["clock", "dialect", "application", "organization", "API token", "access levels"]
HERE = ["callback", "cache", "sessions", "database", "proxies", "HTML"]


@pytest.fixture(autouse=True)
def site(settings) -> None:
    settings.DEBUG = True  # the sandbox is on this machine, and the cache in this process
    settings.IDENTITYX_TRUSTED_PROXIES = 0
    settings.SILENCED_SYSTEM_CHECKS = ["identityx_accounts.W001"]


def run(*args: str) -> tuple[int, str]:
    out, status = io.StringIO(), 0
    try:
        call_command("identityx_doctor", *args, stdout=out)
    except SystemExit as error:
        status = int(str(error.code))
    return status, out.getvalue()


def examined(*args: str) -> dict[str, tuple[str, str]]:
    """The worst that each line says."""
    worst: dict[str, tuple[str, str]] = {}
    for text in run("--json", *args)[1].splitlines():
        found = json.loads(text)
        if found["state"] == "to do" or worst.get(found["line"], ("ok",))[0] != "to do":
            worst[found["line"]] = (found["state"], found["text"])
    return worst


def test_a_healthy_site(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_API_TOKEN = sandbox.api_token("owner@example.com")
    lines = examined()
    assert [*lines] == ["settings", "endpoint", *OF_IDENTITYX, "signing in", *HERE]
    assert {state for state, _ in lines.values()} == {"ok"}, lines
    assert "plain" in lines["dialect"][1]
    assert sandbox.outbox == []
    status, text = run("--strict")
    assert status == 0
    assert_no_secret(text, settings.IDENTITYX_API_TOKEN)
    assert "Premium" in text
    assert "owner@example.com, Owner" in text


def test_advice_is_no_failure(sandbox: Sandbox) -> None:
    status, text = run()
    assert status == 0
    assert "by a name that does not exist is a plain refusal" in text
    assert run("--strict")[0] == 1


@pytest.mark.parametrize("trouble", ["refused", "hangs", "html"])
def test_nobody_answers(settings, trouble: str) -> None:
    settings.IDENTITYX_TIMEOUT = (0.2, 0.2)
    with refusing_port() as url, FaultyServer(hang() if trouble == "hangs" else answer("<p>")) as f:
        settings.IDENTITYX_API_URL = url if trouble == "refused" else f.url
        lines = examined()
    assert lines["endpoint"][0] == "to do"
    assert settings.IDENTITYX_API_URL in lines["endpoint"][1]
    assert {lines[name][0] for name in [*OF_IDENTITYX, "signing in"]} == {"skipped"}
    assert {lines[name][0] for name in HERE} == {"ok"}, "the others go on"
    assert run()[0] == 1


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (-30, "advice"), (3600, "to do")])
def test_clock(settings, seconds: int, state: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    with FaultyServer(answer('{"data": {"ping": "pong"}}', headers={"Date": date})) as server:
        settings.IDENTITYX_API_URL = server.url
        found = examined()["clock"]
    assert found[0] == state
    assert ("behind" in found[1], "ahead" in found[1]) == (seconds > 0, seconds < 0)


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_no_clock(settings, date: str) -> None:
    with FaultyServer(answer('{"data": {"ping": "pong"}}', headers={"Date": date})) as server:
        settings.IDENTITYX_API_URL = server.url
        assert examined()["clock"][0] == "skipped"


def test_the_other_dialect(settings) -> None:
    with SandboxServer(Sandbox(dialect="bearer")) as server:
        settings.IDENTITYX_API_URL = server.url
        settings.IDENTITYX_AUTHORIZATION_FORMAT = "plain"
        assert examined()["dialect"] == (
            "to do",
            "IdentityX reads bearer: leave IDENTITYX_AUTHORIZATION_FORMAT out.",
        )
        settings.IDENTITYX_AUTHORIZATION_FORMAT = "auto"
        assert examined()["dialect"][0] == "ok"


def test_an_application_that_is_not_served(sandbox: Sandbox, settings) -> None:
    lines = examined("--app-id", "5d1b36070ce467bff67fffff")
    assert lines["endpoint"][0] == "ok"
    assert lines["application"][0] == "to do"
    settings.IDENTITYX_APP_ID = None
    lines = examined()
    assert lines["application"][0] == "skipped"
    assert lines["organization"][0] == "to do"


def test_several_applications(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_APP_ID = None
    settings.IDENTITYX_APPLICATION_RESOLVER = "tests.test_two_applications.by_host"
    lines = examined()
    assert lines["application"] == ("advice", "There are several: examine each with --app-id.")
    assert lines["organization"][0] == "skipped"
    assert run("--app-id", "5d1b36070ce467bff670a053")[0] == 0
    assert "5d1b36070ce467bff670a053 is served" in run("--app-id", "5d1b36070ce467bff670a053")[1]


@pytest.mark.parametrize("org_id", ["any", "5d1b36070ce467bff67fffff"])
def test_another_organization(sandbox: Sandbox, settings, org_id: str) -> None:
    settings.IDENTITYX_ORG_ID = org_id
    assert examined()["organization"][0] == "advice"


def test_api_tokens(sandbox: Sandbox, settings) -> None:
    token = settings.IDENTITYX_API_TOKEN = sandbox.api_token("owner@example.com")
    sandbox.revoke(token)
    lines = examined()
    assert "identityx_api_token" in lines["API token"][1]
    assert lines["signing in"][0] == "ok"
    assert_no_secret(str(lines), token)


def test_an_api_token_of_a_stranger(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_API_TOKEN = sandbox.api_token("owner@example.com")
    settings.IDENTITYX_ORG_ID = "5d1b36070ce467bff67fffff"
    assert "has no role" in examined()["API token"][1]


def test_a_part_of_identityx_is_down(sandbox: Sandbox) -> None:
    sandbox.set_fault("inner", service="token")
    lines = examined()
    assert lines["endpoint"][0] == "ok"
    assert lines["signing in"][0] == "to do"
    assert "outage" in lines["signing in"][1]


def cache(name: str) -> dict[str, dict[str, str]]:
    return {"default": {"BACKEND": f"tests.{name}", "LOCATION": "redis://:a-password@here/"}}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cache_backends.Down", "is its server up"),
        ("cache_backends.Swallowing", "does not keep"),
        ("troubled_caches.Hanging", "no answer after 0.3 seconds"),
    ],
)
def test_a_cache_in_trouble(
    sandbox: Sandbox, settings, name: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hanging, "seconds", 0.8)
    settings.CACHES = cache(name)
    status, text = run("--timeout", "0.3" if "Hanging" in name else "20")
    assert status == 1
    assert says in text
    assert_no_secret(text, "a-password")
    if name != "troubled_caches.Hanging":  # where a busy machine may be late with others, too
        assert text.count("to do") == 1, "IdentityX's lines and the others don't need it"


def test_a_cache_of_one_process(sandbox: Sandbox, settings) -> None:
    assert "not shared by" in examined()["cache"][1]
    settings.CACHES = cache("cache_backends.Remote")
    assert ", shared by" in examined()["cache"][1]


def test_tables_are_missing(sandbox: Sandbox) -> None:
    MigrationRecorder(connection).record_unapplied("django_identityx", "0001_initial")
    assert examined()["database"] == (
        "to do",
        "Tables are missing (django_identityx): manage.py migrate",
    )


def test_what_checks_say_stands_where_it_belongs(sandbox: Sandbox, settings) -> None:
    settings.DEBUG = False
    settings.IDENTITYX_CALLBACK_URL = None
    settings.IDENTITYX_TRUSTED_PROXIES = None
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.IDENTITYX_LINK_MAX_AGE = "soon"
    lines, text = examined(), run()[1]
    for id_ in ("E005", "E025", "E046", "W003", "W010"):
        assert f"(identityx.{id_})" in text
    assert {lines[name][0] for name in ("settings", "sessions")} == {"to do"}
    assert lines["callback"][0] == "to do", "pages that can send no link"
    assert lines["endpoint"][0] == "ok"
    settings.SILENCED_SYSTEM_CHECKS = ["identityx.E005"]
    assert examined()["sessions"][0] == "ok"


def test_sessions_in_the_cache(sandbox: Sandbox, settings) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    assert examined()["sessions"][0] == "advice"


def test_a_foreign_exception_keeps_its_words(monkeypatch: pytest.MonkeyPatch, sandbox) -> None:
    def odd(self: Examination) -> None:
        raise OSError("redis://:a-password@here/")

    monkeypatch.setattr(Examination, "_proxies", odd)
    lines = examined()
    assert lines["proxies"] == ("to do", "This fails with OSError.")
    assert lines["HTML"][0] == "ok"
