"""S27: no token stands in a frame's locals that an error report prints."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import requests
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from django.views.debug import ExceptionReporter
from rest_framework.views import APIView

from django_identityx import process, sessions
from django_identityx.authentication import IdentityXAuthentication
from django_identityx.client import IdentityXClient
from django_identityx.credentials import TokenType
from django_identityx.sandbox import DAILY_APP_ID, Sandbox
from django_identityx.testing import login

from .. import faulty_server as wire
from ..faulty_server import FaultyServer
from ..leaks import SECRET, assert_no_secret
from ..site import Visitor
from ..test_acting import ACT, id_of
from ..test_client import METHODS, OUTAGE

pytestmark = pytest.mark.slow

TROUBLE = {
    "an outage": wire.graphql(None, [wire.error(OUTAGE)]),
    "an echo": wire.echo(),
    "another shape": wire.answer('{"data": []}'),
}


def report_on(call: Callable[[], object]) -> str:
    """What Django's reporter writes about the error that ``call`` ends with, as page and mail."""
    try:
        call()
    except Exception:  # noqa: BLE001 - the report is about whatever it is
        reporter = ExceptionReporter(None, *sys.exc_info())
        return reporter.get_traceback_html() + reporter.get_traceback_text()
    raise AssertionError("no error")


@pytest.fixture(params=[False, True], ids=["production", "DEBUG"])
def debug(request: pytest.FixtureRequest, settings) -> None:
    """In DEBUG Django hides nothing, so a token must not be there in the first place."""
    settings.DEBUG = request.param


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.usefixtures("debug")
def test_s27_under_the_clients_methods(trouble: str) -> None:
    with FaultyServer(TROUBLE[trouble]) as server:
        client = IdentityXClient(server.url, app_id=DAILY_APP_ID, timeout=(0.5, 0.5))
        for method in METHODS.values():
            process.reset()
            assert_no_secret(report_on(partial(method, client)))


@pytest.mark.usefixtures("debug")
def test_s27_under_what_nobody_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(requests.Session, "send", fail)
    client = IdentityXClient("http://127.0.0.1:9/", app_id=DAILY_APP_ID, timeout=(0.5, 0.5))
    for method in METHODS.values():
        process.reset()
        assert_no_secret(report_on(partial(method, client)))


def broken_loader(user: object) -> None:
    raise RuntimeError("a bug of the site's")


@pytest.mark.parametrize("header", ["AppUser {}", "Bearer AppUser {}"])
@pytest.mark.usefixtures("debug")
def test_s27_under_authenticate(header: str, sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_USER_LOADER = f"{__name__}.broken_loader"
    tokens = [sandbox.app_user_token("reader@example.net")]
    value = header.format(tokens[0])
    request = RequestFactory().get("/", HTTP_AUTHORIZATION=value)
    authentication = IdentityXAuthentication()
    django_request = APIView().initialize_request(request)
    del value
    for _ in range(2):  # asked, and out of the cache
        report = report_on(lambda: authentication.authenticate(django_request))
        assert "a bug of the site" in report
        assert_no_secret(report, tokens[0])


@pytest.mark.usefixtures("debug")
def test_s27_under_authenticate_without_a_verdict(settings) -> None:
    with FaultyServer(wire.drop()) as server:
        settings.IDENTITYX_API_URL = server.url
        request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"AppUser {SECRET}")
        django_request = APIView().initialize_request(request)
        assert_no_secret(report_on(lambda: IdentityXAuthentication().authenticate(django_request)))


@pytest.mark.usefixtures("debug")
def test_s27_under_authenticate_in_a_coroutine(settings) -> None:
    with FaultyServer(wire.drop()) as server:
        settings.IDENTITYX_API_URL = server.url
        request = RequestFactory().get("/", HTTP_AUTHORIZATION=f"AppUser {SECRET}")
        assert_no_secret(
            report_on(lambda: asyncio.run(IdentityXAuthentication().aauthenticate(request)))
        )


@pytest.mark.django_db
@pytest.mark.usefixtures("debug")
def test_s27_where_acting_can_not_be_begun(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = Visitor()
    login(staff, sandbox, "admin@example.com", TokenType.ORG_USER)
    page = staff.get(ACT, {"user": id_of(sandbox)})
    token = staff.session[sessions.KEY]["token"]

    save = SessionStore.save

    def fail(session: SessionStore, *args: Any, **kwargs: Any) -> None:
        if "actor" in session.get(sessions.KEY, {}):
            raise RuntimeError("a bug")
        save(session, *args, **kwargs)

    monkeypatch.setattr(SessionStore, "save", fail)
    assert_no_secret(report_on(lambda: staff.submit(page)), token)


@pytest.mark.usefixtures("debug")
def test_s27_under_the_clients_resources(settings) -> None:
    settings.IDENTITYX_API_TOKEN = SECRET
    with FaultyServer(wire.graphql(None, [wire.error(OUTAGE)])) as server:
        settings.IDENTITYX_API_URL = server.url
        client = IdentityXClient.from_settings()
        for call in (
            client.app_users.count,
            client.organization.get,
            lambda: next(client.app_users.list()),
            lambda: client.app_users.update("1", city="Rome"),
        ):
            process.reset()
            assert_no_secret(report_on(call))
