"""Where a local user has the address: a mailbox alone gets nobody into an account."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib import auth
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from django_identityx.accounts import load_user
from django_identityx.accounts.identities import has_address
from django_identityx.accounts.models import Identity
from django_identityx.exceptions import Rejected
from django_identityx.sandbox import ORG_ID, Sandbox
from django_identityx.sending import wait_until_sent
from django_identityx.testing import authorization
from django_identityx.users import Membership, OrgUser
from tests.site import OWNER, READER, Visitor

from .test_rows import APP, ID, RITA

pytestmark = pytest.mark.django_db

LINK_ACCOUNT = "/identityx/link-account/"


@pytest.fixture
def rita() -> User:
    return User.objects.create_user("rita", "Reader@Example.net", "secret")


def refused(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.sign_in(sandbox)
    assert visitor.signed_in_as == ""
    assert not Identity.objects.exists()
    assert visitor.get("/members/").status_code == 302


def local_visitor(name: str = "rita") -> Visitor:
    visitor = Visitor()
    visitor.force_login(User.objects.get(username=name))
    return visitor


def ask_here(visitor: Visitor, sandbox: Sandbox, email: str = READER, **fields: str) -> str:
    """Have the page send a link; where it leads."""
    page = visitor.get(LINK_ACCOUNT, {"kind": fields.get("kind", "AppUser")})
    assert visitor.submit(page, email=email, **fields).status_code == 302
    assert wait_until_sent()
    return sandbox.outbox[-1].url


def press(visitor: Visitor, url: str):
    page = visitor.open(url)
    assert page.status_code == 200
    return visitor.submit(page)


# --- "ask", the default


def test_the_address_alone_does_not_get_in(sandbox: Sandbox, rita: User) -> None:
    refused(Visitor(), sandbox)


def test_the_way_to_the_page_that_asks(sandbox: Sandbox, rita: User) -> None:
    visitor = Visitor()
    response = visitor.sign_in(sandbox, next="/members/")
    assert response.url == f"{LINK_ACCOUNT}?kind=AppUser&next=%2Fmembers%2F"
    page = visitor.get(response.url).content.decode()
    back = "%2Fidentityx%2Flink-account%2F%3Fkind%3DAppUser%26next%3D%252Fmembers%252F"
    assert f"/local/login/?next={back}" in page
    assert rita.username not in page


def test_the_page_says_that_it_connects(sandbox: Sandbox, rita: User) -> None:
    visitor = local_visitor()
    page = visitor.open(ask_here(visitor, sandbox)).content.decode()
    assert "Connect your account?" in page
    assert "Change account?" not in page
    for email in ("subscriber@example.net", "rexxer@example.net"):  # of the same mask
        page = visitor.open(f"/identityx/callback/?token={sandbox.login_link_token(email)}")
        assert "Change account?" in page.content.decode()


def test_proof_of_both_sides_attaches(sandbox: Sandbox, rita: User) -> None:
    visitor = local_visitor()
    url = ask_here(visitor, sandbox)
    assert press(visitor, url).status_code == 302
    assert visitor.signed_in_as == "Rita Reader"
    identity = Identity.objects.get()
    assert (identity.user, identity.made_user) == (rita, False)
    other = Visitor()
    other.sign_in(sandbox)
    assert other.get("/members/").content == b"members: rita"


def test_the_link_may_go_to_another_address_than_the_account_s(
    sandbox: Sandbox, rita: User
) -> None:
    visitor = local_visitor()
    press(visitor, ask_here(visitor, sandbox, "subscriber@example.net"))
    assert Identity.objects.get().user == rita
    assert User.objects.get().email == rita.email


def test_the_address_may_be_typed_as_people_write_it(
    sandbox: Sandbox, rita: User, settings
) -> None:
    settings.IDENTITYX_CREATE_APP_USERS = True
    visitor = local_visitor()
    press(visitor, ask_here(visitor, sandbox, "Neu@exämple.com"))
    assert Identity.objects.get().user == rita


def test_staff_may_connect_an_account_too(sandbox: Sandbox, rita: User) -> None:
    visitor = local_visitor()
    ask_here(visitor, sandbox, OWNER, kind="OrgUser")
    page = visitor.get(reverse("identityx:link-sent"))
    callback = visitor.submit(page, link=sandbox.outbox[-1].url)
    visitor.submit(visitor.get(callback.url), switch="1")
    assert Identity.objects.get().kind == "OrgUser"
    assert Identity.objects.get().user == rita
    assert auth.SESSION_KEY not in visitor.session  # a role would outlive its verdict there
    assert visitor.get("/members/").content == b"members: rita"


def test_a_reader_may_be_staff_too(sandbox: Sandbox) -> None:
    """Their row has no password: they show that it is theirs by the link that made it."""
    visitor = Visitor()
    visitor.sign_in(sandbox)
    page = visitor.get(LINK_ACCOUNT, {"kind": "OrgUser"})
    visitor.submit(page, email=OWNER)
    assert wait_until_sent()
    page = visitor.get(reverse("identityx:link-sent"))
    callback = visitor.submit(page, link=sandbox.outbox[-1].url)
    visitor.submit(visitor.get(callback.url), switch="1")
    assert User.objects.count() == 1
    assert set(Identity.objects.values_list("kind", flat=True)) == {"AppUser", "OrgUser"}
    assert "_identityx_link" not in visitor.session


def test_a_link_that_somebody_else_asked_for_attaches_nothing(sandbox: Sandbox, rita: User) -> None:
    """Else: send a signed-in visitor your link, and sign in to their account ever after."""
    attacker = Visitor()
    attacker.ask("subscriber@example.net")
    press(local_visitor(), sandbox.outbox[-1].url)
    assert not Identity.objects.filter(user=rita).exists()


def test_a_link_to_another_address_than_the_one_typed_attaches_nothing(
    sandbox: Sandbox, rita: User
) -> None:
    visitor = local_visitor()
    ask_here(visitor, sandbox)
    Visitor().ask("subscriber@example.net")
    press(visitor, sandbox.outbox[-1].url)
    assert not Identity.objects.filter(user=rita).exists()


def test_a_wish_is_that_of_one_session(sandbox: Sandbox, rita: User) -> None:
    url = ask_here(local_visitor(), sandbox)
    elsewhere = Visitor()
    elsewhere.submit(elsewhere.open(url))
    assert not Identity.objects.exists()


def test_a_wish_ends_with_the_link(sandbox: Sandbox, rita: User, settings) -> None:
    visitor = local_visitor()
    url = ask_here(visitor, sandbox)
    session = visitor.session
    session["_identityx_link"]["at"] -= (
        settings.IDENTITYX_LINK_MAX_AGE if hasattr(settings, "IDENTITYX_LINK_MAX_AGE") else 3601
    )
    session.save()
    press(visitor, url)
    assert not Identity.objects.filter(user=rita).exists()


def test_an_account_of_somebody_else_is_not_taken_away(sandbox: Sandbox, rita: User) -> None:
    ann = User.objects.create_user("ann")
    Identity.objects.create(
        kind="AppUser", app_id=APP, identity_id=_id(sandbox), user=ann, last_seen=timezone.now()
    )
    visitor = local_visitor()
    assert press(visitor, ask_here(visitor, sandbox)).status_code == 403
    assert Identity.objects.get().user == ann


def test_the_page_sends_nothing_for_strangers(sandbox: Sandbox) -> None:
    visitor = Visitor()
    page = visitor.get(reverse("identityx:login"))
    token = visitor.cookies["csrftoken"].value if page else ""
    answer = visitor.post(LINK_ACCOUNT, {"email": READER, "csrfmiddlewaretoken": token})
    assert answer.status_code == 200
    assert "/local/login/" in answer.content.decode()
    assert not sandbox.outbox


def test_a_bearer_is_not_asked_but_refused(sandbox: Sandbox, rita: User, client) -> None:
    answer = client.get("/api/protected/", headers=authorization(sandbox, READER))
    assert answer.status_code == 401
    assert not Identity.objects.exists()


def test_a_user_name_that_is_the_address_counts_too(sandbox: Sandbox) -> None:
    User.objects.create_user(READER, "")
    refused(Visitor(), sandbox)


def test_case_is_folded(sandbox: Sandbox) -> None:
    User.objects.create_user("rita", READER.upper())
    refused(Visitor(), sandbox)


def test_a_row_that_a_link_made_is_no_local_account(sandbox: Sandbox) -> None:
    """Reader and staff with one address, or readers of two sites: a row each."""
    reader = load_user(RITA, signing_in=True)
    staff = load_user(OrgUser(ID, READER), signing_in=True)
    other = load_user(replace(RITA, app_id="5d1b36070ce467bff670a053"), signing_in=True)
    assert len({reader.pk, staff.pk, other.pk}) == 3
    reader.set_password("secret")
    reader.save()
    with pytest.raises(Rejected):
        load_user(replace(RITA, id="5d1b36070ce467bff670bfff"), signing_in=True)


# --- "email"


@pytest.fixture
def by_email(settings) -> None:
    settings.IDENTITYX_LINK_ACCOUNTS = "email"


def test_by_email_a_mailbox_is_enough(sandbox: Sandbox, rita: User, by_email) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    assert visitor.get("/members/").content == b"members: rita"
    assert rita.check_password("secret")


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_by_email_never_a_powerful_user(sandbox: Sandbox, rita: User, by_email, field: str) -> None:
    setattr(rita, field, True)
    rita.save()
    refused(Visitor(), sandbox)


def test_by_email_never_an_inactive_user(sandbox: Sandbox, rita: User, by_email) -> None:
    User.objects.update(is_active=False)
    refused(Visitor(), sandbox)


def test_by_email_never_one_of_several(sandbox: Sandbox, rita: User, by_email) -> None:
    User.objects.create_user("other", READER)
    refused(Visitor(), sandbox)


def test_by_email_never_by_a_user_name(sandbox: Sandbox, by_email) -> None:
    """Which anybody could have taken before."""
    User.objects.create_user(READER, "attacker@example.com")
    refused(Visitor(), sandbox)


def test_by_email_never_a_bearer(sandbox: Sandbox, rita: User, by_email, client) -> None:
    answer = client.get("/api/protected/", headers=authorization(sandbox, READER))
    assert answer.status_code == 401


def test_by_email_never_an_unverified_claim(rita: User, by_email) -> None:
    with pytest.raises(Rejected) as caught:
        load_user(replace(RITA, verified=False), signing_in=True)
    assert caught.value.reason == "link_account"


@pytest.mark.parametrize("letter", ["\u212a", "\u017f"], ids=["Kelvin", "long s"])
def test_by_email_never_by_letters_that_are_alike(letter: str) -> None:
    """PostgreSQL finds the row of k for the Kelvin sign, whose mailbox is another."""
    row = User(email="kiss@example.net")
    alike = "kiss@example.net".replace(letter.casefold(), letter, 1)
    assert alike.casefold() == row.email
    assert not has_address(row, alike)
    assert has_address(row, "KISS@Example.net")


def test_by_email_never_staff_where_roles_give_something(rita: User, by_email, settings) -> None:
    """Else: register with the address of one of them, wait, and share what the role gives."""
    staff = OrgUser(ID, READER, memberships=(Membership("Guest", ORG_ID, "Acme"),))
    settings.IDENTITYX_ORG_ID = ORG_ID
    settings.IDENTITYX_STAFF_ROLES = {"Owner": {"is_superuser": True}}
    with pytest.raises(Rejected):
        load_user(staff, signing_in=True)
    settings.IDENTITYX_STAFF_ROLES = {}
    assert load_user(staff, signing_in=True) == rita


def test_by_email_never_somebody_else_by_id(rita: User, by_email) -> None:
    """The address went to a new person, or its owner has changed theirs since."""
    load_user(RITA, signing_in=True)
    with pytest.raises(Rejected):
        load_user(replace(RITA, id="5d1b36070ce467bff670bfff"), signing_in=True)
    assert Identity.objects.get().identity_id == ID


# --- "never"


def test_never_refuses(sandbox: Sandbox, rita: User, settings) -> None:
    settings.IDENTITYX_LINK_ACCOUNTS = "never"
    refused(Visitor(), sandbox)
    assert Visitor().get(LINK_ACCOUNT).status_code == 404
    assert load_user(RITA, request=RequestFactory().get("/"), signing_in=True) is None


def _id(sandbox: Sandbox) -> str:
    return next(reader["id"] for reader in sandbox.readers() if reader["email"] == READER)
