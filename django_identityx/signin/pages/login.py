"""Asking for a login link: the form, for readers and for staff, and the page that follows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from ... import ratelimits, sending
from ...addresses import visitor
from ...conf import conf
from ...credentials import TokenType
from .. import redirects
from ..forms import EmailForm, LinkForm
from ..links import token_from
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
        ratelimits.limit_sending(request, email, self.token_type)
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

    def again(self, code: str, *, status: int, **context: Any) -> HttpResponse:
        """The form with what was typed: nothing is lost."""
        form = EmailForm(initial={"email": self.request.POST.get("email", "")})
        return self.form(form, status=status, code=code, **context)


class OrgLoginView(LoginView):
    """``identityx:org-login``: the same for staff."""

    token_type = TokenType.ORG_USER
    url_name = "identityx:org-login"


class LinkSentView(Page):
    """``identityx:link-sent``: reads the same whatever happened to the address.

    Takes the link, or the bare token, of staff, whose mail does not lead here.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(LinkForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = LinkForm(request.POST)
        if not form.is_valid():
            return self.show(form, status=400)
        return self.carry(token_from(form.cleaned_data["link"]), self.target)

    def show(self, link_form: LinkForm, *, status: int = 200) -> HttpResponse:
        note = Note.of(self.request) or Note("")
        return self.page(
            "link_sent",
            status=status,
            email=note.email,
            next=redirects.safe_target(self.request, note.next),
            staff=note.staff or link_form.is_bound,
            minutes=max(1, int(conf.LINK_MAX_AGE // 60)),
            form=EmailForm(initial={"email": note.email}),
            link_form=link_form,
        )
