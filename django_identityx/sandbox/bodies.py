"""A comment as the service keeps it: a whole HTML document, its links marked, nothing removed."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_RAW = frozenset(["script", "style"])
_HEAD = frozenset(["base", "link", "meta", "script", "style", "title"])
_FRAME = frozenset(["html", "head", "body"])
_BLOCKS = frozenset({"p", "div", "ul", "ol", "table", "h1", "h2", "h3", "pre", "blockquote", "hr"})
# An element that ends where one of these begins.
_CLOSED_BY = {"p": _BLOCKS, "li": frozenset({"li"})}
_LINK = re.compile(r"https?://")


def commented(body: str) -> tuple[str, bool]:
    """Return the document that a comment becomes, and whether there is a link in it."""
    writer = _Writer()
    writer.feed(body)
    writer.close()
    return writer.document(), writer.has_link or _LINK.search(body) is not None


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.has_link = False
        self._doctype = ""
        self._head: list[str] = []
        self._body: list[str] = []
        self._open: list[str] = []
        self._in_body = False

    def document(self) -> str:
        """Return all of it, with every element ended."""
        while self._open:
            self._end(self._open.pop())
        head, body = "".join(self._head), "".join(self._body)
        return f"{self._doctype}<html><head>{head}</head><body>{body}</body></html>"

    def handle_decl(self, decl: str) -> None:
        """Keep the type of the document."""
        self._doctype = f"<!{decl.replace('doctype', 'DOCTYPE', 1)}>"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element; mark it if it is a link."""
        if tag in _FRAME:
            return
        if tag not in _HEAD and not self._open:
            self._in_body = True
        while self._open and tag in _CLOSED_BY.get(self._open[-1], ()):
            self._end(self._open.pop())
        values = {name: value or "" for name, value in attrs}
        if tag in ("a", "link"):
            self.has_link = True
            values["rel"] = "nofollow ugc"
        shown = "".join(f' {name}="{_attribute(value)}"' for name, value in values.items())
        self._add(f"<{tag}{shown}>")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """End an element, and what stands open inside of it."""
        if tag not in self._open:
            return
        while True:
            last = self._open.pop()
            self._end(last)
            if last == tag:
                return

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if self._open and self._open[-1] in _RAW:
            self._add(data)
            return
        if not self._in_body and not self._open:
            data = data.lstrip()
            self._in_body = bool(data)
        self._add(escape(data, quote=False).replace("\xa0", "&nbsp;"))

    def handle_comment(self, data: str) -> None:
        """Keep a remark in the source."""
        self._add(f"<!--{data}-->")

    def _end(self, tag: str) -> None:
        self._add(f"</{tag}>")

    def _add(self, text: str) -> None:
        (self._body if self._in_body else self._head).append(text)


def _attribute(value: str) -> str:
    return value.replace("&", "&amp;").replace('"', "&quot;").replace("\xa0", "&nbsp;")
