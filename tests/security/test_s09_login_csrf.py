"""S9: nobody is signed in as somebody else without a press, or replaced without being asked."""

from __future__ import annotations

import time

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from django.urls import reverse

from django_identityx import process
from django_identityx.sandbox import DAILY_APP_ID, Sandbox
from django_identityx.signin.cookies import Carrier, Mark, Note
from tests.leaks import unsigned
from tests.site import OWNER, READER, Visitor, forms

pytestmark = pytest.mark.django_db

LOGIN, CALLBACK = reverse("identityx:login"), reverse("identityx:callback")
API_LOGIN, API_ME = reverse("identityx:api-login"), reverse("identityx:api-me")
SUBSCRIBER = "subscriber@example.net"


def auto(page) -> bool:
    return "data-identityx-auto" in forms(page)[0][0]


def with_token(sandbox: Sandbox, email: str = READER) -> str:
    return f"{CALLBACK}?token={sandbox.login_link_token(email)}"


class TestTheMark:
    """What lets a page go on by itself: a cookie that only this site can write."""

    def test_of_this_browser(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.ask()
        cookie = visitor.cookies[Mark.name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert READER not in signing.b64_decode(cookie.value.split(":")[0].encode()).decode()
        assert auto(visitor.open(with_token(sandbox)))

    @pytest.mark.parametrize("with_case", ["Reader@Example.NET", " reader@example.net "])
    def test_however_it_was_typed(self, sandbox: Sandbox, with_case: str) -> None:
        visitor = Visitor()
        visitor.ask(with_case)
        assert auto(visitor.open(sandbox.outbox[-1].url))

    def test_an_attackers_link_does_not_go_on(self, sandbox: Sandbox) -> None:
        victim, attacker = Visitor(), Visitor()
        victim.ask()
        attacker.ask(SUBSCRIBER)
        page = victim.open(sandbox.outbox[-1].url)
        assert not auto(page)
        assert "sub•••iber@example.net" in page.content.decode()

    @pytest.mark.parametrize("salt", ["", Carrier.name, Note.name])
    def test_nobody_else_can_write_it(self, sandbox: Sandbox, settings, salt: str) -> None:
        visitor = Visitor()
        data = vars(Mark("an id").asking(READER))
        visitor.cookies[Mark.name] = signing.dumps(
            data, salt=salt or Mark.name, key=None if salt else "x"
        )
        assert not auto(visitor.open(with_token(sandbox)))

    def test_it_grows_old(self, sandbox: Sandbox, settings) -> None:
        visitor = Visitor()
        visitor.ask()
        settings.IDENTITYX_LINK_MAX_AGE = -1
        assert Mark.of(visitor.get(LOGIN).wsgi_request) == Mark()

    @pytest.mark.parametrize("sign_out", ["identityx:logout", "identityx:api-logout"])
    def test_signing_out_forgets_the_browser(self, sandbox: Sandbox, sign_out: str) -> None:
        visitor = Visitor()
        visitor.sign_in(sandbox)
        page = visitor.get(reverse("identityx:logout"))
        token = forms(page)[0][1]["csrfmiddlewaretoken"]
        response = visitor.post(
            reverse(sign_out), content_type="application/json", headers={"X-CSRFToken": token}
        )
        assert response.cookies[Mark.name]["max-age"] == 0
        visitor.cookies.pop(Mark.name, None)
        assert not auto(visitor.open(with_token(sandbox)))


@pytest.mark.parametrize("setting", ["auto", "always", "never", "nonsense"])
def test_confirmation_says_why(sandbox: Sandbox, settings, setting: str) -> None:
    settings.IDENTITYX_LINK_CONFIRMATION = setting
    asking, other = Visitor(), Visitor()
    asking.ask()
    here, there = asking.open(sandbox.outbox[-1].url), other.open(sandbox.outbox[-1].url)
    assert auto(here) is (setting in {"auto", "never"})
    assert auto(there) is (setting == "never")
    assert b"another device" not in here.content
    assert (b"another device" in there.content) is (setting != "never")


class TestCrossSite:
    """A form on another site, with a link of the attacker's."""

    def test_form(self, sandbox: Sandbox) -> None:
        attacker, victim = Visitor(), Visitor()
        fields = forms(attacker.open(with_token(sandbox, SUBSCRIBER)))[0][1]
        victim.get(LOGIN)
        page = victim.post(CALLBACK, fields)
        assert page.status_code == 403
        assert victim.signed_in_as == ""
        assert sandbox.count() == 0

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver:8443"])
    def test_origin(self, sandbox: Sandbox, origin: str) -> None:
        visitor = Visitor()
        page = visitor.open(with_token(sandbox))
        fields = forms(page)[0][1]
        assert visitor.post(CALLBACK, fields, headers={"origin": origin}).status_code == 403
        assert sandbox.count() == 0

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
    def test_json(self, sandbox: Sandbox, content_type: str) -> None:
        victim = Client(enforce_csrf_checks=True)
        victim.get(API_ME)
        body = f'{{"token": "{sandbox.login_link_token(READER)}", "confirmed": true, "a": "="}}'
        response = victim.post(API_LOGIN, body, content_type=content_type)
        assert response.status_code == 403
        assert sandbox.count() == 0


class TestSomebodyIsSignedIn:
    @pytest.fixture(params=["reader", "staff", "django"])
    def visitor(self, request: pytest.FixtureRequest, sandbox: Sandbox) -> Visitor:
        visitor = Visitor()
        if request.param == "reader":
            visitor.sign_in(sandbox, SUBSCRIBER)
        elif request.param == "staff":
            visitor.open(f"{CALLBACK}?token={sandbox.org_login_link_token(OWNER)}")
            visitor.submit(visitor.get(CALLBACK))
            assert visitor.signed_in_as == "Olive Owner"
        else:
            visitor.force_login(User.objects.create_user("ann", email=READER))
        return visitor

    def test_the_page_asks_even_where_it_would_go_on(
        self, sandbox: Sandbox, settings, visitor: Visitor
    ) -> None:
        settings.IDENTITYX_LINK_CONFIRMATION = "never"
        before, count = dict(visitor.session), sandbox.count("loginAppUser")
        page = visitor.open(with_token(sandbox))
        assert not auto(page)
        assert b"Change account?" in page.content
        again = visitor.submit(page, switch="")  # a field is there, even an empty one
        assert visitor.signed_in_as == "Rita Reader", again.content
        assert dict(visitor.session) != before
        assert sandbox.count("loginAppUser") == count + 1

    def test_staying_leaves_all_as_it_was(self, sandbox: Sandbox, visitor: Visitor) -> None:
        before = dict(visitor.session)
        page = visitor.open(f"{with_token(sandbox)}&redirectTo=/members/")
        assert b'href="/members/"' in page.content
        assert dict(visitor.session) == before

    def test_a_page_from_before_asks_again(self, sandbox: Sandbox, visitor: Visitor) -> None:
        other = Visitor()
        fields = forms(other.open(with_token(sandbox)))[0][1]
        assert "switch" not in fields
        token = forms(visitor.get(reverse("identityx:logout")))[0][1]["csrfmiddlewaretoken"]
        before, count = dict(visitor.session), sandbox.count("loginAppUser")
        page = visitor.post(CALLBACK, {**fields, "csrfmiddlewaretoken": token})
        assert b"Change account?" in page.content
        assert dict(visitor.session) == before
        assert sandbox.count("loginAppUser") == count

    def test_switching_ends_what_was(self, sandbox: Sandbox, visitor: Visitor) -> None:
        key = visitor.session.session_key
        held = visitor.session.get("_identityx", {}).get("token")
        visitor.submit(visitor.open(with_token(sandbox)))
        assert visitor.signed_in_as == "Rita Reader"
        assert visitor.session.session_key != key
        assert "_auth_user_id" not in visitor.session
        if held is not None:
            process.reset()
            assert sandbox.count("logoutAppUser") + sandbox.count("userLogout") == 1


class TestTheSamePersonForCertain:
    """Only then is somebody led on without being asked."""

    def test_an_address_of_another_kind_is_another_person(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.submit(visitor.open(f"{CALLBACK}?token={sandbox.org_login_link_token(OWNER)}"))
        page = visitor.open(f"{CALLBACK}?token={reader_of(OWNER)}")
        asked = visitor.submit(page, switch="")
        assert asked.status_code == 400  # taken to IdentityX, which has never seen the link
        assert sandbox.count("loginAppUser") == 1

    def test_a_django_user_beside_them_is_another_person(self, sandbox: Sandbox) -> None:
        visitor = Visitor()
        visitor.sign_in(sandbox)
        token = visitor.session["_identityx"]
        visitor.force_login(User.objects.create_user("ann"))
        session = visitor.session
        session["_identityx"] = token
        session.save()
        fields = forms(visitor.open(with_token(sandbox)))[0][1]
        del fields["switch"]
        page = visitor.post(CALLBACK, fields)
        assert page.status_code == 200
        assert b"Change account?" in page.content


def reader_of(email: str) -> str:
    now = int(time.time())
    claims = {"sub": "app-user-login-link", "aud": email, "iss": DAILY_APP_ID, "iat": now}
    return unsigned({**claims, "exp": now + 3600})
