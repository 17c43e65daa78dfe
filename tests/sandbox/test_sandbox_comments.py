"""Comments: what readers write, what becomes of it, and who sees it."""

from __future__ import annotations

from typing import Any

import pytest

from django_identityx.sandbox import WEEKLY_APP_ID, Sandbox

from .conftest import Api, id_of, refusal
from .documents import NO_ROLE, NOBODY, mutation, query, reader, staff

INNER = "INTERNAL_SERVER_ERROR"
CREATE = mutation(
    "createComment", "{ id body approved banned user { displayName } stream { id title } }"
)
STREAM = query(
    "commentsForStream",
    "{ totalCount stream { identifier } edges { node { body user { email } } } }",
)
LIST = query("comments", "{ totalCount }")
FLAG = mutation("setCommentFlagged", "{ flagged }")


def signed_in(sandbox: Sandbox, email: str) -> str:
    return f"AppUser {sandbox.app_user_token(email)}"


def write(api: Api, body: str, auth: str | None = None, **stream: Any) -> Any:
    given = {"body": body, "stream": {"identifier": "article-1", **stream}}
    header = auth or reader(api.sandbox)
    return api.data(CREATE, {"input": given}, auth=header)["createComment"]


def count(api: Api, **options: Any) -> int:
    found = api.data(LIST, {"input": options}, auth=staff("guest")(api.sandbox))
    return int(found["comments"]["totalCount"])


@pytest.mark.parametrize(
    ("body", "html", "approved"),
    [
        ("hello", "<body>hello</body>", True),
        ("a < b &eacute;", "<body>a &lt; b é</body>", True),
        (
            'see <a href="/x">this</a> & that',
            '<body>see <a href="/x" rel="nofollow ugc">this</a> &amp; that</body>',
            False,
        ),
        ("see http://x.example", "<body>see http://x.example</body>", False),
        ("<p onclick=x>y<b>z", '<body><p onclick="x">y<b>z</b></p></body>', True),
        ("<script>alert(1)</script>y", "<head><script>alert(1)</script></head><body>y", True),
    ],
)
def test_bodies_are_kept_uncleaned_as_documents(
    api: Api, body: str, html: str, approved: bool
) -> None:
    made = write(api, body)
    assert made["body"].startswith("<html><head>")
    assert html in made["body"]
    assert made["approved"] is approved


@pytest.mark.parametrize(
    ("given", "message", "status"),
    [
        ({"body": ""}, "The path 'params.body' is required.", 400),
        ({"identifier": " "}, "Path `identifier` is required.", 422),
        ({"url": "nope"}, 'The URL "nope" is invalid.', 422),
        ({"url": ""}, 'The URL "" is invalid.', 422),
        ({"url": None}, "Expected string but received null.", 422),
        ({"url": "http://999.1.1.1/"}, 'The URL "http://999.1.1.1/" is invalid.', 422),
        ({"url": "https://a_b.example.com"}, 'The URL "https://a_b.example.com" is invalid.', 422),
    ],
)
def test_comments_that_are_refused(
    api: Api, given: dict[str, Any], message: str, status: int
) -> None:
    body = given.pop("body", "x")
    variables = {"input": {"body": body, "stream": {"identifier": "s", **given}}}
    error = api.error(CREATE, variables, auth=reader(api.sandbox))
    assert refusal(error) == (message, INNER, status)


@pytest.mark.parametrize(
    "url", ["http://[::1]:8000/", "https://u:p@www.example.com/?a#b", "http://127.0.0.1:8000/"]
)
def test_addresses_of_pages(api: Api, url: str) -> None:
    assert write(api, "hello", url=url)["approved"]


def test_who_may_write(api: Api) -> None:
    variables = {"input": {"body": "x", "stream": {"identifier": "s"}}}
    unverified = signed_in(api.sandbox, "unverified@example.net")
    error = api.error(CREATE, variables, auth=unverified)
    assert refusal(error) == ("The provided user is not verified.", INNER, 401)
    elsewhere = api.error(CREATE, variables, auth=reader(api.sandbox), app=WEEKLY_APP_ID)
    user_id = id_of(api, "reader@example.net")
    text = f"No user was found for '{user_id}' using app '{WEEKLY_APP_ID}'"
    assert refusal(elsewhere) == (text, INNER, 404)
    nowhere = api.error(CREATE, variables, auth=reader(api.sandbox), app=None)
    assert nowhere["message"] == "The path 'params.applicationId' is required."


