"""A newcomer's way through the second path of the README, on `example_project/existing`."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from existing.models import Article, Bookmark, Member

from django_identityx import process
from django_identityx.accounts.models import Identity
from django_identityx.credentials import TokenType
from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from django_identityx.testing import authorization, login
from tests.site import OWNER, READER, Visitor

MEMBER = "subscriber@example.net"  # has an account here, and is known to IdentityX

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _member(db: None) -> None:
    Member.objects.create_user(MEMBER, "secret", first_name="Sam")


def bookmark(visitor: Visitor) -> int:
    """Press the first button below an article; the status."""
    page = visitor.get("/")
    number = page.content.decode().split("<main>")[0].count("<form")
    return visitor.submit(page, number).status_code


def stop_for_hours(sandbox: Sandbox) -> None:
    """IdentityX is gone, and so is all that was remembered of it."""
    process.reset()
    caches["default"].clear()
    sandbox.set_fault("html502")


def test_a_reader_signs_in_and_bookmarks_something(sandbox: Sandbox) -> None:
    visitor = Visitor()
    assert visitor.sign_in(sandbox, next="/bookmarks/").url == "/bookmarks/"
    assert "Rita Reader" in visitor.get("/").content.decode()
    assert bookmark(visitor) == 302
    kept = Bookmark.objects.get()
    assert kept.member.email == READER
    assert str(kept.article) in visitor.get("/bookmarks/").content.decode()


def test_the_same_by_a_token(sandbox: Sandbox, client) -> None:
    bearer = authorization(sandbox, READER)
    article = Article.objects.first()
    made = client.post("/api/bookmarks/", {"article": article.pk}, headers=bearer)
    assert made.status_code == 201
    assert Bookmark.objects.get().member.email == READER
    assert len(client.get("/api/bookmarks/", headers=bearer).json()) == 1


def test_the_api_that_was_not_touched_is_not_opened(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.sign_in(sandbox)
    visitor.get("/")
    token = visitor.cookies["csrftoken"].value
    article = {"title": "Spam", "text": "Spam"}
    answer = visitor.post("/api/articles/", article, headers={"x-csrftoken": token})
    assert answer.status_code == 403
    bearer = authorization(sandbox, READER)
    assert Visitor().post("/api/articles/", article, headers=bearer).status_code in {401, 403}
    assert visitor.get("/api/articles/").status_code == 200
    assert not Article.objects.filter(title="Spam").exists()


def test_staff_by_a_role_may_use_the_api(sandbox: Sandbox) -> None:
    visitor = Visitor()
    login(visitor, sandbox, OWNER, TokenType.ORG_USER)
    visitor.get("/")
    token = visitor.cookies["csrftoken"].value
    article = {"title": "Pie", "text": "Apples."}
    answer = visitor.post("/api/articles/", article, headers={"x-csrftoken": token})
    assert answer.status_code == 201


def test_members_go_on_as_they_did(sandbox: Sandbox) -> None:
    visitor = Visitor()
    visitor.submit(visitor.get("/login/"), username=MEMBER, password="secret")
    page = visitor.get("/")
    assert "Sam" in page.content.decode()
    answer = visitor.post(
        "/api/articles/",
        {"title": "Pie", "text": "Apples."},
        headers={"x-csrftoken": visitor.cookies["csrftoken"].value},
    )
    assert answer.status_code == 201
    assert Article.objects.get(title="Pie").author.email == MEMBER
    assert sandbox.count() == 0  # nobody was asked


def test_a_member_connects_the_account(sandbox: Sandbox) -> None:
    stranger = Visitor()
    stranger.sign_in(sandbox, MEMBER)
    assert stranger.signed_in_as == ""  # the mailbox alone does not get in
    visitor = Visitor()
    way = visitor.get("/account/link-account/").content.decode()
    local = way.split('href="/login/')[1].split('"')[0].replace("&amp;", "&")
    answer = visitor.submit(visitor.get("/login/" + local), username=MEMBER, password="secret")
    page = visitor.get(answer.url)
    number = page.content.decode().split("<main>")[0].count("<form")
    visitor.submit(page, number, email=MEMBER)
    assert wait_until_sent()
    callback = visitor.open(sandbox.outbox[-1].url)
    number = callback.content.decode().split("<main>")[0].count("<form")
    assert visitor.submit(callback, number, switch="1", replace="1").status_code == 302
    member = Member.objects.get(email=MEMBER)
    assert Identity.objects.get().user == member
    again = Visitor()
    again.sign_in(sandbox, MEMBER)
    article = {"title": "Pie", "text": "Apples."}
    again.get("/")
    token = again.cookies["csrftoken"].value
    answer = again.post("/api/articles/", article, headers={"x-csrftoken": token})
    assert answer.status_code == 201  # a member, however they signed in


def test_an_owner_opens_the_admin(sandbox: Sandbox) -> None:
    visitor = Visitor()
    login(visitor, sandbox, OWNER, TokenType.ORG_USER)
    assert visitor.get("/admin/").status_code == 200
    assert visitor.get("/admin/existing/member/").status_code == 200
    reader = Visitor()
    reader.sign_in(sandbox)
    assert reader.get("/admin/").status_code == 302
    stranger = Visitor()
    with pytest.raises(Exception, match="organization"):
        login(stranger, sandbox, "stranger@example.com", TokenType.ORG_USER)


def test_reading_goes_on_without_identityx(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_TIMEOUT = (0.5, 0.5)
    visitor = Visitor()
    visitor.sign_in(sandbox)
    assert bookmark(visitor) == 302
    owner = Visitor()
    login(owner, sandbox, OWNER, TokenType.ORG_USER)
    assert owner.get("/admin/").status_code == 200
    page = visitor.get("/")
    stop_for_hours(sandbox)
    for path in ("/", "/bookmarks/", "/api/articles/", "/api/bookmarks/", "/admin/login/"):
        assert visitor.get(path).status_code == 200, path
    assert owner.get("/admin/existing/member/").status_code == 200
    assert Visitor().get("/").status_code == 200
    number = page.content.decode().split("<main>")[0].count("<form")
    assert visitor.submit(page, number).status_code == 503
    token = visitor.cookies["csrftoken"].value
    answer = visitor.post(
        "/api/bookmarks/",
        {"article": Article.objects.last().pk},
        headers={"x-csrftoken": token, "accept": "application/json"},
    )
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/json")
    sandbox.clear_fault()
    process.reset()
    assert bookmark(visitor) == 302
