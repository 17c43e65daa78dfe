"""The cookies of the flow: what they keep, for how long, and who can read them."""

from __future__ import annotations

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from django_identityx.signin.marks import (
    CARRIER,
    MARK,
    MAX_CARRIED,
    NOTE,
    REMEMBERED,
    Carrier,
    Mark,
    Note,
    drop_carrier,
    drop_mark,
)

READER = "reader@example.net"


def request_with(response: HttpResponse | None = None, **cookies: str):
    request = RequestFactory().get("/")
    if response is not None:
        cookies = {name: morsel.value for name, morsel in response.cookies.items()}
    request.COOKIES.update(cookies)
    return request


def left_by(leave, made=None):
    """The cookie that something leaves."""
    response = HttpResponse()
    leave(made or request_with(), response)
    (cookie,) = response.cookies.values()
    return cookie


class TestCarrier:
    @given(token=st.text(max_size=500), target=st.text(max_size=300))
    def test_there_and_back(self, token: str, target: str) -> None:
        carrier = Carrier(token, target)
        assert Carrier.load(carrier.dump(), 60) == carrier

    def test_in_the_cookie(self) -> None:
        response = HttpResponse()
        Carrier("t", "/a").carry(request_with(), response)
        assert Carrier.in_cookie(request_with(response)) == Carrier("t", "/a")
        assert Carrier.in_cookie(request_with()) is None

    def test_on_the_page(self) -> None:
        request = RequestFactory().post("/", {"carrier": Carrier("t").dump()})
        assert Carrier.on_page(request) == Carrier("t")
        assert Carrier.on_page(request_with()) is None

    def test_it_grows_old(self, settings) -> None:
        value = Carrier("t").dump()
        assert Carrier.load(value, 60)
        assert Carrier.load(value, -1) is None

    @given(st.text())
    def test_anything_else_is_nothing(self, text: str) -> None:
        assert Carrier.load(text, 60) is None

    def test_another_key(self, settings) -> None:
        value = Carrier("t").dump()
        settings.SECRET_KEY = "another"
        assert Carrier.load(value, 60) is None

    def test_a_rotated_key_still_reads(self, settings) -> None:
        value = Carrier("t").dump()
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
        assert Carrier.load(value, 60)

    def test_dropped_where_it_was_set(self) -> None:
        kept, dropped = HttpResponse(), HttpResponse()
        Carrier("t").carry(request_with(), kept)
        drop_carrier(dropped)
        assert dropped.cookies[CARRIER]["path"] == kept.cookies[CARRIER]["path"]
        assert dropped.cookies[CARRIER]["max-age"] == 0


class TestMark:
    def test_there_and_back(self) -> None:
        response = HttpResponse()
        mark = Mark.new().asking(READER)
        mark.leave(request_with(), response)
        assert Mark.of(request_with(response)) == mark
        assert Mark.of(request_with()) is None

    def test_each_is_another(self) -> None:
        assert len({Mark.new().id for _ in range(100)}) == 100

    def test_it_remembers_whom_it_asked_for(self) -> None:
        mark = Mark.new().asking(READER)
        assert mark.asked_for(READER)
        assert mark.asked_for(" Reader@EXAMPLE.net")
        assert not mark.asked_for("other@example.net")
        assert READER not in repr(mark)

    def test_the_last_ones_only(self) -> None:
        mark = Mark.new()
        for number in range(REMEMBERED + 2):
            mark = mark.asking(f"{number}@example.net")
        assert len(mark.asked) == REMEMBERED
        assert not mark.asked_for("1@example.net")
        assert mark.asking("2@example.net").asked[-1] == mark.asked[0]

    @pytest.mark.parametrize("data", [None, [], "x", {}, {"id": 5}, {"a": []}])
    def test_anything_else_is_nothing(self, data: object) -> None:
        value = signing.dumps(data, salt=MARK)
        assert Mark.of(request_with(**{MARK: value})) is None

    def test_dropped_where_it_was_left(self) -> None:
        left, dropped = HttpResponse(), HttpResponse()
        Mark.new().leave(request_with(), left)
        drop_mark(dropped)
        assert dropped.cookies[MARK]["path"] == left.cookies[MARK]["path"]

    def test_it_lives_as_long_as_a_link(self, settings) -> None:
        settings.IDENTITYX_LINK_MAX_AGE = 600
        response = HttpResponse()
        Mark.new().leave(request_with(), response)
        assert response.cookies[MARK]["max-age"] == 600


class TestNote:
    def test_there_and_back(self) -> None:
        response = HttpResponse()
        note = Note(READER, "/a", staff=True)
        note.leave(request_with(), response)
        assert Note.of(request_with(response)) == note
        assert response.cookies[NOTE]["path"] == "/identityx/link-sent/"
        assert Note.of(request_with()) is None


