"""IdentityX's people in Django's sessions, against the sandbox over real HTTP."""

from __future__ import annotations

import time
from importlib import import_module

import pytest
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookies
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.middleware.csrf import get_token

from django_identityx import process, sessions, signals
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import Rejected, Unavailable
from django_identityx.models import SignIn
from django_identityx.sandbox import Sandbox
from django_identityx.testing import credential
from django_identityx.verification import verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_(settings) -> HttpRequest:
    """A request with an empty session, as SessionMiddleware leaves it."""
    request = HttpRequest()
    request.method = "GET"
    request.META["REMOTE_ADDR"] = "203.0.113.7"
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    return request


def sign_in(request: HttpRequest, sandbox: Sandbox, email="reader@example.net", kind=None):
    known = credential(sandbox, email, kind or TokenType.APP_USER)
    user = verify(known)
    sessions.login(request, user, known)
    return user, known


def django_login(request: HttpRequest) -> None:
    ann = User.objects.create_user("ann")
    auth.login(request, ann, "django.contrib.auth.backends.ModelBackend")


@pytest.fixture
def received():
    """The signals that were sent, with what they carried."""
    seen: list[tuple[str, dict]] = []
    receivers = []
    for name in ("user_logged_in", "user_logged_out"):

        def receive(sender, name=name, **kwargs):
            seen.append((name, kwargs))

        getattr(signals, name).connect(receive)
        receivers.append((getattr(signals, name), receive))
    yield seen
    for signal, receive in receivers:
        signal.disconnect(receive)


def test_login_then_get_user(sandbox: Sandbox, request_: HttpRequest, received) -> None:
    user, known = sign_in(request_, sandbox)
    assert sessions.get_user(request_) == user
    assert sessions.get_credential(request_) == known
    assert sessions.get_hint(request_) == "Rita Reader"
    assert [name for name, _ in received] == ["user_logged_in"]
    assert known.token not in repr(received)


def test_nobody(request_: HttpRequest) -> None:
    assert isinstance(sessions.get_user(request_), AnonymousUser)
    assert sessions.get_credential(request_) is None
    assert sessions.get_hint(request_) == ""


def test_s16_key_and_csrf_token_rotate(sandbox: Sandbox, request_: HttpRequest) -> None:
    request_.session["basket"] = ["a"]
    request_.session.save()
    key, token = request_.session.session_key, get_token(request_)
    sign_in(request_, sandbox)
    request_.session.save()
    assert request_.session.session_key != key
    assert request_.session["basket"] == ["a"]  # nobody's session is kept for who signs in
    assert request_.META["CSRF_COOKIE"] != token
    assert not request_.session.exists(key)


def test_another_person_s_session_is_flushed_and_revoked(
    sandbox: Sandbox, request_: HttpRequest
) -> None:
    _, first = sign_in(request_, sandbox)
    request_.session["secret"] = "of the first"
    second, _ = sign_in(request_, sandbox, "subscriber@example.net")
    assert "secret" not in request_.session
    assert sessions.get_user(request_) == second
    with pytest.raises(Rejected):
        verify(first)
    assert sandbox.count("logoutAppUser") == 1


def test_a_django_user_counts_as_another_person(sandbox: Sandbox, request_: HttpRequest) -> None:
    auth.login(
        request_, User.objects.create_user("ann"), "django.contrib.auth.backends.ModelBackend"
    )
    user = verify(credential(sandbox, "reader@example.net"))
    assert not sessions.is_same_person(request_, user)
    sign_in(request_, sandbox)
    assert auth.SESSION_KEY not in request_.session


class Ours(SignedCookies):
    """A site's own session engine, made from the one that sends everything to the browser."""


@pytest.mark.parametrize("store", [SignedCookies, Ours])
def test_s17_signed_cookies_are_refused(sandbox: Sandbox, request_: HttpRequest, store) -> None:
    request_.session = store()
    with pytest.raises(ImproperlyConfigured):
        sign_in(request_, sandbox)
    assert sessions.KEY not in request_.session


