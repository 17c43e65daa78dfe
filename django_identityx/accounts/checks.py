"""System checks of this app; the code refuses by itself where safety hangs on a setting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Warn
from django.db import DatabaseError
from rest_framework.authentication import SessionAuthentication
from rest_framework.settings import api_settings

from ..applications import ANY_ORGANIZATION
from ..conf import Conf, conf
from ..exceptions import IdentityXError
from ..users import AppUser
from .identities import model_field
from .rows import new_row

LOADER = "django_identityx.accounts.load_user"


@register("identityx_accounts")
def check_accounts(**kwargs: Any) -> Iterator[CheckMessage]:
    if conf.USER_LOADER is None:
        yield Warn(
            "django_identityx.accounts is installed, and nobody gets a row.",
            hint=f'IDENTITYX_USER_LOADER = "{LOADER}", or a function of yours that calls it.',
            id="identityx_accounts.W001",
        )
        return
    taken: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    if not conf.REQUEST_USER:
        yield Warn(
            "IDENTITYX_REQUEST_USER is False: the rows of django_identityx.accounts are not "
            "request.user, and the admin does not know who signs in by link.",
            id="identityx_accounts.W002",
        )
    elif SessionAuthentication in taken:
        yield Warn(
            "REST_FRAMEWORK takes every session by default: a view with IsAuthenticated that was "
            "there before is open to everybody who has a mailbox.",
            hint="Put django_identityx.accounts.authentication.LocalSessionAuthentication in place "
            "of SessionAuthentication in DEFAULT_AUTHENTICATION_CLASSES. If readers are meant to "
            "call all views, silence this check.",
            id="identityx_accounts.W004",
        )
    if conf.LINK_ACCOUNTS == "ask" and conf.LOCAL_LOGIN_URL is None:
        yield Warn(
            "IDENTITYX_LINK_ACCOUNTS asks people to sign in to their local account, and "
            "IDENTITYX_LOCAL_LOGIN_URL does not say where.",
            id="identityx_accounts.W003",
        )
    if conf.ACCOUNT_FIELDS is None:
        try:
            new_row(AppUser("0" * 24, "reader@example.net", "Rita", "Reader", app_id="0" * 24))
        except DatabaseError:
            pass  # a default that looks into the database, which is not there yet
        except IdentityXError as error:
            yield Error(
                f"Nobody new can get a row: {error}",
                hint="A function f(user) -> dict; see docs/existing-site.md.",
                id="identityx_accounts.E001",
            )


@register("identityx_accounts")
def check_roles(**kwargs: Any) -> Iterator[CheckMessage]:
    if Conf.STAFF_ROLES.problem:
        return  # which identityx.E040 tells
    gives = {name for given in conf.STAFF_ROLES.values() for name in given if given[name]}
    missing = sorted(name for name in gives if not model_field(name))
    if missing:
        yield Error(
            f"IDENTITYX_STAFF_ROLES gives {', '.join(missing)}, which is no field of "
            f"{get_user_model()._meta.label}.",
            id="identityx_accounts.E002",
        )
    if gives and conf.ORG_ID == ANY_ORGANIZATION:
        yield Error(
            'IDENTITYX_STAFF_ROLES gives nothing while IDENTITYX_ORG_ID is "any": everybody is '
            "the owner of an organization of their own.",
            id="identityx_accounts.E003",
        )
