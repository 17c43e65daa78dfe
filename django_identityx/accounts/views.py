"""``identityx:link-account``: a local account and a sign-in by link become one person.

Whoever was refused because a local user has their address comes here, signs in to that account as
they always did, and has a link sent from the same page. Redeemed in that session, it is attached.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import urlencode

from ..conf import conf
from ..credentials import TokenType
from ..signin import LoginView
from . import linking
from .identities import email_field


class LinkAccountView(LoginView):
    """GET explains; POST sends a link, as `LoginView` does, to whoever has a local account open."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if conf.LINK_ACCOUNTS == "never":
            raise Http404("Accounts are not linked on this site.")

    @property
    def token_type(self) -> TokenType:  # type: ignore[override]
        """Whose link: a reader's, unless ``kind`` says that it is staff's."""
        data = self.request.POST if self.request.method == "POST" else self.request.GET
        staff = data.get("kind") == TokenType.ORG_USER.value
        return TokenType.ORG_USER if staff else TokenType.APP_USER

    def post(self, request: HttpRequest) -> HttpResponse:
        row = linking.local_row(request)
        if row is None:
            return self.get(request)
        response = super().post(request)
        if response.status_code == 302:  # a link is on its way
            linking.wish(request, row, request.POST["email"], self.token_type)
        return response

    def form(self, form: Any, **context: Any) -> HttpResponse:
        row, field = linking.local_row(self.request), email_field()
        if row is not None and field is not None and not form.is_bound:
            form.initial.setdefault("email", getattr(row, field.name))
        return self.page(
            "link_account",
            form=form,
            account=row.get_username() if row is not None else "",
            kind=self.token_type.value,
            kinds=[kind for kind in conf.SIGN_IN_KINDS if kind != self.token_type.value],
            login_url=self.login_url(),
            back=self.back(),
            next=self.target,
            **context,
        )

    def login_url(self) -> str:
        """Where local users sign in, with the way back to this page; empty where nobody said."""
        if conf.LOCAL_LOGIN_URL is None:
            return ""
        url = resolve_url(conf.LOCAL_LOGIN_URL)
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'next': self.back()})}"

    def back(self) -> str:
        """This page again, once somebody is signed in."""
        query = {"kind": self.token_type.value, **({"next": self.target} if self.target else {})}
        return f"{reverse('identityx:link-account')}?{urlencode(query)}"
