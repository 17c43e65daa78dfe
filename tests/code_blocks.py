"""The code blocks of the documentation, and how each is run.

A block stands by itself. An HTML comment right before it can say otherwise::

    <!-- code: continues -->            knows what the blocks before it on the page defined
    <!-- code: given request, email --> has these names, see `test_docs_code.py`
    <!-- code: settings -->             is a part of a settings module, and passes the checks
    <!-- code: urls -->                 is a URLconf
    <!-- code: tests -->                is a test file of a site
    <!-- code: browser -->             is a part of ``example_project/spa/``, which a browser walks
    <!-- code: not run: the reason -->  can't be run here
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"(?P<indent> *)(?P<ticks>```+)(?P<language>.*)")
_COMMENT = re.compile(r" *<!-- code: (.+?) -->")
_USES = re.compile(r"continues|given \w+(, \w+)*|settings|urls|tests|browser|not run: .+")


@dataclass(frozen=True)
class Block:
    """One block; ``use`` is what its comment says."""

    page: Path
    line: int
    language: str
    use: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def given(self) -> list[str]:
        return self.use.removeprefix("given ").split(", ") if self.use.startswith("given ") else []

    def compiled_at(self) -> str:
        """The source with as many empty lines before it as the page has: tracebacks are right."""
        return "\n" * self.line + self.code


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page but MyST's directives."""
    use = ""
    lines = iter(enumerate(page.read_text().splitlines(), 1))
    for number, line in lines:
        if comment := _COMMENT.fullmatch(line):
            use = comment[1]
            assert _USES.fullmatch(use), f"{page}:{number}: what is {use!r}?"
        elif fence := _FENCE.fullmatch(line):
            body = []
            for _, inner in lines:
                if inner.strip() == fence["ticks"]:
                    break
                body.append(inner.removeprefix(fence["indent"]))
            if not fence["language"].startswith("{"):
                yield Block(page, number, fence["language"], use, "\n".join(body) + "\n")
            use = ""
        elif line.strip():
            assert not use, f"{page}:{number}: a block should follow the comment"
