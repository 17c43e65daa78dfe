"""``identityx:logout``: a POST ends the session; a GET shows a button that does."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from ... import sessions
from .. import redirects
from ..cookies import THIS_BROWSER
from .base import Page


class LogoutView(Page):
    """Revokes at IdentityX, and ends the session whatever IdentityX says.

    With a field ``everywhere``, the person's other sessions on this site as well.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.form()

    def post(self, request: HttpRequest) -> HttpResponse:
        self.dropped += THIS_BROWSER
        return self.signed_out(sessions.logout(request, everywhere="everywhere" in request.POST))

    def signed_out(self, all_ended: bool) -> HttpResponse:
        if all_ended:
            return HttpResponseRedirect(redirects.after_logout(self.request, self.target))
        return self.page("logout", code="not_ended", next=self.target)

    def form(self, **context: Any) -> HttpResponse:
        stay = redirects.after_login(self.request, self.target)
        return self.page("logout", next=self.target, stay=stay, **context)

    def again(self, code: str, **context: Any) -> HttpResponse:
        return self.form(code=code, **context)
