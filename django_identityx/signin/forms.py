"""What people type in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .. import emails
from ..exceptions import Rejected
from ..profile import Catalogue, check_place, mark_errors, profile_field
from .links import check_token, token_from


class _Form(forms.Form):
    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        mark_errors(self)


def _address(label: Any) -> forms.EmailField:
    return forms.EmailField(
        label=label,
        max_length=254,
        error_messages={
            "required": _("Type your e-mail address."),
            "invalid": _("This is not a complete e-mail address."),
        },
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class EmailForm(_Form):
    """The address that a login link goes to."""

    email = _address(_("E-mail address"))

    def clean_email(self) -> str:
        try:
            return emails.parse(self.cleaned_data["email"])
        except ValueError:
            message = self.fields["email"].error_messages["invalid"]
            raise forms.ValidationError(message, "invalid") from None


class SignUpForm(EmailForm):
    """The address, and what a new person is asked for besides: ``names`` of a profile.

    ``is_excused`` tells by the address whether the browser has answered before; IdentityX, which
    knows who is new, is not asked. ``profile`` is what was typed.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        names: tuple[str, ...],
        known: Catalogue,
        is_excused: Callable[[str], bool],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self._names, self._known, self._is_excused = names, known, is_excused
        given = data or self.initial
        for name in names:
            value = str(given.get(name) or "")
            self.fields[name] = profile_field(name, known, required=False, value=value)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "email" in given and not self._is_excused(given["email"]):
            for name in self._names:
                if name != "region_code" and name not in self.errors and not given.get(name):
                    self.add_error(name, gettext("Please fill this in."))
            check_place(self, self._known, self._names, None)
        return given

    @property
    def asked(self) -> list[forms.BoundField]:
        return [self[name] for name in self._names]

    @property
    def profile(self) -> dict[str, str]:
        given = self.cleaned_data
        return {name: given[name] for name in self._names if given.get(name)}


class NewEmailForm(EmailForm):
    """The address that somebody wants to have."""

    email = _address(_("New e-mail address"))


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
