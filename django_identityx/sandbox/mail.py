"""The mails that IdentityX would send, kept in an outbox instead."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

ADDRESS = "noreply@identity-x.parameter1.com"
LOGIN_SUBJECT = "Your personal login link"


@dataclass(frozen=True)
class Mail:
    """A mail that was sent; ``url`` is the link that it is about, ``sent_at`` in milliseconds."""

    to: str
    sender: str
    subject: str
    text: str
    html: str
    url: str
    sent_at: int = 0
    used: bool = False
    token_id: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the mail under the names that the outbox uses."""
        return {
            "to": self.to,
            "from": self.sender,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "url": self.url,
            "sentAt": self.sent_at,
            "used": self.used,
        }


@dataclass(frozen=True)
class Refusal:
    """A mail that somebody waits for in vain, and why."""

    to: str
    operation: str
    why: str
    at: int


def link(auth_url: str, token: str, redirect_to: str | None) -> str:
    """Append a token as IdentityX does: a query in ``auth_url`` gets a second ``?``."""
    url = f"{auth_url}?token={token}"
    if not redirect_to:
        return url
    # The characters that JavaScript's encodeURIComponent leaves alone.
    target = quote(redirect_to, safe="!'()*")
    return f"{url}&redirectTo={target}"


def login_mail(
    to: str, name: str, url: str, *, subject: str | None = None, verified: bool = True
) -> Mail:
    """Return the mail with a reader's login link."""
    intro = (
        f"You asked to log in to {name}."
        if verified
        else f"Thank you for signing up for {name}. Please confirm your address."
    )
    return _compose(to, name, subject or LOGIN_SUBJECT, intro, "Log in", url)


def change_email_mail(to: str, name: str, url: str) -> Mail:
    """Return the mail that confirms a new address."""
    subject = f"Change your email address on {name}"
    intro = f"You asked to use this address on {name} from now on."
    return _compose(to, name, subject, intro, "Change my address", url)


def user_login_mail(to: str, url: str) -> Mail:
    """Return the mail with an administrator's login link."""
    return _compose(to, "IdentityX", LOGIN_SUBJECT, "You asked to log in.", "Log in", url)


def invitation_mail(to: str, name: str, host: str, organization: str, url: str) -> Mail:
    """Return the mail that invites somebody to an organization."""
    subject = f"You've been invited to join {organization}"
    intro = f"{host} has invited you to join the {organization} organization."
    return _compose(to, name, subject, intro, "View the invitation", url, life="30 days")


def _compose(
    to: str, name: str, subject: str, intro: str, action: str, url: str, *, life: str = "one hour"
) -> Mail:
    closing = f"The link works for {life}. If you did not ask for it, ignore this mail."
    return Mail(
        to=to,
        sender=f"{name} <{ADDRESS}>",
        subject=subject,
        text=f"{intro}\n\n{action}: {url}\n\n{closing}\n",
        html=(
            f"<p>{escape(intro)}</p>"
            f'<p><a href="{escape(url)}">{escape(action)}</a></p>'
            f"<p>{escape(closing)}</p>"
        ),
        url=url,
    )
