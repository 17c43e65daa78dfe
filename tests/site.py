"""A visitor of the test site: a client with CSRF checks, who reads forms as a browser does."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent

READER = "reader@example.net"
OWNER = "owner@example.com"


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[dict[str, Any], dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "form":
            self.forms.append((known, {}))
        elif tag == "input" and self.forms and known.get("name"):
            self.forms[-1][1][str(known["name"])] = known.get("value") or ""


def forms(response: HttpResponse) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """The forms of a page: (attributes, fields with their values)."""
    parser = _Forms()
    parser.feed(response.content.decode())
    return parser.forms


class Visitor(Client):
    """One browser."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("headers", {"user-agent": "Browser/1.0"})
        super().__init__(enforce_csrf_checks=True, **kwargs)

    def submit(self, response: HttpResponse, number: int = 0, **fields: str) -> HttpResponse:
        """Fill a form of a page in and send it."""
        attributes, known = forms(response)[number]
        action = attributes.get("action") or response.wsgi_request.path  # type: ignore[attr-defined]
        return self.post(action, {**known, **fields})

    def ask(self, email: str = READER, *, path: str = "identityx:login", next: str = "") -> Any:  # noqa: A002
        """Ask for a link by the form."""
        page = self.get(reverse(path), {"next": next} if next else {})
        response = self.submit(page, email=email)
        assert wait_until_sent()
        return response

    def open(self, url: str) -> HttpResponse:
        """Click a link: follow to the page that it leads to."""
        parts = urlsplit(url)
        return self.get(f"{parts.path}?{parts.query}", follow=True)

    def sign_in(self, sandbox: Sandbox, email: str = READER, *, next: str = "") -> HttpResponse:  # noqa: A002
        """The whole way: ask, open the mail, press the button."""
        self.ask(email, next=next)
        return self.submit(self.open(sandbox.outbox[-1].url))

    @property
    def signed_in_as(self) -> str:
        held = self.session.get("_identityx")
        return held["hint"] if held else ""
