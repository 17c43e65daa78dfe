"""The form for a profile: what IdentityX keeps of everybody, and what a site asks besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..access import safe_html
from ..users import PROFILE_FIELDS, AppUser, ConsentPolicy, CustomField, Profile, SelectAnswer
from .choices import Catalogue
from .saving import Changes

LONGEST = 255  # characters of one line

# Label, and what browsers call it.
_LINES: dict[str, tuple[Any, str]] = {
    "given_name": (_("Given name"), "given-name"),
    "family_name": (_("Family name"), "family-name"),
    "organization": (_("Organization"), "organization"),
    "organization_title": (_("Job title"), "organization-title"),
    "country_code": (_("Country"), "country"),
    "region_code": (_("State, province or region"), "address-level1"),
    "postal_code": (_("Postal code"), "postal-code"),
    "city": (_("City"), "address-level2"),
    "street": (_("Street"), "address-line1"),
    "address_extra": (_("Address, second line"), "address-line2"),
    "phone_number": (_("Phone"), "tel"),
    "mobile_number": (_("Mobile phone"), "tel"),
}
_PLACES = ("country_code", "region_code")
_REQUIRED = {"required": _("Please fill this in.")}


def profile_field(name: str, known: Catalogue, *, required: bool, value: str = "") -> forms.Field:
    """The form field of one of `PROFILE_FIELDS`; ``value`` is on offer whatever is known."""
    label, autocomplete = _LINES[name]
    if name not in _PLACES:
        type_ = "tel" if autocomplete == "tel" else "text"
        return _line(label, required=required, autocomplete=autocomplete, type=type_)
    choices: list[Any] = [("", "")]
    if name == "country_code":
        choices += known.countries
    else:
        names, grouped = dict(known.countries), dict[str, list[tuple[str, str]]]()
        for where, code, region in known.regions:
            grouped.setdefault(names.get(where, where), []).append((code, region))
        choices += grouped.items()
        required = False  # most countries have none: `check_place`
    field = forms.TypedChoiceField(
        label=label,
        required=required,
        choices=choices,
        empty_value=None,
        widget=forms.Select({"autocomplete": autocomplete, "class": "identityx-input"}),
        error_messages=_REQUIRED,
    )
    if value and not field.valid_value(value):
        field.choices = [*choices, (value, value)]
    return field


def check_place(form: forms.Form, known: Catalogue, required: Iterable[str], before: Any) -> None:
    """See that country and region fit; a region that was there before goes with its country."""
    given = form.cleaned_data
    names = [name for name in _PLACES if name in form.fields]
    if not names or any(name in form.errors for name in names):
        return
    country, region = (given.get(name, getattr(before, name, "")) or "" for name in _PLACES)
    regions = known.regions_of(country)
    if region and region not in regions:
        if region == getattr(before, "region_code", ""):
            given["region_code"] = region = ""
        elif "region_code" in form.fields:
            form.add_error("region_code", _("This is not in the country that you chose."))
            return
    if regions and not region and "region_code" in required and "region_code" in form.fields:
        form.add_error("region_code", _REQUIRED["required"])


def mark_errors(form: forms.Form) -> None:
    """Lead the eye, the focus and the screen reader to the fields that are wrong."""
    wrong = [name for name in form.fields if name in form.errors]
    for name in wrong:
        attrs = form.fields[name].widget.attrs
        attrs |= {"aria-invalid": "true", "aria-describedby": f"{name}-error"}
    if wrong:
        form.fields[wrong[0]].widget.attrs["autofocus"] = True


class ProfileForm(forms.Form):
    """What a person may change; named as in IdentityX, and ``field-ID``, ``consent-ID``, ...

    ``names`` are those of `PROFILE_FIELDS` to show, ``attributes`` custom ones with their labels.
    With ``only``, other fields stay as they are.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        person: AppUser,
        known: Catalogue,
        required: Iterable[str] = (),
        names: Iterable[str] = PROFILE_FIELDS,
        attributes: Mapping[str, Any] | None = None,
        only: Iterable[str] | None = None,
    ) -> None:
        super().__init__(data)
        self._is_whole = only is None
        self._person, self._known, self._required = person, known, tuple(required)
        self._profile = person.profile or Profile()
        self._parts: dict[str, tuple[str, str]] = {}  # of `Changes`, and the key there
        self._selects: dict[str, SelectAnswer] = {}
        for name in names:
            value = getattr(person, name)
            field = profile_field(name, known, required=name in self._required, value=value)
            self._add(name, field, value, "fields", name)
        email = forms.BooleanField(label=_("Send me mails about news and offers"), required=False)
        self._add("receive_email", email, bool(person.receive_email), "fields", "receive_email")
        self._add_custom_fields()
        for name, label in (attributes or {}).items():
            value = self._profile.custom_attributes.get(name, "")
            if isinstance(value, str):  # what else there is, is not for people to write
                self._add(f"attribute-{name}", _line(label), value, "attributes", name)
        for policy in known.policies_for((data or {}).get("country_code", person.country_code)):
            self._add_policy(policy)
        if only is not None:
            self.fields = {name: field for name, field in self.fields.items() if name in only}

    def clean(self) -> dict[str, Any]:
        check_place(self, self._known, self._required, self._person)
        return self.cleaned_data

    def refuse(self, errors: Mapping[str, Iterable[Any]]) -> None:
        """Put what IdentityX refused to its fields."""
        for name, lines in errors.items():
            for line in lines:
                self.add_error(name if name in self.fields else None, line)

    def changes(self) -> Changes:
        """What differs from before."""
        given, changed, found = self.cleaned_data, set(self.changed_data), Changes()
        for name, (part, key) in self._parts.items():
            if name in changed:
                found.put(part, key, given[name])
        if "country_code" in found.fields:
            found.fields["region_code"] = given.get("region_code") or None
        for id_, select in self._selects.items():
            written = {o.id: given.get(f"field-{id_}-{o.id}") for o in select.field.options}
            if changed & {f"field-{id_}", *(f"field-{id_}-{option}" for option in written)}:
                before = [selected.option.id for selected in select.answers]
                found.put("selects", id_, given.get(f"field-{id_}", before))
                found.answers["write_ins"] |= {o: text for o, text in written.items() if text}
        return found

    def _add(self, name: str, field: forms.Field, initial: Any, *part: str) -> None:
        field.initial = initial
        # Two tabs: what nobody touched in this one stays as the other has left it.
        field.show_hidden_initial = self._is_whole
        self.fields[name] = field
        if part:
            self._parts[name] = part[0], part[1]

    def _add_custom_fields(self) -> None:
        for answer in self._profile.custom_select_field_answers:
            if answer.field.active:
                self._add_select(answer)
        for text in self._profile.custom_text_field_answers:
            if text.field.active:
                line = _line(_label(text.field), required=text.field.required)
                self._add(f"field-{text.field.id}", line, text.value, "texts", text.field.id)
        for boolean in self._profile.custom_boolean_field_answers:
            if boolean.field.active:
                field, value = _yes_or_no(boolean.field, boolean.answer)
                self._add(f"field-{boolean.field.id}", field, value, "booleans", boolean.field.id)

    def _add_select(self, answer: SelectAnswer) -> None:
        asked, name = answer.field, f"field-{answer.field.id}"
        self._selects[asked.id] = answer
        chosen = {selected.option.id: selected.write_in_value for selected in answer.answers}
        field = (_several if asked.multiple else _one)(
            label=_label(asked),
            required=asked.required,
            choices=[(option.id, option.label) for option in asked.options],
            error_messages={"required": _("Please choose.")},
        )
        self._add(name, field, [*chosen] if asked.multiple else next(iter(chosen), ""))
        for option in asked.options:
            if option.can_write_in:
                label = _("“%(option)s”, in your words") % {"option": option.label}
                self._add(f"{name}-{option.id}", _line(label), chosen.get(option.id, ""))

    def _add_policy(self, policy: ConsentPolicy) -> None:
        answers = self._profile.regional_consent_answers
        given = any(answer.given for answer in answers if answer.policy.id == policy.id)
        field = forms.BooleanField(
            label=safe_html(policy.message) if policy.message else policy.name,
            required=policy.required,
            error_messages={"required": _("This is needed in your country.")},
        )
        self._add(f"consent-{policy.id}", field, given, "consents", policy.id)


