"""The user loader: what it may return, and what that means."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from django_identityx.exceptions import Rejected
from django_identityx.sessions import load
from django_identityx.users import AppUser

READER = AppUser(id="5d1b36070ce467bff670a0aa", email="reader@example.net")


def row_of(user):
    """A row that foreign keys can point at."""
    return get_user_model().objects.get_or_create(username=user.email)[0]


def nobody(user):
    return None


def inactive(user):
    return get_user_model()(username=user.email, is_active=False)


def test_without_a_loader_it_is_identityx_s_user() -> None:
    assert load(READER) is READER


@pytest.mark.django_db
def test_the_loader_s_row(settings) -> None:
    settings.IDENTITYX_USER_LOADER = "tests.test_loading.row_of"
    assert load(READER) == get_user_model().objects.get(username="reader@example.net")


@pytest.mark.parametrize("loader", ["nobody", "inactive"])
def test_unclear_means_refused(settings, loader: str) -> None:
    settings.IDENTITYX_USER_LOADER = f"tests.test_loading.{loader}"
    with pytest.raises(Rejected) as caught:
        load(READER)
    assert caught.value.reason == "not_admitted"
