"""What people type in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


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
        if self.errors:
            self.fields["email"].widget.attrs.update(
                {"aria-invalid": "true", "aria-describedby": "email-error", "autofocus": True}
            )


class LinkForm(forms.Form):
    """A link from a mail, or its token, pasted."""

    link = forms.CharField(
        label=_("Link from the mail"),
        max_length=16_000,
        strip=True,
        error_messages={"required": _("Paste the link from the mail.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