def test_an_api_token_is_refused(sandbox: Sandbox, request_: HttpRequest) -> None:
    with pytest.raises(ValueError, match="API token"):
        sign_in(request_, sandbox, "owner@example.com", TokenType.ORG_USER_API_TOKEN)


@pytest.mark.parametrize(
    ("email", "kind", "operation"),
    [
        ("reader@example.net", TokenType.APP_USER, "logoutAppUser"),
        ("owner@example.com", TokenType.ORG_USER, "userLogout"),
    ],
)
def test_logout_revokes_there_and_here(
    sandbox: Sandbox, request_: HttpRequest, received, email, kind, operation
) -> None:
    _, known = sign_in(request_, sandbox, email, kind)
    sessions.logout(request_)
    assert request_.session.is_empty()
    assert sandbox.count(operation) == 1
    assert received[-1][0] == "user_logged_out"
    assert received[-1][1]["revoked"] is True
    with pytest.raises(Rejected):
        verify(known)


def test_s07_logout_in_an_outage_ends_the_session_and_denies_the_token(
    sandbox: Sandbox, request_: HttpRequest, received, settings
) -> None:
    _, known = sign_in(request_, sandbox)
    sandbox.set_fault("html502")
    sessions.logout(request_)
    assert request_.session.is_empty()
    assert received[-1][1]["revoked"] is False
    sandbox.clear_fault()
    process.reset()
    with pytest.raises(Rejected) as caught:  # IdentityX would still say yes
        verify(known)
    assert caught.value.reason == "revoked"


def test_a_revoked_token_ends_the_session(
    sandbox: Sandbox, request_: HttpRequest, settings
) -> None:
    settings.IDENTITYX_VERIFICATION_TTL = 0
    settings.IDENTITYX_LOCAL_TTL = 0
    _, known = sign_in(request_, sandbox)
    sandbox.revoke(known.token)
    assert isinstance(sessions.get_user(request_), AnonymousUser)
    assert sessions.KEY not in request_.session


@pytest.mark.parametrize("mode", ["html502", "drop", "inner"])
def test_s06_trouble_never_ends_a_session(
    sandbox: Sandbox, request_: HttpRequest, settings, mode: str
) -> None:
    settings.IDENTITYX_STALE_IF_ERROR = 0
    settings.IDENTITYX_SESSION_STALE_IF_ERROR = 0
    settings.IDENTITYX_VERIFICATION_TTL = 0
    settings.IDENTITYX_LOCAL_TTL = 0
    user, _ = sign_in(request_, sandbox)
    sandbox.set_fault(mode)
    with pytest.raises(Unavailable):
        sessions.get_user(request_)
    assert sessions.get_hint(request_) == "Rita Reader"
    sandbox.clear_fault()
    process.reset()
    assert sessions.get_user(request_) == user


def test_a_django_user_who_signs_in_beside_a_reader_ends_the_reader_s_session(
    sandbox: Sandbox, request_: HttpRequest, received
) -> None:
    user, known = sign_in(request_, sandbox)
    django_login(request_)
    assert sessions.KEY not in request_.session
    assert auth.SESSION_KEY in request_.session
    assert not SignIn.objects.filter(identity_id=user.id).exists()
    assert received[-1][0] == "user_logged_out"
    with pytest.raises(Rejected):
        verify(known)


def the_row(user):
    return User.objects.get_or_create(username=user.email)[0]


def test_the_very_row_of_a_reader_is_the_same_person(
    sandbox: Sandbox, request_: HttpRequest, settings
) -> None:
    settings.IDENTITYX_USER_LOADER = "tests.test_sessions.the_row"
    user, known = sign_in(request_, sandbox)
    auth.login(request_, the_row(user), "django.contrib.auth.backends.ModelBackend")
    assert sessions.get_credential(request_) == known
    assert sessions.is_same_person(request_, user)
    django_login(request_)
    assert sessions.get_credential(request_) is None