def test_none_of_them_serves_as_another() -> None:
    response = HttpResponse()
    request = request_with()
    Carrier("t").carry(request, response)
    Mark.new().leave(request, response)
    Note(READER).leave(request, response)
    for name, read in ((CARRIER, Carrier.in_cookie), (MARK, Mark.of), (NOTE, Note.of)):
        for other in {CARRIER, MARK, NOTE} - {name}:
            swapped = request_with(**{name: response.cookies[other].value})
            assert read(swapped) is None


class TestWhoseLinkWasAskedFor:
    @pytest.mark.parametrize("other", ["reader+a@example.net", "\uff52eader@example.net"])
    def test_exactly(self, other: str) -> None:
        assert not Mark.new().asking(READER).asked_for(other)

    def test_no_address_is_in_it(self, settings) -> None:
        data = signing.loads(left_by(Mark.new().asking(READER).leave).value, salt=MARK)
        assert "reader" not in str(data)
        before = Mark.new().asking(READER).asked
        settings.SECRET_KEY = "another-key-" * 5
        assert Mark.new().asking(READER).asked != before

    def test_half_of_a_character_is_an_address_too(self) -> None:
        assert not Mark.new().asking("\ud800@example.net").asked_for(READER)


class TestBrowsersKeepThem:
    """A browser drops a cookie of more than 4096 bytes without a word."""

    targets = pytest.mark.parametrize(
        "target", ["/" + c * 999 for c in ("a", "\u00e9", "\U0001f600")]
    )

    def size(self, cookie) -> int:
        return len(cookie.OutputString().partition(";")[0])

    @targets
    def test_the_carrier(self, target: str) -> None:
        token = "".join(chr(33 + (i * i * 7 + i // 3) % 90) for i in range(MAX_CARRIED))
        cookie = left_by(Carrier(token, target).carry)
        assert self.size(cookie) < 4096
        carried = Carrier.in_cookie(request_with(**{CARRIER: cookie.value}))
        assert carried is not None
        assert carried.token == token

    @targets
    def test_the_note(self, target: str) -> None:
        email = "a" * 64 + "@" + ".".join(["b" * 60] * 3)
        cookie = left_by(Note(email, target).leave)
        assert self.size(cookie) < 4096
        kept = Note.of(request_with(**{NOTE: cookie.value}))
        assert kept is not None
        assert kept.email == email

    def test_the_mark(self) -> None:
        mark = Mark.new()
        for number in range(REMEMBERED):
            mark = mark.asking(f"{number}@example.net")
        assert self.size(left_by(mark.leave)) < 4096


class TestAttributes:
    things = pytest.mark.parametrize("thing", [Carrier("t"), Mark.new(), Note("a")])

    def leave(self, thing, made):
        return left_by(thing.carry if isinstance(thing, Carrier) else thing.leave, made)

    @things
    def test_lax_and_out_of_reach_of_scripts(self, settings, thing) -> None:
        settings.SESSION_COOKIE_SAMESITE = "Strict"
        cookie = self.leave(thing, request_with())
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"]
        assert not cookie["secure"]

    @things
    def test_secure_where_the_request_is(self, settings, thing) -> None:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        made = request_with()
        made.META["HTTP_X_FORWARDED_PROTO"] = "https"
        assert self.leave(thing, made)["secure"]

    @things
    def test_secure_where_the_session_is(self, settings, thing) -> None:
        settings.SESSION_COOKIE_SECURE = True
        assert self.leave(thing, request_with())["secure"]


class TestPathOfTheMark:
    @pytest.mark.parametrize(
        ("callback_url", "path"),
        [
            (None, "/identityx/"),
            ("https://testserver/identityx/callback/", "/identityx/"),
            ("https://testserver/es/identityx/callback/", "/"),
            ("https://testserver/callback/", "/"),
            ("https://testserver", "/identityx/"),
            ("testserver/callback/", "/identityx/"),
            ("https://[", "/identityx/"),
            ("", "/identityx/"),
        ],
    )
    def test_it_covers_form_and_callback(self, settings, callback_url, path: str) -> None:
        settings.IDENTITYX_CALLBACK_URL = callback_url
        assert left_by(Mark.new().leave)["path"] == path

    def test_languages_in_the_url(self, settings) -> None:
        settings.ROOT_URLCONF = "tests.urls_i18n"
        settings.IDENTITYX_CALLBACK_URL = "https://testserver/en/account/callback/"
        assert left_by(Mark.new().leave)["path"] == "/en/account/"
