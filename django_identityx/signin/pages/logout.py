"""``identityx:logout``: a POST ends the session; a GET shows a button that does."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from ... import sessions
from .. import redirects
from ..marks import drop_mark
from .base import Page


class LogoutView(Page):
    """Revokes at IdentityX, and ends the session whatever IdentityX says.

    With a field ``everywhere``, the person's other sessions on this site as well.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("logout", next=self.target)

    def post(self, request: HttpRequest) -> HttpResponse:
        if not sessions.logout(request, everywhere="everywhere" in request.POST):
            return self.page("logout", status=503, code="not_ended")
        response = HttpResponseRedirect(redirects.after_logout(request, self.target))
        drop_mark(response)
        return response

    def again(self, code: str, *, status: int, **context: Any) -> HttpResponse:
        return self.page("logout", status=status, code=code, next=self.target, **context)
