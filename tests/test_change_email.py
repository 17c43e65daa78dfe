"""Change of e-mail: the page, the mail, the callback, the JSON twin."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac

from django_identityx import emails, process, sessions, signals, verification
from django_identityx.client import IdentityXClient
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import Rejected
from django_identityx.models import Claim, SignIn
from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent

from .site import OWNER, READER, Visitor, forms
from .test_api import LINK, ME, Script
from .test_api import LOGIN as API_LOGIN

pytestmark = pytest.mark.django_db

PAGE, SENT, CALLBACK = (
    reverse(f"identityx:{n}") for n in ("change-email", "link-sent", "callback")
)
APP = "5d1b36070ce467bff670a052"
API = reverse("identityx:api-change-email")
NEW = "rita@example.net"


@pytest.fixture
def reader(sandbox: Sandbox) -> Visitor:
    reader = Visitor()
    reader.sign_in(sandbox)
    return reader


def ask(visitor: Visitor, email: str = NEW, **query: str) -> HttpResponse:
    done = visitor.submit(visitor.get(PAGE, query), email=email)
    assert wait_until_sent()
    return done


def person(sandbox: Sandbox, email: str) -> dict[str, Any]:
    (found,) = (
        one for one in sandbox.readers() if (one["email"], one["applicationId"]) == (email, APP)
    )
    return found


def owner(sandbox: Sandbox) -> IdentityXClient:
    token = Credential(TokenType.ORG_USER_API_TOKEN, sandbox.api_token("owner@example.com"))
    return IdentityXClient.from_settings().with_credential(token)


def erase(visitor: Visitor) -> None:
    """As IdentityX does, where nobody comes to put it back."""
    IdentityXClient.from_settings().own_profile(held(visitor)).update(country_code=None)


def held(visitor: Visitor) -> Credential:
    return Credential(TokenType.APP_USER, visitor.session[sessions.KEY]["token"])


def is_dead(credential: Credential) -> bool:
    """Whether IdentityX itself has forgotten the token: nobody else can come to own it."""
    try:
        IdentityXClient.from_settings().active_app_user(credential)
    except Rejected as rejected:
        return rejected.reason == "revoked"
    return False


def text(response: HttpResponse) -> str:
    return response.content.decode()


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/members/").status_code == 200


# --- Asking ----------------------------------------------------------------------------------


def test_the_whole_way(sandbox: Sandbox, reader: Visitor) -> None:
    told: list[dict[str, Any]] = []

    def receiver(**kwargs: Any) -> None:
        told.append(kwargs)

    old = held(reader)
    page = reader.get(PAGE)
    assert READER in text(page)
    assert "not verified" in text(page)  # before anything is pressed
    assert "erases your country" in text(page)
    done = ask(reader, " Rita@Example.net ")
    assert (done.status_code, done.url) == (302, SENT)
    sent = reader.get(SENT).content.decode()
    assert "r•ta@example.net" in sent
    assert "put back" in sent
    assert sandbox.outbox[-1].to == NEW
    now = person(sandbox, READER)
    assert (now["verified"], now["countryCode"], now["regionCode"]) == (False, "US", "WI")

    opened = reader.open(sandbox.outbox[-1].url)
    assert opened.redirect_chain == [(CALLBACK, 303)]
    assert b"Confirm your new address" in opened.content
    assert "r•ta@example.net" in opened.content.decode()
    assert sandbox.count("changeAppUserEmail") == 0
    signals.email_changed.connect(receiver)
    try:
        done = reader.submit(opened)
    finally:
        signals.email_changed.disconnect(receiver)
    assert (done.status_code, done.url) == (302, PAGE)
    page = reader.get(PAGE)
    assert NEW in text(page)
    assert "has been changed" in text(page)
    assert not forms(page)
    assert forms(reader.get(PAGE))  # once more
    now = person(sandbox, NEW)
    assert (now["verified"], now["countryCode"], now["regionCode"]) == (True, "US", "WI")
    assert is_in(reader)
    assert is_dead(old)
    (known,) = told
    assert (known["old_email"], known["user"].email) == (READER, NEW)
    assert known["user"].id == now["id"]


def test_only_for_readers_who_are_signed_in(sandbox: Sandbox) -> None:
    nobody = Visitor()
    assert nobody.get(PAGE).url == f"{reverse('identityx:login')}?next={PAGE}"
    csrf = forms(nobody.get(reverse("identityx:login")))[0][1]["csrfmiddlewaretoken"]
    answer = nobody.post(PAGE, {"email": NEW, "csrfmiddlewaretoken": csrf})
    assert answer.url == f"{reverse('identityx:login')}?next={PAGE}"
    staff = Visitor()
    staff.ask(OWNER, path="identityx:org-login")
    sent = staff.get(SENT)
    staff.submit(sent, 0, link=sandbox.outbox[-1].url)
    staff.submit(staff.get(CALLBACK))
    assert staff.get(PAGE).status_code == 403
    assert staff.post(PAGE, {"email": NEW}).status_code == 403  # without a token of CSRF, as well
    assert sandbox.count("sendOwnAppUserChangeEmailLink") == 0


@pytest.mark.parametrize("email", ["", "rita", "rita@", READER, "READER@example.net "])
def test_what_can_be_no_new_address(sandbox: Sandbox, reader: Visitor, email: str) -> None:
    done = ask(reader, email)
    assert done.status_code == 400
    assert b'aria-invalid="true"' in done.content
    assert "New e-mail address" in text(done)
    assert sandbox.count("sendOwnAppUserChangeEmailLink") == 0
    assert person(sandbox, READER)["verified"]


def test_one_cannot_find_out_who_has_an_address(sandbox: Sandbox, reader: Visitor) -> None:
    answers = [ask(reader, email) for email in (NEW, "subscriber@example.net", "x@mailinator.com")]
    assert len({(a.status_code, a.url) for a in answers}) == 1
    assert sum(m.subject.startswith("Change") for m in sandbox.outbox) == 1


def test_two_requests_in_a_row_lose_nothing(sandbox: Sandbox, reader: Visitor) -> None:
    ask(reader)
    erase(reader)  # as between the two
    ask(reader, "rita2@example.net")
    assert person(sandbox, READER)["countryCode"] == "US"


def test_what_was_not_put_back_is_put_back_with_the_change(
    sandbox: Sandbox, reader: Visitor
) -> None:
    ask(reader)
    erase(reader)  # the process ended before
    reader.submit(reader.open(sandbox.outbox[-1].url))
    assert person(sandbox, NEW)["regionCode"] == "WI"


def test_a_demanded_verification_of_the_profile_stays_demanded(
    sandbox: Sandbox, reader: Visitor, settings
) -> None:
    settings.IDENTITYX_API_TOKEN = sandbox.api_token("owner@example.com")
    owner(sandbox).app_users.force_re_verification(person(sandbox, READER)["id"])
    ask(reader)
    assert person(sandbox, READER)["forceProfileReVerification"]
    assert person(sandbox, READER)["countryCode"] == "US"


def test_limits_count_person_and_mailbox(sandbox: Sandbox, reader: Visitor, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": "2/min"}
    for number in range(2):
        assert ask(reader, f"rita{number}@example.net").status_code == 302
    form = reader.get(PAGE)
    asked = sandbox.count()
    page = reader.submit(form, email="rita3@example.net")
    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0
    assert b"rita3@example.net" in page.content
    assert sandbox.count() == asked  # nothing is looked up
    other = Visitor()
    other.sign_in(sandbox, "subscriber@example.net")
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": None, "send-mailbox": "2/min"}
    assert [ask(other, f"r.ita+{n}@gmail.com").status_code for n in range(3)] == [302, 302, 429]


def test_links_to_sign_in_are_not_used_up(sandbox: Sandbox, reader: Visitor, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": "1/min"}
    ask(reader, "unverified@example.net")
    assert Visitor().ask("unverified@example.net").status_code == 302


def test_a_verdict_of_this_moment_is_demanded(sandbox: Sandbox, reader: Visitor) -> None:
    page = reader.get(PAGE)
    IdentityXClient.from_settings().logout_app_user(held(reader).token)  # elsewhere
    done = reader.submit(page, email=NEW)
    assert done.url.startswith(reverse("identityx:login"))
    assert sandbox.count("sendOwnAppUserChangeEmailLink") == 0


def test_another_site_does_not_fill_the_form_in(sandbox: Sandbox, reader: Visitor) -> None:
    page = reader.post(PAGE, {"email": "thief@example.net"})
    assert page.status_code == 403
    assert b"thief" not in page.content
    assert reader.submit(page).status_code == 400
    assert sandbox.count("sendOwnAppUserChangeEmailLink") == 0


def test_trouble_keeps_what_was_typed(sandbox: Sandbox, reader: Visitor) -> None:
    page = reader.get(PAGE)
    sandbox.set_fault("html502")
    done = reader.submit(page, email=NEW)
    assert done.status_code == 503
    assert forms(done)[0][1]["email"] == NEW
    sandbox.clear_fault()
    process.reset()
    assert reader.submit(done).status_code == 302


def test_the_link_is_sent_once_and_the_rest_is_tried_again(
    sandbox: Sandbox, reader: Visitor
) -> None:
    page = reader.get(PAGE)
    sandbox.set_fault("html502", operations=["updateOwnAppUser"], times=1)
    reader.submit(page, email=NEW)
    assert wait_until_sent()
    assert sandbox.count("sendOwnAppUserChangeEmailLink") == 1
    assert sandbox.count("updateOwnAppUser") == 2
    assert person(sandbox, READER)["countryCode"] == "US"


# --- The link --------------------------------------------------------------------------------


def link_for(sandbox: Sandbox, visitor: Visitor, email: str = NEW) -> str:
    ask(visitor, email)
    return sandbox.outbox[-1].url


def forged(sandbox: Sandbox, new: str, old: str, key: str = "a stranger's") -> str:
    """A link that nobody at IdentityX has signed."""
    good = sandbox.login_link_token(READER)
    head, payload, _ = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims |= {"sub": "app-user-change-email-link", "aud": new, "data": {"email": old}}
    made = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{CALLBACK}?token={head}.{made}.{'A' * 43}"


def test_get_and_head_change_nothing(sandbox: Sandbox, reader: Visitor) -> None:
    url = link_for(sandbox, reader)
    for _ in range(2):
        page = reader.open(url)
        assert "token=" not in page.request["QUERY_STRING"]
        assert b"data-identityx-auto" not in page.content  # a person presses
    reader.head(url)
    assert sandbox.count("changeAppUserEmail") == 0
    fields = forms(page)[0][1]
    assert Visitor().post(CALLBACK, fields).status_code == 403  # no cookie of CSRF
    assert sandbox.count("changeAppUserEmail") == 0


def test_other_devices_end_and_old_tokens_are_dead(sandbox: Sandbox, reader: Visitor) -> None:
    phone = Visitor()
    phone.sign_in(sandbox)
    old = [held(reader), held(phone)]
    page = reader.open(link_for(sandbox, reader))
    reader.submit(page)
    assert is_in(reader)
    assert not is_in(phone)
    assert all(map(is_dead, old))
    assert SignIn.objects.count() == 1
    for credential in old:
        with pytest.raises(Rejected):
            verification.verify(credential)


def test_where_nobody_is_signed_in(sandbox: Sandbox, reader: Visitor) -> None:
    url, old = link_for(sandbox, reader), held(reader)
    phone = Visitor()
    page = phone.open(url)
    assert b"another browser" in page.content
    assert phone.submit(page).status_code == 302
    assert phone.signed_in_as == "Rita Reader"
    assert not is_in(reader)
    assert is_dead(old)
    assert person(sandbox, NEW)["regionCode"] == "WI"


def test_somebody_else_is_signed_in(sandbox: Sandbox, reader: Visitor) -> None:
    url = link_for(sandbox, reader)
    other = Visitor()
    other.sign_in(sandbox, "subscriber@example.net")
    token = held(other)
    page = other.submit(other.open(url))
    assert page.status_code == 409
    assert b"Sign out" in page.content
    assert sandbox.count("changeAppUserEmail") == 0
    assert held(other) == token
    assert reader.submit(reader.open(url)).status_code == 302  # the link is as good as before
    assert is_in(reader)


def test_staff_who_act_for_a_reader_change_no_address(sandbox: Sandbox, reader: Visitor) -> None:
    url = link_for(sandbox, reader)
    asked = sandbox.count("sendOwnAppUserChangeEmailLink")
    staff = Visitor()
    staff.ask(OWNER, path="identityx:org-login")
    staff.submit(staff.get(SENT), 0, link=sandbox.outbox[-1].url)
    staff.submit(staff.get(CALLBACK))
    user = person(sandbox, READER)["id"]
    assert staff.submit(staff.get(reverse("identityx:act-as"), {"user": user})).status_code == 302
    assert staff.get(PAGE).status_code == 403
    csrf = staff.cookies["csrftoken"].value
    assert staff.post(PAGE, {"email": NEW, "csrfmiddlewaretoken": csrf}).status_code == 403
    answer = staff.post(
        API, {"email": NEW}, content_type="application/json", headers={"X-CSRFToken": csrf}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "acting")
    page = staff.open(url)
    fields = {"carrier": forms(page)[-1][1]["carrier"], "csrfmiddlewaretoken": csrf}
    assert staff.post(CALLBACK, fields).status_code == 403
    assert sandbox.count("changeAppUserEmail") == 0
    assert sandbox.count("sendOwnAppUserChangeEmailLink") == asked
    reader.submit(reader.open(url))
    assert staff.get("/members/").status_code == 302  # acting ends with the old address
    assert is_in(reader)


def test_an_answer_of_identityx_that_got_lost(sandbox: Sandbox, reader: Visitor) -> None:
    page = reader.open(link_for(sandbox, reader))
    sandbox.set_fault("drop", operations=["changeAppUserEmail"], executed=True, times=1)
    again = reader.submit(page)
    assert again.status_code == 503
    assert person(sandbox, NEW)["verified"]  # it was done
    told = reader.submit(again)
    assert told.status_code == 410
    assert b"sign in with the new one" in told.content
    assert not is_in(reader)
    assert reader.sign_in(sandbox, NEW).status_code == 302
    assert reader.signed_in_as == "Rita Reader"


def test_a_second_press_leads_on(sandbox: Sandbox, reader: Visitor) -> None:
    page = reader.open(link_for(sandbox, reader))
    first_tab, second_tab = reader.submit(page), reader.submit(page)  # its CSRF token is old
    assert (first_tab.url, second_tab.url) == (PAGE, PAGE)
    assert reader.submit(reader.open(sandbox.outbox[-1].url)).url == PAGE
    assert sandbox.count("changeAppUserEmail") == 1


def test_an_answer_that_got_lost_is_given_again(sandbox: Sandbox, reader: Visitor) -> None:
    page = reader.open(link_for(sandbox, reader))
    cookies = {name: morsel.value for name, morsel in reader.cookies.items()}
    reader.submit(page)
    session = reader.cookies["sessionid"].value
    for name, value in cookies.items():  # a double click: the browser never saw the answer
        reader.cookies[name] = value
    assert reader.submit(page).status_code == 302
    assert reader.cookies["sessionid"].value == session
    assert is_in(reader)
    assert sandbox.count("changeAppUserEmail") == 1
    thief = Visitor()
    answer = thief.submit(thief.open(sandbox.outbox[-1].url))
    assert answer.status_code == 410
    assert thief.signed_in_as == ""


def test_a_used_link_offers_no_account_of_its_own(sandbox: Sandbox, reader: Visitor) -> None:
    url = link_for(sandbox, reader)
    reader.submit(reader.open(url))
    reader.submit(reader.get(reverse("identityx:logout")))
    page = reader.submit(reader.open(url))
    assert page.status_code == 410
    assert not forms(page)
    assert b"sign in with the new one" in page.content


@pytest.mark.parametrize("mode", ["html502", "drop"])
def test_trouble_in_between_loses_nothing(sandbox: Sandbox, reader: Visitor, mode: str) -> None:
    page = reader.open(link_for(sandbox, reader))
    sandbox.set_fault(mode, operations=["changeAppUserEmail"])
    again = reader.submit(page)
    assert again.status_code == 503
    assert b"Confirm the new address" in again.content
    assert Claim.objects.filter(digest=claim_of(sandbox.outbox[-1].url)).count() == 0
    sandbox.clear_fault()
    process.reset()
    assert is_in(reader)
    assert reader.submit(again).url == PAGE
    assert is_in(reader)
    assert person(sandbox, NEW)["verified"]


def claim_of(url: str) -> str:
    token = url.partition("token=")[2].partition("&")[0]
    return salted_hmac("identityx:link", f"{APP}:{token}", algorithm="sha256").hexdigest()


def test_a_revocation_that_fails_denies_here(sandbox: Sandbox, reader: Visitor) -> None:
    phone = Visitor()
    phone.sign_in(sandbox)
    old = [held(reader), held(phone)]
    page = reader.open(link_for(sandbox, reader))
    sandbox.set_fault("html502", operations=["logoutAppUser"])
    assert reader.submit(page).url == PAGE
    sandbox.clear_fault()
    process.reset()
    assert is_in(reader)
    owner(sandbox).app_users.create(READER)  # somebody registers the old address
    assert IdentityXClient.from_settings().active_app_user(old[0])  # IdentityX would take it
    for credential in old:
        with pytest.raises(Rejected):
            verification.verify(credential)


def test_the_address_was_taken_meanwhile(sandbox: Sandbox, reader: Visitor) -> None:
    url = link_for(sandbox, reader)
    other = Visitor()
    other.sign_in(sandbox, NEW)
    page = reader.submit(reader.open(url))
    assert page.status_code == 409
    assert b"has an account already" in page.content
    assert is_in(reader)
    assert person(sandbox, READER)


def test_a_forged_link_persuades_nobody(sandbox: Sandbox, reader: Visitor, caplog) -> None:
    phone = Visitor()
    phone.sign_in(sandbox)
    words = "call +1-900-5 now@example.net"
    page = reader.open(forged(sandbox, words, "<b>me</b>"))
    assert b"900" not in page.content
    assert b"<b>me" not in page.content
    urls = [forged(sandbox, NEW, old) for old in (READER, "other@example.net")]
    texts = [re.sub(r'value="\S+"|\S+@example.net', "", text(reader.open(url))) for url in urls]
    assert texts[0] == texts[1]  # nobody finds out by a link who is signed in
    caplog.clear()
    page = reader.open(forged(sandbox, NEW, READER))
    answer = reader.submit(page)
    assert answer.status_code == 400
    assert is_in(reader)
    assert is_in(phone)  # nobody was signed out for it
    assert NEW not in caplog.text


def test_a_forged_link_to_the_own_address_says_nothing_is_changed(
    sandbox: Sandbox, reader: Visitor
) -> None:
    for page in (reader.open(forged(sandbox, READER, "old@example.net")),) * 2:
        assert reader.submit(page).url == PAGE
        assert "has been changed" not in text(reader.get(PAGE))


@pytest.mark.parametrize(
    "data", [None, {}, {"email": None}, {"email": ["a@b.de"]}, {"email": ""}, "text", ["email"]]
)
def test_a_link_without_an_old_address(sandbox: Sandbox, data: Any) -> None:
    token = sandbox.sign(
        {
            "sub": "app-user-change-email-link",
            "aud": NEW,
            "iss": APP,
            "iat": int(time.time()),
            "data": data,
        }
    )
    page = Visitor().open(f"{CALLBACK}?token={token}")
    assert page.status_code == 400
    assert b"not complete" in page.content


def test_apps_take_no_such_link(sandbox: Sandbox, reader: Visitor) -> None:
    url = link_for(sandbox, reader)
    answer = Script().post(
        reverse("identityx_tokens:exchange"),
        json.dumps({"token": url, "confirmed": True}),
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "change_email")
    assert sandbox.count("changeAppUserEmail") == 0


def test_it_is_written_down(sandbox: Sandbox, reader: Visitor, caplog) -> None:
    caplog.set_level("INFO", "django_identityx.audit")
    reader.submit(reader.open(link_for(sandbox, reader)))
    lines = [line for line in caplog.messages if "email_chang" in line]
    assert [line.partition(" ")[0] for line in lines] == ["email_change_asked", "email_changed"]
    assert emails.digest(NEW) in lines[0]
    assert emails.digest(READER) in lines[1]
    assert not any("@example" in line or "eyJ" in line for line in caplog.messages)


def test_a_receiver_that_fails_undoes_nothing(sandbox: Sandbox, reader: Visitor) -> None:
    def receiver(**kwargs: Any) -> None:
        raise RuntimeError

    page = reader.open(link_for(sandbox, reader))
    signals.email_changed.connect(receiver)
    try:
        assert reader.submit(page).status_code == 302
    finally:
        signals.email_changed.disconnect(receiver)
    assert is_in(reader)


def test_the_row_follows(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_USER_LOADER = "django_identityx.accounts.load_user"
    reader = Visitor()
    reader.sign_in(sandbox)
    row = get_user_model().objects.get()
    reader.submit(reader.open(link_for(sandbox, reader)))
    (now,) = get_user_model().objects.all()
    assert (now.pk, now.email, now.identityx_identities.count()) == (row.pk, NEW, 1)


# --- JSON ------------------------------------------------------------------------------------


def test_who_asked_to_sign_in_did_not_ask_for_another_s_account(sandbox: Sandbox) -> None:
    """Somebody gives their own account the address of who waits for a link to it."""
    victim, other = Script(), Script()
    other.sign_in(sandbox)
    victim.send(LINK, {"email": NEW})
    other.send(API, {"email": NEW})
    asked = victim.send(API_LOGIN, {"token": sandbox.outbox[-1].url})
    assert (asked.status_code, asked.json()["code"]) == (409, "confirmation_required")
    assert victim.get(ME).status_code == 401


def test_the_whole_way_in_json(sandbox: Sandbox) -> None:
    script, phone = Script(), Script()
    assert script.send(API, {"email": NEW}).json()["code"] == "not_authenticated"
    script.sign_in(sandbox)
    phone.sign_in(sandbox)
    same = script.send(API, {"email": READER})
    assert (same.status_code, same.json()["code"]) == (400, "invalid")
    assert list(same.json()["fields"]) == ["email"]
    sent = script.send(API, {"email": "Rita@example.net", "next": "/members/"})
    assert (sent.status_code, sent.json()["code"]) == (202, "link_sent")
    url = sandbox.outbox[-1].url
    assert "redirectTo=%2Fmembers%2F" in url
    stranger = Script()
    stranger.sign_in(sandbox, "subscriber@example.net")
    refused = stranger.send(API_LOGIN, {"token": url, "confirmed": True, "replace": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "other_account")
    question = Script().send(API_LOGIN, {"token": url})
    assert (question.status_code, question.json()["code"]) == (409, "confirmation_required")
    done = script.send(API_LOGIN, {"token": url})
    assert (done.status_code, done.json()["email"]) == (200, NEW)
    assert script.get(ME).json()["email"] == NEW
    assert phone.get(ME).status_code == 401
    assert script.send(API_LOGIN, {"token": url}).json()["email"] == NEW  # once more
