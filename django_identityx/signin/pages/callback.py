"""``identityx:callback``: where the links lead.

``GET ?token=`` moves the token into a cookie and the URL loses it; ``GET`` shows whose link it is,
and a button; ``POST`` signs in. Nothing that opens links by itself can sign anybody in.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from ... import emails, sessions
from ...exceptions import Rejected
from .. import redirects
from ..cookies import MAX_CARRIED, Carrier, Mark
from ..flow import CHANGED, CONNECTING, Decision, Step, is_theirs
from ..links import Link, check_token, read_link
from ..reasons import reason_for
from ..redemption import Redeeming
from .base import Page


class CallbackView(Redeeming, Page):
    """One view for both kinds of links, told apart by the token's ``sub``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if is_ahead_of_time(request):
            return HttpResponse(status=503)
        if "token" in request.GET:
            return self.take_over(request.GET["token"])
        carrier = Carrier.of(request)
        if carrier.token:
            return self.decide(carrier, pressed=False)
        if sessions.get_credential(request) is not None:  # back, after signing in
            return HttpResponseRedirect(redirects.after_login(request, ""))
        return self.problem("missing" if request.COOKIES else "cookies", status=400)

    def head(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def post(self, request: HttpRequest) -> HttpResponse:
        carrier = Carrier.on_page(request)
        return self.decide(carrier, pressed=True) if carrier.token else self.problem("missing")

    def take_over(self, token: str) -> HttpResponse:
        data = self.request.GET
        target = data.get(redirects.WIRE_FIELD) or data.get(redirects.FIELD, "")
        carrier = Carrier(token, redirects.safe_target(self.request, target))
        if len(token) <= MAX_CARRIED:
            try:
                check_token(token)
            except Rejected as rejected:
                return self.refusal(rejected, carrier)
        return self.carry(carrier)

    def decide(self, carrier: Carrier, *, pressed: bool) -> HttpResponse:
        """Do, or show, what may happen to the link."""
        request = self.request
        answers = {"pressed": pressed, "confirmed": pressed, "replace": "switch" in request.POST}
        try:
            decision, user = self.proceed(carrier.token, Mark.of(request).id, **answers)
        except Rejected as rejected:
            self.dropped.append(Carrier)
            return self.refusal(rejected, carrier)
        if decision.step in {Step.CONFIRM, Step.REPLACE}:
            return self.ask(carrier, decision)
        target = self.goal(carrier, decision.link)
        if user and target == reverse("identityx:change-email"):
            request.session[CHANGED] = True
        self.dropped.append(Carrier)
        return HttpResponseRedirect(redirects.by_profile(user, target))

    def ask(self, carrier: Carrier, decision: Decision) -> HttpResponse:
        """Show whose link it is; the page goes on by itself only where that is safe."""
        mark = Mark.for_browser(self.request)
        self.cookies.append(mark)
        return self.confirmation(
            replace(carrier, browser=mark.id),
            decision.link,
            auto=decision.by_itself,
            elsewhere=not decision.asked_here,
        )

    def confirmation(self, carrier: Carrier, link: Link, **context: Any) -> HttpResponse:
        return self.page(
            "callback",
            masked_email=link.masked_email,
            carrier=carrier,
            staff=link.is_staff,
            changing=link.changes_email,
            masked_old_email=emails.mask(link.old_email),
            switching=not link.changes_email and sessions.holds_somebody(self.request),
            connecting=self.request.session.get(CONNECTING) == emails.clean(link.email),
            stay=redirects.after_login(self.request, carrier.next),
            **context,
        )

    def refusal(self, rejected: Rejected, carrier: Carrier) -> HttpResponse:
        """Say what happened, and offer a new link to the same address where one can be sent."""
        link = self.readable(carrier)
        if link and rejected.reason == "link_account":
            # django_identityx.accounts has a page for it.
            query = {"kind": link.kind.token_type.value, redirects.FIELD: carrier.next}
            return HttpResponseRedirect(f"{reverse('identityx:link-account')}?{urlencode(query)}")
        changing = link is not None and link.changes_email
        new = link is not None and link.has_address and reason_for(rejected.reason).new_link
        new = new and not changing  # an account of its own could come of it
        return self.problem(
            rejected.reason,
            # The claim of a link, believed only as far as mailing a new one there.
            email=link.email if link and new else "",
            masked_email=link.masked_email if link and new else "",
            staff=link.is_staff if link else carrier.staff,
            next=carrier.next,
            changing=changing,
            signed_in=changing and sessions.holds_somebody(self.request),
        )

    def csrf_failed(self, code: str) -> HttpResponse:
        """Lead on who has just signed in by this page; tell the others what to do.

        No cookie is set, and nothing tells another site's form who is signed in.
        """
        carrier = Carrier.on_page(self.request)
        link = self.readable(carrier)
        if link is None or code != "csrf":
            return self.problem(code)
        if carrier.is_for(Mark.of(self.request)) and is_theirs(self.request, link):
            return HttpResponseRedirect(self.goal(carrier, link))
        try:
            link.check_age()
        except Rejected as rejected:
            return self.refusal(rejected, carrier)
        return self.confirmation(carrier, link, code=code)

    def again(self, code: str, **context: Any) -> HttpResponse:
        """The same page with its button: nothing is lost."""
        carrier = Carrier.on_page(self.request)
        carrier = carrier if carrier.token else Carrier.of(self.request)
        link = self.readable(carrier)
        if link is None:
            return self.problem(code, **context)
        return self.confirmation(carrier, link, code=code, **context)

    def goal(self, carrier: Carrier, link: Link) -> str:
        """Where to go once the link has done its work: its new address is shown there."""
        if link.changes_email and not redirects.safe_target(self.request, carrier.next):
            return reverse("identityx:change-email")
        return redirects.after_login(self.request, carrier.next)

    def readable(self, carrier: Carrier) -> Link | None:
        """What a link claims, be it too old or used."""
        with contextlib.suppress(Rejected):
            return read_link(carrier.token, self.application) if carrier.token else None
        return None


def is_ahead_of_time(request: HttpRequest) -> bool:
    """Whether a browser only prepares for a click that may come: told no, it asks again then."""
    purposes = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return any(purpose.strip().lower().startswith("prefetch") for purpose in purposes)
