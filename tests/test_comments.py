"""Comments below a page: what is seen, who may write, and what becomes of trouble."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from django_identityx import process
from django_identityx.client import Comment, IdentityXClient
from django_identityx.comments import Stream, stream_key
from django_identityx.credentials import TokenType
from django_identityx.sandbox import Sandbox
from django_identityx.testing import credential, login

from .site import READER, Visitor, forms

pytestmark = pytest.mark.django_db

STREAM = "article-1"
KEY = stream_key(STREAM)
SUBSCRIBER = "subscriber@example.net"
PAGE = "/article/"
API, API_FLAG = "/comments/api/", "/comments/api/flag/"


def author(sandbox: Sandbox, body: str, email: str = SUBSCRIBER, **options: Any) -> Any:
    """Write as IdentityX takes it, past this package's own doors."""
    client = IdentityXClient.from_settings()
    return client.comments.create(credential(sandbox, email), STREAM, body, **options)


def visitor(sandbox: Sandbox, email: str = READER) -> Visitor:
    browser = Visitor()
    login(browser, sandbox, email)
    return browser


def desk(sandbox: Sandbox) -> IdentityXClient:
    """Where moderators are."""
    token = credential(sandbox, "owner@example.com", TokenType.ORG_USER_API_TOKEN)
    return IdentityXClient.from_settings().with_credential(token)


def written(sandbox: Sandbox) -> list[Comment]:
    return list(desk(sandbox).comments.list())


# --- what is seen -------------------------------------------------------------------------------


def test_a_page_shows_what_was_written_and_never_an_address(sandbox: Sandbox) -> None:
    author(sandbox, "Hello <b>there</b>", display_name="Sue")
    author(sandbox, "from the default", "staff@example.org")
    page = Client().get(PAGE).content.decode()
    assert "Hello <b>there</b>" in page
    assert "<strong>Sue</strong>" in page
    assert "<strong>A reader</strong>" in page  # the default is a part of the address
    assert "example.net" not in page
    assert "<strong>staff" not in page
    assert "Sign in to take part." in page
    data = Client().get(API, {"stream": KEY}).json()
    assert [c["author"] for c in data["comments"]] == [None, "Sue"]
    assert (data["total"], data["closed"], data["after"]) == (2, False, None)
    assert "example" not in str(data)


@pytest.mark.parametrize("with_nh3", [True, False])
def test_bodies_are_safe(sandbox: Sandbox, monkeypatch: Any, with_nh3: bool) -> None:
    if not with_nh3:
        monkeypatch.setitem(sys.modules, "nh3", None)
    made = author(
        sandbox,
        '<title>t</title><p onclick="x()">One &amp; <img src="https://track.example.org/">two</p>'
        "<script>steal()</script><style>p{}</style><p>three<br>four &lt;b&gt;</p>",
    )
    desk(sandbox).comments.approve(made.id)  # a picture's address is a link
    html = Client().get(API, {"stream": KEY}).json()["comments"][0]["html"]
    assert "One &amp; two" in html
    assert "&lt;b&gt;" in html
    for word in ("script", "steal", "onclick", "img", "style", "p{", "&amp;lt;"):
        assert word not in html
    assert html.count("<p>") == 2
    assert "three<br>four" in html


def test_a_list_is_asked_for_once_for_all_strangers(sandbox: Sandbox) -> None:
    author(sandbox, "hello")
    for _ in range(3):
        assert b"hello" in Client().get(PAGE).content
    assert sandbox.count("commentsForStream") == 1


def test_pages_of_twenty_by_a_cursor_that_the_site_has_signed(sandbox: Sandbox) -> None:
    for number in range(21):
        author(sandbox, f"number {number}.")
    first = Client().get(API, {"stream": KEY}).json()
    assert [len(first["comments"]), first["total"]] == [20, 21]
    rest = Client().get(API, {"stream": KEY, "after": first["after"]}).json()
    assert ["number 0." in c["html"] for c in rest["comments"]] == [True]
    assert rest["after"] is None
    forged = Client().get(API, {"stream": KEY, "after": "made-up"})
    assert (forged.status_code, list(forged.json()["fields"])) == (400, ["after"])
    elsewhere = {"stream": stream_key("article-2"), "after": first["after"]}
    assert Client().get(API, elsewhere).status_code == 400
    page = Client().get(PAGE, {"x": "1"}).content.decode()
    assert "Older comments" in page
    assert "number 0." not in page
    older = Client().get(PAGE, {"x": "1", "comments": first["after"]}).content.decode()
    assert "number 0." in older
    assert 'href="/article/?x=1#identityx-comments">Newest' in older
    assert b"number 20." in Client().get(PAGE, {"comments": "made-up"}).content


@pytest.mark.parametrize("key", ["", "article-1", KEY[:-1] + "_", "x" * 4001])
def test_a_stream_that_the_site_has_not_named(sandbox: Sandbox, key: str) -> None:
    answer = Client().get(API, {"stream": key})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["stream"]
    assert sandbox.count("commentsForStream") == 0


