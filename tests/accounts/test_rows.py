"""`load_user`: one row a person, by IdentityX's id, made once and found by one query."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from django_identityx import sessions
from django_identityx.accounts import load_user
from django_identityx.accounts.models import Identity
from django_identityx.credentials import TokenType
from django_identityx.exceptions import ConfigurationError, Rejected
from django_identityx.sandbox import Sandbox
from django_identityx.testing import authorization, credential, login
from django_identityx.users import ApiTokenUser, AppUser, OrgUser
from django_identityx.verification import verify
from tests.site import OWNER, READER, Visitor

APP = "5d1b36070ce467bff670a052"
ID = "5d1b36070ce467bff670b001"
RITA = AppUser(ID, READER, "Rita", "Reader", app_id=APP, verified=True)

pytestmark = pytest.mark.django_db


def test_a_first_sign_in_makes_a_row(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    row = User.objects.get()
    assert (row.email, row.first_name, row.last_name) == (READER, "Rita", "Reader")
    assert READER not in row.username
    assert not row.has_usable_password()
    assert (row.is_active, row.is_staff, row.is_superuser) == (True, False, False)
    identity = Identity.objects.get()
    assert (identity.kind, identity.app_id, identity.user) == ("AppUser", APP, row)
    assert identity.made_user
    assert row.last_login is not None  # Django was told
    assert visitor.get("/members/").content.decode() == f"members: {row.username}"


def test_request_identityx_user_stays_identityx_s(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    request = visitor.get("/members/").wsgi_request
    assert request.user == User.objects.get()
    assert isinstance(request.identityx.user, AppUser)
    assert request.identityx.user.email == READER


def test_the_next_sign_in_finds_the_same_row(sandbox: Sandbox) -> None:
    for _ in range(2):
        Visitor().sign_in(sandbox)
    assert User.objects.count() == Identity.objects.count() == 1


def test_a_bearer_gets_a_row_on_first_use(sandbox: Sandbox, client) -> None:
    for _ in range(2):
        answer = client.get("/api/protected/", headers=authorization(sandbox, READER))
        assert (answer.status_code, answer.json()["class"]) == (200, "User")
    assert User.objects.count() == 1


def test_an_api_token_is_the_person_for_whom_it_acts() -> None:
    staff = OrgUser(ID, OWNER)
    assert load_user(staff) == load_user(ApiTokenUser(ID, OWNER))
    assert Identity.objects.get().kind == "OrgUser"


def test_one_application_s_reader_is_not_another_s() -> None:
    first = load_user(RITA)
    other = load_user(replace(RITA, app_id="5d1b36070ce467bff670a053", email="other@example.net"))
    assert first != other


def test_one_query_a_request(django_assert_num_queries) -> None:
    load_user(RITA)
    request = RequestFactory().get("/")
    with django_assert_num_queries(1):
        row = load_user(RITA, request=request)
    with django_assert_num_queries(0):
        assert load_user(RITA, request=request) is row


def test_when_somebody_was_seen_is_noted_once_a_day(django_assert_num_queries) -> None:
    load_user(RITA)
    Identity.objects.update(last_seen=timezone.now() - timedelta(days=2))
    with django_assert_num_queries(2):
        load_user(RITA)
    with django_assert_num_queries(1):
        load_user(RITA)
    assert timezone.now() - Identity.objects.get().last_seen < timedelta(minutes=1)


def test_where_a_django_user_is_signed_in_nothing_is_asked(
    client, django_assert_num_queries
) -> None:
    client.force_login(User.objects.create_user("ann"))
    with django_assert_num_queries(2):  # Django's session, and Django's user
        assert b"ann" in client.get("/members/").content


# --- who is not admitted


def test_an_inactive_row_is_not_admitted(sandbox: Sandbox, client) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    assert visitor.get("/members-async/").content.decode() == f"async: {User.objects.get()}"
    assert visitor.get("/identityx/api/me/").status_code == 200
    User.objects.update(is_active=False)  # which no signal tells
    assert visitor.get("/members/").status_code == 302
    assert visitor.get("/members-async/").status_code == 401
    assert visitor.get("/identityx/api/me/").status_code == 401
    assert not visitor.get("/public/").wsgi_request.identityx.user.is_authenticated
    bearer = authorization(sandbox, READER)
    assert client.get("/api/protected/", headers=bearer).status_code == 401
    again = Visitor()
    assert again.sign_in(sandbox).status_code == 403
    assert again.signed_in_as == ""


@pytest.mark.django_db(transaction=True)
def test_staff_are_signed_out_everywhere_too(sandbox: Sandbox) -> None:
    visitor = Visitor()
    row = load_user(login(visitor, sandbox, OWNER, TokenType.ORG_USER))
    row.is_active = False
    row.save(update_fields=["is_active"])
    assert sessions.KEY not in visitor.session


@pytest.mark.django_db(transaction=True)
def test_a_deactivation_that_is_rolled_back_signs_nobody_out(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    row = User.objects.get()
    row.is_active = False
    with transaction.atomic():
        row.save()
        transaction.set_rollback(True)
    assert visitor.get("/members/").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["deactivated", "deleted"])
def test_a_row_that_goes_is_signed_out_everywhere(sandbox: Sandbox, client, how: str) -> None:
    visitors = [Visitor(), Visitor()]
    for visitor in visitors:
        visitor.sign_in(sandbox)
    row = User.objects.get()
    if how == "deactivated":
        row.is_active = False
        row.save()
    else:
        row.delete()
    for visitor in visitors:
        assert visitor.get("/members/").status_code == 302
        assert visitor.get("/api/by-session/").status_code != 200
        assert sessions.KEY not in visitor.session
    assert User.objects.count() == (how == "deactivated")


def test_a_deleted_row_comes_back_by_a_new_sign_in_only(sandbox: Sandbox, client) -> None:
    bearer = authorization(sandbox, READER)
    assert client.get("/api/protected/", headers=bearer).status_code == 200
    User.objects.all().delete()
    assert Identity.objects.get().email == ""
    assert client.get("/api/protected/", headers=bearer).status_code == 401
    assert not User.objects.exists()
    Visitor().sign_in(sandbox)
    assert client.get("/api/protected/", headers=bearer).status_code == 200
    assert Identity.objects.get().user == User.objects.get()


def test_a_row_that_the_site_s_manager_hides_is_not_admitted(monkeypatch) -> None:
    load_user(RITA)
    manager = User._default_manager
    hidden = manager.none()
    monkeypatch.setattr(type(manager), "get_queryset", lambda self: hidden)
    assert load_user(RITA) is None
    assert load_user(RITA, signing_in=True) is None


def test_a_loader_of_the_site_s_own_may_call_it(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_USER_LOADER = "tests.accounts.hooks.only_members"
    User.objects.create_user("rita", READER)
    visitor = Visitor()
    assert "link-account" in visitor.sign_in(sandbox).url  # it was told that this is a sign-in
    stranger = Visitor()
    assert stranger.sign_in(sandbox, "subscriber@example.net").status_code == 403
    assert stranger.signed_in_as == ""


# --- the site's fields


def test_the_hook_gives_fields(settings) -> None:
    settings.IDENTITYX_ACCOUNT_FIELDS = "tests.accounts.hooks.named"
    assert load_user(RITA).username == "rita-reader"


def test_the_hook_may_refuse(settings) -> None:
    settings.IDENTITYX_ACCOUNT_FIELDS = "tests.accounts.hooks.nobody"
    assert load_user(RITA) is None
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("hook", "text"),
    [("unknown", "colour"), ("a_list", "dict"), ("bad", "username"), ("taken", "unique")],
)
def test_a_hook_that_is_wrong_is_told(settings, hook: str, text: str) -> None:
    User.objects.create_user("taken")
    settings.IDENTITYX_ACCOUNT_FIELDS = f"tests.accounts.hooks.{hook}"
    with pytest.raises(ConfigurationError, match=text):
        load_user(RITA)
    assert User.objects.count() == 1


def test_an_address_that_no_row_may_have_is_not_admitted() -> None:
    with pytest.raises(Rejected) as caught:
        load_user(replace(RITA, email="no address"))
    assert caught.value.reason == "not_admitted"


def test_names_are_cut_to_what_the_model_holds() -> None:
    assert load_user(replace(RITA, given_name="R\0\n" * 900)).first_name == "R" * 150


# --- addresses that change


def changed(address: str) -> User:
    return load_user(replace(RITA, email=address), signing_in=True)


def test_a_changed_address_changes_no_identity() -> None:
    row = load_user(RITA)
    assert changed("new@example.net") == row
    row.refresh_from_db()
    assert row.email == "new@example.net"
    assert Identity.objects.get().email == "new@example.net"


def test_a_bearer_changes_no_address() -> None:
    row = load_user(RITA)
    load_user(replace(RITA, email="old@example.net"))  # by a verdict from before, say
    row.refresh_from_db()
    assert row.email == READER


def test_an_address_that_was_changed_here_stays() -> None:
    load_user(RITA)
    User.objects.update(email="mine@example.org")
    assert changed("new@example.net").email == "mine@example.org"


def test_an_address_of_somebody_else_is_not_taken_over() -> None:
    load_user(RITA)
    User.objects.create_user("ann", "NEW@example.net")
    assert changed("new@example.net").email == READER


def test_an_attached_account_keeps_its_address() -> None:
    ann = User.objects.create_user("ann", READER)
    Identity.objects.create(
        kind="AppUser",
        app_id=APP,
        identity_id=ID,
        user=ann,
        email=READER,
        last_seen=timezone.now(),
    )
    assert changed("new@example.net").email == READER


def test_verified_people_of_the_sandbox_have_what_rows_need(sandbox: Sandbox) -> None:
    for email, kind in ((READER, TokenType.APP_USER), (OWNER, TokenType.ORG_USER)):
        assert isinstance(load_user(verify(credential(sandbox, email, kind))), get_user_model())
