"""What a page and its JSON twin say of a sign-in, and how both end one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from .. import sessions
from ..models import SignIn
from .cookies import THIS_BROWSER
from .entry import Entry

# What a user agent has in it, and what people call that. The first that fits counts: all claim to
# be others, too.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "Mac",
    "Linux": "Linux",
}


def describe_agent(user_agent: str) -> str:
    """A browser as people know it, by what it says of itself."""
    browser = next((name for sign, name in _BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS.items() if sign in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


def _name(row: SignIn) -> str:
    """Whoever acts for the person is told as such, and not where they sit."""
    return _("Support, acting for you") if row.actor_id else describe_agent(row.user_agent)


def sign_out(view: Entry, *, everywhere: bool) -> bool:
    """End the session and what the browser keeps beside it; whether all that was to end has."""
    ended = sessions.logout(view.django_request, everywhere=everywhere)
    view.dropped += THIS_BROWSER  # not where that is refused: the same person goes on
    return ended


def end(view: Entry, ending: str, *, everywhere: bool) -> bool:
    """End one of the person's sign-ins by its id, or all; whether what was to end has ended."""
    request = view.django_request
    known = {str(row.pk): is_current for row, is_current in sessions.sign_ins(request)}
    if everywhere or known.get(ending):
        return sign_out(view, everywhere=everywhere)
    return ending not in known or sessions.end_sign_in(request, int(ending))


def devices(request: HttpRequest) -> list[dict[str, Any]]:
    """The person's sign-ins, the one of this request first."""
    known = [
        {
            "id": row.pk,
            "name": _name(row),
            "address": None if row.actor_id else row.address,
            "signed_in_at": row.created_at,
            "last_seen": row.last_seen,
            "current": is_current,
        }
        for row, is_current in sessions.sign_ins(request)
    ]
    return sorted(known, key=lambda device: not device["current"])
