"""The cookies of the flow: what they keep, for how long, and who can read them."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from django_identityx.signin.cookies import (
    MAX_CARRIED,
    REMEMBERED,
    YEAR,
    Carrier,
    Known,
    Mark,
    Note,
    SignedCookie,
)

READER = "reader@example.net"
ALL = [Carrier("t"), Mark("an id"), Note("a"), Known(("a digest",))]

each = pytest.mark.parametrize("thing", ALL, ids=lambda thing: type(thing).__name__)


def request_with(response: HttpResponse | None = None, *, secure: bool = False, **cookies: str):
    request = RequestFactory().get("/", secure=secure)
    if response is not None:
        cookies = {name: morsel.value for name, morsel in response.cookies.items()}
    request.COOKIES.update(cookies)
    return request


def left_by(thing: SignedCookie, made=None):
    """The cookie that something leaves."""
    response = HttpResponse()
    thing.leave(made or request_with(), response)
    (cookie,) = response.cookies.values()
    return cookie


class TestEach:
    @each
    @pytest.mark.parametrize("secure", [True, False])
    def test_there_and_back(self, thing: SignedCookie, secure: bool) -> None:
        response = HttpResponse()
        thing.leave(request_with(secure=secure), response)
        assert type(thing).of(request_with(response, secure=secure)) == thing
        assert type(thing).of(request_with()) == type(thing)()

    @each
    def test_lax_and_out_of_reach_of_scripts(self, settings, thing: SignedCookie) -> None:
        settings.SESSION_COOKIE_SAMESITE = "Strict"
        cookie = left_by(thing)
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"]
        assert cookie["path"] == "/"
        assert not cookie["secure"]
        assert not cookie["domain"]

    @each
    @pytest.mark.parametrize("how", ["https", "behind a proxy", "by the session"])
    def test_s24_no_sibling_host_can_set_it(self, settings, how: str, thing: SignedCookie) -> None:
        request = request_with(secure=how == "https")
        if how == "behind a proxy":
            settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
            request.META["HTTP_X_FORWARDED_PROTO"] = "https"
        settings.SESSION_COOKIE_SECURE = how == "by the session"
        cookie = left_by(thing, request)
        assert cookie.key == f"__Host-{thing.name}"
        assert cookie["secure"]
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        request.COOKIES = {thing.name: cookie.value}  # as a sibling would
        assert type(thing).of(request) == type(thing)()
        request.COOKIES = {cookie.key: cookie.value}
        assert type(thing).of(request) == thing

    @each
    @pytest.mark.parametrize("secure", [True, False])
    def test_dropped_where_it_was_left(self, thing: SignedCookie, secure: bool) -> None:
        request, response = request_with(secure=secure), HttpResponse()
        thing.drop(request, response)
        left, (dropped,) = left_by(thing, request), response.cookies.values()
        for attribute in ("path", "secure", "samesite"):
            assert dropped[attribute] == left[attribute]
        assert dropped.key == left.key
        assert (dropped.value, dropped["max-age"]) == ("", 0)

    @each
    def test_it_grows_old(self, thing: SignedCookie) -> None:
        assert thing.load(thing.dump(), 60) == thing
        assert thing.load(thing.dump(), -1) is None

    @each
    @given(text=st.text())
    def test_anything_else_is_nothing(self, thing: SignedCookie, text: str) -> None:
        assert thing.load(text, 60) is None

    @each
    @pytest.mark.parametrize(
        "data", [None, [], "x", {}, {"id": 5}, {"token": 5}, {"addresses": {}}]
    )
    def test_other_data_is_nothing(self, thing: SignedCookie, data: object) -> None:
        if isinstance(data, dict):
            data = {**vars(thing), **data} if data else data
        if data == vars(thing) or (isinstance(data, dict) and not set(data) <= set(vars(thing))):
            return
        assert thing.load(signing.dumps(data, salt=thing.name), 60) is None

    @each
    def test_another_key(self, settings, thing: SignedCookie) -> None:
        value = thing.dump()
        old, settings.SECRET_KEY = settings.SECRET_KEY, "another"
        assert thing.load(value, 60) is None
        settings.SECRET_KEY_FALLBACKS = [old]
        assert thing.load(value, 60) == thing

    @each
    def test_none_serves_as_another(self, thing: SignedCookie) -> None:
        for other in ALL:
            assert other is thing or type(other).load(thing.dump(), 60) is None

    def test_their_ages(self, settings) -> None:
        settings.IDENTITYX_LINK_MAX_AGE = 900
        ages = [left_by(thing)["max-age"] for thing in ALL]
        assert ages == [600, 900, 900, YEAR]


class TestCarrier:
    @given(token=st.text(max_size=500), target=st.text(max_size=300))
    def test_there_and_back(self, token: str, target: str) -> None:
        carrier = Carrier(token, target)
        assert Carrier.load(carrier.dump(), 60) == carrier

    def test_on_the_page(self) -> None:
        request = RequestFactory().post("/", {"carrier": str(Carrier("t"))})
        assert Carrier.on_page(request) == Carrier("t")
        assert Carrier.on_page(request_with()) == Carrier()

    def test_no_token_in_its_repr(self) -> None:
        assert "secret" not in repr(Carrier("secret"))

    def test_whose_page_it_is_on(self) -> None:
        assert Carrier("t", browser="one").is_for(Mark("one"))
        for mark in (Mark("two"), Mark()):
            assert not Carrier("t", browser="one").is_for(mark)
        assert not Carrier("t").is_for(Mark())


def test_each_browser_is_another() -> None:
    assert len({Mark.for_browser(request_with()).id for _ in range(100)}) == 100


@pytest.mark.parametrize("kind", [Mark, Known])
class TestWhoseAddress:
    def remember(self, thing: Mark | Known, email: str) -> Mark | Known:
        return thing.asking(email) if isinstance(thing, Mark) else thing.with_address(email)

    def knows(self, thing: Mark | Known, email: str) -> bool:
        return thing.asked_for(email) if isinstance(thing, Mark) else thing.knows(email)

    def test_it_remembers(self, kind: type) -> None:
        thing = self.remember(kind(), READER)
        assert self.knows(thing, READER)
        assert self.knows(thing, " Reader@EXAMPLE.net")
        assert not self.knows(thing, "other@example.net")
        assert READER not in repr(thing)

    @pytest.mark.parametrize("other", ["reader+a@example.net", "\uff52eader@example.net"])
    def test_exactly(self, kind: type, other: str) -> None:
        assert not self.knows(self.remember(kind(), READER), other)

    def test_the_last_ones_only(self, kind: type) -> None:
        thing = kind()
        for number in range(REMEMBERED + 2):
            thing = self.remember(thing, f"{number}@example.net")
        known = [self.knows(thing, f"{n}@example.net") for n in range(REMEMBERED + 2)]
        assert known == [False, False, *[True] * REMEMBERED]

    def test_no_address_is_in_it(self, kind: type, settings) -> None:
        before = vars(self.remember(kind(), READER))
        assert "reader" not in str(signing.loads(kind(**before).dump(), salt=kind.name))
        settings.SECRET_KEY = "another-key-" * 5
        assert vars(self.remember(kind(), READER)) != before

    def test_half_of_a_character_is_an_address_too(self, kind: type) -> None:
        assert not self.knows(self.remember(kind(), "\ud800@example.net"), READER)


def test_what_the_one_remembers_the_other_does_not_say() -> None:
    mark, known = Mark("an id").asking(READER), Known().with_address(READER)
    assert set(mark.asked).isdisjoint(known.addresses)


class TestBrowsersKeepThem:
    """A browser drops a cookie of more than 4096 bytes without a word."""

    targets = pytest.mark.parametrize(
        "target", ["/" + c * 999 for c in ("a", "\u00e9", "\U0001f600")]
    )

    def left(self, thing: SignedCookie) -> str:
        cookie = left_by(thing, request_with(secure=True))
        assert len(cookie.OutputString().partition(";")[0]) < 4096
        return cookie.value

    @targets
    def test_the_carrier(self, target: str) -> None:
        token = "".join(chr(33 + (i * i * 7 + i // 3) % 90) for i in range(MAX_CARRIED))
        carried = Carrier.load(self.left(Carrier(token, target)), 60)
        assert carried is not None
        assert carried.token == token

    @targets
    def test_the_note(self, target: str) -> None:
        email = "a" * 64 + "@" + ".".join(["b" * 60] * 3)
        kept = Note.load(self.left(Note(email, target)), 60)
        assert kept is not None
        assert kept.email == email

    def test_the_others(self) -> None:
        mark, known = Mark(secrets.token_urlsafe(16)), Known()
        for number in range(REMEMBERED):
            mark = mark.asking(f"{number}@example.net")
            known = known.with_address(f"{number}@example.net")
        assert Mark.load(self.left(mark), 60) == mark
        assert Known.load(self.left(known), 60) == replace(known)
