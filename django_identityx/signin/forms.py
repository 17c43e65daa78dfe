"""What people type in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from .. import emails


class EmailForm(forms.Form):
    """The address that a login link goes to."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        error_messages={
            "required": _("Type your e-mail address."),
            "invalid": _("This is not a complete e-mail address."),
        },
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        _point_to_error(self, "email")

    def clean_email(self) -> str:
        try:
            return emails.parse(self.cleaned_data["email"])
        except ValueError:
            message = self.fields["email"].error_messages["invalid"]
            raise forms.ValidationError(message, "invalid") from None


class LinkForm(forms.Form):
    """A link from a mail, or its token, pasted."""

    link = forms.CharField(
        label=_("Link from the mail"),
        max_length=16_000,
        strip=True,
        error_messages={"required": _("Paste the link from the mail.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        _point_to_error(self, "link")


def _point_to_error(form: forms.Form, name: str) -> None:
    """Lead the eye, the focus and the screen reader to the field that is wrong."""
    if form.errors:
        form.fields[name].widget.attrs.update(
            {"aria-invalid": "true", "aria-describedby": f"{name}-error", "autofocus": True}
        )
