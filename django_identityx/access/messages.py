"""What is said to who lacks a level: IdentityX's own words made safe, or ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

from django.utils.html import escape, linebreaks
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


def safe_html(html: str, tags: set[str] | None = None) -> SafeString:
    """IdentityX's HTML, cleaned by ``nh3`` (the extra ``html``); without it its text.

    ``tags`` are the elements that stay, by default all that do no harm.
    """
    try:
        import nh3
    except ModuleNotFoundError:
        return mark_safe(linebreaks(_text_of(html), autoescape=True))  # noqa: S308 - escaped
    cleaned = nh3.clean(html, tags=tags, link_rel="nofollow ugc noopener noreferrer")
    return mark_safe(cleaned)  # noqa: S308 - that is what it is for


def _text_of(html: str) -> str:
    reader = _Text(convert_charrefs=True)
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return _EMPTY.sub("\n\n", "\n".join(lines)).strip()


class _Text(HTMLParser):
    """What a reader of the page would read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.parts: list[str] = []
        self._unread = ""  # the element that nobody reads, while in it

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in _UNREAD and not self._unread:
            self._unread = tag
        elif tag in _BREAKS:
            self.parts.append("\n" * _BREAKS[tag])

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unread:
            self._unread = ""
        elif tag in _BREAKS:
            self.parts.append("\n" * (_BREAKS[tag] - 1))

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.parts.append(" ".join(re.split(r"\s", data)))


_UNREAD = frozenset({"script", "style", "title", "template"})
_BREAKS = {"br": 1, "li": 1, "div": 1, "tr": 1}
_BREAKS |= dict.fromkeys(["p", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4"], 2)
_EMPTY = re.compile(r"\n{3,}")