def test_nothing_on_the_way_keeps_what_depends_on_the_person(sandbox: Sandbox) -> None:
    for address in (PAGE, f"{API}?stream={KEY}"):
        answer = Client().get(address)
        assert "private" in answer["Cache-Control"]
        assert "Cookie" in answer["Vary"]


# --- writing ------------------------------------------------------------------------------------


def test_writing_without_javascript(sandbox: Sandbox) -> None:
    browser = visitor(sandbox)
    page = browser.get(PAGE)
    number = next(n for n, (_, fields) in enumerate(forms(page)) if "stream" in fields)
    done = browser.submit(page, number, body="A < b\nand so on", name="Rita R.")
    assert done.status_code == 303
    assert done["Location"].startswith("/article/#comment-")
    shown = browser.get(PAGE).content.decode()  # at once, whatever was kept
    assert "A &lt; b<br>and so on" in shown
    assert "<strong>Rita R.</strong> (you)" in shown
    assert 'value="Rita R."' in shown
    stream = written(sandbox)[0].stream
    assert (stream.title, stream.url) == ("An article", "")  # IdentityX takes no http://testserver/


def test_links_wait_for_approval(sandbox: Sandbox) -> None:
    browser = visitor(sandbox)
    made = write(browser, "see https://www.example.com")
    assert (made.status_code, made.json()["state"], made.json()["own"]) == (201, "waiting", True)
    assert b"Waits for approval" in browser.get(PAGE).content
    assert b"www.example.com" not in Client().get(PAGE).content
    assert b"www.example.com" not in visitor(sandbox, SUBSCRIBER).get(PAGE).content


def test_a_second_press_writes_once(sandbox: Sandbox) -> None:
    browser = visitor(sandbox)
    assert write(browser, "once").json()["id"] == write(browser, "once").json()["id"]
    assert write(browser, "twice").json()["id"] != write(browser, "once").json()["id"]
    assert len(written(sandbox)) == 2


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"body": " "}, "body"),
        ({"body": "x" * 5001}, "body"),
        ({"body": "fine", "name": "me@example.net"}, "name"),
        ({"body": "nul\0"}, "body"),
    ],
)
def test_what_cannot_be_a_comment(sandbox: Sandbox, fields: dict[str, str], wrong: str) -> None:
    browser = visitor(sandbox)
    answer = write(browser, **fields)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [wrong]
    page = browser.submit(browser.get(PAGE), **fields)
    assert page.status_code == 400
    assert 'role="alert"' in page.content.decode()
    assert fields["body"].strip(" ") in page.content.decode()
    assert not written(sandbox)


def test_nobody_unverified_banned_staff_and_closed(sandbox: Sandbox) -> None:
    no_token = visitor(sandbox).post(API, {"stream": KEY, "body": "x"}, "application/json")
    assert (no_token.status_code, no_token.json()["code"]) == (403, "csrf")
    bearer = {"stream": KEY, "body": "x"}
    nobody = Client().post(API, bearer, content_type="application/json")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_authenticated")
    assert nobody["WWW-Authenticate"].startswith("Bearer ")
    codes = {"unverified@example.net": "unverified", "banned@example.net": "banned"}
    for email, code in codes.items():
        answer = write(visitor(sandbox, email), "x")
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert b"have blocked this account" in visitor(sandbox, "banned@example.net").get(PAGE).content
    desk(sandbox).comments.archive(author(sandbox, "first").stream.id)
    answer = write(visitor(sandbox), "late")
    assert (answer.status_code, answer.json()["code"]) == (409, "closed")
    process.reset()
    assert b"These comments are closed." in visitor(sandbox).get(PAGE).content
    assert len(written(sandbox)) == 1


def test_who_acts_for_a_reader_does_not_speak_for_them(sandbox: Sandbox) -> None:
    browser = visitor(sandbox)
    login(browser, sandbox, "owner@example.com", TokenType.ORG_USER)
    assert b"you are signed in as staff" in browser.get(PAGE).content
    comment = author(sandbox, "hello")
    reader = desk(sandbox).app_users.get_by_email(READER)
    begin = browser.get(reverse("identityx:act-as"), {"user": reader.id})
    assert browser.submit(begin).status_code == 302
    assert b"speak for them" in browser.get(PAGE).content
    for answer in (write(browser, "x"), send(browser, API_FLAG, id=comment.id)):
        assert (answer.status_code, answer.json()["code"]) == (403, "acting")


def test_a_bearer_may_write_and_a_bad_one_is_told(sandbox: Sandbox) -> None:
    header = {"authorization": f"Bearer AppUser {sandbox.app_user_token(READER)}"}
    sent = {"stream": KEY, "body": "from an app"}
    made = Client().post(API, sent, content_type="application/json", headers=header)
    assert made.status_code == 201
    bad = {"authorization": "Bearer AppUser nonsense"}
    answer = Client().get(API, {"stream": KEY}, headers=bad)
    assert (answer.status_code, answer.json()["code"]) == (401, "malformed")
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


