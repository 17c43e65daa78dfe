"""The outbox for people: what was mailed, what was not, and why."""

from __future__ import annotations

import time
from html import escape
from urllib.parse import SplitResult, quote, urlsplit

from .mail import Mail, Refusal

_EMPTY = "<p>No mail yet. Ask your site for a login link, and it appears here.</p>"
_TRY = "Try reader@example.net, who is a reader here."


def render(mails: list[Mail], refusals: list[Refusal], target: str) -> str:
    """Return mails and refusals, the newest first; ``target`` is where staff wants to go."""
    entries = [(mail.sent_at, _mail(index, mail, target)) for index, mail in enumerate(mails)]
    entries += [(refusal.at, _refusal(refusal)) for refusal in refusals]
    if not entries:
        return _EMPTY
    # Turned around afterwards, so that of two in the same moment the later one comes first, too.
    ordered = sorted(entries, key=lambda entry: entry[0])[::-1]
    return f'<ol class="mails">{"".join(html for _, html in ordered)}</ol>'


def page(url: str) -> SplitResult | None:
    """Return the parts of a URL that is safe to click: a site may send any ``authUrl``."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.netloc else None


def _mail(index: int, mail: Mail, target: str) -> str:
    state = "used" if mail.used else "not used yet"
    return (
        "<li><article>"
        f"<h3>{escape(mail.subject)}</h3>"
        f"<p>To <strong>{escape(mail.to)}</strong>, from {escape(mail.sender)}</p>"
        f'<p class="soft">{_moment(mail.sent_at)} <span class="mark">{state}</span></p>'
        f"{_link(mail, target)}"
        "<details><summary>The mail as people see it</summary>"
        f'<iframe src="/_sandbox/mail/{index}" title="Mail to {escape(mail.to)}" loading="lazy" '
        'sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe></details>'
        f"<details><summary>As text</summary><pre>{escape(mail.text)}</pre></details>"
        "<details><summary>The whole link</summary>"
        f'<p><code class="copy">{escape(mail.url)}</code></p></details>'
        "</article></li>"
    )


def _refusal(refusal: Refusal) -> str:
    person = f"to <strong>{escape(refusal.to)}</strong>" if refusal.to else "to anybody"
    advice = f" {_TRY}" if "throw-away" in refusal.why else ""
    return (
        '<li><article class="none"><h3>No mail was sent</h3>'
        f"<p>Nothing went {person}: {escape(refusal.why)}.{advice}</p>"
        f'<p class="soft">{_moment(refusal.at)} <code>{escape(refusal.operation)}</code></p>'
        "</article></li>"
    )


def _link(mail: Mail, target: str) -> str:
    parts = page(mail.url)
    if parts is None:
        return "<p>This link does not lead to a page.</p>"
    place, url = parts.path, mail.url
    if place.startswith("/authenticate/"):
        place = "/authenticate/"
        if target:
            url += f"{'&' if parts.query else '?'}next={quote(target, safe='/')}"
    return (
        f'<p><a class="button" href="{escape(url)}" rel="noreferrer">Open the link'
        f'<span class="unseen"> for {escape(mail.to)}</span></a> '
        f'<span class="soft">leads to {escape(parts.netloc + place)}</span></p>'
    )


def _moment(milliseconds: int) -> str:
    moment = time.localtime(milliseconds / 1000)
    exact = time.strftime("%Y-%m-%dT%H:%M:%S%z", moment)
    return f'<time datetime="{exact}">{time.strftime("%H:%M:%S", moment)}</time>'
