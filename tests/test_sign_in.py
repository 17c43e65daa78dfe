"""Who may sign in by a link, for which application, and what comes along with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import override_settings
from django.urls import reverse

from django_identityx import process, sending, signals
from django_identityx.applications import Application
from django_identityx.credentials import TokenType
from django_identityx.models import Claim
from django_identityx.sandbox import DAILY_APP_ID, WEEKLY_APP_ID, Sandbox
from django_identityx.signin.cookies import Known

from .site import OWNER, READER, Visitor

pytestmark = pytest.mark.django_db

CALLBACK, LOGIN, ORG_LOGIN = (
    reverse(f"identityx:{name}") for name in ("callback", "login", "org-login")
)
STRANGER = "stranger@example.com"


def post_json(visitor: Visitor, name: str, **data: Any) -> Any:
    visitor.get(reverse("identityx:api-me"))
    return visitor.post(
        reverse(f"identityx:{name}"),
        json.dumps(data),
        content_type="application/json",
        headers={"X-CSRFToken": visitor.cookies["csrftoken"].value},
    )


class TestKinds:
    def test_readers_only(self, sandbox: Sandbox, settings) -> None:
        settings.IDENTITYX_SIGN_IN_KINDS = ["AppUser"]
        visitor = Visitor()
        assert visitor.get(ORG_LOGIN).status_code == 404
        refused = post_json(visitor, "api-login-link", email=OWNER, kind="OrgUser")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
        page = visitor.open(f"{CALLBACK}?token={sandbox.org_login_link_token(OWNER)}")
        assert page.status_code == 403
        assert b"This account can&#x27;t sign in here" in page.content
        assert sandbox.count("userLogin") == 0
        visitor.sign_in(sandbox)
        assert visitor.signed_in_as == "Rita Reader"

    def test_staff_only(self, sandbox: Sandbox, settings) -> None:
        settings.IDENTITYX_SIGN_IN_KINDS = ["OrgUser"]
        visitor = Visitor()
        moved = visitor.get(LOGIN, {"next": "/members/"})
        assert (moved.status_code, moved.url) == (302, f"{ORG_LOGIN}?next=%2Fmembers%2F")
        assert visitor.get(LOGIN, follow=True).status_code == 200
        assert post_json(visitor, "api-login-link", email=OWNER).status_code == 202
        link = sandbox.login_link_token(READER)
        refused = post_json(visitor, "api-login", token=link, confirmed=True)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_admitted")


@pytest.mark.parametrize("by", ["page", "json"])
def test_s21_staff_of_another_organization(sandbox: Sandbox, by: str) -> None:
    visitor = Visitor()
    token = sandbox.org_login_link_token(STRANGER)
    if by == "page":
        page = visitor.submit(visitor.open(f"{CALLBACK}?token={token}"))
        assert page.status_code == 403
        assert b"does not belong to the organization" in page.content
    else:
        answer = post_json(visitor, "api-login", token=token, confirmed=True)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_organization")
    assert visitor.signed_in_as == ""
    assert sandbox.count("userLogout") == 1  # nothing is left of the token


@pytest.mark.parametrize("email", [READER, OWNER])
def test_the_first_page_after_it_asks_nobody(sandbox: Sandbox, email: str) -> None:
    visitor = Visitor()
    staff = email == OWNER
    token = sandbox.org_login_link_token(OWNER) if staff else sandbox.login_link_token(READER)
    visitor.submit(visitor.open(f"{CALLBACK}?token={token}&redirectTo=/members/"))
    asked = sandbox.count()
    assert visitor.get("/members/").status_code == 200
    assert sandbox.count() == asked


class TestWhatComesAlong:
    @pytest.fixture
    def heard(self) -> Any:
        told: list[dict[str, Any]] = []

        def receive(**kwargs: Any) -> None:
            told.append(kwargs)

        signals.user_logged_in.connect(receive)
        yield told
        signals.user_logged_in.disconnect(receive)

    def test_from_code(self, sandbox: Sandbox, heard: list[dict[str, Any]]) -> None:
        sending.send_login_link(
            READER,
            token_type=TokenType.APP_USER,
            source="newsletter",
            additional_context={"issue": 5},
        )
        assert sending.wait_until_sent()
        visitor = Visitor()
        visitor.submit(visitor.open(sandbox.outbox[-1].url))
        assert heard[0]["login_source"] == "newsletter"
        assert heard[0]["additional_context"]["issue"] == 5

    @pytest.mark.parametrize("by", ["page", "json"])
    @pytest.mark.parametrize(
        ("source", "told"), [("newsletter", "newsletter"), ("<b>", None), ("x" * 65, None)]
    )
    def test_from_a_page(
        self,
        sandbox: Sandbox,
        heard: list[dict[str, Any]],
        by: str,
        source: str,
        told: str | None,
    ) -> None:
        visitor = Visitor()
        if by == "page":
            visitor.submit(visitor.get(LOGIN, {"source": source}), email=READER)
        else:
            answer = post_json(visitor, "api-login-link", email=READER, source=source)
            if answer.status_code == 400:
                return
        assert sending.wait_until_sent()
        visitor.submit(visitor.open(sandbox.outbox[-1].url))
        assert heard[0]["login_source"] == told


class TestNobodyIsKeptOut:
    """S23, as a person meets it."""

    def test_s23_a_browser_that_signed_in_before(self, sandbox: Sandbox, settings) -> None:
        settings.IDENTITYX_THROTTLE_RATES = {"send-email": "3/min"}
        owner = Visitor()
        owner.sign_in(sandbox)
        owner.submit(owner.get(reverse("identityx:logout")))
        assert Known.of(owner.get(LOGIN).wsgi_request).addresses
        for number in range(5):
            Visitor(REMOTE_ADDR=f"203.0.113.{number}").ask()
        assert Visitor().ask().status_code == 429
        assert owner.ask().status_code == 302
        assert owner.ask("subscriber@example.net").status_code == 302
        for _ in range(3):
            last = owner.ask()
        assert last.status_code == 429


def by_host(request: HttpRequest) -> Application:
    """The resolver of a project with two applications."""
    if request.get_host().startswith("weekly."):
        return Application(WEEKLY_APP_ID, "https://weekly.example/identityx/callback/")
    return Application(DAILY_APP_ID, "https://daily.example/identityx/callback/")


class TestTwoApplications:
    @pytest.fixture(autouse=True)
    def _two(self, settings) -> None:
        settings.IDENTITYX_APPLICATION_RESOLVER = "tests.test_sign_in.by_host"
        settings.IDENTITYX_APP_ID = settings.IDENTITYX_CALLBACK_URL = None

    def daily(self, **options: Any) -> Visitor:
        return Visitor(headers={"host": "daily.example"}, **options)

    def weekly(self, **options: Any) -> Visitor:
        return Visitor(headers={"host": "weekly.example"}, **options)

    def test_links_lead_to_the_site_that_was_asked(self, sandbox: Sandbox) -> None:
        self.daily().ask()
        self.weekly().ask()
        first, second = (mail.url.partition("?")[0] for mail in sandbox.outbox)
        assert first == "https://daily.example/identityx/callback/"
        assert second == "https://weekly.example/identityx/callback/"

    def test_the_whole_way_in_each(self, sandbox: Sandbox) -> None:
        for visitor, app_id in ((self.daily(), DAILY_APP_ID), (self.weekly(), WEEKLY_APP_ID)):
            visitor.sign_in(sandbox, next="/members/")
            assert visitor.get("/members/").status_code == 200
            assert visitor.session["_identityx"]["app"] == app_id

    def test_pressed_twice(self, sandbox: Sandbox) -> None:
        visitor = self.weekly()
        visitor.ask(next="/members/")
        page, cookies = visitor.open(sandbox.outbox[-1].url), visitor.cookies.copy()
        visitor.submit(page)
        visitor.cookies = cookies  # of the first answer nothing arrived
        assert visitor.submit(page).url == "/members/"
        assert visitor.get("/members/").status_code == 200
        assert sandbox.count("logoutAppUser") == 1

    def test_a_link_of_the_other_is_refused(self, sandbox: Sandbox) -> None:
        self.weekly().ask()
        visitor = self.daily()
        page = visitor.open(sandbox.outbox[-1].url)
        assert page.status_code == 400
        assert b"belongs to another site" in page.content
        assert sandbox.count("loginAppUser") == 0

    def test_a_staff_link_is_claimed_in_each(self, sandbox: Sandbox) -> None:
        """It names no application, so it may be used in both, once."""
        url = f"{CALLBACK}?token={sandbox.org_login_link_token(OWNER)}"
        for new in (self.daily, self.weekly):
            first, second = new(), new()
            first.submit(first.open(url))
            assert first.signed_in_as == "Olive Owner"
            assert second.submit(second.open(url)).status_code == 410
        assert Claim.objects.count() == 2

    def test_nobody_else_asks_for_the_settings_application(self, sandbox: Sandbox) -> None:
        process.reset()
        with override_settings(IDENTITYX_APP_ID="0" * 24):
            visitor = self.daily()
            visitor.sign_in(sandbox)
            assert visitor.signed_in_as == "Rita Reader"


class TestTheSite:
    """Each page says whose it is, and leads there: the 503 too."""

    def heading(self, page: Any, name: str, home: str = "/") -> bool:
        return f'<a href="{home}">{name}</a>' in page.content.decode()

    @pytest.mark.parametrize("name", ["login", "org-login", "link-sent", "callback", "logout"])
    def test_its_name(self, settings, name: str) -> None:
        url = reverse(f"identityx:{name}")
        assert self.heading(Visitor().get(url), "testserver")
        settings.IDENTITYX_SITE_NAME = "Acme & Sons"
        page = Visitor().get(url)
        assert self.heading(page, "Acme &amp; Sons")
        assert "· Acme &amp; Sons</title>" in page.content.decode()

    def test_in_an_outage(self, sandbox: Sandbox, settings) -> None:
        settings.IDENTITYX_VERIFICATION_TTL = settings.IDENTITYX_SESSION_STALE_IF_ERROR = 0
        settings.IDENTITYX_STALE_IF_ERROR = settings.IDENTITYX_LOCAL_TTL = 0
        visitor = Visitor()
        visitor.sign_in(sandbox)
        process.reset()
        sandbox.set_fault("html502")
        page = visitor.get("/members/", headers={"accept": "text/html"})
        assert page.status_code == 503
        assert self.heading(page, "testserver")

    def test_a_base_of_ones_own(self, settings, tmp_path: Path) -> None:
        (tmp_path / "identityx").mkdir()
        (tmp_path / "base.html").write_text(
            "<head>{% block head %}{% endblock %}</head>{% block main %}{% endblock %}"
        )
        (tmp_path / "identityx" / "base.html").write_text(
            '{% extends "base.html" %}'
            '{% block head %}{% include "identityx/_assets.html" %}{% endblock %}'
            '{% block main %}<main class="identityx">{% block content %}{% endblock %}</main>'
            "{% endblock %}"
        )
        (tmp_path / "identityx" / "_button.html").write_text('<button class="btn">{{ label }}')
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
        page = Visitor().get(LOGIN).content.decode()
        for part in ("identityx.css", "identityx.js", 'class="btn">Send me a link'):
            assert page.count(part) == 1
        assert page.index("identityx.css") < page.index("</head>")  # a site's own style follows it

    @pytest.mark.parametrize("name", ["login", "link-sent", "callback", "logout", "devices"])
    def test_classes_of_ones_own(
        self, sandbox: Sandbox, settings, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "identityx").mkdir()
        for part in ("_button", "_link", "_field"):
            (tmp_path / "identityx" / f"{part}.html").write_text(f'<i class="{part}">')
        visitor = Visitor()
        visitor.sign_in(sandbox)
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
        if name == "callback":
            page = visitor.open(f"{CALLBACK}?token={sandbox.login_link_token(READER)}")
        else:
            page = visitor.get(reverse(f"identityx:{name}"))
        text = page.content.decode()
        assert '<i class="_button">' in text or '<i class="_link">' in text
        for other in ("<button", "identityx-button", "identityx-input"):
            assert other not in text

    @pytest.mark.parametrize("name", ["login", "org-login", "link-sent", "callback", "logout"])
    def test_a_base_that_knows_nothing_but_a_block_content(
        self, settings, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "identityx").mkdir()
        (tmp_path / "base.html").write_text("<body>Shop{% block content %}{% endblock %}</body>")
        (tmp_path / "identityx" / "base.html").write_text('{% extends "base.html" %}')
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
        page = Visitor().get(reverse(f"identityx:{name}")).content.decode()
        assert page.startswith("<body>Shop")
        assert page.index('<div class="identityx" lang="en">') < page.index("<h1>")
        for part in ("identityx.css", "identityx.js"):
            assert page.count(part) == 1
