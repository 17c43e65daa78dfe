"""What must hold whatever the site's user model is; run by `test_user_models`, once for each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.apps import apps
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.core import checks

from django_identityx.accounts import load_user
from django_identityx.accounts.models import Identity
from django_identityx.credentials import TokenType
from django_identityx.exceptions import ConfigurationError, Rejected
from django_identityx.sandbox import Sandbox
from django_identityx.testing import credential
from django_identityx.users import OrgUser
from django_identityx.verification import verify
from tests.accounts.other_users.models import Bookmark
from tests.accounts.test_rows import RITA
from tests.site import OWNER, READER, Visitor

User = get_user_model()
KIND = site.OTHER_USERS
ADMIN = pytest.mark.skipif(KIND == "bare", reason="no admin with such users")
ONCE = pytest.mark.skipif(KIND != "email", reason="the same with all of them")

pytestmark = pytest.mark.django_db


def found() -> set[str]:
    return {message.id for message in checks.run_checks(tags=["identityx_accounts"])}


def test_checks() -> None:
    assert found() == ({"identityx_accounts.E002"} if KIND == "bare" else set())


def test_a_foreign_key(sandbox: Sandbox) -> None:
    for number in (1, 2):
        visitor = Visitor()
        visitor.sign_in(sandbox)
        assert visitor.get("/bookmark/").status_code == 200
        assert Bookmark.objects.filter(owner=User.objects.get()).count() == number
    row = User.objects.get()
    assert (row.email, row.has_usable_password()) == (READER, False)


def test_an_address_that_changes() -> None:
    row = load_user(RITA)
    Bookmark.objects.create(owner=row, url="https://example.net/")
    again = load_user(replace(RITA, email="new@example.net"), signing_in=True)
    assert again.pk == row.pk
    assert again.email == (READER if KIND == "key" else "new@example.net")
    assert User.objects.count() == 1
    assert Bookmark.objects.get().owner == row


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["deactivated", "deleted"])
def test_rows_that_go(sandbox: Sandbox, how: str) -> None:
    if how == "deactivated" and KIND == "bare":
        pytest.skip("such users are always active")
    visitor = Visitor()
    visitor.sign_in(sandbox)
    row = User.objects.get()
    if how == "deleted":
        row.delete()
    else:
        row.is_active = False
        row.save()
    assert visitor.get("/bookmark/").status_code == 302
    assert visitor.signed_in_as == ""


def test_a_local_user_with_the_address_is_asked(sandbox: Sandbox) -> None:
    others = {"company": "A", "number": 1} if KIND == "required" else {}
    User.objects.create_user(READER.upper(), "secret", **others)
    visitor = Visitor()
    assert "/link-account/" in visitor.sign_in(sandbox).url
    assert visitor.signed_in_as == ""
    assert not Identity.objects.exists()


def test_two_kinds_with_one_address_are_connected_where_addresses_are_unique() -> None:
    load_user(RITA, signing_in=True)
    staff = OrgUser(RITA.id, READER)
    assert load_user(staff) is None
    with pytest.raises(Rejected) as caught:
        load_user(staff, signing_in=True)
    assert caught.value.reason == "link_account"
    assert User.objects.count() == 1


def test_roles(sandbox: Sandbox) -> None:
    row = load_user(verify(credential(sandbox, OWNER, TokenType.ORG_USER)))
    row.refresh_from_db()
    if KIND == "bare":
        assert not row.is_staff
    else:
        assert (row.is_staff, row.is_superuser) == (True, True)


def test_without_what_new_rows_need(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_ACCOUNT_FIELDS = None
    if KIND != "required":
        assert "identityx_accounts.E001" not in found()
        return
    assert "identityx_accounts.E001" in found()
    with pytest.raises(ConfigurationError, match=r"company, number.*IDENTITYX_ACCOUNT_FIELDS"):
        load_user(RITA)
    visitor = Visitor()
    assert visitor.sign_in(sandbox).status_code == 503
    assert not User.objects.exists()


# --- the admin


def owner(sandbox: Sandbox, page) -> Visitor:
    """Follow the link on the admin's login page, as an Owner."""
    visitor = Visitor()
    response = visitor.get(page, follow=True)
    text = response.content.decode()
    assert response.redirect_chain[-1][0].startswith("/admin/login/")
    assert "Sign in with IdentityX" in text
    way = text.split('class="identityx-sign-in"><a href="')[1].split('"')[0]
    form = visitor.get(way.replace("&amp;", "&"))
    visitor.submit(form, email=OWNER)
    from django_identityx.sending import wait_until_sent

    assert wait_until_sent()
    sent = visitor.get("/identityx/link-sent/")
    callback = visitor.submit(sent, link=sandbox.outbox[-1].url)
    answer = visitor.submit(visitor.get(callback.url))
    assert (answer.status_code, answer.url) == (302, page)
    return visitor


@ADMIN
@pytest.mark.parametrize("page", ["/admin/", "/admin/identityx_accounts/identity/"])
def test_an_owner_opens_the_admin(sandbox: Sandbox, page: str) -> None:
    visitor = owner(sandbox, page)
    assert visitor.get(page).status_code == 200


@ONCE
@pytest.mark.parametrize("model", ["identityx_accounts/identity", "django_identityx/signin"])
def test_what_the_admin_shows_is_read_only(sandbox: Sandbox, model: str) -> None:
    visitor = owner(sandbox, "/admin/")
    listed = visitor.get(f"/admin/{model}/")
    assert listed.status_code == 200
    assert visitor.get(f"/admin/{model}/add/").status_code == 403
    app, name = model.split("/")
    for row in apps.get_model(app, name).objects.all():
        shown = visitor.get(f"/admin/{model}/{row.pk}/change/")
        assert shown.status_code == 200
        assert "_save" not in shown.content.decode()
        assert (visitor.session.session_key or "") not in shown.content.decode()
        assert visitor.get(f"/admin/{model}/{row.pk}/delete/").status_code == 403


@ONCE
def test_the_admin_deletes_users(sandbox: Sandbox) -> None:
    visitor = owner(sandbox, "/admin/")
    load_user(RITA)
    from django.contrib import admin
    from django.contrib.admin.utils import get_deleted_objects

    request = visitor.get("/admin/").wsgi_request
    _, _, perms, protected = get_deleted_objects(
        User.objects.filter(email=READER), request, admin.site
    )
    assert not protected
    assert Identity._meta.verbose_name not in perms


@ONCE
def test_a_reader_does_not_open_the_admin(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    assert visitor.get("/admin/").status_code == 302
    assert visitor.get("/admin/login/").status_code == 200
