"""What the README says about settings, names and commands is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from django_identityx.conf import SETTINGS, Setting

from .code_blocks import PAGES, ROOT

README = (ROOT / "README.md").read_text()


def test_the_settings_table_is_conf() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `IDENTITYX_")]
    assert rows == [_row(setting) for setting in SETTINGS.values()]


def _row(setting: Setting[Any]) -> str:
    default = f"`{setting.default!r}`".replace("'", '"')
    if len(default) > 80:
        default = "see below"
    return f"| `{setting.name}` | {default} | {setting.doc} |"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    text = page.read_text()
    targets = [t for t in re.findall(r"\]\(([^)#]+)", text) if "://" not in t]
    missing = [t for t in targets if not (page.parent / t).exists()]
    assert not missing


def test_screenshots_are_shown_and_told() -> None:
    shown = {
        name: alt
        for page in PAGES
        for alt, name in re.findall(r"!\[([^]]*)\]\(screenshots/([^)]+)\)", page.read_text())
    }
    assert {path.name for path in (ROOT / "docs" / "screenshots").iterdir()} == set(shown)
    assert all(len(alt.split()) > 5 for alt in shown.values())


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)
    assert f"$ make {target}" in README
