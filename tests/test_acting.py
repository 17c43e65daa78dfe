"""Staff acting for a reader: ``identityx:act-as``, ``act-end``, and what lies between."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import reverse

from django_identityx import process, sessions, signals, verification
from django_identityx.client import IdentityXClient
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import Rejected
from django_identityx.middleware import Details
from django_identityx.models import SignIn
from django_identityx.sandbox import DAILY_APP_ID, WEEKLY_APP_ID, Sandbox
from django_identityx.sending import wait_until_sent
from django_identityx.signin.cookies import Mark
from django_identityx.testing import authorization, credential, login

from .site import READER, Visitor, forms

pytestmark = pytest.mark.django_db

ACT, END, ME, DEVICES, LOGOUT = (
    reverse(f"identityx:{name}") for name in ("act-as", "act-end", "api-me", "devices", "logout")
)
ADMIN, MEMBERS = "admin@example.com", "/members/"
ORG = TokenType.ORG_USER


def id_of(sandbox: Sandbox, email: str = READER, app_id: str = DAILY_APP_ID) -> str:
    known = sandbox.readers()
    return next(u["id"] for u in known if (u["email"], u["applicationId"]) == (email, app_id))


def begin(visitor: Visitor, sandbox: Sandbox, email: str = READER) -> Any:
    page = visitor.get(ACT, {"user": id_of(sandbox, email), "next": MEMBERS})
    assert page.status_code == 200
    return visitor.submit(page)


def who(visitor: Visitor) -> tuple[str, str]:
    """Who is signed in, and who acts for them."""
    known = visitor.get(ME).json()
    return known.get("email", ""), (known.get("actor") or {}).get("email", "")


def ask_for_link(visitor: Visitor, email: str = "subscriber@example.net") -> None:
    visitor.submit(visitor.get(reverse("identityx:login")), 1, email=email)
    assert wait_until_sent()


def token_of(visitor: Visitor) -> Credential:
    data = visitor.session[sessions.KEY]
    return Credential(TokenType(data["type"]), data["token"])


def is_good(known: Credential) -> bool:
    process.reset()
    try:
        verification.verify(known, max_age=0)
    except Rejected:
        return False
    return True


def set_role(sandbox: Sandbox, role: str) -> None:
    client = IdentityXClient.from_settings()
    owner = credential(sandbox, "owner@example.com", TokenType.ORG_USER_API_TOKEN)
    client.with_credential(owner).memberships.set_role(ADMIN, role)


@pytest.fixture
def staff(sandbox: Sandbox) -> Visitor:
    visitor = Visitor()
    login(visitor, sandbox, ADMIN, ORG)
    return visitor


@pytest.fixture
def acting(sandbox: Sandbox, staff: Visitor) -> Visitor:
    assert begin(staff, sandbox).url == MEMBERS
    return staff


# --- There and back ------------------------------------------------------------------------------


def test_there_and_back(sandbox: Sandbox, staff: Visitor) -> None:
    before, key = dict(staff.session[sessions.KEY]), staff.session.session_key
    page = staff.get(ACT, {"user": id_of(sandbox)})
    assert "Rita Reader" in page.content.decode()
    assert who(staff) == (ADMIN, "")  # a GET does nothing
    assert sandbox.count("impersonateAppUser") == 0
    done = begin(staff, sandbox)
    assert (done.status_code, done.url) == (302, MEMBERS)
    assert who(staff) == (READER, ADMIN)
    assert staff.get(MEMBERS).content == b"members: reader@example.net"
    assert staff.get("/members-async/").content == b"async: reader@example.net"
    assert staff.session.session_key != key
    lent = token_of(staff)
    banner = staff.get(DEVICES)
    assert "acting for <strong>Rita Reader" in banner.content.decode()
    back = staff.submit(banner, next="/public/")
    assert (back.status_code, back.url) == (302, "/public/")
    assert who(staff) == (ADMIN, "")
    assert staff.session.session_key == key
    assert staff.session[sessions.KEY] == before
    assert not is_good(lent)
    assert [row.kind for row in SignIn.objects.all()] == ["OrgUser"]


def test_the_end_twice_and_by_whom_it_is_nothing(sandbox: Sandbox, acting: Visitor) -> None:
    page = acting.get(DEVICES)
    assert acting.get(END).status_code == 405
    before = acting.cookies["sessionid"].value
    acting.submit(page)
    after = acting.cookies["sessionid"].value
    assert acting.submit(page).url == "/accounts/profile/"
    acting.cookies["sessionid"] = before  # as a second click sends it
    second = acting.submit(page)
    assert second.url == "/accounts/profile/"
    assert "sessionid" not in second.cookies
    acting.cookies["sessionid"] = after
    assert who(acting) == (ADMIN, "")
    reader = Visitor()
    reader.sign_in(sandbox)
    fields = forms(reader.get(DEVICES))[0][1]
    assert reader.post(END, {**fields, "next": "/public/"}).url == "/public/"
    assert who(reader) == (READER, "")


def test_two_tabs(sandbox: Sandbox, staff: Visitor) -> None:
    """A tab from before says what to do, and acting is not begun from within acting."""
    other_tab = staff.get(ACT, {"user": id_of(sandbox, "subscriber@example.net")})
    begin(staff, sandbox)
    assert staff.submit(other_tab).status_code == 403
    again = staff.get(ACT, {"user": id_of(sandbox, "subscriber@example.net")})
    assert again.status_code == 403
    fields = {**forms(again)[0][1], "user": id_of(sandbox, "subscriber@example.net")}
    assert staff.post(ACT, fields).status_code == 403
    assert who(staff) == (READER, ADMIN)
    assert sandbox.count("impersonateAppUser") == 1


def test_a_second_click(sandbox: Sandbox, staff: Visitor) -> None:
    """It comes with the cookie from before; what the first began is over then."""
    page, before = staff.get(ACT, {"user": id_of(sandbox)}), staff.cookies.output()
    staff.submit(page)
    first = token_of(staff)
    staff.cookies.load(before.replace("Set-Cookie: ", ""))
    staff.submit(page)
    assert who(staff) == (READER, ADMIN)
    assert token_of(staff) != first
    assert not is_good(first)
    assert SignIn.objects.filter(kind="AppUser").count() == 1


# --- Who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["member@example.com", "guest@example.com"])
def test_lesser_roles_may_not(sandbox: Sandbox, email: str) -> None:
    visitor = Visitor()
    login(visitor, sandbox, email, ORG)
    refused(visitor, sandbox)


def test_readers_may_not(sandbox: Sandbox) -> None:
    visitor = Visitor()
    login(visitor, sandbox, "subscriber@example.net")
    refused(visitor, sandbox)


def test_in_no_one_s_organization_nobody_may(sandbox: Sandbox, staff: Visitor, settings) -> None:
    settings.IDENTITYX_ORG_ID = "any"
    refused(staff, sandbox)


def refused(visitor: Visitor, sandbox: Sandbox) -> None:
    page = visitor.get(ACT, {"user": id_of(sandbox)})
    assert page.status_code == 403
    assert "Rita" not in page.content.decode()
    fields = {**forms(visitor.get(LOGOUT))[0][1], "user": id_of(sandbox)}
    assert visitor.post(ACT, fields).status_code == 403
    assert sandbox.count("impersonateAppUser") == 0


@pytest.mark.parametrize("kind", [ORG, TokenType.ORG_USER_API_TOKEN])
def test_nobody_may_by_header(sandbox: Sandbox, kind: TokenType) -> None:
    visitor = Visitor(headers=authorization(sandbox, ADMIN, kind))
    page = visitor.get(ACT, {"user": id_of(sandbox)})
    assert (page.status_code, page.url.split("?")[0]) == (302, reverse("identityx:org-login"))
    fields = {**forms(visitor.get(LOGOUT))[0][1], "user": id_of(sandbox)}
    assert visitor.post(ACT, fields).status_code == 403


def test_the_role_is_asked_for_anew(sandbox: Sandbox, staff: Visitor) -> None:
    page = staff.get(ACT, {"user": id_of(sandbox)})
    set_role(sandbox, "Member")
    assert staff.submit(page).status_code == 403
    assert sandbox.count("impersonateAppUser") == 0


def test_who_has_left_meanwhile(sandbox: Sandbox, staff: Visitor) -> None:
    assert staff.get(ACT, {"user": id_of(sandbox)}).status_code == 200
    owner = credential(sandbox, "owner@example.com", TokenType.ORG_USER_API_TOKEN)
    IdentityXClient.from_settings().with_credential(owner).memberships.remove(ADMIN)
    page = staff.get(ACT, {"user": id_of(sandbox)})  # the verdict is from before
    assert page.status_code == 403
    assert "Rita" not in page.content.decode()


def test_csrf(sandbox: Sandbox, staff: Visitor) -> None:
    assert staff.post(ACT, {"user": id_of(sandbox)}).status_code == 403
    assert who(staff) == (ADMIN, "")
    begin(staff, sandbox)
    assert staff.post(END).status_code == 403
    assert who(staff) == (READER, ADMIN)


@pytest.mark.parametrize("user", ["", "nonsense", "5d1b36070ce467bff67fffff", "weekly"])
def test_no_reader_of_ours(sandbox: Sandbox, staff: Visitor, user: str) -> None:
    user = id_of(sandbox, READER, WEEKLY_APP_ID) if user == "weekly" else user
    assert staff.get(ACT, {"user": user}).status_code == 404
    fields = {**forms(staff.get(LOGOUT))[0][1], "user": user}
    assert staff.post(ACT, fields).status_code == 404
    assert who(staff) == (ADMIN, "")


def test_a_banned_reader(sandbox: Sandbox, staff: Visitor, settings) -> None:
    settings.IDENTITYX_REFUSE_BANNED = True
    assert begin(staff, sandbox, "banned@example.net").status_code == 403
    assert who(staff) == (ADMIN, "")


# --- The mark can't be lost ----------------------------------------------------------------------


@pytest.mark.parametrize("actor", [None, {}, "x", {"session": "x"}, 0])
def test_a_broken_mark_is_nobody(acting: Visitor, actor: object) -> None:
    session = acting.session
    session[sessions.KEY] = {**session[sessions.KEY], "actor": actor}
    session.save()
    assert acting.get(MEMBERS).status_code == 302


def test_another_s_session_is_no_mark(sandbox: Sandbox, acting: Visitor) -> None:
    """What waits has to be the sign-in of who acts."""
    other = Visitor()
    login(other, sandbox, "owner@example.com", ORG)
    session = acting.session
    data = session[sessions.KEY]
    actor = {**data["actor"], "session": other.session.session_key}
    session[sessions.KEY] = {**data, "actor": actor}
    session.save()
    assert acting.get(MEMBERS).status_code == 302
    assert who(other) == ("owner@example.com", "")


def test_renewal_keeps_it(acting: Visitor) -> None:
    session = acting.session
    session[sessions.KEY] = {**session[sessions.KEY], "renewed": 0}
    session.save()
    assert who(acting) == (READER, ADMIN)
    assert acting.session[sessions.KEY]["renewed"] > 0
    assert who(acting) == (READER, ADMIN)


def test_the_site_renews_the_key(acting: Visitor) -> None:
    session = acting.session
    session.cycle_key()
    acting.cookies["sessionid"] = session.session_key
    assert who(acting) == (READER, ADMIN)


# --- It ends -------------------------------------------------------------------------------------


def is_over(visitor: Visitor, *tokens: Credential) -> bool:
    """Nobody is signed in, by neither credential."""
    return visitor.get(MEMBERS).status_code == 302 and not any(map(is_good, tokens))


def staff_token(visitor: Visitor) -> Credential:
    return Credential(ORG, visitor.session[sessions.KEY]["actor"]["token"])


def test_the_role_is_gone(sandbox: Sandbox, acting: Visitor) -> None:
    lent = token_of(acting)
    set_role(sandbox, "Member")
    process.reset()
    verification.forget(staff_token(acting))
    assert is_over(acting, lent)
    assert sessions.KEY not in acting.session
    assert SignIn.objects.count() == 0


def test_the_staff_s_token_is_gone(sandbox: Sandbox, acting: Visitor) -> None:
    lent, own = token_of(acting), staff_token(acting)
    sandbox.revoke(own.token)
    verification.forget(own)
    process.reset()
    assert is_over(acting, lent)


def test_the_staff_signs_out_elsewhere(sandbox: Sandbox, acting: Visitor) -> None:
    tokens = token_of(acting), staff_token(acting)
    elsewhere = Visitor()
    login(elsewhere, sandbox, ADMIN, ORG)
    assert "Support" not in elsewhere.get(DEVICES).content.decode()
    elsewhere.submit(elsewhere.get(LOGOUT), everywhere="1")
    assert is_over(acting, *tokens)


def test_the_session_that_waits_is_lost(acting: Visitor) -> None:
    key = acting.session[sessions.KEY]["actor"]["session"]
    tokens = token_of(acting), staff_token(acting)
    type(acting.session)(key).flush()
    assert is_over(acting, *tokens)


def test_the_reader_sees_it_and_signs_out_everywhere(sandbox: Sandbox, acting: Visitor) -> None:
    tokens = token_of(acting), staff_token(acting)
    reader = Visitor()
    reader.sign_in(sandbox)
    page = reader.get(DEVICES)
    assert "Support, acting for you" in page.content.decode()
    reader.submit(page, len(forms(page)) - 1, everywhere="1")
    assert is_over(acting, *tokens)
    assert SignIn.objects.count() == 0


def test_the_reader_ends_it_alone(sandbox: Sandbox, acting: Visitor) -> None:
    tokens = token_of(acting), staff_token(acting)
    reader, bystander = Visitor(), Visitor()
    for visitor in (reader, bystander):
        login(visitor, sandbox, READER)
    row = acting.session[sessions.KEY]["row"]
    reader.submit(reader.get(DEVICES), 1, end=str(row))
    assert is_over(acting, *tokens)
    assert who(reader) == who(bystander) == (READER, "")


def test_signing_out_is_out_of_both(acting: Visitor) -> None:
    tokens = token_of(acting), staff_token(acting)
    page = acting.get(LOGOUT)
    acting.submit(page, 1)
    assert is_over(acting, *tokens)
    assert SignIn.objects.count() == 0


def test_a_login_by_the_site_ends_it(sandbox: Sandbox, acting: Visitor) -> None:
    """Also one of the very reader: theirs would have been the session in which staff acted."""
    tokens = token_of(acting), staff_token(acting)
    login(acting, sandbox, READER)
    assert who(acting) == (READER, "")
    assert not any(map(is_good, tokens))


def test_a_django_login_ends_it(acting: Visitor, django_user_model: Any) -> None:
    tokens = token_of(acting), staff_token(acting)
    acting.force_login(django_user_model.objects.create_user("local"))
    assert sessions.KEY not in acting.session
    assert not any(map(is_good, tokens))


# --- What may not be done ------------------------------------------------------------------------


def test_nobody_signs_in_meanwhile(sandbox: Sandbox, acting: Visitor) -> None:
    ask_for_link(acting)
    page = acting.open(sandbox.outbox[-1].url)
    assert acting.submit(page, 1, switch="1").status_code == 403
    assert who(acting) == (READER, ADMIN)


def test_the_reader_s_devices_are_left_alone(sandbox: Sandbox, acting: Visitor) -> None:
    reader = Visitor()
    reader.sign_in(sandbox)
    page, row = acting.get(DEVICES), reader.session[sessions.KEY]["row"]
    assert page.content.decode().count('name="end"') == 1  # their own
    assert 'name="everywhere"' not in page.content.decode()
    fields = forms(page)[0][1]
    for url in (DEVICES, LOGOUT):
        refused = acting.post(url, {**fields, "everywhere": "1"})
        assert refused.status_code == 403
        assert Mark.name not in refused.cookies  # the same person goes on
    assert acting.post(DEVICES, {**fields, "end": str(row)}).status_code == 403
    token = acting.get(ME).json()["csrf_token"]
    for name, data in (
        ("api-devices", {"id": row}),
        ("api-devices", {"everywhere": True}),
        ("api-logout", {"everywhere": True}),
    ):
        answer = acting.post(
            reverse(f"identityx:{name}"),
            data,
            content_type="application/json",
            headers={"X-CSRFToken": token},
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "acting")
    assert who(reader) == (READER, "")
    assert who(acting) == (READER, ADMIN)


# --- Outages -------------------------------------------------------------------------------------


def test_in_an_outage(sandbox: Sandbox, acting: Visitor, settings) -> None:
    """Reading goes on, by both last verdicts; nothing else does, and nobody is signed out."""
    token = forms(acting.get(DEVICES))[0][1]
    process.reset()
    for known in (token_of(acting), staff_token(acting)):
        verification.forget(known)
    sandbox.set_fault("drop")
    assert who(acting) == (READER, ADMIN)
    assert acting.post(MEMBERS, token).status_code == 503
    assert "acting for" in acting.get(DEVICES).content.decode()
    acting.post(END, token)
    assert who(acting) == (ADMIN, "")


def test_it_is_not_begun_in_an_outage(sandbox: Sandbox, staff: Visitor, settings) -> None:
    page = staff.get(ACT, {"user": id_of(sandbox)})
    process.reset()
    sandbox.set_fault("html502")
    answer = staff.submit(page)
    assert answer.status_code == 503
    assert answer["Retry-After"]
    sandbox.clear_fault()
    process.reset()
    assert who(staff) == (ADMIN, "")


# --- What is written down ------------------------------------------------------------------------


def test_the_audit_names_both(sandbox: Sandbox, staff: Visitor, caplog: Any) -> None:
    caplog.set_level(logging.INFO, "django_identityx.audit")
    begin(staff, sandbox)
    ask_for_link(staff)
    staff.submit(staff.get(DEVICES))
    lines = [record.identityx for record in caplog.records if hasattr(record, "identityx")]
    actor = next(u["id"] for u in sandbox.administrators() if u["email"] == ADMIN)
    told = {line["event"]: line.get("actor_id") for line in lines}
    assert told["acting_started"] == told["login_link_sent"] == told["acting_ended"] == actor
    assert {line.get("user_id") for line in lines if "acting" in line["event"]} == {id_of(sandbox)}
    assert "user_logged_in" not in told
    assert "user_logged_out" not in told


def test_signals(sandbox: Sandbox, staff: Visitor) -> None:
    heard: list[tuple[str, str]] = []

    def started(user: Any, actor: Any, **kwargs: Any) -> None:
        heard.append((user.email, actor.email))

    def ended(identity: Any, actor_identity: Any, **kwargs: Any) -> None:
        heard.append((identity[0], actor_identity[0]))

    signals.acting_started.connect(started)
    signals.acting_ended.connect(ended)
    try:
        begin(staff, sandbox)
        staff.submit(staff.get(DEVICES))
    finally:
        signals.acting_started.disconnect(started)
        signals.acting_ended.disconnect(ended)
    assert heard == [(READER, ADMIN), ("AppUser", "OrgUser")]


# --- Rows of the site's user model ---------------------------------------------------------------


@pytest.fixture
def _rows(settings) -> None:
    settings.IDENTITYX_USER_LOADER = "django_identityx.accounts.load_user"
    process.reset()


@pytest.mark.usefixtures("_rows")
class TestRows:
    def test_the_row_is_the_reader_s_as_it_was(
        self, sandbox: Sandbox, staff: Visitor, django_user_model: Any
    ) -> None:
        Visitor().sign_in(sandbox)
        row = django_user_model.objects.get(email=READER)
        begin(staff, sandbox)
        assert staff.get(MEMBERS).content.decode() == f"members: {row.get_username()}"
        same = django_user_model.objects.get(email=READER)
        assert same.last_login == row.last_login
        assert "_auth_user_id" not in staff.session

    @pytest.mark.parametrize("power", ["is_staff", "is_superuser"])
    def test_powers_are_not_lent(
        self, sandbox: Sandbox, staff: Visitor, django_user_model: Any, power: str
    ) -> None:
        Visitor().sign_in(sandbox)
        rows = django_user_model.objects.filter(email=READER)
        rows.update(**{power: True})
        assert begin(staff, sandbox).status_code == 403
        assert who(staff) == (ADMIN, "")
        rows.update(**{power: False})
        begin(staff, sandbox)
        rows.update(**{power: True})
        assert staff.get(MEMBERS).status_code == 302
        assert sessions.KEY not in staff.session


def test_a_view_of_the_site_s_own(sandbox: Sandbox, staff: Visitor) -> None:
    """What it sees of the two follows at once, there and back."""
    request = RequestFactory().post("/")
    request.session = staff.session
    seen = Details(request)
    request.identityx = seen
    assert (seen.user.email, seen.actor) == (ADMIN, None)
    sessions.act_as(request, id_of(sandbox))
    assert (seen.user.email, seen.actor and seen.actor.email) == (READER, ADMIN)
    assert sessions.stop_acting(request)
    assert (seen.known_user, seen.actor) == (None, None)
    assert not sessions.stop_acting(request)


def test_the_actor_is_a_type(sandbox: Sandbox, acting: Visitor) -> None:
    request = RequestFactory().get("/")
    request.session = acting.session
    verdict = sessions.get_verdict(request)
    assert verdict is not None
    assert verdict.actor.role_in(verdict.actor.memberships[0].organization_id) == "Administrator"
