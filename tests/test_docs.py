"""What the README says about settings, names and commands is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from django_identityx.conf import SETTINGS, Setting

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_settings_table_is_conf() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `IDENTITYX_")]
    assert rows == [_row(setting) for setting in SETTINGS.values()]


def _row(setting: Setting[Any]) -> str:
    default = f"`{setting.default!r}`".replace("'", '"')
    if len(default) > 80:
        default = "see below"
    return f"| `{setting.name}` | {default} | {setting.doc} |"


@pytest.mark.parametrize(
    "page", ["README.md", "SECURITY.md", "docs/verification.md", "docs/sign-in.md"]
)
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = [t for t in re.findall(r"\]\(([^)#]+)", text) if "://" not in t]
    missing = [t for t in targets if not ((ROOT / page).parent / t).exists()]
    assert not missing


def test_python_in_the_readme_parses() -> None:
    for block in re.findall(r"```python\n(.*?)```", README, re.S):
        lines = block.splitlines()
        indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
        source = "\n".join(line[indent:] for line in lines)
        ast.parse(source)


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)
    assert f"$ make {target}" in README
