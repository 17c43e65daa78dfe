"""``identityx:link-account``: a local account and a sign-in by link become one person.

Whoever was refused because a local user has their address comes here, signs in to that account as
they always did, and has a link sent from the same page. Redeemed in that session, it is attached.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import urlencode

from .. import ratelimits, sending
from ..addresses import visitor
from ..conf import conf
from ..credentials import TokenType
from ..signin.forms import EmailForm
from ..signin.marks import Mark, Note
from ..signin.pages.base import Page
from . import linking
from .identities import email_field

KINDS = (TokenType.APP_USER, TokenType.ORG_USER)


class LinkAccountView(Page):
    """GET explains, and POST sends the link to whoever is signed in to a local account."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if conf.LINK_ACCOUNTS == "never":
            raise Http404("Accounts are not linked on this site.")

    def get(self, request: HttpRequest) -> HttpResponse:
        row, field = linking.local_row(request), email_field()
        address = getattr(row, field.name) if row is not None and field is not None else ""
        return self.show(EmailForm(initial={"email": address}))

    def post(self, request: HttpRequest) -> HttpResponse:
        row = linking.local_row(request)
        if row is None:
            return self.show(EmailForm(), status=403)
        form = EmailForm(request.POST)
        if not form.is_valid():
            return self.show(form, status=400)
        email = form.cleaned_data["email"]
        ratelimits.limit_sending(request, email)
        sending.send_login_link(
            email,
            token_type=self.token_type,
            redirect_to=self.target or None,
            visitor=visitor(request),
            request=request,
        )
        linking.wish(request, row, email, self.token_type)
        response = redirect("identityx:link-sent")
        (Mark.of(request) or Mark.new()).asking(email).leave(request, response)
        staff = self.token_type is TokenType.ORG_USER
        Note(email, self.target, staff=staff).leave(request, response)
        return response

    @property
    def token_type(self) -> TokenType:
        """Whose link: a reader's, unless ``kind`` says that it is staff's."""
        data = self.request.POST if self.request.method == "POST" else self.request.GET
        kind = data.get("kind", "")
        return next((k for k in KINDS if k.value == kind), TokenType.APP_USER)

    def show(self, form: EmailForm, *, status: int = 200, **context: Any) -> HttpResponse:
        row = linking.local_row(self.request)
        return self.page(
            "link_account",
            status=status,
            form=form,
            account=row.get_username() if row is not None else "",
            kind=self.token_type.value,
            kinds=[kind for kind in conf.SIGN_IN_KINDS if kind != self.token_type.value],
            login_url=self.login_url(),
            next=self.target,
            **context,
        )

    def login_url(self) -> str:
        """Where local users sign in, with the way back to this page; empty where nobody said."""
        if conf.LOCAL_LOGIN_URL is None:
            return ""
        query = {"kind": self.token_type.value, **({"next": self.target} if self.target else {})}
        back = f"{reverse('identityx:link-account')}?{urlencode(query)}"
        url = resolve_url(conf.LOCAL_LOGIN_URL)
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'next': back})}"

    def again(self, code: str, *, status: int, **context: Any) -> HttpResponse:
        form = EmailForm(initial={"email": self.request.POST.get("email", "")})
        return self.show(form, status=status, code=code, **context)
