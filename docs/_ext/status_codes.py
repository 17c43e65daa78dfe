"""Lets the search find the "503" of a heading: it looks up numbers in the index only."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


class StatusCodes(SphinxTransform):
    """Puts the numbers of headings into the index."""

    default_priority = 800  # Sphinx gathers the index at 850

    def apply(self, **kwargs: Any) -> None:
        for section in self.document.findall(nodes.section):
            numbers = re.findall(r"\b\d{3}\b", section[0].astext())
            entries = [("single", number, section["ids"][0], "", None) for number in numbers]
            if entries:
                section.insert(1, addnodes.index(entries=entries))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx."""
    app.add_transform(StatusCodes)
    return {"parallel_read_safe": True}
