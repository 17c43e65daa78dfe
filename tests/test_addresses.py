"""Whose address it is, and when nobody knows."""

from __future__ import annotations

import ipaddress
import logging
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from django_identityx import process
from django_identityx.addresses import (
    FORWARDING,
    MAX_USER_AGENT,
    Visitor,
    client_address,
    parse_address,
    visitor,
)


def address_of(remote: str | None, forwarded: str | None = None) -> str | None:
    request = RequestFactory().get("/")
    if remote is None:
        del request.META["REMOTE_ADDR"]
    else:
        request.META["REMOTE_ADDR"] = remote
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    return client_address(request)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:8080", "192.0.2.1"),
        ("[192.0.2.1]:8080", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:8080", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:80", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("::1", "::1"),
        ("", None),
        ("unknown", None),
        ("_hidden", None),
        ("localhost", None),
        ("192.0.2", None),
        ("192.0.2.256", None),
        ("192.0.2.01", None),
        ("192.0.2.1.5", None),
        ("192.0.2.1/24", None),
        ("0xc0000201", None),
        ("3221225985", None),
        ("192.0.2.1, 192.0.2.2", None),
        ("2001:db8::1::2", None),
        ("\u0661.2.3.4", None),
        ("192.0.2.1\r\nx-app-id: y", None),
        ("unix:", None),
    ],
)
def test_parse(text: str, expected: str | None) -> None:
    address = parse_address(text)
    assert (None if address is None else str(address)) == expected


@given(st.text(max_size=50) | st.ip_addresses().map(str))
def test_anything_is_an_address_or_none(text: str) -> None:
    address = parse_address(text)
    assert address is None or ipaddress.ip_address(str(address)) == address


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("proxies", [None, 0, [], -1])
def test_s12_no_header(remote: str | None, expected: str | None, proxies: Any, settings) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = proxies
    assert address_of(remote) == expected


@pytest.mark.parametrize("remote", ["127.0.0.1", "10.0.0.5", "8.8.8.8", "2606:4700::1111", ""])
@pytest.mark.parametrize("header", FORWARDING)
@pytest.mark.parametrize("value", ["1.1.1.1", "for=1.1.1.1", " , ", ""])
def test_s12_nothing_declared(remote: str, header: str, value: str) -> None:
    """Behind a proxy or not, from inside or from a CDN with public addresses: nobody knows."""
    request = RequestFactory().get("/", REMOTE_ADDR=remote, **{header: value})
    assert client_address(request) is None


@pytest.mark.parametrize("remote", ["127.0.0.1", "10.0.0.5", "8.8.8.8"])
@pytest.mark.parametrize("header", FORWARDING)
@pytest.mark.parametrize("proxies", [0, [], -1])
def test_s12_no_proxies(remote: str, header: str, proxies: Any, settings) -> None:
    """Whoever connects is the client, whatever it says."""
    settings.IDENTITYX_TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, **{header: "1.1.1.1"})
    assert client_address(request) == remote


