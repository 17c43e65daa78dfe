"""``PATCH identityx:api-me``: the JSON twin of the profile's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ... import outages, sessions, verification
from ...exceptions import NoVerdict, Rejected
from ...profile import LONGEST, own_profile, save
from ...users import PROFILE_FIELDS, is_app_user
from ..pages.profile import make_form
from ..refusals import Refused
from .views import MeView


def _text() -> serializers.CharField:
    return serializers.CharField(
        max_length=LONGEST, required=False, allow_blank=True, allow_null=True
    )


class ProfileSerializer(serializers.Serializer[Any]):
    """What a profile takes; null clears, what is left out stays. Answers go by the fields' ids.

    An answer to a boolean field is true or false, to a text field text, to a select field a list
    of ids of options, or of ``{option, write_in}``.
    """

    receive_email = serializers.BooleanField(required=False)
    custom_fields = serializers.DictField(child=serializers.JSONField(), required=False)
    consents = serializers.DictField(child=serializers.BooleanField(), required=False)
    custom_attributes = serializers.DictField(
        child=serializers.CharField(max_length=LONGEST, allow_blank=True, allow_null=True),
        required=False,
    )

    def get_fields(self) -> dict[str, Any]:
        return {**{name: _text() for name in PROFILE_FIELDS}, **super().get_fields()}

    def to_internal_value(self, data: Any) -> Any:
        found = super().to_internal_value(data)
        unknown = sorted(set(data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError({name: [_UNKNOWN] for name in unknown})
        return found


_UNKNOWN = _("There is no such field.")
_NOT_AN_ANSWER = _("Not a valid answer.")
_GROUPS = {"custom_fields": "field", "consents": "consent", "custom_attributes": "attribute"}


class ProfileMeView(MeView):
    """`MeView`, and ``PATCH`` changes the profile: 200 and the person, as ``GET`` has them.

    ``as_view()`` takes ``fields`` and ``custom_attributes``, as the page does.
    """

    fields: Sequence[str] = PROFILE_FIELDS
    custom_attributes: Mapping[str, Any] = {}

    def patch(self, request: Request) -> Response:
        user = sessions.get_user(request._request)
        credential = sessions.get_credential(request._request)
        if not user.is_authenticated or credential is None:
            return self.tell(request, None)
        if not is_app_user(user):
            raise Refused("no_profile")
        serializer = ProfileSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            given = _flat(serializer.validated_data)
            person = own_profile(request._request, credential).get()
            form = make_form(self, person, given, only=given)
            wrong = {
                name: [_NOT_AN_ANSWER if name in form.fields else _UNKNOWN]
                for name, value in given.items()
                if not _fits(form.fields.get(name), value)
            }
            if wrong or not form.is_valid():
                raise serializers.ValidationError(_nested({**dict(form.errors), **wrong}))
            outcome = save(request._request, credential, form.changes())
        except Rejected:  # it has ended since it was verified
            verification.forget(credential)
            return self.tell(request, None)
        if isinstance(outcome.error, NoVerdict):
            if outcome.person is None:
                raise outcome.error
            wait = outages.tell(request._request, outcome.error)
            raise Refused("partly", wait=wait)
        if outcome.error is not None:
            form.refuse(outcome.errors)
            raise serializers.ValidationError(_nested(form.errors))
        return self.tell(request, outcome.person)


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
