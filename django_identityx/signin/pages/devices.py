"""``identityx:devices``: where the person is signed in, and a button to end each."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from ... import sessions
from ..devices import devices, end
from .logout import LogoutView


class DevicesView(LogoutView):
    """The list needs to know who asks; ending a session does not, so it works in an outage."""

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
