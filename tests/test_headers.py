"""The headers of every answer of ours, whatever kind of answer it is."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.signin.entry import set_headers

from .site import Visitor

CALLBACK = reverse("identityx:callback")


def assert_headers(response) -> None:
    assert set(response["Cache-Control"].split(", ")) >= {"no-store", "private"}
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert {"Cookie", "Authorization"} <= set(response["Vary"].split(", "))


def test_all_of_them() -> None:
    assert_headers(set_headers(HttpResponse()))


def test_what_a_view_varies_on_stays() -> None:
    response = HttpResponse(headers={"Vary": "Accept-Language", "Cache-Control": "max-age=60"})
    assert "Accept-Language" in set_headers(response)["Vary"]
    assert "max-age" not in response["Cache-Control"]


@pytest.mark.django_db
class TestS15OnTheSite:
    @pytest.mark.parametrize("mode", ["html502", "blocked"])
    def test_trouble(self, sandbox: Sandbox, mode: str) -> None:
        sandbox.set_fault(mode)
        assert_headers(Visitor().ask())

    def test_too_many(self, sandbox: Sandbox, settings) -> None:
        settings.IDENTITYX_THROTTLE_RATES = {"send-email": "1/min"}
        Visitor().ask()
        response = Visitor().ask()
        assert response.status_code == 429
        assert_headers(response)

    @pytest.mark.parametrize("token", ["garbled", "x" * 3000, ""])
    def test_refusals(self, token: str) -> None:
        assert_headers(Client().get(f"{CALLBACK}?token={token}", follow=True))

    def test_prefetch(self) -> None:
        assert_headers(Client().get(CALLBACK, headers={"Sec-Purpose": "prefetch"}))
