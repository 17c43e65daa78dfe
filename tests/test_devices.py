"""``identityx:devices`` and its JSON twin."""

from __future__ import annotations

import pytest
from django.urls import reverse

from django_identityx import process, sessions
from django_identityx.models import SignIn
from django_identityx.sandbox import Sandbox
from django_identityx.signin.devices import describe_agent

from .site import Visitor, forms
from .test_api import Script

pytestmark = pytest.mark.django_db

PAGE, API = reverse("identityx:devices"), reverse("identityx:api-devices")
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) CriOS/130.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def visitor(sandbox: Sandbox) -> Visitor:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    return visitor


@pytest.fixture
def phone(sandbox: Sandbox) -> Visitor:
    visitor = Visitor(headers={"user-agent": PHONE}, REMOTE_ADDR="203.0.113.9")
    visitor.sign_in(sandbox)
    return visitor


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/members/").status_code == 200


def test_the_list(visitor: Visitor, phone: Visitor) -> None:
    page = visitor.get(PAGE)
    text = page.content.decode()
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert "Chrome on iPhone" in text
    assert "203.0.113.9" in text
    assert text.count("this device") == 1
    assert visitor.session[sessions.KEY]["token"] not in text


def test_one_is_ended(visitor: Visitor, phone: Visitor) -> None:
    page = visitor.get(PAGE)
    assert "this device" in page.content.decode().partition("</li>")[0]  # stands first
    pk = str(phone.session[sessions.KEY]["row"])
    done = visitor.submit(page, 1, end=pk)
    assert (done.status_code, done.url) == (302, PAGE)
    assert not is_in(phone)
    assert is_in(visitor)


def test_this_one_is_ended(visitor: Visitor, phone: Visitor) -> None:
    page = visitor.get(PAGE)
    visitor.submit(page, 0, end=str(visitor.session[sessions.KEY]["row"]))
    assert not is_in(visitor)
    assert is_in(phone)


def test_all_are_ended(visitor: Visitor, phone: Visitor) -> None:
    page = visitor.get(PAGE)
    visitor.submit(page, len(forms(page)) - 1, everywhere="1")
    assert not is_in(visitor)
    assert not is_in(phone)


def test_another_person_s_is_left_alone(sandbox: Sandbox, visitor: Visitor) -> None:
    other = Visitor()
    other.sign_in(sandbox, "subscriber@example.net")
    for pk in (other.session[sessions.KEY]["row"], 999_999, "x", ""):
        visitor.submit(visitor.get(PAGE), 0, end=str(pk))
    assert is_in(other)
    assert is_in(visitor)


def test_csrf(visitor: Visitor, phone: Visitor) -> None:
    assert visitor.post(PAGE, {"everywhere": "1"}).status_code == 403
    assert is_in(phone)


def test_nobody_is_led_to_the_sign_in() -> None:
    answer = Visitor().get(PAGE)
    assert answer.status_code == 302
    assert answer.url == f"{reverse('identityx:login')}?next={PAGE}"


@pytest.mark.parametrize("mode", ["html502", "drop"])
def test_in_an_outage(
    sandbox: Sandbox, visitor: Visitor, phone: Visitor, settings, mode: str
) -> None:
    process.reset()
    sandbox.set_fault(mode)
    page = visitor.get(PAGE)
    assert page.status_code == 200
    visitor.submit(page, 1, end=str(phone.session[sessions.KEY]["row"]))
    assert SignIn.objects.count() == 1
    assert not is_in(phone)


class TestJSON:
    @pytest.fixture
    def script(self, sandbox: Sandbox) -> Script:
        script = Script()
        assert script.sign_in(sandbox).status_code == 200
        return script

    def test_list_and_end(self, script: Script, phone: Visitor) -> None:
        mine, other = script.get(API).json()["devices"]
        assert (mine["current"], other["current"]) == (True, False)
        assert other["name"] == "Chrome on iPhone"
        assert other["address"] == "203.0.113.9"
        assert script.send(API, {"id": other["id"]}).status_code == 204
        assert not is_in(phone)
        assert script.send(API, {"id": other["id"]}).status_code == 204  # has ended
        assert script.send(API, {"everywhere": True}).status_code == 204
        assert script.get(API).status_code == 401

    def test_nobody(self, sandbox: Sandbox) -> None:
        assert Script().get(API).status_code == 401
        assert Script().send(API, {"everywhere": True}).status_code == 401

    def test_csrf(self, script: Script, phone: Visitor) -> None:
        answer = script.post(API, {"everywhere": True}, content_type="application/json")
        assert answer.status_code == 403
        assert is_in(phone)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (PHONE, "Chrome on iPhone"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            "Firefox on Linux",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/17 Safari/605.1", "Safari on Mac"),
        ("curl/8.5", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_browsers_by_name(agent: str, name: str) -> None:
    assert describe_agent(agent) == name
