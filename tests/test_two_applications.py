"""Two host names, two applications, one process: nothing of one counts for the other."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from django_identityx import sessions
from django_identityx.applications import Application, current
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import ConfigurationError, Rejected
from django_identityx.models import SignIn
from django_identityx.sandbox import DAILY_APP_ID, ORG_ID, WEEKLY_APP_ID, Sandbox
from django_identityx.verification import verify

from .site import Visitor

pytestmark = pytest.mark.django_db

DAILY = Application(DAILY_APP_ID, "https://daily.example.com/identityx/callback/", ORG_ID)
WEEKLY = Application(WEEKLY_APP_ID, "https://weekly.example.com/identityx/callback/", ORG_ID)
HOSTS = {"daily.example.com": DAILY, "weekly.example.com": WEEKLY}
READER, OWNER = "reader@example.net", "owner@example.com"


def by_host(request: HttpRequest) -> Application:
    return HOSTS[request.get_host()]


def nothing(request: HttpRequest) -> None:
    return None


@pytest.fixture(autouse=True)
def _resolver(settings) -> None:
    settings.IDENTITYX_APPLICATION_RESOLVER = "tests.test_two_applications.by_host"


def credential(sandbox: Sandbox, application: Application, email: str) -> Credential:
    if email == OWNER:
        return Credential(TokenType.ORG_USER, sandbox.org_user_token(email))
    token = sandbox.app_user_token(email, application.app_id)
    return Credential(TokenType.APP_USER, token)


def signed_in(sandbox: Sandbox, host: str, email: str = READER) -> Client:
    """A browser with a session at ``host``, whose cookie it sends everywhere."""
    client = Client(headers={"host": host})
    known = credential(sandbox, HOSTS[host], email)
    request = RequestFactory(headers={"host": host}).get("/")
    request.session = client.session
    user = verify(known, app_id=HOSTS[host].app_id)
    sessions.login(request, user, known)
    request.session.save()
    client.cookies["sessionid"] = request.session.session_key or ""
    return client


def members(client: Client, host: str) -> int:
    return client.get("/members/", headers={"host": host}).status_code


daily_and_weekly = pytest.mark.parametrize(
    ("here", "there"),
    [("daily.example.com", "weekly.example.com"), ("weekly.example.com", "daily.example.com")],
)


@daily_and_weekly
@pytest.mark.parametrize("email", [READER, OWNER])
class TestSessions:
    def test_a_session_of_another_application_is_nobody_and_no_error(
        self, sandbox: Sandbox, email: str, here: str, there: str
    ) -> None:
        client = signed_in(sandbox, here, email)
        assert members(client, here) == 200
        assert members(client, there) == 302
        assert client.get("/public/", headers={"host": there}).content == b"public: nobody"
        assert client.get("/api/by-session/", headers={"host": there}).status_code == 403
        me = client.get(reverse("identityx:api-me"), headers={"host": there})
        assert me.status_code == 401
        assert members(client, here) == 200  # and goes on where it belongs

    def test_everywhere_is_everywhere_in_one_application(
        self, sandbox: Sandbox, email: str, here: str, there: str
    ) -> None:
        client, other = signed_in(sandbox, here, email), signed_in(sandbox, there, email)
        client.post(reverse("identityx:logout"), {"everywhere": "1"}, headers={"host": here})
        assert members(client, here) == 302
        assert members(other, there) == 200
        assert SignIn.objects.get().app_id == HOSTS[there].app_id
        ended = [call for call in sandbox.calls if call.operations == ("logoutAppUser",)]
        assert {call.app_id for call in ended} <= {HOSTS[here].app_id}

    def test_devices(self, sandbox: Sandbox, email: str, here: str, there: str) -> None:
        client, other = signed_in(sandbox, here, email), signed_in(sandbox, there, email)
        page = client.get(reverse("identityx:devices"), headers={"host": here})
        assert page.content.decode().count("<li>") == 1
        pk = SignIn.objects.get(app_id=HOSTS[there].app_id).pk
        client.post(reverse("identityx:devices"), {"end": str(pk)}, headers={"host": here})
        assert members(other, there) == 200


@daily_and_weekly
def test_links(sandbox: Sandbox, here: str, there: str) -> None:
    visitor = Visitor(headers={"host": here, "user-agent": "Browser/1.0"})
    visitor.sign_in(sandbox)
    assert members(visitor, here) == 200
    assert members(visitor, there) == 302
    assert SignIn.objects.get().app_id == HOSTS[here].app_id
    assert sandbox.outbox[-1].url.startswith(f"https://{here}/identityx/callback/")
    del visitor.cookies["sessionid"]  # as if the answer had never arrived
    assert visitor.submit(visitor.open(sandbox.outbox[-1].url)).status_code == 302
    assert members(visitor, here) == 200
    assert SignIn.objects.count() == 1
    visitor.ask()
    other = Visitor(headers={"host": there, "user-agent": "Browser/1.0"})
    refused = other.open(sandbox.outbox[-1].url)
    assert refused.status_code == 400
    assert "another site" in refused.content.decode()


@daily_and_weekly
def test_bearers(sandbox: Sandbox, here: str, there: str) -> None:
    known = credential(sandbox, HOSTS[here], READER)
    headers = {"Authorization": f"Bearer AppUser {known.token}"}
    for _ in range(2):  # what the first request leaves in memory helps nobody at the other
        assert Client().get("/api/protected/", headers={**headers, "host": here}).status_code == 200
        refused = Client().get("/api/protected/", headers={**headers, "host": there})
        assert refused.status_code == 401
        assert refused.json()["code"] == "wrong_application"


def test_signing_in_elsewhere_with_the_same_cookie_ends_the_first(sandbox: Sandbox) -> None:
    client = signed_in(sandbox, "daily.example.com")
    known = credential(sandbox, WEEKLY, READER)
    request = RequestFactory(headers={"host": "weekly.example.com"}).get("/")
    request.session = client.session
    request.session["basket"] = 1
    assert sessions.holds_somebody(request)
    sessions.login(request, verify(known, app_id=WEEKLY_APP_ID), known)
    assert "basket" not in request.session
    assert SignIn.objects.get().app_id == WEEKLY_APP_ID
    assert sandbox.count("logoutAppUser") == 1


@daily_and_weekly
def test_signing_out_in_one_ends_the_token_for_views_of_all(
    sandbox: Sandbox, here: str, there: str
) -> None:
    client = signed_in(sandbox, here, OWNER)
    token = client.session[sessions.KEY]["token"]
    known = Credential(TokenType.ORG_USER, token)
    for host in (here, there):
        assert verify(known, application=HOSTS[host]).email == OWNER
    sandbox.set_fault("html502")  # only what is known here says that it has ended
    client.post(reverse("identityx:logout"), headers={"host": here})
    sandbox.clear_fault()
    for ways in [{"application": HOSTS[there]}, {"app_id": HOSTS[there].app_id}, {"max_age": 0}]:
        with pytest.raises(Rejected):
            verify(known, **ways)
    bearer = {"host": there, "authorization": f"Bearer OrgUser {token}"}
    assert Client().get("/api/protected/", headers=bearer).status_code == 401


def test_logout_everywhere_in_one_or_in_all(sandbox: Sandbox) -> None:
    signed_in(sandbox, "daily.example.com", OWNER)
    signed_in(sandbox, "weekly.example.com", OWNER)
    user = verify(credential(sandbox, DAILY, OWNER))
    assert sessions.logout_everywhere(user, application=DAILY)
    assert SignIn.objects.get().app_id == WEEKLY_APP_ID
    assert sessions.logout_everywhere(user)
    assert not SignIn.objects.exists()


def test_the_resolver_is_asked_once_a_request(sandbox: Sandbox, settings) -> None:
    request = RequestFactory(headers={"host": "weekly.example.com"}).get("/")
    assert current(request) is current(request)
    assert current(request) == WEEKLY


def test_a_resolver_that_gives_nothing_is_a_configuration_error(settings) -> None:
    settings.IDENTITYX_APPLICATION_RESOLVER = "tests.test_two_applications.nothing"
    with pytest.raises(ConfigurationError):
        current(RequestFactory().get("/"))


def test_without_a_request_it_is_the_one_in_the_settings(settings) -> None:
    assert current().app_id == settings.IDENTITYX_APP_ID
