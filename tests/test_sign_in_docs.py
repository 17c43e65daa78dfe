"""What docs/sign-in.md and SECURITY.md say of settings, names and defaults is so."""

from __future__ import annotations

import ast
import logging.config
import re
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils.module_loading import import_string

from django_identityx.conf import SETTINGS
from django_identityx.sending import executor as background

from .leaks import SECRET, assert_no_secret

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "sign-in.md").read_text()
SECURITY = (ROOT / "SECURITY.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def test_python_parses_and_its_imports_exist() -> None:
    for block in BLOCKS:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    import_string(f"{node.module}.{alias.name}")


def test_the_limits_by_default() -> None:
    rows = dict(re.findall(r"^\| `([a-z]+-[a-z]+)` \| .+ \| (.+) \|$", PAGE, re.M))
    documented = {scope: tuple(rates.split(", ")) for scope, rates in rows.items()}
    listed = {
        scope: (rates,) if isinstance(rates, str) else tuple(rates)
        for scope, rates in SETTINGS["THROTTLE_RATES"].default.items()
    }
    assert documented == listed


@pytest.mark.parametrize("text", [PAGE, SECURITY], ids=["sign-in", "security"])
def test_settings_exist(text: str) -> None:
    assert set(re.findall(r"\bIDENTITYX_(\w+)", text)) <= set(SETTINGS)


def test_urls_exist() -> None:
    for name in set(re.findall(r"`identityx:([\w-]+)`", PAGE)):
        reverse(f"identityx:{name}")


def test_the_numbers_of_the_executor() -> None:
    assert background.WORKERS == 4
    assert f"{background.PLACES} links may wait" in PAGE


def test_the_logging_example_works(
    logging_restored: None, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = (block for block in BLOCKS if "LOGGING = " in block)
    scope: dict[str, Any] = {}
    exec(compile(block, "docs/sign-in.md", "exec"), scope)
    for name in ("DEFAULT_EXCEPTION_REPORTER", "DEFAULT_EXCEPTION_REPORTER_FILTER"):
        import_string(scope[name])
    logging.config.dictConfig(scope["LOGGING"])
    logging.getLogger("django_identityx.audit").info("event token=%s", SECRET)
    shown = capsys.readouterr().err
    assert "INFO django_identityx.audit event token=[redacted]" in shown
    assert_no_secret(shown)


def test_every_requirement_is_there() -> None:
    found = [int(number) for number in re.findall(r"^- \*\*S(\d+)\*\*", SECURITY, re.M)]
    assert found == sorted(set(found))
    assert set(range(1, 21)) <= set(found) <= set(range(1, 29))
