"""Asking for a login link: the form, for readers and for staff, and the page that follows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from .. import ratelimits, redirects, sending
from ..addresses import visitor
from ..credentials import TokenType
from ..forms import EmailForm, LinkForm
from ..marks import Mark, Note
from .base import Page


class LoginView(Page):
    """``identityx:login``: takes an address, sends the link, leads to ``identityx:link-sent``."""

    token_type = TokenType.APP_USER
    url_name = "identityx:login"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.form(EmailForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = EmailForm(request.POST)
        if not form.is_valid():
            return self.form(form, status=400)
        email = form.cleaned_data["email"]
        ratelimits.limit_sending(request, email)
        sending.send_login_link(
            email,
            token_type=self.token_type,
            redirect_to=self.target or None,
            visitor=visitor(request),
            request=request,
        )
        response = redirect("identityx:link-sent")
        (Mark.of(request) or Mark.new()).asking(email).leave(request, response)
        staff = self.token_type is not TokenType.APP_USER
        Note(email, self.target, staff=staff).leave(request, response)
        return response

    def form(self, form: EmailForm, *, status: int = 200, **context: Any) -> HttpResponse:
        staff = self.token_type is not TokenType.APP_USER
        return self.page(
            "login", status=status, form=form, next=self.target, staff=staff, **context
        )

    def too_many(self, request: HttpRequest, wait: int) -> HttpResponse:
        form = EmailForm(initial={"email": request.POST.get("email", "")})
        response = self.form(form, status=429, code="too_many", minutes=(wait + 59) // 60)
        response["Retry-After"] = str(wait)
        return response

    def trouble(self, request: HttpRequest, retry_after: int) -> HttpResponse:
        form = EmailForm(initial={"email": request.POST.get("email", "")})
        response = self.form(form, status=503, code="unavailable")
        response["Retry-After"] = str(retry_after)
        return response


class OrgLoginView(LoginView):
    """``identityx:org-login``: the same for staff."""

    token_type = TokenType.ORG_USER
    url_name = "identityx:org-login"


class LinkSentView(Page):
    """``identityx:link-sent``: reads the same whatever happened to the address.

    Takes the link, or the bare token, of staff, whose mail does not lead here.
    """

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest) -> HttpResponse:
        note = Note.of(request) or Note("")
        return self.page(
            "link_sent",
            email=note.email,
            next=redirects.safe_target(request, note.next),
            staff=note.staff,
            form=EmailForm(initial={"email": note.email}),
            link_form=LinkForm(),
        )
