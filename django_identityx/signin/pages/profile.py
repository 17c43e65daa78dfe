"""``identityx:profile``: what a reader tells of themselves, and a button to save it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from ... import outages, verification
from ...credentials import Credential
from ...exceptions import NoVerdict, Rejected
from ...profile import ProfileForm, gap, mark_errors, own_profile, save
from ...users import AppUser
from ..profiling import Profiling
from .base import Page


class ProfileView(Profiling, Page):
    """Shows and saves the profile; from a gate it leads on to ``next``."""

    is_typed_here = True  # and not by a form of another site

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.with_form(None, is_saved="saved" in request.GET)

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.with_form(request.POST)

    def with_form(self, data: Any, **context: Any) -> HttpResponse:
        """The form, for readers; ``data`` is saved, unless a ``code`` says what was wrong."""
        credential = self.reader()
        if credential is None:
            return self.to_login()
        try:
            person = own_profile(self.request, credential).get()
            if data is not None and self.sent("person") != person.id:
                # Of whoever was signed in when the page was opened: nothing of it is shown.
                return self.form(self.profile_form(person, None), person, code="csrf")
            form = self.profile_form(person, data)
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
        if context.get("code"):
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
