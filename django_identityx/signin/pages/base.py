"""What the pages share: headers, our own CSRF check, and pages for what went wrong."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from ... import sessions
from .. import csrf, redirects
from ..cookies import MAX_CARRIED, Carrier
from ..entry import Entry
from ..reasons import OURS, reason_for, refusal, too_many

logger = logging.getLogger("django_identityx")


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class Page(Entry, View):
    """A page of ours. Trouble and limits become pages, never bare errors."""

    http_method_names = ["get", "head", "post", "options"]

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            failure = csrf.failure(request) if request.method == "POST" else ""
            if failure:
                return self.csrf_failed(failure)
            response: HttpResponse = super().answer(request, *args, **kwargs)
            return response
        except OURS as error:
            refused = refusal(request, error)
        if refused.wait is None:  # who is signed in may not do this
            return self.problem(refused.code)
        words = {"text": too_many(refused.wait)} if refused.code == "too_many" else {}
        response = self.again(refused.code, **words)
        response["Retry-After"] = str(refused.wait)
        return response

    def page(self, template: str, *, code: str = "", **context: Any) -> HttpResponse:
        """Render a template of ours; ``code`` is what went wrong, by which comes the status."""
        reason = reason_for(code) if code else None
        known = {
            "hint": sessions.get_hint(self.request),
            "acting": sessions.get_actor_hint(self.request),
            "code": code,
            "title": reason and reason.title,
            "text": reason and reason.text,
            "status": reason.status if reason else 200,
            **context,
        }
        if code:
            logger.debug("page: %s, %s", known["status"], code)
        return render(
            self.request, f"identityx/{template}.html", known, status=int(known["status"])
        )

    def problem(self, code: str, **context: Any) -> HttpResponse:
        """A page that says what happened."""
        return self.page("problem", code=code, **context)

    def again(self, code: str, **context: Any) -> HttpResponse:
        """What to show where the same may be tried again: a page keeps what it was given."""
        return self.problem(code, **context)

    def to_login(self) -> HttpResponse:
        """Lead to the sign-in, and back here."""
        logger.debug("page: nobody is signed in")
        return redirect_to_login(self.request.get_full_path(), reverse("identityx:login"))

    def csrf_failed(self, code: str) -> HttpResponse:
        return self.again(code)

    def carry(self, carrier: Carrier) -> HttpResponse:
        """Go to the callback with a link that is in no URL."""
        if len(carrier.token) > MAX_CARRIED:
            return self.problem("too_long", staff=carrier.staff)
        self.cookies.append(carrier)
        return HttpResponseRedirect(reverse("identityx:callback"), status=303)

    @property
    def target(self) -> str:
        """Where to go afterwards, as far as it is safe."""
        return redirects.safe_target(self.request, self.sent(redirects.FIELD))

    def sent(self, name: str) -> str:
        """What came along under ``name``."""
        data = self.request.POST if self.request.method == "POST" else self.request.GET
        return str(data.get(name, ""))