def test_a_flood_is_held_back(sandbox: Sandbox, settings: Any) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"comment-person": "2/hour"}
    browser = visitor(sandbox)
    assert [write(browser, f"n {n}").status_code for n in range(3)] == [201, 201, 429]
    assert int(write(browser, "n")["Retry-After"]) > 0
    page = browser.submit(browser.get(PAGE), body="kept, though")
    assert page.status_code == 429
    assert b"kept, though" in page.content
    assert write(visitor(sandbox, SUBSCRIBER), "somebody else").status_code == 201
    settings.IDENTITYX_THROTTLE_RATES = {"comment-address": "1/hour", "comment-person": None}
    assert write(visitor(sandbox, SUBSCRIBER), "the same house").status_code == 201
    assert write(visitor(sandbox), "the same house").status_code == 429


def test_a_form_of_another_site(sandbox: Sandbox) -> None:
    browser = visitor(sandbox)
    sent = {"stream": KEY, "body": "not mine", "next": PAGE}
    page = browser.post(reverse("identityx_comments:write"), sent)
    assert page.status_code == 403
    assert b"not mine" in page.content  # an old page: press again
    again = browser.submit(page, body="not mine")
    assert again.status_code == 303
    headers = {"origin": "https://evil.example"}
    foreign = browser.post(reverse("identityx_comments:write"), sent, headers=headers)
    assert foreign.status_code == 403
    assert b"not mine" not in foreign.content


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "", "javascript:x"])
def test_it_leads_nowhere_else(sandbox: Sandbox, target: str) -> None:
    browser = visitor(sandbox)
    done = browser.submit(browser.get(PAGE), body="hi", next=target)
    assert done["Location"].startswith("/#comment-")


# --- flagging -----------------------------------------------------------------------------------


def test_flagging(sandbox: Sandbox) -> None:
    comment = author(sandbox, "buy this")
    browser = visitor(sandbox)
    page = browser.get(PAGE)
    assert b">Report</button>" in page.content
    done = browser.submit(page, 1, id=comment.id)
    assert done["Location"] == f"/article/#comment-{comment.id}"
    assert written(sandbox)[0].flagged
    assert b"Reported to the editors." in browser.get(PAGE).content
    assert b">Report</button>" not in visitor(sandbox, SUBSCRIBER).get(PAGE).content


@pytest.mark.parametrize(
    ("email", "id_", "status", "code"),
    [
        (READER, "0" * 24, 404, "not_found"),
        (READER, "x", 404, "not_found"),
        ("banned@example.net", "0" * 24, 403, "banned"),
    ],
)
def test_what_is_not_flagged(
    sandbox: Sandbox, email: str, id_: str, status: int, code: str
) -> None:
    answer = send(visitor(sandbox, email), API_FLAG, id=id_)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_somebody_banned_since_they_were_verified(sandbox: Sandbox) -> None:
    comment = author(sandbox, "hello")
    browser = visitor(sandbox)
    reader = desk(sandbox).app_users.get_by_email(READER)
    desk(sandbox).app_users.ban(reader.id)
    answer = send(browser, API_FLAG, id=comment.id)
    assert (answer.status_code, answer.json()["code"]) == (403, "banned")


# --- trouble ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["html502", "drop", "inner"])
def test_in_an_outage_the_page_stays_up(sandbox: Sandbox, fault: str) -> None:
    browser = visitor(sandbox)
    form = browser.get(PAGE)
    process.reset()
    from django.core.cache import cache

    cache.clear()
    sandbox.set_fault(fault, **({"service": "application"} if fault == "inner" else {}))
    page = Client().get(PAGE)
    assert page.status_code == 200
    assert b"An article" in page.content
    assert b"Comments can&#x27;t be shown right now." in page.content or (
        b"Comments can't be shown right now." in page.content
    )
    answer = Client().get(API, {"stream": KEY})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer["Retry-After"]) > 0
    kept = browser.submit(form, body="do not lose me")
    assert kept.status_code == 503
    assert b"do not lose me" in kept.content
    assert b"Your text is still here" in kept.content


def test_a_token_that_has_ended_is_nobody(sandbox: Sandbox) -> None:
    author(sandbox, "hello")
    browser = visitor(sandbox)
    form = browser.get(PAGE)
    held = browser.session["_identityx"]
    sandbox.revoke(held["token"])
    answer = browser.submit(form, body="who am I?")
    assert answer.status_code == 401
    assert b"who am I?" in answer.content
    assert b"Sign in to take part." in answer.content


def test_keys_are_the_sites_own() -> None:
    stream = Stream(STREAM, "Title", "https://www.example.com/a")
    assert Stream.of(stream.key) == stream


def write(browser: Visitor, body: str, name: str = "") -> Any:
    return send(browser, API, body=body, **({"name": name} if name else {}))


def send(browser: Visitor, address: str, **fields: str) -> Any:
    browser.get(reverse("identityx:api-me"))
    token = browser.cookies["csrftoken"].value if "csrftoken" in browser.cookies else ""
    headers = {"x-csrftoken": token}
    sent = {"stream": KEY, **fields}
    return browser.post(address, sent, content_type="application/json", headers=headers)
