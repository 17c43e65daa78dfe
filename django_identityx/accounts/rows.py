"""Making rows, attaching identities to them, and following an address that changed.

Into a new row goes what every user model has, and what the site's hook gives.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..exceptions import ConfigurationError, Rejected
from ..users import OrgUser
from .identities import Person, email_field, find, has_address, key_of, model_field, rows_with
from .models import Identity

logger = logging.getLogger("django_identityx")

_TRIES = 3  # against others who make the same row at the same moment


class AddressTaken(Exception):
    """Addresses are unique here, and another row has this one."""


def make(user: Person) -> Identity | None:
    """Make a row and its identity; of several who try at once, one does and all return it.

    None where the site's hook says no. Raises `AddressTaken`, or `ConfigurationError`.
    """
    for _try in range(_TRIES):
        row = new_row(user)
        if row is None:
            logger.debug("Not admitted, %s: IDENTITYX_ACCOUNT_FIELDS said no", user.kind)
            return None
        try:
            with transaction.atomic():
                row.save(force_insert=True)
                return _point(user, row, made_user=True)
        except IntegrityError:
            same = rows_with(user.email)
            identity = find(user)  # in this order: both are there at once
            if identity is not None:
                return identity
            if same:
                raise AddressTaken from None
    raise ConfigurationError(
        f"No row of {get_user_model()._meta.label} can be made: a value that must be unique is "
        "another user's. Give others by IDENTITYX_ACCOUNT_FIELDS."
    )


def new_row(user: Person) -> Any | None:
    """An unsaved row for ``user``, without a password; None where the site's hook says so.

    Raises `ConfigurationError` that names the fields for which nobody gives a value.
    """
    model = get_user_model()
    values = _known(user)
    if conf.ACCOUNT_FIELDS is not None:
        given = import_string(conf.ACCOUNT_FIELDS)(user)
        if given is None:
            return None
        if not isinstance(given, Mapping):
            raise ConfigurationError("IDENTITYX_ACCOUNT_FIELDS must return a dict, or None.")
        values.update(given)
    try:
        row = model(**values)
    except TypeError as error:
        raise ConfigurationError(f"IDENTITYX_ACCOUNT_FIELDS: {error}") from error
    row.set_unusable_password()
    try:
        row.clean_fields(exclude=["password"])
    except ValidationError as error:
        bad = set(error.error_dict)
        if bad <= _addresses():
            text = _("This address is not one of this site's users.")
            raise Rejected("not_admitted", text) from None
        raise ConfigurationError(
            f"A row of {model._meta.label} needs a valid {', '.join(sorted(bad))}: "
            "IDENTITYX_ACCOUNT_FIELDS names the function that gives it."
        ) from None
    return row


def _known(user: Person) -> dict[str, Any]:
    """Address, names and user name, as far as the model has such fields."""
    model: Any = get_user_model()
    values: dict[str, Any] = {}
    for name, value in (("first_name", user.given_name), ("last_name", user.family_name)):
        field = model_field(name)
        if isinstance(field, models.CharField):
            text = "".join(letter for letter in value if letter.isprintable())
            values[name] = text[: field.max_length]
    for name in _addresses():
        values[name] = user.email
    username = model_field(model.USERNAME_FIELD)
    if model.USERNAME_FIELD == "username" and isinstance(username, models.CharField):
        # Not the address, since sites show user names; unique by itself.
        digest = hashlib.sha256("\0".join(key_of(user).values()).encode()).hexdigest()
        made = f"{'staff' if isinstance(user, OrgUser) else 'reader'}-{digest[:16]}"
        values.setdefault("username", made[: username.max_length])
    return values


def _addresses() -> set[str]:
    """The fields that hold the address: of the model, and its user name where that is one."""
    names = {field.name} if (field := email_field()) else set()
    model: Any = get_user_model()
    if isinstance(model_field(model.USERNAME_FIELD), models.EmailField):
        names.add(model.USERNAME_FIELD)
    return names


def attach(user: Person, row: Any) -> Identity | None:
    """Let ``user`` be ``row``; None where they are another row already."""
    try:
        with transaction.atomic():
            identity = _point(user, row, made_user=False)
    except IntegrityError:
        found = find(user)
        return found if found is not None and found.user_id == row.pk else None
    logger.info("%s %s is attached to user %s.", user.kind, user.id, row.pk)
    return identity


def _point(user: Person, row: Any, *, made_user: bool) -> Identity | None:
    """Write the identity down, or let the one that a deleted row left point at ``row``."""
    now = timezone.now()
    values = {"user": row, "made_user": made_user, "email": user.email[:254], "last_seen": now}
    values |= {"wanted": [], "given": [], "lent": False}
    if not Identity.objects.filter(**key_of(user), user=None).update(**values):
        Identity.objects.create(**key_of(user), **values)
    if not made_user and not isinstance(user, OrgUser):
        # `roles` gives under the same lock, and tells the readers whom it sees.
        get_user_model()._base_manager.select_for_update().get(pk=row.pk)
        if Identity.objects.filter(user=row).exclude(given=[]).exists():
            Identity.objects.filter(**key_of(user)).update(lent=True)
    return find(user)


def follow(identity: Identity, user: Person) -> None:
    """Take over an address that changed at IdentityX.

    The row's own follows only if it came from there, nobody changed it here, nobody else has the
    new one, and no key hangs on it.
    """
    address = user.email[:254]
    if identity.email == address:
        return
    before, identity.email = identity.email, address
    identity.save(update_fields=["email"])
    row, field = identity.user, email_field()
    if not identity.made_user or field is None or not has_address(row, before):
        return
    model: Any = get_user_model()
    names = [field.name]
    if str(getattr(row, model.USERNAME_FIELD)).casefold() == before.casefold():
        names.append(model.USERNAME_FIELD)
    fits = len(user.email) <= (field.max_length or 254)
    if not fits or rows_with(user.email) or model._meta.pk.name in names:
        logger.warning("User %s keeps an address that has changed at IdentityX.", row.pk)
        return
    for name in names:
        setattr(row, name, user.email)
    try:
        with transaction.atomic():
            row.save(update_fields=names)
    except IntegrityError:
        row.refresh_from_db(fields=names)