class _Select(forms.Select):
    """Takes a list of one, too, as JSON has it."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return "".join(map(str, value)) if isinstance(value, list) and len(value) < 2 else value


def _one(*, choices: list[Any], **options: Any) -> forms.Field:
    """One of a list, or none; given as a list, like several."""
    return forms.TypedChoiceField(
        choices=[("", ""), *choices],
        coerce=lambda chosen: [chosen],
        empty_value=[],  # type: ignore[arg-type]
        widget=_Select({"class": "identityx-input"}),
        **options,
    )


def _several(**options: Any) -> forms.Field:
    return forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, **options)


def _line(label: Any, *, required: bool = False, **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=LONGEST,
        empty_value=None,
        widget=forms.TextInput({**attrs, "class": "identityx-input"}),
        error_messages=_REQUIRED,
    )


def _label(field: CustomField) -> str:
    return field.label or field.name


def _yes_or_no(asked: CustomField, answer: bool | None) -> tuple[forms.Field, Any]:
    """A box to tick; where an answer is required, yes and no."""
    if not asked.required:
        return forms.BooleanField(label=_label(asked), required=False), bool(answer)
    field = forms.TypedChoiceField(
        label=_label(asked),
        choices=[("True", _("Yes")), ("False", _("No"))],
        coerce=lambda chosen: chosen == "True",
        widget=forms.RadioSelect(),
        error_messages={"required": _("Please choose.")},
    )
    return field, "" if answer is None else str(answer)