def test_signing_in_by_link_keeps_the_django_session_of_the_same_row(
    sandbox: Sandbox, request_: HttpRequest, settings
) -> None:
    settings.IDENTITYX_USER_LOADER = "tests.test_sessions.the_row"
    row = User.objects.create_user("reader@example.net")
    auth.login(request_, row, "django.contrib.auth.backends.ModelBackend")
    sign_in(request_, sandbox)
    assert auth.get_user(request_) == row


def test_django_s_own_logout_revokes_what_the_session_held(
    sandbox: Sandbox, request_: HttpRequest, received
) -> None:
    user, known = sign_in(request_, sandbox)
    auth.logout(request_)
    assert sandbox.count("logoutAppUser") == 1
    assert received[-1][0] == "user_logged_out"
    assert not SignIn.objects.filter(identity_id=user.id).exists()
    with pytest.raises(Rejected):
        verify(known)


def test_logout_ends_the_session_of_a_django_user_too(request_: HttpRequest) -> None:
    django_login(request_)
    request_.user = auth.get_user(request_)
    ended: list[str] = []

    def receive(user: User, **kwargs: object) -> None:
        ended.append(user.username)

    auth.user_logged_out.connect(receive)
    try:
        assert sessions.logout(request_)
    finally:
        auth.user_logged_out.disconnect(receive)
    assert ended == ["ann"]
    assert dict(request_.session.items()) == {}


def test_nobody_has_sign_ins(request_: HttpRequest) -> None:
    assert sessions.sign_ins(request_) == []


def test_a_session_that_reaches_its_age_is_revoked(
    sandbox: Sandbox, request_: HttpRequest, settings
) -> None:
    _, known = sign_in(request_, sandbox)
    settings.IDENTITYX_SESSION_AGE = 3600
    assert sessions.get_user(request_).is_authenticated
    data = request_.session[sessions.KEY]
    request_.session[sessions.KEY] = {**data, "at": int(time.time()) - 3601}
    assert not sessions.get_user(request_).is_authenticated
    assert sandbox.count("logoutAppUser") == 1
    with pytest.raises(Rejected):
        verify(known)


def test_what_a_link_was_asked_for_with_goes_into_the_signal(
    sandbox: Sandbox, request_: HttpRequest, received
) -> None:
    known = credential(sandbox, "reader@example.net")
    user = verify(known)
    sessions.login(
        request_, user, known, login_source="newsletter", additional_context={"issue": 7}
    )
    assert received[-1][1]["login_source"] == "newsletter"
    assert received[-1][1]["additional_context"] == {"issue": 7}


def test_elsewhere_leaves_this_one(sandbox: Sandbox, request_: HttpRequest, settings) -> None:
    user, _ = sign_in(request_, sandbox)
    other = HttpRequest()
    other.session = type(request_.session)()
    sign_in(other, sandbox)
    assert sessions.logout_elsewhere(request_)
    assert SignIn.objects.get(identity_id=user.id).session_key == request_.session.session_key
    assert sessions.get_user(request_) == user


@pytest.mark.parametrize("kept", ["garbage", {"type": "AppUser"}, {"token": 1}, 7, None])
def test_a_session_of_another_shape_is_nobody(request_: HttpRequest, kept) -> None:
    request_.session[sessions.KEY] = kept
    assert not sessions.get_user(request_).is_authenticated
    assert sessions.get_hint(request_) == ""


def test_a_session_whose_token_is_somebody_else_s_ends(
    sandbox: Sandbox, request_: HttpRequest
) -> None:
    sign_in(request_, sandbox)
    other = credential(sandbox, "subscriber@example.net")
    request_.session[sessions.KEY] = {**request_.session[sessions.KEY], "token": other.token}
    assert not sessions.get_user(request_).is_authenticated
    assert sessions.KEY not in request_.session


def test_freshness_travels_with_the_credential() -> None:
    known = Credential(TokenType.APP_USER, "a.b.c")
    assert known.fresh
    assert known == Credential(TokenType.APP_USER, "a.b.c", fresh=False)
