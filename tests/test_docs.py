"""What the README says about settings, names and commands is so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from django_identityx.conf import DEFAULTS, Conf

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()

ROW = re.compile(r"^\| `IDENTITYX_(\w+)` \| (.+?) \| .+ \|$", re.M)


def test_the_settings_table_is_conf() -> None:
    rows = dict(ROW.findall(README))
    assert set(rows) == set(DEFAULTS)
    for name, default in rows.items():
        if default != "see below":
            assert ast.literal_eval(default.strip("`")) == DEFAULTS[name], name


def test_every_setting_is_a_property_with_its_name() -> None:
    assert {name for name in vars(Conf) if name.isupper()} == set(DEFAULTS)


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
