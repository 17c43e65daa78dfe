"""S22: "everywhere" ends sessions at once, in the database, and says so if it can't."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import DatabaseError
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from django_identityx import process, sessions, verification
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import Rejected, Unavailable
from django_identityx.models import SignIn
from django_identityx.sandbox import Sandbox
from tests.cache_backends import Remote
from tests.site import Visitor

pytestmark = pytest.mark.django_db

LOGOUT = reverse("identityx:logout")


class Sharded(Remote):
    """A server of which one part does not answer: whatever has to do with `lost`."""

    lost = ""
    says_so = True

    def delete(self, key: str, *args: Any, **kwargs: Any) -> bool:
        if self.lost and self.lost in key:
            if self.says_so:
                raise ConnectionError
            return False
        return super().delete(key, *args, **kwargs)


@pytest.fixture
def owner(sandbox: Sandbox) -> Visitor:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    return visitor


@pytest.fixture
def thief(sandbox: Sandbox, owner: Visitor) -> Visitor:
    """Somebody else with a session of the same person."""
    visitor = Visitor()
    visitor.sign_in(sandbox)
    assert is_in(visitor)
    return visitor


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/members/").status_code == 200


def everywhere(visitor: Visitor) -> Any:
    return visitor.submit(visitor.get(LOGOUT), everywhere="1")


def change(visitor: Visitor, **data: Any) -> None:
    """Change what the session keeps."""
    session = visitor.session
    session[sessions.KEY] = {**session[sessions.KEY], **data}
    session.save()


def credential(visitor: Visitor) -> Credential:
    return Credential(TokenType.APP_USER, visitor.session[sessions.KEY]["token"])


def test_it_ends_at_once(sandbox: Sandbox, owner: Visitor, thief: Visitor) -> None:
    stolen = credential(thief)
    assert everywhere(owner).status_code == 302
    assert not is_in(thief)
    assert not is_in(owner)
    assert not SignIn.objects.exists()
    with pytest.raises(Rejected):
        verification.verify(stolen)
    assert sandbox.count("logoutAppUser") == 2


def test_a_cache_that_restarts(owner: Visitor, thief: Visitor) -> None:
    everywhere(owner)
    cache.clear()
    process.reset()
    assert not is_in(thief)


def test_a_cache_that_is_down(owner: Visitor, thief: Visitor, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.cache_backends.Down"}}
    assert everywhere(owner).status_code == 302
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    process.reset()
    assert not is_in(thief)


@pytest.mark.parametrize("seconds", [-3600, -2, 2, 3600])
def test_clocks_apart(owner: Visitor, thief: Visitor, seconds: float) -> None:
    change(thief, at=thief.session[sessions.KEY]["at"] + seconds)
    everywhere(owner)
    assert not is_in(thief)


def test_a_session_table_that_was_emptied(sandbox: Sandbox, owner: Visitor, thief: Visitor) -> None:
    Session.objects.all().delete()
    assert not is_in(thief)
    owner.sign_in(sandbox)
    page = owner.get(reverse("identityx:devices"))
    assert page.content.decode().count("<li>") == 1
    assert SignIn.objects.count() == 1
    assert everywhere(owner).status_code == 302


@pytest.mark.parametrize("mode", ["html502", "drop"])
def test_an_identityx_that_is_down(
    sandbox: Sandbox, owner: Visitor, thief: Visitor, settings, mode: str
) -> None:
    stolen = credential(thief)
    sandbox.set_fault(mode)
    everywhere(owner)
    sandbox.clear_fault()
    process.reset()
    assert not is_in(thief)
    with pytest.raises(Rejected):  # denied here, although IdentityX would still take it
        verification.verify(stolen)


@pytest.mark.parametrize("says_so", [True, False])
def test_a_store_that_does_not_answer_is_told(
    sandbox: Sandbox, settings, caplog: pytest.LogCaptureFixture, monkeypatch, says_so: bool
) -> None:
    monkeypatch.setattr(Sharded, "says_so", says_so)
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    settings.CACHES = {
        "default": {"BACKEND": "tests.security.test_s22_everywhere.Sharded", "LOCATION": "s22"}
    }
    owner, thief = Visitor(), Visitor()
    owner.sign_in(sandbox)
    thief.sign_in(sandbox)
    Sharded.lost = thief.session.session_key
    try:
        with caplog.at_level(logging.ERROR, "django_identityx.audit"):
            answer = everywhere(owner)
    finally:
        Sharded.lost = ""
    assert answer.status_code == 503
    assert "could not be ended" in answer.content.decode()
    assert 'sign_out_failed kind="AppUser"' in caplog.text
    assert SignIn.objects.count() == 1  # it can be tried again
    assert sandbox.count("logoutAppUser") == 2  # and its token has ended all the same
    assert not is_in(thief)


def test_a_row_that_leads_to_somebody_else_s_session_is_no_sign_in(
    sandbox: Sandbox, owner: Visitor
) -> None:
    other = Visitor()
    other.sign_in(sandbox, "subscriber@example.net")
    key = other.session.session_key
    SignIn.objects.filter(session_key=key).delete()
    kept = SignIn.objects.get()
    kept.pk, kept.session_key = None, key
    kept.save(force_insert=True)
    page = owner.get(reverse("identityx:devices"))
    assert page.content.decode().count("<li>") == 1
    assert is_in(other)


def test_a_store_that_can_t_be_read_is_told(
    owner: Visitor, thief: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with stores of other packages: Django's own call that an empty session."""
    lost, load = thief.session.session_key, SessionStore.load

    def broken(self: SessionStore) -> Any:
        if self.session_key == lost:
            raise ConnectionError
        return load(self)

    monkeypatch.setattr(SessionStore, "load", broken)
    assert everywhere(owner).status_code == 503
    assert not is_in(owner)  # whose own session has ended
    assert SignIn.objects.count() == 1