def test_a_stream_is_public_and_shows_authors_what_waits(api: Api) -> None:
    write(api, "hello", title="Article")
    write(api, "see http://x.example", signed_in(api.sandbox, "subscriber@example.net"))
    write(api, "banned talk", signed_in(api.sandbox, "banned@example.net"))

    def seen(auth: str | None) -> tuple[int, Any]:
        found = api.data(STREAM, {"input": {"identifier": "article-1"}}, auth=auth)
        return found["commentsForStream"]["totalCount"], found["commentsForStream"]["edges"]

    total, edges = seen(None)
    assert total == 1
    assert edges[0]["node"]["user"] == {"email": "reader@example.net"}
    for email in ("subscriber@example.net", "banned@example.net"):
        assert seen(signed_in(api.sandbox, email))[0] == 2
    assert seen("AppUser garbage")[0] == 1
    nothing = api.data(STREAM, {"input": {"identifier": "article-2"}})["commentsForStream"]
    assert nothing == {"totalCount": 0, "stream": None, "edges": []}
    assert (count(api), count(api, statuses=["Rejected"]), count(api, statuses=["Banned"])) == (
        3, 1, 1,
    )  # fmt: skip


def test_flagging(api: Api) -> None:
    given = {"input": {"id": write(api, "hello")["id"], "value": True}}
    banned = api.error(FLAG, given, auth=signed_in(api.sandbox, "banned@example.net"))
    text = "You do not have permission to flag comments."
    assert refusal(banned) == (text, "UNAUTHENTICATED", None)
    for auth in (signed_in(api.sandbox, "subscriber@example.net"), staff("stranger")(api.sandbox)):
        assert api.data(FLAG, given, auth=auth) == {"setCommentFlagged": {"flagged": True}}
    unknown = {"input": {"id": NOBODY, "value": True}}
    error = api.error(FLAG, unknown, auth=reader(api.sandbox))
    assert error["message"].startswith(f"No document found for ID {NOBODY} using app ")
    assert count(api, statuses=["Flagged"]) == 1


def test_moderation(api: Api) -> None:
    member = staff("member")(api.sandbox)
    made = write(api, "see http://x.example")
    approve = mutation("setCommentApproved", "{ approved }")
    given = {"input": {"id": made["id"], "value": True}}
    guest = api.error(approve, given, auth=staff("guest")(api.sandbox))
    assert guest["message"] == NO_ROLE
    assert api.data(approve, given, auth=member) == {"setCommentApproved": {"approved": True}}
    body = mutation("setCommentBody", "{ body }")
    changed = api.data(body, {"input": {"id": made["id"], "value": " <b>x "}}, auth=member)
    assert changed == {"setCommentBody": {"body": "<b>x"}}
    empty = api.error(body, {"input": {"id": made["id"], "value": " "}}, auth=member)
    text = "comment validation failed: body: Path `body` is required."
    assert refusal(empty) == (text, INNER, 500)
    archive = mutation("setCommentStreamArchived", "{ archived }")
    closed = {"input": {"id": made["stream"]["id"], "value": True}}
    assert api.data(archive, closed, auth=member)["setCommentStreamArchived"]["archived"]
    variables = {"input": {"body": "x", "stream": {"identifier": "article-1"}}}
    error = api.error(CREATE, variables, auth=reader(api.sandbox))
    text = "This comment stream has been archived and no longer accepts posts."
    assert refusal(error) == (text, INNER, 400)
    delete = mutation("deleteComment")
    assert api.data(delete, {"input": {"id": made["id"]}}, auth=member) == {"deleteComment": "ok"}
    assert count(api) == 0
    one = api.data(query("comment", "{ deleted }"), {"input": {"id": made["id"]}}, app=None)
    assert one == {"comment": {"deleted": True}}


def test_banning_an_author_marks_the_comments(api: Api) -> None:
    write(api, "hello")
    ban = mutation("setAppUserBanned", "{ banned }")
    user_id = id_of(api, "reader@example.net")
    for value in (True, False):
        given = {"input": {"id": user_id, "value": value}}
        api.data(ban, given, auth=staff("owner")(api.sandbox))
        assert count(api, statuses=["Banned"], userIds=[user_id]) == int(value)


def test_searching_streams_and_bad_ids(api: Api) -> None:
    made = write(api, "hello", title=" Article ")
    search = query("matchCommentStreams", "{ edges { node { id application { name } } } }")
    guest = staff("guest")(api.sandbox)
    found = api.data(search, {"input": {"field": "title", "phrase": "art"}}, auth=guest)
    node = found["matchCommentStreams"]["edges"][0]["node"]
    assert node == {"id": made["stream"]["id"], "application": {"name": "Acme Daily"}}
    error = api.error(LIST, {"input": {"userIds": ["x"]}}, auth=guest)
    text = 'Cast to ObjectId failed for value "x" at path "appUserId" for model "comment"'
    assert refusal(error) == (text, INNER, 500)
    stream = query("commentStream", "{ id }")
    assert api.data(stream, {"input": {"id": made["stream"]["id"]}}) == {"commentStream": None}
