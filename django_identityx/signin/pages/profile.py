"""``identityx:profile``: what a reader tells of themselves, and a button to save it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from ... import outages, sessions, verification
from ...conf import conf
from ...credentials import Credential
from ...exceptions import NoVerdict, Rejected
from ...profile import ProfileForm, catalogue, gap, mark_errors, own_profile, save
from ...users import PROFILE_FIELDS, AppUser, is_app_user
from .base import Page


class ProfileView(Page):
    """Shows and saves the profile; from a gate it leads on to ``next``.

    ``as_view()`` takes ``fields``, by default all of `PROFILE_FIELDS`, and ``custom_attributes``
    that people may write: name to label.
    """

    fields: Sequence[str] = PROFILE_FIELDS
    custom_attributes: Mapping[str, Any] = {}
    is_typed_here = True  # and not by a form of another site

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.with_form(None, is_saved="saved" in request.GET)

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.with_form(request.POST)

    def with_form(self, data: Any, **context: Any) -> HttpResponse:
        """The form, for readers; ``data`` is saved, unless a ``code`` says what was wrong."""
        user, credential = sessions.get_user(self.request), sessions.get_credential(self.request)
        if not user.is_authenticated or credential is None:
            return self.to_login()
        if not is_app_user(user):
            return self.problem("no_profile", staff=True)
        try:
            person = own_profile(self.request, credential).get()
            if data is not None and self.sent("person") != person.id:
                # Of whoever was signed in when the page was opened: nothing of it is shown.
                return self.form(make_form(self, person, None), person, code="csrf")
            form = make_form(self, person, data)
            if data is None or context.get("code") or not form.is_valid():
                status = 400 if form.errors and "code" not in context else 200
                return self.form(form, person, **{"status": status, **context})
            return self.save(form, person, credential)
        except Rejected:  # it has ended since it was verified
            verification.forget(credential)
            return self.to_login()

    def save(self, form: ProfileForm, person: AppUser, credential: Credential) -> HttpResponse:
        outcome = save(self.request, credential, form.changes())
        if outcome.error is None:
            here = f"{reverse('identityx:profile')}?saved=1"
            return HttpResponseRedirect(self.target or here)
        if isinstance(outcome.error, NoVerdict):
            wait = outages.tell(self.request, outcome.error)
            code = "partly" if outcome.person else "unavailable"
            response = self.form(form, person, code=code)
            response["Retry-After"] = str(wait)
            return response
        form.refuse(outcome.errors)
        return self.form(form, person, status=400, is_partly_saved=outcome.person is not None)

    def form(self, form: ProfileForm, person: AppUser, **context: Any) -> HttpResponse:
        mark_errors(form)
        code = context.get("code")
        if code:
            context.pop("status", None)
        return self.page(
            "profile",
            form=form,
            person=person,
            next=self.target,
            is_asked_for=bool(self.target) and gap(person) is not None,
            **context,
        )

    def csrf_failed(self, code: str) -> HttpResponse:
        """What was typed, to be looked at: somebody else may have sent it."""
        if code != "csrf":
            return self.problem(code)
        self.is_typed_here = False
        return self.with_form(self.request.POST, code=code)

    def again(self, code: str, **context: Any) -> HttpResponse:
        """A button that sends the same once more: of the form itself not all can be had."""
        typed = [
            (name, value)
            for name, values in self.request.POST.lists()
            for value in values
            if name != "csrfmiddlewaretoken" and self.is_typed_here
        ]
        return self.page("profile", code=code, typed=typed, next=self.target, **context)


def make_form(view: Any, person: AppUser, data: Any, only: Any = None) -> ProfileForm:
    """The form of a page or its twin."""
    return ProfileForm(
        data,
        person=person,
        known=catalogue(view.application),
        required=conf.REQUIRED_FIELDS,
        names=[name for name in PROFILE_FIELDS if name in {*view.fields, *conf.REQUIRED_FIELDS}],
        attributes=view.custom_attributes,
        only=only,
    )
