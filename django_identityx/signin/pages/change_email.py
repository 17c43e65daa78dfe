"""``identityx:change-email``: takes a new address, says what that costs, and sends the link."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from ... import sessions
from ...exceptions import Rejected
from ...users import AppUser
from .. import redirects
from ..asking import Asking
from ..cookies import Mark, Note
from ..flow import CHANGED
from ..forms import NewEmailForm
from ..reasons import reason_for
from .base import Page


class ChangeEmailView(Asking, Page):
    """For readers. ``as_view()`` takes an ``app_context_id``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = sessions.get_user(request)
        if sessions.get_actor_hint(request):
            return self.problem("acting")
        if isinstance(user, AppUser):
            is_changed = request.session.pop(CHANGED, False)
            return self.form(NewEmailForm(), current=user.email, is_changed=is_changed)
        return self.problem("readers_only") if user.is_authenticated else self.to_login()

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewEmailForm(request.POST)
        if not form.is_valid():
            return self.form(form, status=400)
        email = form.cleaned_data["email"]
        try:
            self.change(email, target=self.target)
        except Rejected as rejected:
            if rejected.reason == "same_email":
                form.refuse("email", reason_for("same_email").title)
                return self.form(form, status=400)
            if sessions.get_credential(request) is None:
                return self.to_login()
            raise
        note = Note(email, self.target, again="again" in request.POST, changing=True)
        self.cookies += [Mark.for_browser(request).asking(email), note]
        return redirect("identityx:link-sent")

    def form(self, form: NewEmailForm, **context: Any) -> HttpResponse:
        stay = redirects.after_login(self.request, self.target)
        return self.page("change_email", form=form, next=self.target, stay=stay, **context)

    def csrf_failed(self, code: str) -> HttpResponse:
        """An empty form: another site may have filled in where the link is to go."""
        return self.form(NewEmailForm(), code=code)

    def again(self, code: str, **context: Any) -> HttpResponse:
        """The form with what was typed: nothing is lost, and nothing has happened yet."""
        return self.form(NewEmailForm(initial={"email": self.sent("email")}), code=code, **context)
