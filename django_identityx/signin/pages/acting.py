"""``identityx:act-as`` and ``identityx:act-end``: staff acting for a reader, and back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from ... import sessions
from ...addresses import visitor
from ...client import IdentityXClient
from ...exceptions import InvalidInput, NotAllowed, NotFound, Rejected
from ...users import AppUser
from .. import redirects
from .base import Page


class ActAsView(Page):
    """``GET ?user=<IdentityX id>&next=`` shows for whom; ``POST`` begins."""

    def get(self, request: HttpRequest) -> HttpResponse:
        person = sessions.get_user(request)
        if not person.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("identityx:org-login"))
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            sessions.act_as(request, self.sent("user"))
        except (NotFound, InvalidInput):
            return self.problem("no_such_reader")
        return HttpResponseRedirect(redirects.after_login(request, self.target))

    def show(self, **context: Any) -> HttpResponse:
        try:
            reader = self.reader()
        except (NotFound, InvalidInput):
            return self.problem("no_such_reader")
        except NotAllowed:  # no more, since they were verified
            return self.problem("may_not_act")
        return self.page("act_as", reader=reader, next=self.target, **context)

    def reader(self) -> AppUser:
        """For whom; told to those only who may act for them."""
        if sessions.get_actor_hint(self.request):
            raise Rejected("acting")
        credential = sessions.get_credential(self.request)
        user = sessions.get_user(self.request)
        if credential is None or not sessions.may_act(user, self.application):
            raise Rejected("may_not_act")
        client = IdentityXClient.from_settings(self.application, visitor=visitor(self.request))
        return client.with_credential(credential).app_users.get(self.sent("user"))


class ActEndView(Page):
    """``POST`` goes back to the sign-in of who acted; again, it just leads on."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if not sessions.stop_acting(request):
            return self.lead_on()
        if not sessions.holds_somebody(request):  # their own sign-in has ended meanwhile
            return HttpResponseRedirect(reverse("identityx:org-login"))
        return HttpResponseRedirect(redirects.after_login(request, self.target))

    def csrf_failed(self, code: str) -> HttpResponse:
        if code == "csrf" and not sessions.get_actor_hint(self.request):
            return self.lead_on()
        return super().csrf_failed(code)

    def lead_on(self) -> HttpResponse:
        """After a second click: the answer to the first has the cookie, this must not delete it."""
        self.request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        return HttpResponseRedirect(redirects.after_login(self.request, self.target))