def test_trouble_with_a_new_sign_in_ends_no_old_one(
    sandbox: Sandbox, owner: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError

    known = verification.verify(credential(owner))
    request = RequestFactory().get("/")
    request.session = owner.session
    again = Credential(TokenType.APP_USER, sandbox.app_user_token("reader@example.net"))
    with monkeypatch.context() as patched:
        patched.setattr(SignIn, "save", fail)
        with pytest.raises(Unavailable):
            sessions.login(request, known, again)
    request.session[sessions.KEY] = {**request.session[sessions.KEY], "renewed": 0}
    assert sessions.get_user(request) == known


def test_a_table_of_sign_ins_that_does_not_answer_is_told(
    sandbox: Sandbox, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    owner = Visitor()
    owner.sign_in(sandbox)
    page = owner.get(LOGOUT)
    monkeypatch.setattr(SignIn._meta, "db_table", "nowhere")
    assert owner.submit(page, everywhere="1").status_code == 503
    assert not is_in(owner)


def test_a_sign_in_that_is_gone_ends_its_session_at_the_renewal(
    owner: Visitor, thief: Visitor
) -> None:
    SignIn.objects.filter(pk=thief.session[sessions.KEY]["row"]).delete()
    stolen = credential(thief)
    assert is_in(thief)  # no request looks at the rows
    change(thief, renewed=0)
    assert not is_in(thief)
    with pytest.raises(Rejected):
        verification.verify(stolen)
    assert is_in(owner)


def test_a_session_that_an_older_version_made_gets_a_row(owner: Visitor, thief: Visitor) -> None:
    session = thief.session
    old = {k: session[sessions.KEY][k] for k in ("type", "token", "identity", "hint", "at")}
    SignIn.objects.filter(pk=session[sessions.KEY]["row"]).delete()
    session[sessions.KEY] = old
    session.save()
    assert is_in(thief)
    assert SignIn.objects.count() == 2
    everywhere(owner)
    assert not is_in(thief)


def test_a_session_whose_key_was_changed_is_found_after_its_renewal(
    owner: Visitor, thief: Visitor, settings
) -> None:
    session = thief.session
    session.cycle_key()
    session[sessions.KEY] = {**session[sessions.KEY], "renewed": 0}
    session.save()
    thief.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    assert is_in(thief)
    everywhere(owner)
    assert not is_in(thief)


def test_nobody_else_is_signed_out(sandbox: Sandbox, owner: Visitor) -> None:
    other = Visitor()
    other.sign_in(sandbox, "subscriber@example.net")
    everywhere(owner)
    assert is_in(other)


def test_no_page_looks_at_the_rows(owner: Visitor, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1) as captured:
        assert is_in(owner)
    assert "django_session" in captured[0]["sql"]


def test_seen_is_written_every_ten_minutes(owner: Visitor) -> None:
    row = SignIn.objects.get()
    assert is_in(owner)
    assert SignIn.objects.get().last_seen == row.last_seen
    change(owner, renewed=owner.session[sessions.KEY]["renewed"] - 601)
    owner.defaults["HTTP_USER_AGENT"] = "Newer/2.0"
    assert is_in(owner)
    assert SignIn.objects.get().last_seen > row.last_seen
    assert SignIn.objects.get().user_agent == "Newer/2.0"


def test_a_database_in_trouble_ends_no_session(owner: Visitor, monkeypatch) -> None:
    from django.db import DatabaseError
    from django.db.models import QuerySet

    def fail(*args: Any, **kwargs: Any) -> int:
        raise DatabaseError

    change(owner, renewed=0)
    monkeypatch.setattr(QuerySet, "update", fail)
    assert is_in(owner)
    monkeypatch.undo()
    assert is_in(owner)


def test_expired_rows_go_with_the_next_sign_in(sandbox: Sandbox, owner: Visitor) -> None:
    SignIn.objects.update(expires_at=timezone.now())
    prolonged = SignIn.objects.get()
    SignIn.objects.create(
        kind="AppUser",
        identity_id="gone",
        session_key="gone",
        created_at=timezone.now(),
        last_seen=timezone.now(),
        expires_at=timezone.now(),
    )
    Visitor().sign_in(sandbox, "subscriber@example.net")
    assert not SignIn.objects.filter(session_key="gone").exists()
    assert SignIn.objects.get(pk=prolonged.pk).expires_at > timezone.now()  # its session lives