@pytest.mark.parametrize(
    ("hops", "forwarded", "expected"),
    [
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6,1.1.1.1:4711", "1.1.1.1"),
        (1, "6.6.6.6, [2606:4700::1111]:80", "2606:4700::1111"),
        (1, "6.6.6.6, unknown", None),
        (1, "6.6.6.6,, 1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1,", "1.1.1.1"),
        (1, None, None),
        (1, "", None),
        (2, "1.1.1.1, 10.0.0.9", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.9", "1.1.1.1"),
        (2, "1.1.1.1", None),
        (3, "6.6.6.6, 1.1.1.1, 10.0.0.9", "6.6.6.6"),
    ],
)
@pytest.mark.parametrize("remote", ["10.0.0.5", "", "8.8.8.8"])
def test_s12_hops(
    hops: int, forwarded: str | None, expected: str | None, remote: str, settings
) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = hops
    assert address_of(remote, forwarded) == expected


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("10.0.0.5", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.5", "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        ("10.0.0.5", "6.6.6.6, 1.1.1.1, 10.0.0.9", "1.1.1.1"),
        ("10.0.0.5", "6.6.6.6, 1.1.1.1, fd00::9, 10.0.0.9", "1.1.1.1"),
        ("::ffff:10.0.0.5", "1.1.1.1", "1.1.1.1"),
        ("fd00::5", "2606:4700::1111", "2606:4700::1111"),
        ("203.0.113.9", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.5", "::ffff:1.1.1.1", "1.1.1.1"),
        ("10.0.0.5", "1.1.1.1:4711", "1.1.1.1"),
        # Not through one of ours: what it says of others does not count.
        ("8.8.8.8", "1.1.1.1", "8.8.8.8"),
        ("11.0.0.5", "1.1.1.1", "11.0.0.5"),
        ("203.0.113.10", "1.1.1.1", "203.0.113.10"),
        ("10.0.0.5", "1.1.1.1, 8.8.8.8", "8.8.8.8"),
        # Nobody knows.
        ("10.0.0.5", "1.1.1.1, unknown", None),
        ("10.0.0.5", "1.1.1.1, unknown, 10.0.0.9", None),
        # From inside.
        ("10.0.0.5", None, "10.0.0.5"),
        ("10.0.0.5", "10.0.0.7, 10.0.0.9", "10.0.0.7"),
    ],
)
def test_s12_networks(remote: str, forwarded: str | None, expected: str | None, settings) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = ["10.0.0.0/8", "fd00::/8", "203.0.113.9"]
    assert address_of(remote, forwarded) == expected


def test_a_unix_socket_behind_networks(settings) -> None:
    """Whoever writes to the socket is the proxy: there is nobody else."""
    settings.IDENTITYX_TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert address_of("", "1.1.1.1") == "1.1.1.1"
    assert address_of("", "6.6.6.6, 1.1.1.1, 10.0.0.9") == "1.1.1.1"
    assert address_of("", None) is None


@pytest.mark.parametrize("value", ["10.0.0.0/8", ["nowhere"], ["10.0.0.0/64"]])
def test_networks_that_are_none(value: object, settings) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = value
    with pytest.raises(ImproperlyConfigured, match="IDENTITYX_TRUSTED_PROXIES"):
        address_of("10.0.0.5", "1.1.1.1")


def warnings(caplog: pytest.LogCaptureFixture, *args: str) -> list[str]:
    process.reset()
    with caplog.at_level(logging.WARNING, "django_identityx"):
        for _ in range(3):
            address_of(*args)
    return caplog.messages


def test_the_warning_names_the_setting_and_comes_once(caplog: pytest.LogCaptureFixture) -> None:
    (message,) = warnings(caplog, "127.0.0.1", "1.1.1.1")
    assert "IDENTITYX_TRUSTED_PROXIES" in message
    assert "1.1.1.1" not in message


@pytest.mark.parametrize(
    ("forwarded", "said"),
    [
        ("1.1.1.1, 10.0.0.7", "declare one hop more"),  # one declared, two real
        ("1.1.1.1, 100.64.0.7", "declare one hop more"),
        ("1.1.1.1, fd00::7", "declare one hop more"),
        ("", "more hops than"),
    ],
)
def test_hops_that_do_not_fit_are_told(
    forwarded: str, said: str, caplog: pytest.LogCaptureFixture, settings
) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = 1
    (message,) = warnings(caplog, "10.0.0.5", forwarded)
    assert said in message


def test_what_fits_is_not_told(caplog: pytest.LogCaptureFixture, settings) -> None:
    settings.IDENTITYX_TRUSTED_PROXIES = 1
    assert warnings(caplog, "10.0.0.5", "10.0.0.7, 1.1.1.1") == []
    settings.IDENTITYX_TRUSTED_PROXIES = 0
    assert warnings(caplog, "10.0.0.5", "1.1.1.1") == []
    settings.IDENTITYX_TRUSTED_PROXIES = ["10.0.0.0/24"]
    assert warnings(caplog, "10.0.0.5", "10.0.0.7") == []


def test_visitor() -> None:
    request = RequestFactory().get(
        "/",
        REMOTE_ADDR="::ffff:8.8.8.8",
        HTTP_USER_AGENT="  Mozilla/5.0\r\nx-app-id: y\t\x00\x7f (Fünf) " + "x" * 600,
    )
    found = visitor(request)
    assert found.address == "8.8.8.8"
    assert found.user_agent.startswith("Mozilla/5.0x-app-id: y (Fnf) xxx")
    assert len(found.user_agent) <= MAX_USER_AGENT
    assert found.user_agent.isascii()


def test_a_visitor_of_whom_nothing_is_known() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="1.1.1.1")
    request.META.pop("HTTP_USER_AGENT", None)
    assert visitor(request) == Visitor(None, "")
