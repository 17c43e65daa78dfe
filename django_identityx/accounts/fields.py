"""What goes into a new row: what every user model has, and what the site's hook gives."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from ..conf import conf
from ..exceptions import ConfigurationError, Rejected
from ..users import OrgUser
from .identities import Person, email_field, key_of, model_field


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
