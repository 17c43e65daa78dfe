"""``identityx:callback``: where the links lead.

``GET ?token=`` moves the token into a cookie and the URL loses it; ``GET`` shows whose link it is,
and a button; ``POST`` signs in. Nothing that opens links by itself can sign anybody in.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.decorators import method_decorator

from ... import emails, ratelimits, sessions
from ...conf import conf
from ...exceptions import ConfigurationError, Rejected, Unavailable
from .. import redirects
from ..links import Expired, Link, LinkKind, read_link, read_to_sign_in
from ..marks import Carrier, Mark, drop_carrier
from ..redemption import is_theirs, redeem
from .base import Page, csrf_code

GONE = {"expired", "too_old", "used", "revoked"}
STATUS = {"banned": 403, "not_admitted": 403}


# A claim must outlive whatever the request does later, and IdentityX is not asked inside of a
# transaction.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class CallbackView(Page):
    """One view for both kinds of links, told apart by the token's ``sub``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if is_ahead_of_time(request):
            return HttpResponse(status=503)
        if "token" in request.GET:
            target = request.GET.get(redirects.WIRE_FIELD) or request.GET.get(redirects.FIELD, "")
            return self.carry(request.GET["token"], redirects.safe_target(request, target))
        carrier = Carrier.in_cookie(request)
        if carrier is not None:
            return self.show(carrier)
        if sessions.get_credential(request) is not None:  # back, after signing in
            return HttpResponseRedirect(redirects.after_login(request, ""))
        return self.problem("missing" if request.COOKIES else "cookies", status=400)

    def head(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def post(self, request: HttpRequest) -> HttpResponse:
        carrier = Carrier.on_page(request)
        if carrier is None:
            return self.problem("missing", status=400)
        try:
            link = read_to_sign_in(request, carrier.token)
            if self.is_signed_in_as(link):
                return self.lead_on(carrier)
            if sessions.holds_somebody(request) and "switch" not in request.POST:
                return self.show(carrier)
            ratelimits.limit_redeeming(request)
            mark = Mark.of(request)
            redeem(request, link, mark.id if mark else "")
        except Rejected as rejected:
            return self.rejected(rejected, carrier)
        return self.lead_on(carrier)

    def show(self, carrier: Carrier) -> HttpResponse:
        """Show whose link it is, and go on by itself only where that is safe."""
        try:
            link = read_to_sign_in(self.request, carrier.token)
        except Rejected as rejected:
            return self.rejected(rejected, carrier)
        if self.is_signed_in_as(link):
            return self.lead_on(carrier)
        switching = sessions.holds_somebody(self.request)
        mark = Mark.of(self.request)
        asked_here = mark is not None and mark.asked_for(link.email)
        response = self.confirmation(
            carrier,
            link,
            switching=switching,
            auto=self.goes_on(asked_here) and not switching,
            elsewhere=not asked_here,
        )
        (mark or Mark.new()).leave(self.request, response)
        return response

    def confirmation(
        self, carrier: Carrier, link: Link, *, status: int = 200, **context: Any
    ) -> HttpResponse:
        return self.page(
            "callback",
            status=status,
            masked_email=emails.mask(link.email),
            carrier=carrier,
            staff=link.kind is LinkKind.ORG_USER,
            stay=redirects.after_login(self.request, carrier.next),
            **context,
        )

    def goes_on(self, asked_here: bool) -> bool:
        """Whether the page submits itself: in the browser that asked for this address's link."""
        confirmation = conf.LINK_CONFIRMATION
        return confirmation == "never" or (confirmation == "auto" and asked_here)

    def is_signed_in_as(self, link: Link) -> bool:
        """Whether the person of ``link`` is the one who is signed in, for certain."""
        try:
            return is_theirs(self.request, link)
        except (Unavailable, ConfigurationError):
            return False

    def lead_on(self, carrier: Carrier) -> HttpResponse:
        response = HttpResponseRedirect(redirects.after_login(self.request, carrier.next))
        drop_carrier(response)
        return response

    def rejected(self, rejected: Rejected, carrier: Carrier) -> HttpResponse:
        """Say what happened, and offer a new link to the same address where one can be sent."""
        reason = rejected.reason
        email, staff = _address_of(rejected, carrier)
        response = self.problem(
            reason if reason in _KNOWN else "malformed",
            status=410 if reason in GONE else STATUS.get(reason, 400),
            email=email,
            masked_email=emails.mask(email) if email else "",
            staff=staff,
            next=carrier.next,
        )
        drop_carrier(response)
        return response

    def csrf_failed(self, request: HttpRequest) -> HttpResponse:
        """Lead on who is signed in as the same person by now; tell the others what to do."""
        carrier = Carrier.on_page(request)
        if carrier is not None:
            try:
                link = read_link(carrier.token)
            except Rejected as rejected:
                return self.rejected(rejected, carrier)
            if self.is_signed_in_as(link):
                return self.lead_on(carrier)
            if request.COOKIES:
                return self.confirmation(carrier, link, status=403, code="csrf")
        return self.problem(csrf_code(request), status=403)

    def again(self, code: str, *, status: int, **context: Any) -> HttpResponse:
        """The same page with its button: nothing is lost."""
        carrier = Carrier.on_page(self.request) or Carrier.in_cookie(self.request)
        try:
            link = read_link(carrier.token) if carrier else None
        except Rejected:
            link = None
        if carrier is None or link is None:
            return self.problem(code, status=status, **context)
        switching = sessions.holds_somebody(self.request)
        return self.confirmation(
            carrier, link, status=status, code=code, switching=switching, **context
        )


_KNOWN = {
    "missing",
    "malformed",
    "wrong_kind",
    "change_email",
    "wrong_application",
    "expired",
    "too_old",
    "used",
    "revoked",
    "user_gone",
    "banned",
    "not_admitted",
    "wrong_person",
}


def is_ahead_of_time(request: HttpRequest) -> bool:
    """Whether a browser only prepares for a click that may come: told no, it asks again then."""
    purposes = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return any(purpose.strip().lower().startswith("prefetch") for purpose in purposes)


def _address_of(rejected: Rejected, carrier: Carrier) -> tuple[str, bool]:
    """Where a new link would go. By the link's own claim: who can press the button had it."""
    if isinstance(rejected, Expired):
        return rejected.email, rejected.kind is LinkKind.ORG_USER
    if rejected.reason in GONE:
        try:
            link = read_link(carrier.token)
        except Rejected:
            return "", False
        return link.email, link.kind is LinkKind.ORG_USER
    return "", False
