"""Why was that refused? One logger tells, and it tells no secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from django_identityx import process, sessions, verification
from django_identityx.exceptions import Rejected
from django_identityx.middleware import IdentityXMiddleware
from django_identityx.sandbox import DAILY_APP_ID, WEEKLY_APP_ID, Sandbox
from django_identityx.signin import JSONEndpoint, Page
from django_identityx.signin.reasons import REASONS
from django_identityx.testing import credential, login

from .leaks import assert_no_secret
from .site import READER, Visitor

pytestmark = pytest.mark.django_db

CALLBACK = reverse("identityx:callback")
EXCHANGE = reverse("identityx_tokens:exchange")
OTHER = "subscriber@example.net"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the package's logger has said."""
    caplog.set_level(logging.DEBUG, "django_identityx")

    def said() -> list[str]:
        return [r.getMessage() for r in caplog.records if r.name == "django_identityx"]

    return said


class RefusedPage(Page):
    """A page that is refused for whatever the query says."""

    def get(self, request: Any) -> Any:
        raise Rejected(request.GET["why"])


class RefusedEndpoint(JSONEndpoint):
    """Its twin."""

    def get(self, request: Any) -> Any:
        raise Rejected(request.query_params["why"])


@pytest.mark.parametrize("code", REASONS)
def test_each_reason_is_told_where_it_is_shown(code: str, log: Callable[[], list[str]]) -> None:
    request = RequestFactory().get("/", {"why": code})
    request.session = {}  # type: ignore[assignment]
    for kind, view in (("page", RefusedPage), ("json", RefusedEndpoint)):
        answer = IdentityXMiddleware(view.as_view())(request)
        assert answer.status_code == REASONS[code].status
        assert log()[-1] == f"{kind}: {REASONS[code].status}, {code}"


def opened(browser: Client, token: str) -> Any:
    browser.get(CALLBACK, {"token": token}, follow=True)


def taken(browser: Visitor, token: str) -> Any:
    page = browser.get(CALLBACK, {"token": token}, follow=True)
    return browser.submit(page)


def exchanged(token: str, **more: Any) -> Any:
    data = {"token": token, **more}
    return Client().post(EXCHANGE, data, content_type="application/json")


def link(sandbox: Sandbox, email: str = READER, app_id: str = DAILY_APP_ID) -> str:
    return sandbox.login_link_token(email, app_id)


def test_each_exit_of_a_link(sandbox: Sandbox, log: Callable[[], list[str]], settings) -> None:
    """Deciding, redeeming and exchanging: each way out says which it was."""
    one, good, foreign = Visitor(), link(sandbox), link(sandbox, app_id=WEEKLY_APP_ID)
    secrets = [good, foreign]

    def expect(*lines: str) -> None:
        said = [line.partition(" of AppUser: ")[2] or line for line in log()[len(seen) :]]
        seen.extend(said)
        assert [line for line in said if line in lines] == [*lines], said

    seen: list[str] = []
    opened(one, foreign)
    expect("Link refused here: wrong_application.", "page: 400, wrong_application")
    opened(one, good)
    expect("is this you?")
    sandbox.set_fault("html502", times=1)
    taken(one, good)
    expect("proceed", "Link led to nothing: unavailable.", "page: 503, unavailable")
    taken(one, good)
    expect("proceed", "login: AppUser signed in", "Link taken.")
    taken(one, link(sandbox))
    expect("change person?", "signed in as this person already")
    taken(Visitor(), good)
    expect("proceed", "Link led to nothing: used.", "page: 410, used")
    third = link(sandbox, OTHER)
    exchanged(third)
    expect("json: 409, confirmation_required")
    exchanged(third, verifier="v" * 43)
    expect("Link led to nothing: confirmation_required.", "json: 409, confirmation_required")
    exchanged(third, confirmed=True)
    expect("Link taken.")
    sandbox.revoke(credential(sandbox, READER).token)
    settings.IDENTITYX_SIGN_IN_KINDS = ["OrgUser"]
    opened(Visitor(), link(sandbox))
    expect("Link refused here: not_admitted.", "page: 403, not_admitted")
    assert_no_secret("\n".join(log()), *secrets, third)


@pytest.mark.parametrize("path", ["/api/protected/", "/api/by-session/"])
def test_each_exit_of_authentication(
    sandbox: Sandbox, log: Callable[[], list[str]], settings, path: str
) -> None:
    by_header = "protected" in path
    browser = Client(enforce_csrf_checks=True)
    known = credential(sandbox, READER)
    headers = {"Authorization": f"Bearer AppUser {known.token}"} if by_header else {}

    def last(method: str = "get", **more: str) -> str:
        getattr(browser, method)(path, headers={**headers, **more})
        return next(line for line in reversed(log()) if line.startswith("authenticate:"))

    if by_header:
        assert last(Authorization="Basic eA==") == "authenticate: no header of ours"
    else:
        assert last() == "authenticate: nobody is signed in"
        login(browser, sandbox, READER)
        known = sessions.get_credential(_request_of(browser)) or known
        assert last() == "authenticate: AppUser, by the session"
        assert last("post") == "authenticate: 403, the CSRF check failed"
    verification.forget(known)
    sandbox.set_fault("html502", times=9)
    settings.IDENTITYX_SESSION_STALE_IF_ERROR = 0
    assert last() == "authenticate: 503, Unreachable"
    sandbox.clear_fault()
    process.reset()
    verification.forget(known)
    sandbox.revoke(known.token)
    assert last() == (
        "authenticate: 401, revoked" if by_header else "authenticate: nobody is signed in"
    )
    assert by_header or "session: ended, revoked" in log()
    assert_no_secret("\n".join(log()), known.token)


def _request_of(browser: Client) -> Any:
    request = RequestFactory().get("/")
    request.session = browser.session
    return request
