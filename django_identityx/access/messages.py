"""What is said to who lacks a level: IdentityX's own words made safe, or ours."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from .levels import Level


def message_for(levels: Sequence[Level], *, is_signed_in: bool) -> SafeString:
    """The first message that a level has for somebody who is signed in, or who isn't."""
    for level in levels:
        html = level.logged_in_message if is_signed_in else level.logged_out_message
        if html.strip():
            return safe_html(html)
    if is_signed_in:
        return escape(gettext("Your account does not include this."))
    return escape(gettext("Sign in to read this."))


def safe_html(html: str) -> SafeString:
    """IdentityX's HTML, cleaned by ``nh3`` (the extra ``html``); without it its text."""
    try:
        import nh3
    except ModuleNotFoundError:
        return escape(" ".join(strip_tags(html).split()))
    return mark_safe(nh3.clean(html))  # noqa: S308 - that is what it is for
