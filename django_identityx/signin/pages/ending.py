"""``identityx:logout``, and ``identityx:devices`` for the person's sign-ins elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from ... import sessions
from .. import redirects
from ..devices import devices, end, sign_out
from .base import Page


class LogoutView(Page):
    """A GET shows a button. Revokes at IdentityX, and ends the session whatever IdentityX says.

    With a field ``everywhere``, the person's other sessions on this site as well.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.form()

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.signed_out(sign_out(self, everywhere="everywhere" in request.POST))

    def signed_out(self, all_ended: bool) -> HttpResponse:
        if all_ended:
            return HttpResponseRedirect(redirects.after_logout(self.request, self.target))
        return self.page("logout", code="not_ended", next=self.target)

    def form(self, **context: Any) -> HttpResponse:
        stay = redirects.after_login(self.request, self.target)
        return self.page("logout", next=self.target, stay=stay, **context)

    def again(self, code: str, **context: Any) -> HttpResponse:
        return self.form(code=code, **context)


class DevicesView(LogoutView):
    """Where the person is signed in, with a button to end each.

    The list needs to know who asks; ending a session does not, so it works in an outage.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponse:
        if sessions.get_credential(request) is None:
            return self.to_login()
        ended = end(self, request.POST.get("end", ""), everywhere="everywhere" in request.POST)
        if sessions.get_credential(request) is None:
            return self.signed_out(ended)
        return redirect("identityx:devices") if ended else self.show(code="not_ended")

    def show(self, **context: Any) -> HttpResponse:
        if not sessions.get_user(self.request).is_authenticated:
            return self.to_login()
        return self.page("devices", devices=devices(self.request), **context)

    def again(self, code: str, **context: Any) -> HttpResponse:
        """The page without its list, which may be what can't be had."""
        return self.page("devices", code=code, devices=[], **context)
