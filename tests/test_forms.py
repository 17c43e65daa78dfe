"""The two forms: what they take, and how they point to what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_identityx.signin.forms import EmailForm, LinkForm


class TestEmail:
    @pytest.mark.parametrize(
        "email", ["reader@example.net", " reader@example.net ", "a+b@sub.example.org"]
    )
    def test_good(self, email: str) -> None:
        form = EmailForm({"email": email})
        assert form.is_valid()
        assert form.cleaned_data["email"] == email.strip()

    @pytest.mark.parametrize(
        "email",
        [
            "",
            "reader",
            "reader@",
            "@example.net",
            "a@b",
            "a b@example.net",
            "a@example.net\nBcc: b@example.net",
            "a@example.net, b@example.net",
            "\x00a@example.net",
            "a" * 250 + "@example.net",
            '"a"@example.net',
            "a@exam\u00adple.net",
            "a@exam\u200dple.net",
            "mi\u212ae@example.net",
        ],
    )
    def test_bad(self, email: str) -> None:
        form = EmailForm({"email": email})
        assert not form.is_valid()
        field = str(form["email"])
        assert 'aria-invalid="true"' in field
        assert 'aria-describedby="email-error"' in field
        assert "autofocus" in field

    def test_an_untouched_form_points_at_nothing(self) -> None:
        field = str(EmailForm()["email"])
        assert "aria-invalid" not in field
        assert 'type="email"' in field
        assert 'autocomplete="email"' in field
        assert 'autocapitalize="none"' in field
        assert "autofocus" not in field

    def test_one_form_does_not_mark_the_next(self) -> None:
        assert EmailForm({"email": ""}).errors
        assert "aria-invalid" not in str(EmailForm()["email"])

    def test_it_has_a_label(self) -> None:
        assert str(EmailForm()["email"].label_tag()) == (
            '<label for="id_email">E-mail address:</label>'
        )

    @given(st.text())
    def test_anything_is_taken_or_refused(self, email: str) -> None:
        EmailForm({"email": email}).is_valid()


class TestLink:
    def test_good(self) -> None:
        form = LinkForm({"link": " https://example.net/authenticate/a.b.c\n"})
        assert form.is_valid()
        assert form.cleaned_data["link"] == "a.b.c"

    @pytest.mark.parametrize(
        "link", ["", " ", "a" * 16_001, "a.b", "https://example.net/news", "a.b.cé"]
    )
    def test_bad(self, link: str) -> None:
        form = LinkForm({"link": link})
        assert not form.is_valid()
        assert 'aria-describedby="link-error"' in str(form["link"])
