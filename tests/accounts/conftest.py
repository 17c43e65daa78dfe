"""People of the sandbox, and the rows that they get."""

from __future__ import annotations

import pytest

LOADER = "django_identityx.accounts.load_user"


@pytest.fixture(autouse=True)
def _rows(settings) -> None:
    settings.IDENTITYX_USER_LOADER = LOADER
    settings.IDENTITYX_LOCAL_LOGIN_URL = "/local/login/"
