"""``identityx:api-me``: who is signed in; by ``PATCH`` the twin of the profile's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.middleware.csrf import get_token
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ... import outages, sessions, verification
from ...exceptions import NoVerdict, Rejected
from ...middleware import details
from ...profile import LONGEST, own_profile, save
from ...users import PROFILE_FIELDS, AppUser, OrgUser
from ..profiling import Profiling
from ..reasons import Refused
from .base import JSONView, optional, valid
from .description import describe, describe_profile
from .views import nobody


class ProfileSerializer(serializers.Serializer[Any]):
    """What a profile takes; null clears, what is left out stays. Answers go by the fields' ids.

    An answer to a boolean field is true or false, to a text field text, to a select field a list
    of ids of options, or of ``{option, write_in}``.
    """

    receive_email = serializers.BooleanField(required=False)
    custom_fields = serializers.DictField(child=serializers.JSONField(), required=False)
    consents = serializers.DictField(child=serializers.BooleanField(), required=False)
    custom_attributes = serializers.DictField(
        child=optional(LONGEST, required=True), required=False
    )

    def get_fields(self) -> dict[str, Any]:
        return {**{name: optional(LONGEST) for name in PROFILE_FIELDS}, **super().get_fields()}

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value(data)
        unknown = sorted(set(data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({name: [_UNKNOWN] for name in unknown})
        return found


_UNKNOWN = _("There is no such field.")
_NOT_AN_ANSWER = _("Not a valid answer.")
_GROUPS = {"custom_fields": "field", "consents": "consent", "custom_attributes": "attribute"}


class MeView(Profiling, JSONView):
    """``GET``: who is signed in, or 401; the CSRF token either way, as a cookie and in the body.

    A page of another origin can't read the cookie. What it may read, CORS decides.
    ``PATCH`` changes the profile: 200 and the person, as ``GET`` has them.
    """

    def get(self, request: Request) -> Response:
        return self.told(sessions.get_user(self.django_request))

    def patch(self, request: Request) -> Response:
        credential = self.reader()
        if credential is None:
            return self.told(None)
        data = valid(ProfileSerializer, request)
        try:
            given = _flat(data)
            person = own_profile(self.django_request, credential).get()
            form = self.profile_form(person, given, only=given)
            wrong = {
                name: [_NOT_AN_ANSWER if name in form.fields else _UNKNOWN]
                for name, value in given.items()
                if not _fits(form.fields.get(name), value)
            }
            if wrong or not form.is_valid():
                raise serializers.ValidationError(_nested({**dict(form.errors), **wrong}))
            outcome = save(self.django_request, credential, form.changes())
        except Rejected:  # it has ended since it was verified
            verification.forget(credential)
            return self.told(None)
        if isinstance(outcome.error, NoVerdict):
            if outcome.person is None:
                raise outcome.error
            wait = outages.tell(self.django_request, outcome.error)
            raise Refused("partly", wait=wait)
        if outcome.error is not None:
            raise serializers.ValidationError(_nested(outcome.errors))
        return self.told(outcome.person)

    def told(self, user: object) -> Response:
        """Who it is, or that it is nobody."""
        token = {"csrf_token": get_token(self.django_request)}
        if not isinstance(user, AppUser | OrgUser):
            return nobody(**token)
        more = {"profile": describe_profile(user)} if isinstance(user, AppUser) else {}
        actor = details(self.django_request).actor
        names = ("id", "email", "name")
        told = None if actor is None else {name: getattr(actor, name) for name in names}
        return Response({**describe(user), **more, "actor": told, **token})


def _flat(data: Mapping[str, Any]) -> dict[str, Any]:
    """As the page's form would send it."""
    found: dict[str, Any] = {name: "" if value is None else value for name, value in data.items()}
    for group, prefix in _GROUPS.items():
        for id_, value in found.pop(group, {}).items():
            key = f"{prefix}-{id_}"
            if isinstance(value, list):
                found[key] = [one["option"] if _is_written(one) else one for one in value]
                for one in filter(_is_written, value):
                    found[f"{key}-{one['option']}"] = str(one.get("write_in") or "")
            elif value is None or isinstance(value, str | bool):
                found[key] = "" if value is None else value
            else:
                raise serializers.ValidationError({group: {id_: [_NOT_AN_ANSWER]}})
    return found


def _fits(field: forms.Field | None, value: Any) -> bool:
    """Whether a value is of the kind that a field takes: forms make do with any, "no" is a yes."""
    if isinstance(field, forms.BooleanField):
        return isinstance(value, bool) or value == ""
    if isinstance(field, forms.ChoiceField):
        return True  # which knows its choices
    return field is not None and isinstance(value, str)


def _is_written(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("option"), str)


def _nested(errors: Mapping[str, Any]) -> dict[str, Any]:
    """Errors of the form, by the names that came in."""
    found: dict[str, Any] = {}
    groups = {prefix: group for group, prefix in _GROUPS.items()}
    for name, lines in errors.items():
        prefix, dash, id_ = name.partition("-")
        if dash and prefix in groups:
            found.setdefault(groups[prefix], {})[id_] = list(lines)
        else:
            found[name] = list(lines)
    return found
