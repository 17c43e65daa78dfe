"""S16: signing in brings a new session key and CSRF token; what others knew is worth nothing."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from tests.site import OWNER, READER, Visitor, forms

pytestmark = pytest.mark.django_db

CALLBACK = reverse("identityx:callback")


def fixated(visitor: Visitor) -> str:
    """A session that an attacker has planted."""
    session = visitor.session
    session["planted"] = True
    session.save()
    return str(session.session_key)


def test_a_planted_key(sandbox: Sandbox) -> None:
    visitor = Visitor()
    planted = fixated(visitor)
    visitor.sign_in(sandbox)
    assert visitor.cookies["sessionid"].value != planted
    assert not Session.objects.filter(session_key=planted).exists()
    attacker = Visitor()
    attacker.cookies["sessionid"] = planted
    assert attacker.get("/members/").status_code == 302


def test_a_key_that_never_was(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.cookies["sessionid"] = "a" * 32
    visitor.sign_in(sandbox)
    assert visitor.cookies["sessionid"].value != "a" * 32


def test_staff(sandbox: Sandbox) -> None:
    visitor = Visitor()
    planted = fixated(visitor)
    visitor.open(f"{CALLBACK}?token={sandbox.org_login_link_token(OWNER)}")
    visitor.submit(visitor.get(CALLBACK))
    assert visitor.signed_in_as == "Olive Owner"
    assert visitor.cookies["sessionid"].value != planted


def test_json(sandbox: Sandbox) -> None:
    visitor = Visitor()
    planted = fixated(visitor)
    visitor.get(reverse("identityx:api-me"))
    csrf = visitor.cookies["csrftoken"].value
    done = visitor.post(
        reverse("identityx:api-login"),
        json.dumps({"token": sandbox.login_link_token(READER), "confirmed": True}),
        content_type="application/json",
        headers={"X-CSRFToken": csrf},
    )
    assert done.status_code == 200
    assert done.cookies["sessionid"].value != planted
    assert done.cookies["csrftoken"].value != csrf


@pytest.mark.parametrize("as_django_user", [False, True])
def test_changing_the_person_leaves_nothing_of_the_first(
    sandbox: Sandbox, as_django_user: bool
) -> None:
    visitor = Visitor()
    if as_django_user:
        visitor.force_login(User.objects.create_user("ann"))
    else:
        visitor.sign_in(sandbox, "subscriber@example.net")
    session = visitor.session
    session["basket"] = "theirs"
    session.save()
    old = session.session_key
    visitor.submit(visitor.open(f"{CALLBACK}?token={sandbox.login_link_token(READER)}"))
    assert visitor.session.session_key != old
    assert "basket" not in visitor.session
    assert not Session.objects.filter(session_key=old).exists()


def test_what_an_anonymous_visitor_had_stays(sandbox: Sandbox) -> None:
    visitor = Visitor()
    session = visitor.session
    session["basket"] = "mine"
    session.save()
    visitor.sign_in(sandbox)
    assert visitor.session["basket"] == "mine"


def test_the_csrf_token_rotates(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.ask()
    before = visitor.cookies["csrftoken"].value
    page = visitor.open(sandbox.outbox[-1].url)
    visitor.submit(page)
    assert visitor.cookies["csrftoken"].value != before
    stale = forms(page)[0][1]["csrfmiddlewaretoken"]
    out = visitor.post(reverse("identityx:logout"), {"csrfmiddlewaretoken": stale})
    assert out.status_code == 403
    assert visitor.signed_in_as == "Rita Reader"


def test_signing_out_leaves_no_session(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    key = visitor.session.session_key
    visitor.submit(visitor.get(reverse("identityx:logout")))
    assert not Session.objects.filter(session_key=key).exists()
    old = Visitor()
    old.cookies["sessionid"] = str(key)
    assert old.get("/members/").status_code == 302
