"""What a role gives a row, and when it is taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib import auth
from django.contrib.auth.models import Group, User
from django.test import RequestFactory

from django_identityx import process, sessions
from django_identityx.accounts import load_user
from django_identityx.credentials import TokenType
from django_identityx.exceptions import ConfigurationError
from django_identityx.sandbox import ORG_ID, Sandbox
from django_identityx.testing import credential, login
from django_identityx.users import ApiTokenUser, AppUser, Membership, OrgUser
from django_identityx.verification import verify
from tests.site import OWNER, Visitor

from .test_rows import ID, RITA

pytestmark = pytest.mark.django_db

OTHER_ORG = "5d1b36070ce467bff670a099"


@pytest.fixture(autouse=True)
def _roles(settings) -> None:
    settings.IDENTITYX_ORG_ID = ORG_ID
    settings.IDENTITYX_STAFF_ROLES = {
        "Owner": {"is_staff": True, "is_superuser": True},
        "Administrator": {"is_staff": True, "groups": ["Editors"]},
    }


def somebody(role: str, organization: str = ORG_ID) -> OrgUser:
    return OrgUser(ID, OWNER, memberships=(Membership(role, organization, "Acme"),))


def powers(row: User) -> tuple[bool, bool, list[str]]:
    row = User.objects.get(pk=row.pk)
    return row.is_staff, row.is_superuser, [group.name for group in row.groups.all()]


def test_a_role_gives(sandbox: Sandbox) -> None:
    row = load_user(verify(credential(sandbox, OWNER, TokenType.ORG_USER)))
    assert (row.is_staff, row.is_superuser) == (True, True)
    assert powers(row) == (True, True, [])


def test_groups() -> None:
    row = load_user(somebody("Administrator"))
    assert powers(row) == (True, False, ["Editors"])


@pytest.mark.parametrize("value", ["Owner", {"Owner": {"is_staff": "False"}}])
def test_a_setting_that_is_not_clear_gives_nothing_and_is_told(settings, value: object) -> None:
    settings.IDENTITYX_STAFF_ROLES = value
    with pytest.raises(ConfigurationError, match="IDENTITYX_STAFF_ROLES must map roles"):
        load_user(somebody("Owner"))
    assert not User.objects.filter(is_staff=True).exists()
    assert load_user(RITA) is not None, "no role hangs on a reader"


@pytest.mark.parametrize("role", ["Member", "Guest"])
def test_other_roles_give_nothing(role: str) -> None:
    assert powers(load_user(somebody(role))) == (False, False, [])


def test_a_role_elsewhere_gives_nothing() -> None:
    """Anybody owns an organization of their own."""
    assert powers(load_user(somebody("Owner", OTHER_ORG))) == (False, False, [])


def test_any_organization_gives_nothing(settings) -> None:
    settings.IDENTITYX_ORG_ID = "any"
    assert powers(load_user(somebody("Owner"))) == (False, False, [])


def test_the_application_s_own_organization_where_none_is_named(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_ORG_ID = None
    assert powers(load_user(somebody("Owner"))) == (True, True, [])
    assert powers(load_user(somebody("Owner", OTHER_ORG))) == (False, False, [])


def test_a_reader_gets_nothing() -> None:
    assert powers(load_user(RITA)) == (False, False, [])


def test_a_role_that_is_gone_takes_what_it_gave() -> None:
    row = load_user(somebody("Owner"))
    now = load_user(somebody("Administrator"))
    assert (now.is_staff, now.is_superuser) == (True, False)
    assert powers(row) == (True, False, ["Editors"])
    assert powers(load_user(somebody("Guest"))) == (False, False, [])
    assert powers(load_user(somebody("Owner"))) == (True, True, [])


def test_and_only_that() -> None:
    row = load_user(somebody("Guest"))
    User.objects.update(is_staff=True)
    row.groups.add(Group.objects.create(name="Editors"), Group.objects.create(name="Authors"))
    load_user(somebody("Administrator"))
    load_user(somebody("Guest"))
    assert powers(row) == (True, False, ["Editors", "Authors"])


def test_an_unchanged_role_costs_nothing(django_assert_num_queries) -> None:
    load_user(somebody("Administrator"))
    with django_assert_num_queries(1):
        load_user(somebody("Administrator"))


def test_a_stale_verdict_gives_nothing() -> None:
    load_user(somebody("Guest"))
    assert powers(load_user(somebody("Owner"), fresh=False)) == (False, False, [])


def test_an_api_token_has_the_role_of_its_person() -> None:
    owner = somebody("Owner")
    row = load_user(ApiTokenUser(owner.id, owner.email, memberships=owner.memberships))
    assert powers(row) == (True, True, [])


def test_what_a_role_gave_is_no_reader_s() -> None:
    """The same row, come as a reader: that says nothing about the role."""
    row = load_user(somebody("Administrator"))
    reader = replace(RITA, email="somebody@example.net")
    _attach(reader, row)
    as_reader = load_user(reader)
    assert as_reader == row
    assert (as_reader.is_staff, powers(row)) == (False, (False, False, []))
    assert load_user(reader, fresh=False).is_staff is False
    assert load_user(somebody("Administrator")).is_staff
    assert powers(row) == (True, False, ["Editors"])


def test_what_a_role_gave_is_no_password_s(client) -> None:
    row = load_user(somebody("Administrator"))
    client.force_login(row, "django.contrib.auth.backends.ModelBackend")
    assert powers(row) == (False, False, [])
    assert auth.get_user(client).pk == row.pk


def test_a_session_of_django_s_own_gets_nothing_from_a_role(sandbox: Sandbox) -> None:
    """It goes on when the membership ends, and nobody would ask again."""
    visitor = Visitor()
    row = load_user(login(visitor, sandbox, OWNER, TokenType.ORG_USER))
    assert powers(row) == (True, True, [])
    visitor.force_login(row, "django.contrib.auth.backends.ModelBackend")
    request = RequestFactory().get("/")
    request.session = visitor.session
    user = sessions.get_user(request)
    assert not user.is_authenticated or load_user(user, request=request) == row
    assert powers(row) == (False, False, [])


@pytest.mark.parametrize("what", ["token", "membership"])
def test_what_is_gone_takes_what_it_gave(sandbox: Sandbox, settings, what: str) -> None:
    settings.IDENTITYX_VERIFICATION_TTL = settings.IDENTITYX_LOCAL_TTL = 0
    visitor = Visitor()
    user = login(visitor, sandbox, OWNER, TokenType.ORG_USER)
    row = load_user(user)
    assert powers(row) == (True, True, [])
    if what == "token":
        sandbox.revoke(visitor.session["_identityx"]["token"])
    else:
        settings.IDENTITYX_ORG_ID = OTHER_ORG  # of which they are no member
    process.reset()
    assert visitor.get("/members/").status_code == 302
    assert powers(row) == (False, False, [])


def _attach(reader: AppUser, row: User) -> None:
    from django_identityx.accounts import rows

    rows.attach(reader, row)
