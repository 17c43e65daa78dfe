"""S15: nothing of ours is stored, indexed, framed or served to somebody else."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from tests.site import READER, Visitor, forms

pytestmark = pytest.mark.django_db

PAGES = ["login", "org-login", "link-sent", "callback", "logout"]
TWINS = ["api-login-link", "api-login", "api-logout", "api-me"]


def check(response) -> None:
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert "noindex" in response["X-Robots-Tag"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    varies = {name.strip() for name in response["Vary"].split(",")}
    assert {"Cookie", "Authorization"} <= varies


@pytest.mark.sampled(one_in=3)
@pytest.mark.parametrize("name", PAGES + TWINS)
@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put"])
def test_whatever_is_asked(name: str, method: str) -> None:
    check(getattr(Visitor(), method)(reverse(f"identityx:{name}")))


@pytest.mark.parametrize("name", PAGES + TWINS)
def test_on_a_site_with_other_wishes(settings, name: str) -> None:
    """The site's own middleware must not weaken them."""
    settings.SECURE_REFERRER_POLICY = "unsafe-url"
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    settings.CACHE_MIDDLEWARE_SECONDS = 600
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    visitor = Visitor()
    check(visitor.get(reverse(f"identityx:{name}")))
    check(visitor.get(reverse(f"identityx:{name}")))


def test_every_answer_on_the_way(sandbox: Sandbox) -> None:
    visitor = Visitor()
    sent = visitor.ask()
    opened = visitor.get(sandbox.outbox[-1].url.replace("https://testserver", ""))
    page = visitor.get(opened.url)
    done = visitor.submit(page)
    used = Visitor()
    again = used.submit(used.open(sandbox.outbox[-1].url))
    assert [r.status_code for r in (sent, opened, page, done, again)] == [302, 303, 200, 302, 410]
    for response in (sent, opened, page, done, again):
        check(response)


@pytest.mark.parametrize("mode", ["html502", "blocked"])
def test_in_trouble(sandbox: Sandbox, mode: str) -> None:
    sandbox.set_fault(mode)
    response = Visitor().ask()
    assert response.status_code == 503
    check(response)


def test_over_the_limit(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": "1/hour"}
    Visitor().ask()
    limited = Visitor().ask()
    assert limited.status_code == 429
    check(limited)


def test_json_on_the_way(sandbox: Sandbox) -> None:
    visitor = Visitor()
    me = visitor.get(reverse("identityx:api-me"))
    headers = {"X-CSRFToken": visitor.cookies["csrftoken"].value}
    body = {"token": sandbox.login_link_token(READER)}
    answers = [me]
    for data in ({}, body, {**body, "confirmed": True}, {**body, "confirmed": True}):
        headers = {"X-CSRFToken": visitor.cookies["csrftoken"].value}
        answers.append(
            visitor.post(
                reverse("identityx:api-login"),
                json.dumps(data),
                content_type="application/json",
                headers=headers,
            )
        )
    assert [a.status_code for a in answers] == [401, 400, 409, 200, 200]
    for response in answers:
        check(response)


def test_a_signed_in_page_is_no_other_visitors(sandbox: Sandbox, settings) -> None:
    """With Django's cache in front of the whole site, each sees what is theirs."""
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    reader, nobody = Visitor(), Visitor()
    reader.sign_in(sandbox)
    path = reverse("identityx:logout")
    assert b"Rita Reader" in reader.get(path).content
    assert b"Rita Reader" not in nobody.get(path).content
    tokens = {forms(v.get(path))[0][1]["csrfmiddlewaretoken"] for v in (nobody, Visitor())}
    assert len(tokens) == 2
