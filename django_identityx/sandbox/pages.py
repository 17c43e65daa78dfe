"""Pages for people: who is there, what was mailed, and where an administrator's link leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from . import fault_forms, outbox, tokens
from .control import is_local, problem
from .responses import Response, text_response
from .seed import ORG_ID

if TYPE_CHECKING:
    from .sandbox import Sandbox
    from .world import Document

_SECURITY = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # Of other sites nobody hears a token; of its own forms the sandbox has to know the origin.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
_IN_FRAME = {
    **_SECURITY,
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
        "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
    "referrer-policy": "no-referrer",
}


def handle(
    sandbox: Sandbox, method: str, path: str, search: str, headers: Mapping[str, str]
) -> Response | None:
    """Answer a request for a page, or return ``None``."""
    if method not in ("GET", "HEAD"):
        return None
    if path == "/_sandbox/style.css":
        return _secure(text_response(200, _asset("style.css"), "text/css; charset=utf-8"))
    fields = parse_qs(search, keep_blank_values=True)
    is_front = path == "/" and fields.keys() <= {"next"}
    is_mail = path.startswith("/_sandbox/mail/")
    if not is_front and not is_mail and not path.startswith("/authenticate/"):
        return None
    if not is_local(headers):
        return problem(403, "The sandbox answers to localhost and 127.0.0.1 only.")
    last = path.rpartition("/")[2]
    if is_mail:
        return _mail(sandbox, last)
    target = fields.get("next", [""])[-1]
    page = _front(sandbox, target) if is_front else _authenticate(sandbox, last, target)
    return _secure(text_response(200, page))


def _front(sandbox: Sandbox, target: str) -> str:
    applications = sandbox.applications()
    app_names = {app["id"]: app["name"] for app in applications}
    return _render(
        "front.html",
        title="IdentityX sandbox",
        url=escape(f"{sandbox.base_url}/graphql"),
        base=escape(sandbox.base_url),
        org_id=ORG_ID,
        dialect=escape(_dialect(sandbox)),
        notice=fault_forms.notice(sandbox.fault),
        faults=fault_forms.render(),
        outbox=outbox.render(sandbox.outbox, sandbox.refusals, target),
        applications=_rows((app["name"], app["id"]) for app in applications),
        readers=_rows(
            (user["email"], app_names.get(user["applicationId"], ""), _facts(user))
            for user in sandbox.readers()
        ),
        staff=_rows(
            (user["email"], _name(user), user["role"] or "no role here")
            for user in sandbox.administrators()
        ),
    )


def _authenticate(sandbox: Sandbox, token: str, target: str) -> str:
    address = tokens.peek(token).get("aud")
    callback = sandbox.callback_url
    offer = (
        "<p>The sandbox does not know your site's callback. Start it with "
        "<code>--callback URL</code> to get a link here.</p>"
    )
    parts = outbox.page(callback) if callback else None
    if parts is not None:
        joint = "&" if parts.query else "?"
        onward = f"&next={quote(target, safe='/')}" if target else ""
        link = escape(f"{callback}{joint}token={token}{onward}")
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


def _mail(sandbox: Sandbox, index: str) -> Response:
    mails = sandbox.outbox
    if not index.isdecimal() or int(index) >= len(mails):
        return problem(404, "There is no such mail; the outbox may have been emptied.")
    mail = mails[int(index)]
    # The mail's own HTML is shown as it is; the frame and its policy keep it from doing anything.
    page = Template(_asset("mail.html")).substitute(title=escape(mail.subject), content=mail.html)
    response = text_response(200, page)
    return Response(response.status, {**response.headers, **_IN_FRAME}, response.body)


def _name(user: Document) -> str:
    return " ".join(filter(None, (user["givenName"], user["familyName"])))


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
    return files("django_identityx.sandbox").joinpath("assets", name).read_text(encoding="utf-8")


def _secure(response: Response) -> Response:
    return Response(response.status, {**response.headers, **_SECURITY}, response.body)
