"""Settings: flat, live, typed, each with a default."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from django_identityx.conf import SETTINGS, Conf, conf

NAMES = list(SETTINGS)


@pytest.fixture
def unset(settings) -> None:
    """Nothing of ours in the settings."""
    for name in NAMES:
        if hasattr(settings, f"IDENTITYX_{name}"):
            delattr(settings, f"IDENTITYX_{name}")


def test_every_setting_is_declared_whole() -> None:
    assert {name for name in vars(Conf) if name.isupper()} == set(NAMES)
    for name, setting in SETTINGS.items():
        assert getattr(Conf, name) is setting
        assert setting.doc
        assert setting.name == f"IDENTITYX_{name}"
        assert re.fullmatch("[A-Z_]+", name)
        assert not setting.kind.rule(setting.default)


def test_a_setting_is_not_set_here() -> None:
    with pytest.raises(AttributeError):
        conf.APP_ID = "5d1b36070ce467bff670a052"  # type: ignore[assignment]


DEFAULT_VALUES: dict[str, object] = {
    "API_URL": "https://identity-x.parameter1.com/graphql",
    "APP_ID": None,
    "ORG_ID": None,
    "API_TOKEN": None,
    "CALLBACK_URL": None,
    "AUTHORIZATION_FORMAT": "auto",
    "TIMEOUT": (3.05, 5.0),
    "CACHE": "default",
    "VERIFICATION_TTL": 60.0,
    "LOCAL_TTL": 5.0,
    "LOCAL_SIZE": 10_000,
    "REJECTION_TTL": 10.0,
    "STALE_IF_ERROR": 300.0,
    "MAX_VERIFICATIONS": 8,
    "UNSAFE_METHODS_MAX_AGE": None,
    "LINK_MAX_AGE": 3600.0,
    "LINK_CONFIRMATION": "auto",
    "CREATE_APP_USERS": True,
    "REQUEST_USER": True,
    "USER_LOADER": None,
    "REFUSE_BANNED": False,
    "SESSION_AGE": None,
    "THROTTLE_EXEMPT": [],
    "TRUSTED_PROXIES": None,
    "ALLOWED_REDIRECT_HOSTS": set(),
    "METRICS": None,
    "APPLICATION_RESOLVER": None,
    "SIGN_IN_KINDS": ("AppUser", "OrgUser"),
    "SESSION_STALE_IF_ERROR": 43200.0,
    "ACCOUNT_FIELDS": None,
    "STAFF_ROLES": {},
    "LINK_ACCOUNTS": "ask",
    "LOCAL_LOGIN_URL": None,
    "REQUIRED_FIELDS": (),
    "REQUIRED_CREATE_FIELDS": (),
    "SITE_NAME": None,
}


@pytest.mark.usefixtures("unset")
@pytest.mark.parametrize("name", DEFAULT_VALUES)
def test_defaults(name: str) -> None:
    value = getattr(conf, name)
    assert value == DEFAULT_VALUES[name]
    assert type(value) is type(DEFAULT_VALUES[name])


@pytest.mark.usefixtures("unset")
def test_no_setting_is_without_an_expected_default() -> None:
    assert set(NAMES) - set(DEFAULT_VALUES) == {"THROTTLE_RATES"}
    assert set(conf.THROTTLE_RATES) == {
        "send-address",
        "send-email",
        "send-mailbox",
        "redeem-address",
        "reject-address",
        "comment-address",
        "comment-person",
    }
    assert conf.THROTTLE_RATES["redeem-address"] == "30/min"


@pytest.mark.parametrize("name", NAMES)
def test_live(name: str) -> None:
    before = getattr(conf, name)
    values: dict[str, Any] = {"TIMEOUT": (1, 2), "THROTTLE_RATES": None, "TRUSTED_PROXIES": 3}
    values |= {"SIGN_IN_KINDS": ["OrgUser"], "STAFF_ROLES": {"Owner": {}}}
    values |= {"REQUIRED_FIELDS": ["a"], "REQUIRED_CREATE_FIELDS": ["a"]}
    values |= {"THROTTLE_EXEMPT": ["10.0.0.0/8"], "ALLOWED_REDIRECT_HOSTS": ["a"]}
    expected = not before if isinstance(before, bool) else values.get(name, 77)
    with override_settings(**{f"IDENTITYX_{name}": expected}):
        assert getattr(conf, name) != before
    assert getattr(conf, name) == before


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TIMEOUT", 4, (4.0, 4.0)),
        ("TIMEOUT", 0.5, (0.5, 0.5)),
        ("TIMEOUT", [1, 2], (1.0, 2.0)),
        ("VERIFICATION_TTL", 0, 0.0),
        ("UNSAFE_METHODS_MAX_AGE", 0, 0.0),
        ("UNSAFE_METHODS_MAX_AGE", "", None),
        ("TRUSTED_PROXIES", "", None),
        ("SESSION_AGE", 86400, 86400.0),
        ("APP_ID", "", None),
        ("ORG_ID", "", None),
        ("ORG_ID", "any", "any"),
        ("TRUSTED_PROXIES", 0, 0),
        ("SIGN_IN_KINDS", [], ()),
        ("SITE_NAME", "", None),
        ("LOCAL_LOGIN_URL", "admin:login", "admin:login"),
        ("REQUIRED_FIELDS", ["given_name"], ("given_name",)),
        ("API_TOKEN", "", None),
        ("CALLBACK_URL", "", None),
        ("USER_LOADER", "", None),
        ("METRICS", "", None),
        ("TRUSTED_PROXIES", ("10.0.0.0/8",), ["10.0.0.0/8"]),
        ("TRUSTED_PROXIES", 2, 2),
        ("ALLOWED_REDIRECT_HOSTS", ["a", "b"], {"a", "b"}),
        ("ALLOWED_REDIRECT_HOSTS", None, set()),
        ("THROTTLE_EXEMPT", ("10.0.0.0/8",), ["10.0.0.0/8"]),
    ],
)
def test_values(name: str, value: object, expected: object) -> None:
    with override_settings(**{f"IDENTITYX_{name}": value}):
        assert getattr(conf, name) == expected


ODD: list[Any] = [
    None,
    "",
    " ",
    "x",
    "..",
    b"x",
    0,
    1,
    -1,
    2.5,
    10**400,
    float("nan"),
    True,
    object(),
]
ODD += [[], (), {}, set(), [None], [[]], [{}], [1], {"x": 1}, (1, 2), [1, "2"], "https://[::1"]
ODD += ["http://x:99999/", ["AppUser"], ["given_name"], ["10.0.0.1/8"], {"Owner": {"groups": [[]]}}]
ODD += [{"send-email": value} for value in (None, "", "1/s", [], {}, [None], ["1/s"])]


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_copes_with_anything_and_what_it_lets_pass_can_be_read(name: str) -> None:
    kind = SETTINGS[name].kind
    for value in ODD:
        if not kind.rule(value):
            kind.read(value)


def test_throttle_rates() -> None:
    with override_settings(IDENTITYX_THROTTLE_RATES=None):
        assert set(conf.THROTTLE_RATES.values()) == {None}
        assert len(conf.THROTTLE_RATES) == 7
    with override_settings(IDENTITYX_THROTTLE_RATES={"send-email": None, "own": "1/min"}):
        assert conf.THROTTLE_RATES["send-email"] is None
        assert conf.THROTTLE_RATES["own"] == "1/min"
        assert conf.THROTTLE_RATES["redeem-address"] == "30/min"


def test_what_is_handed_out_can_be_changed_without_harm() -> None:
    conf.THROTTLE_RATES.clear()  # type: ignore[attr-defined]
    conf.THROTTLE_EXEMPT.append("x")  # type: ignore[attr-defined]
    conf.ALLOWED_REDIRECT_HOSTS.add("x")
    assert conf.THROTTLE_RATES
    assert "x" not in conf.THROTTLE_EXEMPT
    assert "x" not in conf.ALLOWED_REDIRECT_HOSTS
    assert SETTINGS["THROTTLE_EXEMPT"].default == []
    assert not hasattr(django_settings, "IDENTITYX_THROTTLE_RATES")
