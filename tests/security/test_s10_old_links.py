"""S10: links older than the setting are refused, even where IdentityX would take them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from tests.site import OWNER, READER, Visitor, forms

pytestmark = pytest.mark.django_db

CALLBACK = reverse("identityx:callback")
LEEWAY = 60


def open_one(visitor: Visitor, token: str):
    return visitor.open(f"{CALLBACK}?token={token}&redirectTo=/members/")


@pytest.mark.parametrize(("age", "good"), [(0, True), (590, True), (670, False), (3000, False)])
@pytest.mark.parametrize("staff", [False, True])
def test_by_the_setting(sandbox: Sandbox, settings, age: int, good: bool, staff: bool) -> None:
    settings.IDENTITYX_LINK_MAX_AGE = 600
    make = sandbox.org_login_link_token if staff else sandbox.login_link_token
    visitor = Visitor()
    page = open_one(visitor, make(OWNER if staff else READER, age=age))
    assert page.status_code == (200 if good else 410)
    if good:
        assert visitor.submit(page).url == "/members/"
    else:
        assert sandbox.count() == 0


def test_one_that_grows_old_on_the_page(sandbox: Sandbox, settings) -> None:
    visitor = Visitor()
    page = open_one(visitor, sandbox.login_link_token(READER, age=300))
    settings.IDENTITYX_LINK_MAX_AGE = 200
    answer = visitor.submit(page)
    assert answer.status_code == 410
    assert visitor.signed_in_as == ""
    assert sandbox.count() == 0


def test_one_press_sends_a_new_one_that_leads_to_the_same_place(sandbox: Sandbox) -> None:
    visitor = Visitor()
    page = open_one(visitor, sandbox.login_link_token(READER, age=7200))
    assert page.status_code == 410
    assert "re••er@example.net" in page.content.decode()
    assert visitor.submit(page).url == reverse("identityx:link-sent")
    assert wait_until_sent()
    assert sandbox.outbox[-1].to == READER
    assert visitor.submit(visitor.open(sandbox.outbox[-1].url)).url == "/members/"


def test_staff_get_theirs_too(sandbox: Sandbox) -> None:
    visitor = Visitor()
    page = open_one(visitor, sandbox.org_login_link_token(OWNER, age=7200))
    assert forms(page)[0][0]["action"] == reverse("identityx:org-login")
    visitor.submit(page)
    assert wait_until_sent()
    assert "/authenticate/" in sandbox.outbox[-1].url
    assert b"Paste the link" in visitor.get(reverse("identityx:link-sent")).content


def test_the_press_needs_the_csrf_token_and_has_limits(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"send-email": "1/hour"}
    visitor = Visitor()
    page = open_one(visitor, sandbox.login_link_token(READER, age=7200))
    assert visitor.submit(page, csrfmiddlewaretoken="").status_code == 403
    assert wait_until_sent()
    assert not sandbox.outbox
    visitor.submit(page)
    limited = visitor.submit(page)
    assert limited.status_code == 429
    assert int(limited["Retry-After"]) > 0
    assert wait_until_sent()
    assert len(sandbox.outbox) == 1
