"""Reading links: as clicked, as pasted, and as strangers make them up."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_identityx import applications
from django_identityx.credentials import LEEWAY, TokenType
from django_identityx.exceptions import Malformed, Rejected
from django_identityx.sandbox import DAILY_APP_ID, WEEKLY_APP_ID
from django_identityx.signin import Link, LinkKind, read_link, token_from

from .leaks import unsigned

NOW = 1_800_000_000.0
READER = "reader@example.net"


def link(**claims: Any) -> str:
    """A reader's link token, an hour long from `NOW`, with other claims where given; None drops."""
    known = {
        "sub": "app-user-login-link",
        "aud": READER,
        "iss": DAILY_APP_ID,
        "jti": "one",
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
    }
    return unsigned({k: v for k, v in {**known, **claims}.items() if v is not None})


def read(text: str, *, now: float = NOW) -> Link:
    found = read_link(text, applications.current(), now=now)
    found.check_age(now)
    return found


class TestWhatIsPasted:
    @pytest.mark.parametrize(
        "text",
        [
            "{}",
            "  {}\n",
            "https://www.example.com/callback/?token={}",
            "https://www.example.com/callback/?token={}&redirectTo=%2Fa",
            "https://www.example.com/callback/?redirectTo=%2Fa&token={}",
            "http://localhost/?a=b#c".replace("?a=b", "?token={}"),
            "https://identity.example/authenticate/{}",
            "https://identity.example/authenticate/{}/",
            "https://identity.example/authenticate/{}?organization=1",
            "/callback/?token={}",
            "?token={}",
        ],
    )
    def test_the_token_is_found(self, text: str) -> None:
        token = link()
        assert token_from(text.format(token)) == token

    def test_a_mail_program_broke_it(self) -> None:
        token = link()
        broken = f"https://www.example.com/callback/?token={token[:70]}\r\n {token[70:]}"
        assert token_from(broken) == token

    @pytest.mark.parametrize("text", ["", " ", "https://", "/", "?", "https://[::1/?token=a", "//"])
    def test_nothing_in_it(self, text: str) -> None:
        with pytest.raises(Malformed):
            read(text)

    @given(st.text())
    def test_anything_ends_in_a_token_or_a_refusal(self, text: str) -> None:
        assert isinstance(token_from(text), str)
        with pytest.raises(Rejected):
            read(text)

    def test_what_is_very_long_is_cut(self) -> None:
        assert len(token_from("a" * 10_000_000)) < 20_000


class TestKinds:
    def test_reader(self) -> None:
        found = read(link())
        assert found == Link(
            LinkKind.APP_USER, link(), READER, applications.current(), NOW, NOW + 3600
        )
        assert found.kind.token_type is TokenType.APP_USER

    def test_staff_need_no_application(self, settings) -> None:
        settings.IDENTITYX_APP_ID = None
        found = read(link(sub="user-login-link", iss=None))
        assert found.kind is LinkKind.ORG_USER
        assert found.kind.token_type is TokenType.ORG_USER

    def test_a_change(self) -> None:
        found = read(link(sub="app-user-change-email-link", data={"email": "old@example.net"}))
        assert found.changes_email
        assert found.kind.token_type is TokenType.APP_USER
        assert (found.old_email, found.email) == ("old@example.net", READER)

    def test_the_repr_hides_the_token(self) -> None:
        assert link() not in repr(read(link()))

    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"sub": "app-user-change-email-link"}, "malformed"),  # no old address
            ({"sub": "app-user-auth"}, "wrong_kind"),
            ({"sub": "user-api-token"}, "wrong_kind"),
            ({"sub": None}, "wrong_kind"),
            ({"sub": "APP-USER-LOGIN-LINK"}, "wrong_kind"),
            ({"iss": WEEKLY_APP_ID}, "wrong_application"),
            ({"iss": None}, "wrong_application"),
            ({"aud": None}, "malformed"),
            ({"aud": ""}, "malformed"),
            ({"aud": ["reader@example.net"]}, "malformed"),
            ({"iat": None}, "malformed"),
            ({"iat": "1"}, "malformed"),
            ({"iat": True}, "malformed"),
            ({"iat": -1}, "malformed"),
            ({"iat": NOW + 2 * LEEWAY}, "malformed"),
            ({"exp": "never"}, "malformed"),
        ],
    )
    def test_refused(self, claims: dict[str, Any], reason: str) -> None:
        with pytest.raises(Rejected) as refused:
            read(link(**claims))
        assert refused.value.reason == reason

    def test_readers_without_an_application_of_ours(self, settings) -> None:
        settings.IDENTITYX_APP_ID = None
        with pytest.raises(Rejected, match="another site"):
            read(link(iss=None))


class TestAge:
    @pytest.mark.parametrize(
        ("max_age", "age", "reason"),
        [
            (3600, 3600, ""),
            (3600, 3600 + LEEWAY, ""),
            (3600, 3601 + LEEWAY, "expired"),
            (600, 600 + LEEWAY, ""),
            (600, 601 + LEEWAY, "too_old"),
            (7200, 3601 + LEEWAY, "expired"),
        ],
    )
    def test_by_exp_and_by_the_setting(
        self, settings, max_age: int, age: float, reason: str
    ) -> None:
        settings.IDENTITYX_LINK_MAX_AGE = max_age
        if not reason:
            assert read(link(), now=NOW + age).email == READER
            return
        with pytest.raises(Rejected) as refused:
            read(link(), now=NOW + age)
        assert refused.value.reason == reason

    def test_an_invitation_of_a_month_is_as_old_as_its_iat(self) -> None:
        month = link(sub="user-login-link", exp=int(NOW) + 30 * 86400)
        with pytest.raises(Rejected, match="too old"):
            read(month, now=NOW + 7200)

    def test_without_exp_the_setting_counts(self) -> None:
        assert read(link(exp=None)).refused_after == NOW + 3600 + LEEWAY
        with pytest.raises(Rejected):
            read(link(exp=None), now=NOW + 7200)

    def test_clocks_may_differ(self) -> None:
        assert read(link(), now=NOW - LEEWAY)

    def test_now_is_now(self) -> None:
        found = read_link(link(iat=int(time.time()), exp=None), applications.current())
        found.check_age()
        with pytest.raises(Rejected):
            read_link(
                link(iat=int(time.time()) - 7200, exp=None), applications.current()
            ).check_age()
