"""Lets the search find the "503" of a heading: it looks up numbers in the index only."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx."""
    app.connect("doctree-read", _put_into_the_index)
    return {"parallel_read_safe": True}


def _put_into_the_index(app: Sphinx, doctree: nodes.document) -> None:
    for section in doctree.findall(nodes.section):
        numbers = re.findall(r"\b\d{3}\b", section[0].astext())
        entries = [("single", number, section["ids"][0], "", None) for number in numbers]
        if entries:
            section.insert(1, addnodes.index(entries=entries))
