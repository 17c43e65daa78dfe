"""A directive for who says what to whom, in time: a picture, and its words for who can't see it.

::

    ```{identityx-journey} A person signs in
    Visitor, Your site, IdentityX
    Visitor -> Your site: an address
    Your site: checks the limits
    ```
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

COLUMN = 250  # pixels from one to the next
STEP = 42
TOP = 64


def picture(title: str, lines: list[str]) -> str:
    """An SVG of the journey; ``lines`` are the names, then a step each."""
    names = [name.strip() for name in lines[0].split(",")]
    at = {name: COLUMN // 2 + COLUMN * i for i, name in enumerate(names)}
    width, bottom = COLUMN * len(names), TOP + STEP * (len(lines) - 1)
    parts = [
        f'<text class="name" x="{x}" y="24">{escape(name)}</text>'
        f'<path d="M{x} 34V{bottom - 10}" stroke-dasharray="3 4"/>'
        for name, x in at.items()
    ]
    for number, line in enumerate(lines[1:]):
        who, _, what = line.partition(":")
        source, _, target = (name.strip() for name in who.partition("->"))
        y = TOP + STEP * number
        parts.append(_step(at[source], at[target or source], y, escape(what.strip())))
    words = escape(f"{title}. " + ". ".join(line.strip() for line in lines[1:]), quote=True)
    return (
        f'<div style="overflow-x:auto" tabindex="0" role="group" aria-label="{escape(title)}">'
        f'<svg class="journey" role="img" aria-label="{words}" viewBox="0 0 {width} {bottom}" '
        f'width="{width}" style="min-width:{width * 3 // 4}px;max-width:100%;height:auto">'
        f"{''.join(parts)}</svg></div>"
    )


def _step(source: int, target: int, y: int, text: str) -> str:
    middle = (source + target) // 2
    label = f'<text x="{middle}" y="{y - 7 if source != target else y}">{text}</text>'
    if source == target:
        return label
    tip = -9 if target > source else 9
    head = f"M{target} {y}l{tip} -5v10z"
    return f'<path d="M{source} {y}H{target}"/><path class="head" d="{head}"/>{label}'


class Journey(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        lines = [line for line in self.content if line.strip()]
        return [nodes.raw("", picture(self.arguments[0], lines), format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("identityx-journey", Journey)
    app.add_css_file("journeys.css")
    return {"parallel_read_safe": True}
