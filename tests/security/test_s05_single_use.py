"""S5: a link signs one browser in, once; and costs nothing where it led to nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.urls import reverse

from django_identityx import process
from django_identityx.models import Claim
from django_identityx.sandbox import Sandbox, SandboxServer
from tests.site import OWNER, READER, Visitor

CALLBACK = reverse("identityx:callback")
API_LOGIN, API_ME = reverse("identityx:api-login"), reverse("identityx:api-me")


def link(sandbox: Sandbox, *, staff: bool = False) -> str:
    token = sandbox.org_login_link_token(OWNER) if staff else sandbox.login_link_token(READER)
    return f"{CALLBACK}?token={token}&redirectTo=/members/"


@pytest.mark.django_db
class TestOnce:
    @pytest.mark.parametrize("staff", [False, True])
    def test_another_browser_is_refused_before_identityx_is_asked(
        self, sandbox: Sandbox, staff: bool
    ) -> None:
        url = link(sandbox, staff=staff)
        person, thief = Visitor(), Visitor()
        person.submit(person.open(url))
        asked = sandbox.count()
        page = thief.submit(thief.open(url))
        assert page.status_code == 410
        assert thief.signed_in_as == ""
        assert sandbox.count() == asked

    def test_after_signing_out_too(self, sandbox: Sandbox) -> None:
        url = link(sandbox)
        person = Visitor()
        person.submit(person.open(url))
        person.submit(person.get(reverse("identityx:logout")))
        page = person.submit(person.open(url))
        assert page.status_code == 410
        assert person.signed_in_as == ""

    def test_page_and_json_share_it(self, sandbox: Sandbox) -> None:
        url = link(sandbox)
        person, script = Visitor(), Visitor()
        person.submit(person.open(url))
        script.get(API_ME)
        answer = script.post(
            API_LOGIN,
            json.dumps({"token": url, "confirmed": True}),
            content_type="application/json",
            headers={"X-CSRFToken": script.cookies["csrftoken"].value},
        )
        assert (answer.status_code, answer.json()["code"]) == (410, "used")

    def test_another_spelling_is_the_same_link(self, sandbox: Sandbox) -> None:
        url = link(sandbox)
        person, thief = Visitor(), Visitor()
        person.submit(person.open(url))
        for spelling in (f"{url}&a=b", f"{url}%0A"):
            page = thief.submit(thief.open(spelling))
            assert page.status_code == 410
            assert thief.signed_in_as == ""
        assert thief.open(url.replace("token=", "token=%20")).status_code == 400


@pytest.mark.django_db
class TestImpatience:
    """What the person does who has just signed in is no error."""

    def test_double_click_whose_first_answer_was_lost(self, sandbox: Sandbox) -> None:
        person = Visitor()
        page = person.open(link(sandbox))
        cookies = person.cookies.copy()
        person.submit(page)
        first = person.cookies["sessionid"].value
        person.cookies = cookies
        assert person.submit(page).url == "/members/"
        assert person.signed_in_as == "Rita Reader"
        assert not Session.objects.filter(session_key=first).exists()
        assert sandbox.count("loginAppUser") == 2
        assert sandbox.count("logoutAppUser") == 1

    def test_the_link_again_leads_on(self, sandbox: Sandbox) -> None:
        url = link(sandbox)
        person = Visitor()
        person.submit(person.open(url))
        for _ in range(3):
            page = person.open(url)
            assert 'href="/members/"' in page.content.decode()
            assert person.submit(page).url == "/members/"
        assert sandbox.count("loginAppUser") == 1

    def test_back_leads_on(self, sandbox: Sandbox, settings) -> None:
        settings.LOGIN_REDIRECT_URL = "/public/"
        person = Visitor()
        person.submit(person.open(link(sandbox)))
        response = person.get(CALLBACK)
        assert (response.status_code, response.url) == (302, "/public/")

    def test_a_lost_answer_of_the_json_twin(self, sandbox: Sandbox) -> None:
        script = Visitor()
        script.get(API_ME)
        token = sandbox.login_link_token(READER)

        def send(**data: object):
            return script.post(
                API_LOGIN,
                json.dumps({"token": token, **data}),
                content_type="application/json",
                headers={"X-CSRFToken": script.cookies["csrftoken"].value},
            )

        assert send().status_code == 409
        cookies = script.cookies.copy()
        assert send(confirmed=True).status_code == 200
        script.cookies = cookies
        assert send(confirmed=True).status_code == 200


@pytest.mark.django_db
class TestItLedToNothing:
    @pytest.mark.parametrize("mode", ["html502", "drop", "inner", "blocked"])
    @pytest.mark.parametrize("staff", [False, True])
    def test_trouble_gives_it_back(self, sandbox: Sandbox, mode: str, staff: bool) -> None:
        person, other = Visitor(), Visitor()
        url = link(sandbox, staff=staff)
        page = person.open(url)
        sandbox.set_fault(mode)
        troubled = person.submit(page)
        if mode == "blocked" and staff:
            return  # staff need no application
        assert troubled.status_code == 503
        assert int(troubled["Retry-After"]) > 0
        assert not _claims()
        sandbox.clear_fault()
        process.reset()
        assert other.submit(other.open(url)).url == "/members/"  # on the phone, for once

    def test_a_refused_setting_is_named_in_the_log_and_not_on_the_page(
        self, sandbox: Sandbox, caplog
    ) -> None:
        person = Visitor()
        page = person.open(link(sandbox))
        sandbox.set_fault("blocked")
        troubled = person.submit(page)
        assert troubled.status_code == 503
        assert "IDENTITYX_APP_ID" in caplog.text
        assert b"IDENTITYX" not in troubled.content
        assert b"5d1b3607" not in troubled.content

    def test_banned_are_told_and_nothing_is_left_of_their_token(
        self, sandbox: Sandbox, settings
    ) -> None:
        settings.IDENTITYX_REFUSE_BANNED = True
        person = Visitor()
        token = sandbox.login_link_token("banned@example.net")
        page = person.submit(person.open(f"{CALLBACK}?token={token}"))
        assert page.status_code == 403
        assert sandbox.count("logoutAppUser") == 1
        assert person.signed_in_as == ""

    def test_a_receiver_that_fails(self, sandbox: Sandbox) -> None:
        from django_identityx.signals import user_logged_in

        def fail(**kwargs: object) -> None:
            raise RuntimeError("a receiver of the site")

        url = link(sandbox)
        person = Visitor(raise_request_exception=False)
        page = person.open(url)
        user_logged_in.connect(fail)
        try:
            assert person.submit(page).status_code == 500
        finally:
            user_logged_in.disconnect(fail)
        assert sandbox.count("logoutAppUser") == 1
        other = Visitor()
        assert other.submit(other.open(url)).url == "/members/"


class TestNobodyCanTell:
    """Where the database does not answer, nobody is let in, and the page says so."""

    @pytest.mark.django_db
    def test_the_table_is_gone(self, sandbox: Sandbox, settings) -> None:
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        person = Visitor()
        page = person.open(link(sandbox))
        with connection.cursor() as cursor:  # the test's transaction brings it back
            cursor.execute("ALTER TABLE django_identityx_claim RENAME TO elsewhere")
        page = person.submit(page)
        assert page.status_code == 503
        assert b"Nothing is lost" in page.content
        assert person.signed_in_as == ""
        assert sandbox.count("loginAppUser") == 0

    def test_a_site_without_a_database(self, sandbox: Sandbox, settings) -> None:
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        settings.DATABASE_ROUTERS = ["tests.security.test_s05_single_use.Nowhere"]
        person = Visitor()
        page = person.submit(person.open(link(sandbox)))
        assert page.status_code == 503
        assert sandbox.count("loginAppUser") == 0

    @pytest.mark.django_db
    def test_the_table_serves_while_the_cache_is_down(self, sandbox: Sandbox, settings) -> None:
        settings.CACHES = {"default": {"BACKEND": "tests.cache_backends.Down"}}
        settings.IDENTITYX_THROTTLE_RATES = None
        url = link(sandbox)
        person, thief = Visitor(), Visitor()
        assert person.submit(person.open(url)).url == "/members/"
        assert thief.submit(thief.open(url)).status_code == 410


class Nowhere:
    """A router to a database that is none, as where ``DATABASES`` is empty."""

    def db_for_write(self, model: type, **hints: object) -> str:
        raise ImproperlyConfigured("settings.DATABASES is improperly configured.")


@pytest.mark.slow
class TestAtOnce:
    """Processes with threads, on one file of SQLite and one IdentityX."""

    def press(
        self, server: SandboxServer, folder: Path, *, marks: str, processes: int, threads: int
    ) -> Counter[str]:
        (folder / "site_of_many.py").write_text(
            "from tests.settings import *\n"
            "DATABASES['default'] = {'ENGINE': 'django.db.backends.sqlite3',"
            f" 'NAME': {str(folder / 'site.sqlite3')!r}, 'OPTIONS': {{'timeout': 30}}}}\n"
            f"IDENTITYX_API_URL = {server.url!r}\n"
            "IDENTITYX_THROTTLE_RATES = None\n"
        )
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(folder), str(Path(__file__).parents[2])]),
            "DJANGO_SETTINGS_MODULE": "site_of_many",
        }
        migrate = [sys.executable, "-m", "django", "migrate", "--skip-checks"]
        subprocess.run(migrate, env=env, check=True, capture_output=True)
        token, start = server.sandbox.login_link_token(READER), time.time() + 0.4 * processes
        script = [sys.executable, "-c", _BROWSERS, token, str(start), marks, str(threads)]
        running = [
            subprocess.Popen(script, env=env, stdout=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        statuses: Counter[str] = Counter()
        for child in running:
            output, _ = child.communicate(timeout=120)
            assert child.returncode == 0
            statuses.update(output.split())
        return statuses

    def test_200_browsers_in_four_processes_make_one_session(
        self, sandbox_server: SandboxServer, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        """On SQLite, which is slow at this; test_redemption.py has 1,000 on better servers."""
        statuses = self.press(sandbox_server, tmp_path, marks="many", processes=4, threads=2)
        assert statuses.total() == 200
        assert statuses["302"] == 1, statuses
        assert statuses["410"] + statuses["503"] == 199, statuses
        assert sandbox.count("loginAppUser") == 1
        assert sandbox.count("logoutAppUser") == 0
        assert _sessions(tmp_path) == 1

    def test_one_browser_that_presses_a_lot_has_one_session(
        self, sandbox_server: SandboxServer, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        statuses = self.press(sandbox_server, tmp_path, marks="one", processes=2, threads=2)
        assert statuses.total() == 100
        assert statuses["302"] >= 1, statuses
        assert sandbox.count("loginAppUser") - sandbox.count("logoutAppUser") == 1
        assert _sessions(tmp_path) == 1


def _sessions(folder: Path) -> int:
    """How many sessions there are."""
    connection = sqlite3.connect(folder / "site.sqlite3")
    try:
        (count,) = connection.execute("SELECT count(*) FROM django_session").fetchone()
    finally:
        connection.close()
    return int(count)


_BROWSERS = """
import secrets, sys, threading, time
import django
django.setup()
from django.db import connections
from django.test import Client
from django.urls import reverse
from django_identityx.signin.cookies import Carrier, Mark
token, start = sys.argv[1], float(sys.argv[2])
carrier, secret, statuses = Carrier(token).dump(), "a" * 32, []
def mark():
    return "the one" if sys.argv[3] == "one" else secrets.token_hex(8)
def browsers():
    time.sleep(max(0, start - time.time()))
    for _ in range(25):
        client = Client(enforce_csrf_checks=True)
        client.cookies["csrftoken"] = secret
        client.cookies[Mark.name] = Mark(mark()).dump()
        fields = {"carrier": carrier, "csrfmiddlewaretoken": secret}
        statuses.append(client.post(reverse("identityx:callback"), fields).status_code)
    connections.close_all()
threads = [threading.Thread(target=browsers) for _ in range(int(sys.argv[4]))]
[t.start() for t in threads], [t.join() for t in threads]
print(*statuses)
"""


def _claims() -> list[str]:
    return [claim.digest for claim in Claim.objects.all()]
