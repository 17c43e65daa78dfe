"""One browser is one person: a local session of the very row that a link signs in to is theirs."""

from __future__ import annotations

import pytest
from django.contrib import auth
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session

from django_identityx import sessions
from django_identityx.accounts import load_user
from django_identityx.accounts.models import Identity
from django_identityx.models import SignIn
from django_identityx.sandbox import Sandbox
from django_identityx.testing import credential
from django_identityx.verification import verify
from tests.site import READER, Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(sandbox: Sandbox) -> User:
    """A reader's row, which has got a password since."""
    row = load_user(verify(credential(sandbox, READER)))
    row.set_password("secret")
    row.save()
    return row


def test_a_local_session_of_the_same_row_is_kept(sandbox: Sandbox, rita: User) -> None:
    visitor = Visitor()
    visitor.force_login(rita)
    session = visitor.session
    session["basket"] = ["bread"]
    session.save()
    visitor.ask()
    page = visitor.open(sandbox.outbox[-1].url)
    assert visitor.submit(page).status_code == 302
    assert visitor.signed_in_as == "Rita Reader"
    assert visitor.session["basket"] == ["bread"]
    assert Identity.objects.count() == 1


def test_a_local_session_of_another_row_is_not(sandbox: Sandbox, rita: User) -> None:
    visitor = Visitor()
    visitor.force_login(User.objects.create_user("ann"))
    session = visitor.session
    session["basket"] = ["bread"]
    session.save()
    visitor.ask()
    page = visitor.open(sandbox.outbox[-1].url)
    assert "Change account?" in page.content.decode()
    visitor.submit(page)
    assert "basket" not in visitor.session
    assert auth.SESSION_KEY not in visitor.session
    assert visitor.get("/members/").content.decode() == f"members: {rita.username}"


def test_a_local_login_of_the_same_row_keeps_the_link_s(sandbox: Sandbox, rita: User) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    visitor.force_login(rita)
    assert visitor.signed_in_as == "Rita Reader"
    assert visitor.get("/members/").wsgi_request.user == rita


def test_a_local_login_of_another_row_ends_it(sandbox: Sandbox, rita: User) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    ann = User.objects.create_user("ann")
    visitor.force_login(ann)
    assert sessions.KEY not in visitor.session
    request = visitor.get("/members/").wsgi_request
    assert request.user == ann
    assert not request.identityx.user.is_authenticated


def test_django_s_own_logout_ends_both(sandbox: Sandbox, rita: User) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    visitor.logout()
    assert not Session.objects.exists()
    assert not SignIn.objects.exists()


def test_django_is_told_once_of_each_sign_in(sandbox: Sandbox, rita: User) -> None:
    told: list[tuple[object, object, bool]] = []

    def receive(sender, request, user, **kwargs) -> None:
        told.append((sender, user, request.user == user))

    user_logged_in.connect(receive)
    try:
        Visitor().sign_in(sandbox)
    finally:
        user_logged_in.disconnect(receive)
    assert told == [(User, rita, True)]
    before = rita.last_login
    rita.refresh_from_db()
    assert rita.last_login != before
