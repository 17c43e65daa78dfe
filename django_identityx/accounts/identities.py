"""Which `Identity` is whose: the one question of a request, and who is where by address."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Q
from django.db.models.manager import BaseManager

from .. import emails
from ..users import AppUser, OrgUser
from .models import Identity

Person = AppUser | OrgUser


def key_of(user: Person) -> dict[str, str]:
    """What identifies ``user``; an API token is the OrgUser for whom it acts."""
    _kind, app_id, id_ = user.identity
    kind = OrgUser.kind if isinstance(user, OrgUser) else user.kind
    return {"kind": kind, "app_id": app_id, "identity_id": id_}


def find(user: Person) -> Identity | None:
    """The identity with its row, by one query, as far as the site's own manager shows that row."""
    identities = Identity.objects.select_related("user").filter(**key_of(user), user__isnull=False)
    manager = get_user_model()._default_manager
    if type(manager).get_queryset is not BaseManager.get_queryset:  # else it hides nobody
        identities = identities.filter(user__in=manager.all())
    try:
        return identities.get()  # first() would sort, which takes as long again
    except Identity.DoesNotExist:
        return None


def is_other(row: Any, user: Person) -> bool:
    """Whether ``row`` is somebody else of the kind by id, whatever the address says.

    Its address was given to a new person, or they changed theirs.
    """
    key = key_of(user)
    identity_id = key.pop("identity_id")
    held = Identity.objects.filter(user=row, **key)
    return held.exclude(identity_id=identity_id).exists()


def rows_with(address: str) -> list[Any]:
    """Local users whose address or user name is ``address``, whatever its case; hidden ones too."""
    model: Any = get_user_model()
    names = {model.USERNAME_FIELD, *([field.name] if (field := email_field()) else [])}
    among = Q(*[(f"{name}__iexact", address) for name in names], _connector=Q.OR)
    wanted = address.casefold()
    return [
        row
        for row in model._base_manager.filter(among)
        if any(str(getattr(row, name)).casefold() == wanted for name in names)
    ]


def has_address(row: Any, address: str) -> bool:
    """Whether ``address`` is the row's own, not just its user name.

    The very mailbox: databases find rows by letters that are no more than alike.
    """
    field = email_field()
    if field is None:
        return False
    return emails.clean(str(getattr(row, field.name))) == emails.clean(address)


def model_field(name: str) -> Any | None:
    """A field of the user model; None where there is none of this name, or just a property."""
    try:
        return get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def email_field() -> Field[Any, Any] | None:
    """The field of the user model that holds the address, if there is one."""
    field = model_field(get_user_model().get_email_field_name())
    return field if isinstance(field, Field) else None


def is_local(row: Any) -> bool:
    """Whether ``row`` is an account of the site's own: not one that just a sign-in by link made."""
    made = Identity.objects.filter(user=row, made_user=True)
    return row.has_usable_password() or not made.exists()
