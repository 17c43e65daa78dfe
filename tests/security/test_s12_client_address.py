"""S12: whose address it is comes from trusted proxies only, for limits and for IdentityX."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from django_identityx.sandbox import Sandbox
from tests.site import Visitor

pytestmark = pytest.mark.django_db

PUBLIC = "93.184.215.14"


def forwarded(sandbox: Sandbox) -> str | None:
    """The address that IdentityX was told last."""
    (call,) = [c for c in sandbox.calls if "sendAppUserLoginLink" in c.operations][-1:]
    return call.forwarded_for


TABLE = [
    # proxies, REMOTE_ADDR, X-Forwarded-For, the client
    (0, PUBLIC, None, PUBLIC),
    (0, PUBLIC, "203.0.113.9", PUBLIC),
    (0, PUBLIC, "203.0.113.9, 203.0.113.10", PUBLIC),
    (0, "127.0.0.1", None, "127.0.0.1"),
    (0, "127.0.0.1", "203.0.113.9", "127.0.0.1"),
    (0, "10.0.0.1", "203.0.113.9", "10.0.0.1"),
    (None, PUBLIC, None, PUBLIC),
    (None, PUBLIC, "203.0.113.9", None),
    (None, "127.0.0.1", None, "127.0.0.1"),
    (None, "127.0.0.1", "203.0.113.9", None),
    (0, "", "203.0.113.9", None),
    (0, "", None, None),
    (1, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
    (1, "10.0.0.1", "10.1.2.3, 203.0.113.9", "203.0.113.9"),
    (1, "10.0.0.1", "evil, 203.0.113.9", "203.0.113.9"),
    (1, "10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
    (1, "10.0.0.1", None, None),
    (1, "10.0.0.1", "unknown", None),
    (2, "10.0.0.1", "10.1.2.3, 203.0.113.9, 203.0.113.10", "203.0.113.9"),
    (2, "10.0.0.1", "203.0.113.9", None),
    (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9", "203.0.113.9"),
    (["10.0.0.0/8"], "10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
    (["10.0.0.0/8"], PUBLIC, "203.0.113.9", PUBLIC),
    (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, evil", None),
    (["2001:db8:ffff::/48"], "2001:db8:ffff::1", "2001:db8:1::1", "2001:db8:1::1"),
]


@pytest.mark.sampled(one_in=3)
@pytest.mark.parametrize(("proxies", "remote", "header", "client"), TABLE)
def test_what_identityx_is_told(
    proxies: Any, remote: str, header: str | None, client: str | None, sandbox: Sandbox, settings
) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = proxies
    headers = {"x-forwarded-for": header} if header else {}
    Visitor(REMOTE_ADDR=remote, headers=headers).ask()
    assert forwarded(sandbox) == client


def asked(count: int, sandbox: Sandbox, **meta: Any) -> list[int]:
    return [
        Visitor(**{**meta, "headers": {"x-forwarded-for": meta["headers"](number)}})
        .ask(f"reader{number}@example.net")
        .status_code
        for number in range(count)
    ]


@pytest.mark.parametrize("remote", [PUBLIC, "10.0.0.1"])
def test_a_header_of_ones_own_gets_nobody_past_the_limit(
    remote: str, sandbox: Sandbox, settings
) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = 0
    statuses = asked(11, sandbox, REMOTE_ADDR=remote, headers=lambda n: f"203.0.113.{n}")
    assert statuses == [302] * 10 + [429]


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"],
)
def test_nor_does_it_switch_limits_off_where_nothing_is_declared(
    header: str, sandbox: Sandbox, settings
) -> None:
    """Clients inside, or a CDN with public addresses: one limit for all of them then."""
    settings.IDENTITYX_THROTTLE_RATES = {"send-address": "1/min"}
    statuses = [
        Visitor(REMOTE_ADDR=PUBLIC, headers={header: f"203.0.113.{number}"})
        .ask(f"reader{number}@example.net")
        .status_code
        for number in range(12)
    ]
    assert statuses == [302] * 10 + [429] * 2
    assert Visitor(REMOTE_ADDR=PUBLIC).ask("another@example.net").status_code == 302


def test_nor_does_it_behind_a_proxy(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = 1
    statuses = asked(
        11, sandbox, REMOTE_ADDR="10.0.0.1", headers=lambda n: f"203.0.113.{n}, {PUBLIC}"
    )
    assert statuses == [302] * 10 + [429]


def test_visitors_behind_a_declared_proxy_count_apart(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = ["10.0.0.0/8"]
    statuses = asked(11, sandbox, REMOTE_ADDR="10.0.0.1", headers=lambda n: f"203.0.113.{n}")
    assert statuses == [302] * 11


def test_nobody_locks_all_out_behind_a_proxy_that_is_not_declared(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    statuses = asked(12, sandbox, REMOTE_ADDR="10.0.0.1", headers=lambda n: PUBLIC)
    assert statuses == [302] * 12
    assert caplog.text.count("IDENTITYX_TRUSTED_PROXIES") == 1


def test_the_limit_per_mailbox_stays_where_the_address_is_unknown(sandbox: Sandbox) -> None:
    visitor = Visitor(REMOTE_ADDR="", headers={"x-forwarded-for": PUBLIC})
    assert [visitor.ask().status_code for _ in range(6)] == [302] * 5 + [429]


def test_redeeming_tells_the_visitors_address_too(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = 0
    visitor = Visitor(REMOTE_ADDR=PUBLIC, headers={"x-forwarded-for": "203.0.113.9"})
    visitor.sign_in(sandbox)
    (login,) = [c for c in sandbox.calls if "loginAppUser" in c.operations]
    assert login.forwarded_for == PUBLIC


def test_rejected_bearers_count_by_customer_of_ipv6_too(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"reject-address": "1/min"}
    known = sandbox.app_user_token("reader@example.net").rpartition(".")[0]
    statuses = [
        Client(REMOTE_ADDR=f"2001:db8:1:{number:x}::1")
        .get("/api/protected/", headers={"authorization": f"AppUser {known}.{number:043}"})
        .status_code
        for number in range(11)
    ]
    assert statuses == [401] * 10 + [429]
