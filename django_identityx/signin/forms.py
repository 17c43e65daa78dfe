"""What people type in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .. import emails
from ..exceptions import Rejected
from .links import check_token, token_from


class _Form(forms.Form):
    """Leads the eye, the focus and the screen reader to the field that is wrong."""

    def __init__(self, *args: Any, autofocus: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if self.errors:
                self._point_at(name)
            elif autofocus:
                field.widget.attrs["autofocus"] = True

    def refuse(self, name: str, text: Any) -> None:
        """Say what is wrong with a field that is right by its form."""
        self.add_error(name, text)
        self._point_at(name)

    def _point_at(self, name: str) -> None:
        self.fields[name].widget.attrs |= {
            "aria-invalid": "true",
            "aria-describedby": f"{name}-error",
            "autofocus": True,
        }


class EmailForm(_Form):
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

    def clean_email(self) -> str:
        try:
            return emails.parse(self.cleaned_data["email"])
        except ValueError:
            message = self.fields["email"].error_messages["invalid"]
            raise forms.ValidationError(message, "invalid") from None


class LinkForm(_Form):
    """A link from a mail, or its token, pasted."""

    link = forms.CharField(
        label=_("Link from the mail"),
        max_length=16_000,
        strip=True,
        error_messages={"required": _("Paste the link from the mail.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_link(self) -> str:
        """The token in it."""
        token = token_from(self.cleaned_data["link"])
        try:
            check_token(token)
        except Rejected:
            raise forms.ValidationError(
                _("This is not a whole link from the mail. Copy all of it, then paste it here.")
            ) from None
        return token
