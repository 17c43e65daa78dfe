"""S21: an OrgUser or API token counts only with a membership in our organization."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from django_identityx import applications, process
from django_identityx.applications import Application
from django_identityx.conf import conf
from django_identityx.credentials import TokenType
from django_identityx.exceptions import ConfigurationError, Rejected, Unavailable
from django_identityx.sandbox import DAILY_APP_ID, WEEKLY_APP_ID, Sandbox
from django_identityx.service import Gate
from django_identityx.testing import authorization, credential
from django_identityx.verification import Verifier, check, verify

from ..simulated_clock import SimulatedClock

STAFF, STRANGER = "guest@example.com", "stranger@example.com"
each_kind = pytest.mark.parametrize("kind", [TokenType.ORG_USER, TokenType.ORG_USER_API_TOKEN])


def organization(sandbox: Sandbox) -> str:
    user = verify(credential(sandbox, "owner@example.com", TokenType.ORG_USER))
    return user.memberships[0].organization_id


def is_refused(token: Any, **options: Any) -> bool:
    try:
        check(token, **options)
    except Rejected as rejected:
        return rejected.reason == "wrong_organization"
    return False


@each_kind
def test_s21_the_application_s_own_organization(sandbox: Sandbox, kind: TokenType) -> None:
    member, stranger = (credential(sandbox, email, kind) for email in (STAFF, STRANGER))
    for options in ({}, {"max_age": 0}, {"app_id": WEEKLY_APP_ID}):
        assert not is_refused(member, **options)
        assert is_refused(stranger, **options)
        assert is_refused(stranger, **options)  # out of the process
        assert is_refused(stranger, application=Application(DAILY_APP_ID))
    process.reset()
    assert is_refused(stranger)  # out of the shared cache
    assert sandbox.count("activeAppContext") == 2  # once an application


@each_kind
def test_s21_the_organization_of_the_settings(
    sandbox: Sandbox, settings: Any, kind: TokenType
) -> None:
    ours = organization(sandbox)
    member, stranger = (credential(sandbox, email, kind) for email in (STAFF, STRANGER))
    asked = sandbox.count("activeAppContext")
    settings.IDENTITYX_ORG_ID = ours
    assert (is_refused(member), is_refused(stranger)) == (False, True)
    settings.IDENTITYX_ORG_ID = "5d1b36070ce467bff670afff"
    assert (is_refused(member), is_refused(stranger)) == (True, True)
    assert not is_refused(member, app_id=WEEKLY_APP_ID)  # the settings' is the settings' only
    settings.IDENTITYX_ORG_ID = "any"
    assert (is_refused(member), is_refused(stranger)) == (False, False)
    assert is_refused(stranger, app_id=WEEKLY_APP_ID)
    assert sandbox.count("activeAppContext") == asked + 1


def test_s21_one_verdict_counts_for_each_application_by_itself(sandbox: Sandbox) -> None:
    ours, member = organization(sandbox), credential(sandbox, STAFF, TokenType.ORG_USER)
    asked = sandbox.count("activeUser")
    elsewhere = Application(None, org_id="5d1b36070ce467bff670afff")
    for _ in range(2):
        assert not is_refused(member, application=Application(None, org_id=ours))
        assert is_refused(member, application=elsewhere)
    assert sandbox.count("activeUser") == asked + 1


def test_s21_neither_is_known(sandbox: Sandbox, settings: Any) -> None:
    settings.IDENTITYX_APP_ID = None
    member = credential(sandbox, STAFF, TokenType.ORG_USER)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="IDENTITYX_ORG_ID"):
            verify(member)
    assert applications.from_settings() == Application(None, conf.CALLBACK_URL, None)


def test_s21_a_role_that_is_gone(sandbox: Sandbox, settings: Any) -> None:
    settings.IDENTITYX_VERIFICATION_TTL = 0
    member = credential(sandbox, STAFF, TokenType.ORG_USER)
    assert not is_refused(member)
    settings.IDENTITYX_ORG_ID = "5d1b36070ce467bff670afff"
    assert is_refused(member)


def test_s21_the_organization_is_never_a_guess(sandbox: Sandbox) -> None:
    clock = SimulatedClock()
    one = Verifier(clock, Gate(8, clock))
    member, stranger = (credential(sandbox, e, TokenType.ORG_USER) for e in (STAFF, STRANGER))
    one.check(member)
    sandbox.set_fault("html502")
    with pytest.raises(Unavailable):  # its organization was never asked for
        one.check(member, app_id=WEEKLY_APP_ID)
    sandbox.clear_fault()
    clock.advance(30)
    with pytest.raises(Rejected):
        one.check(stranger)
    asked = sandbox.count("activeAppContext")
    clock.advance(3500)
    one.check(member)
    clock.advance(100)
    one.check(member)
    assert sandbox.count("activeAppContext") == asked + 1  # an hour old


def test_s21_the_organization_serves_stale_without_end(sandbox: Sandbox, settings: Any) -> None:
    settings.IDENTITYX_STALE_IF_ERROR = 30 * 24 * 3600
    clock = SimulatedClock()
    one = Verifier(clock, Gate(8, clock))
    member = credential(sandbox, STAFF, TokenType.ORG_USER)
    one.check(member)
    sandbox.set_fault("html502")
    for _ in range(20):
        clock.advance(24 * 3600)
        assert not one.check(member).fresh


def test_s21_by_bearer(sandbox: Sandbox, client: Client) -> None:
    answers = [
        client.get("/api/protected/", headers=authorization(sandbox, email, TokenType.ORG_USER))
        for email in (STAFF, STRANGER)
    ]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert 'error="invalid_token"' in answers[1]["WWW-Authenticate"]


def test_s21_at_sign_in(sandbox: Sandbox) -> None:
    with pytest.raises(Rejected) as caught:
        verify(credential(sandbox, STRANGER, TokenType.ORG_USER))
    assert caught.value.reason == "wrong_organization"
    assert str(caught.value) == "This account does not belong to this organization."
