"""``IDENTITYX_STAFF_ROLES``: what a role in the organization gives a row, and takes back.

It belongs to whoever is an OrgUser by a fresh verdict. So a row loses it when a verdict says that
the role is gone, when the same row comes as a reader, and when it signs in with a password.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from .. import applications, verification
from ..conf import Conf, conf
from ..exceptions import ConfigurationError
from ..users import OrgUser
from .identities import Person, model_field
from .models import Identity

logger = logging.getLogger("django_identityx")

FLAGS = ("is_staff", "is_superuser")
_GROUP = "group:"


def apply(identity: Identity, user: Person, request: HttpRequest | None, *, fresh: bool) -> None:
    """Give the row what a fresh verdict about ``user`` says, and no more."""
    if not isinstance(user, OrgUser):
        if identity.lent:
            take_back(identity.user)
        return
    gives = wanted(user, request) if fresh else identity.wanted
    if gives != identity.wanted:
        _change(identity, gives)


def take_back(row: Any) -> None:
    """Take from ``row`` whatever roles gave it."""
    for identity in Identity.objects.filter(user=row, kind=OrgUser.kind).exclude(given=[]):
        identity.user = row
        _change(identity, [])


def wanted(user: OrgUser, request: HttpRequest | None) -> list[str]:
    """What the role of ``user`` gives: flags, and groups as ``group:Editors``.

    Raises `ConfigurationError` for a setting that gives it is not clear what: "False" is a yes.
    """
    if problem := Conf.STAFF_ROLES.problem:
        raise ConfigurationError(f"IDENTITYX_STAFF_ROLES {problem}.")
    if not conf.STAFF_ROLES:
        return []
    role = user.role_in(verification.organization_of(applications.current(request)))
    gives = conf.STAFF_ROLES.get(role or "", {})
    names = [name for name in FLAGS if gives.get(name) and model_field(name)]
    if model_field("groups"):
        names += sorted(f"{_GROUP}{name}" for name in gives.get("groups", ()))
    return names


def _change(identity: Identity, gives: list[str]) -> None:
    row = identity.user
    with transaction.atomic():
        # Others may be at it, too, and what is written down decides. To write first locks the row
        # on every database; to read first and write then is what SQLite refuses.
        Identity.objects.filter(pk=identity.pk).update(last_seen=timezone.now())
        locked = Identity.objects.get(pk=identity.pk)
        current = get_user_model()._base_manager.select_for_update().get(pk=row.pk)
        lost = [name for name in locked.given if name not in gives]
        gained = [n for n in gives if n not in locked.given and not _has(current, n)]
        _set(current, lost, False)
        _set(current, gained, True)
        locked.wanted = gives
        locked.given = [name for name in locked.given if name not in lost] + gained
        locked.save(update_fields=["wanted", "given"])
        of_the_row = Identity.objects.filter(user=row).exclude(pk=locked.pk)
        lent = bool(locked.given) or of_the_row.exclude(given=[]).exists()
        of_the_row.exclude(kind=OrgUser.kind).update(lent=lent)
        if lost:  # another identity of the row may give the same: it says so when it comes
            of_the_row.update(wanted=[])
    identity.wanted, identity.given = locked.wanted, locked.given
    for name in FLAGS:
        if model_field(name):
            setattr(row, name, getattr(current, name))
    if lost or gained:
        logger.info("Roles of user %s: +%s -%s", row.pk, gained, lost)


def _has(row: Any, name: str) -> bool:
    if name.startswith(_GROUP):
        return bool(row.groups.filter(name=name.removeprefix(_GROUP)).exists())
    return bool(getattr(row, name))


def _set(row: Any, names: Iterable[str], value: bool) -> None:
    flags = [name for name in names if name in FLAGS]
    for name in flags:
        setattr(row, name, value)
    if flags:
        row.save(update_fields=flags)
    for name in names:
        if name.startswith(_GROUP):
            group, _ = Group.objects.get_or_create(name=name.removeprefix(_GROUP))
            (row.groups.add if value else row.groups.remove)(group)
