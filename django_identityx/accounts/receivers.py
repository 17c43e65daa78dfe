"""What happens to rows when people come and go, and to people when rows do."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.apps import apps
from django.contrib import auth
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in as django_user_logged_in
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_save, pre_delete
from django.http import HttpRequest

from .. import sessions, signals
from ..users import AppUser, OrgUser
from . import roles
from .identities import Person
from .models import Identity

_ANNOUNCED = "_identityx_announced"  # on a request while Django is told of a sign-in of ours


def connect() -> None:
    """Listen; called once, when all models are known."""
    signals.user_logged_in.connect(_signed_in, dispatch_uid="identityx_accounts")
    signals.user_logged_out.connect(_session_ended, dispatch_uid="identityx_accounts")
    django_user_logged_in.connect(_locally_signed_in, dispatch_uid="identityx_accounts")
    for model in apps.get_models():
        if issubclass(model, get_user_model()):  # the user model and its proxies
            post_save.connect(_saved, sender=model, dispatch_uid=f"identityx_accounts.{model}")
            pre_delete.connect(_deleting, sender=model, dispatch_uid=f"identityx_accounts.{model}")


def _signed_in(sender: Any, request: HttpRequest | None, user: Person, **kwargs: Any) -> None:
    """Tell Django, so that ``last_login`` is right and the site's own receivers hear of it."""
    row = sessions.load(user, request=request)  # by a loader of the site's own, it may be
    if request is None or not isinstance(row, get_user_model()):
        return
    if isinstance(user, OrgUser):
        # Of the same row's own login: from here on IdentityX alone says that this is staff.
        for key in (auth.SESSION_KEY, auth.BACKEND_SESSION_KEY, auth.HASH_SESSION_KEY):
            request.session.pop(key, None)
    request.__dict__[_ANNOUNCED] = True
    try:
        django_user_logged_in.send(sender=type(row), request=request, user=row)
    finally:
        del request.__dict__[_ANNOUNCED]


def _locally_signed_in(
    sender: Any, request: HttpRequest | None = None, user: Any = None, **kwargs: Any
) -> None:
    """A password is no verdict about a role: what one gave waits for the next verdict."""
    ours = request is not None and _ANNOUNCED in request.__dict__
    if not ours and isinstance(user, get_user_model()):
        roles.take_back(user)


def _session_ended(
    sender: Any, user: Person | None, identity: tuple[str, str, str] | None = None, **kwargs: Any
) -> None:
    """IdentityX knows the person no more, or not as staff of this organization."""
    if user is not None or not identity or identity[0] != OrgUser.kind:
        return
    for known in Identity.objects.filter(
        kind=OrgUser.kind, identity_id=identity[2], user__isnull=False
    ).select_related("user"):
        roles.take_back(known.user)


def _saved(
    sender: type[Model], instance: Any, created: bool, raw: bool = False, **kwargs: Any
) -> None:
    if not (created or raw or instance.is_active):  # raw: a fixture, whose tables may be empty yet
        _end_sessions_of(instance)


def _deleting(sender: type[Model], instance: Any, **kwargs: Any) -> None:
    _end_sessions_of(instance)
    Identity.objects.filter(user=instance).update(email="", wanted=[], given=[])


def _end_sessions_of(row: Any) -> None:
    for identity in Identity.objects.filter(user=row):
        person = _person(identity)
        transaction.on_commit(partial(sessions.logout_everywhere, person), robust=True)


def _person(identity: Identity) -> Person:
    if identity.kind == OrgUser.kind:
        return OrgUser(id=identity.identity_id, email=identity.email)
    return AppUser(id=identity.identity_id, email=identity.email, app_id=identity.app_id)
