"""A person's own profile: the same for the page and its JSON twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import sessions
from ..conf import conf
from ..credentials import Credential
from ..exceptions import Rejected
from ..profile import ProfileForm, catalogue
from ..users import PROFILE_FIELDS, AppUser, is_app_user
from .entry import Entry


class Profiling(Entry):
    """``as_view()`` takes ``fields``, by default all of `PROFILE_FIELDS`, and
    ``custom_attributes`` that people may write: name to label.
    """

    fields: Sequence[str] = PROFILE_FIELDS
    custom_attributes: Mapping[str, Any] = {}

    def reader(self) -> Credential | None:
        """The credential of whoever is signed in; `Rejected` (``no_profile``) for staff."""
        user = sessions.get_user(self.django_request)
        if user.is_authenticated and not is_app_user(user):
            raise Rejected("no_profile")
        return sessions.get_credential(self.django_request) if user.is_authenticated else None

    def profile_form(self, person: AppUser, data: Any, only: Any = None) -> ProfileForm:
        """The form for what this view may write."""
        names = {*self.fields, *conf.REQUIRED_FIELDS}
        return ProfileForm(
            data,
            person=person,
            known=catalogue(self.application),
            required=conf.REQUIRED_FIELDS,
            names=[name for name in PROFILE_FIELDS if name in names],
            attributes=self.custom_attributes,
            only=only,
        )
