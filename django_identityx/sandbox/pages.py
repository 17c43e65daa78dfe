"""Pages for people: who is there, what was mailed, and where an administrator's link leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qs, urlsplit

from . import tokens
from .control import is_local, problem
from .mail import Mail
from .responses import Response, text_response
from .seed import ORG_ID

if TYPE_CHECKING:
    from .sandbox import Sandbox
    from .world import Document

_SECURITY = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def handle(
    sandbox: Sandbox, method: str, path: str, search: str, headers: Mapping[str, str]
) -> Response | None:
    """Answer a request for a page, or return ``None``."""
    if method not in ("GET", "HEAD"):
        return None
    if path == "/_sandbox/style.css":
        return _secure(text_response(200, _asset("style.css"), "text/css; charset=utf-8"))
    is_front = path == "/" and not parse_qs(search, keep_blank_values=True)
    if not is_front and not path.startswith("/authenticate/"):
        return None
    if not is_local(headers):
        return problem(403, "The sandbox answers to localhost and 127.0.0.1 only.")
    if is_front:
        return _secure(text_response(200, _front(sandbox)))
    return _secure(text_response(200, _authenticate(sandbox, path.rpartition("/")[2])))


def _front(sandbox: Sandbox) -> str:
    applications = sandbox.applications()
    app_names = {app["id"]: app["name"] for app in applications}
    fault = sandbox.fault
    return _render(
        "front.html",
        title="IdentityX sandbox",
        url=escape(f"{sandbox.base_url}/graphql"),
        base=escape(sandbox.base_url),
        org_id=ORG_ID,
        dialect=escape(_dialect(sandbox)),
        fault=f'<p class="trouble" role="status">Trouble is on: {escape(fault.mode)}</p>'
        if fault
        else "",
        outbox=_mails(sandbox.outbox),
        applications=_rows((app["name"], app["id"]) for app in applications),
        readers=_rows(
            (user["email"], app_names.get(user["applicationId"], ""), _facts(user))
            for user in sandbox.readers()
        ),
        staff=_rows(
            (user["email"], f"{user['givenName']} {user['familyName']}", user["role"] or "no role")
            for user in sandbox.administrators()
        ),
    )


def _authenticate(sandbox: Sandbox, token: str) -> str:
    address = tokens.peek(token).get("aud")
    callback = sandbox.callback_url
    offer = (
        "<p>The sandbox does not know your site's callback. Start it with "
        "<code>--callback URL</code> to get a link here.</p>"
    )
    parts = _page(callback) if callback else None
    if parts is not None:
        joint = "&" if parts.query else "?"
        link = escape(f"{callback}{joint}token={token}")
        offer = (
            f'<p><a class="button" href="{link}" rel="noreferrer">Continue to your site</a></p>'
            f'<p>or copy this link:</p><p><code class="copy">{link}</code></p>'
        )
    return _render(
        "authenticate.html",
        title="Log in as an administrator",
        person=escape(str(address)) if address else "somebody unknown",
        offer=offer,
        token=escape(token),
    )


def _mails(outbox: list[Mail]) -> str:
    if not outbox:
        return "<p>No mail yet. Ask your site for a login link, and it appears here.</p>"
    items = "".join(
        "<li><article>"
        f"<h3>{escape(mail.subject)}</h3>"
        f"<p>To <strong>{escape(mail.to)}</strong>, from {escape(mail.sender)}</p>"
        f"{_link(mail)}"
        "<details><summary>The whole link</summary>"
        f'<p><code class="copy">{escape(mail.url)}</code></p></details>'
        "</article></li>"
        for mail in reversed(outbox)
    )
    return f'<ol class="mails">{items}</ol>'


def _link(mail: Mail) -> str:
    parts = _page(mail.url)
    if parts is None:
        return "<p>This link does not lead to a page.</p>"
    place = parts.path if not parts.path.startswith("/authenticate/") else "/authenticate/"
    return (
        f'<p><a class="button" href="{escape(mail.url)}" rel="noreferrer">Open the link'
        f'<span class="unseen"> for {escape(mail.to)}</span></a> '
        f'<span class="soft">leads to {escape(parts.netloc + place)}</span></p>'
    )


def _page(url: str) -> SplitResult | None:
    """Return the parts of a URL that is safe to click: a site may send any ``authUrl``."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.netloc else None


def _facts(user: Document) -> str:
    facts = ["verified" if user["verified"] else "not verified"]
    if user["banned"]:
        facts.append("banned")
    return ", ".join(facts)


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )


def _dialect(sandbox: Sandbox) -> str:
    prefix = "Bearer " if sandbox.dialect == "bearer" else ""
    return f"Authorization: {prefix}AppUser <token>"


def _render(name: str, *, title: str, **values: str) -> str:
    content = Template(_asset(name)).substitute(values)
    return Template(_asset("page.html")).substitute(title=escape(title), content=content)


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def _secure(response: Response) -> Response:
    return Response(response.status, {**response.headers, **_SECURITY}, response.body)
