"""The signals are the ones that the module describes, and none promises a token."""

from __future__ import annotations

import re

from django.dispatch import Signal

from django_identityx import signals


def described() -> dict[str, set[str]]:
    entries = re.findall(r"^- ``(\w+)\(([^)]*)\)``:", signals.__doc__ or "", re.M)
    return {name: set(arguments.split(", ")) for name, arguments in entries}


def test_all_are_described() -> None:
    defined = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
    assert (
        set(described())
        == defined
        == {
            "login_link_sent",
            "user_logged_in",
            "user_logged_out",
            "profile_updated",
            "acting_started",
            "acting_ended",
            "login_failed",
            "email_changed",
            "token_rejected",
            "service_unavailable",
        }
    )


def test_none_carries_a_credential() -> None:
    for arguments in described().values():
        assert not arguments & {"token", "credential", "link", "url", "email"}


def test_a_receiver_hears() -> None:
    heard: list[dict[str, object]] = []

    def receiver(**kwargs: object) -> None:
        heard.append(kwargs)

    signals.token_rejected.connect(receiver)
    try:
        signals.token_rejected.send(object, reason="expired", token_type="AppUser")
    finally:
        signals.token_rejected.disconnect(receiver)
    assert [(call["reason"], call["token_type"]) for call in heard] == [("expired", "AppUser")]
