"""Directives for what the code knows better than a page: settings and checks."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import django_identityx
from django_identityx.conf import SETTINGS
from django_identityx.signin.reasons import REASONS

ROOT = Path(django_identityx.__file__).parent
CHECKS = (ROOT / "checks.py", ROOT / "accounts" / "checks.py")
PREFIX = "identityx."


def settings_table() -> str:
    """All settings, as they are declared."""
    rows = ["| setting | default | | check |", "| --- | --- | --- | --- |"]
    for setting in SETTINGS.values():
        default = str(setting.default if setting.default != "" else '""')
        default = repr(setting.default) if isinstance(setting.default, str) else default
        doc = setting.doc.replace("|", "\\|")
        rows.append(f"| `{setting.name}` | `{default}` | {doc} | `{PREFIX}{setting.id}` |")
    return "\n".join(rows)


def checks_table() -> str:
    """All checks: those of single settings, and what ``checks`` says itself."""
    rows = ["| id | what it says |", "| --- | --- |"]
    found = {f"{PREFIX}{s.id}": f"What is wrong with `{s.name}`." for s in SETTINGS.values()}
    for path in CHECKS:
        found |= _messages(ast.parse(path.read_text()))
    rows += [f"| `{id_}` | {found[id_]} |" for id_ in sorted(found)]
    return "\n".join(rows)


def codes_table() -> str:
    """Codes of the JSON endpoints, with the status and the text that goes with each."""
    rows = ["| `code` | status | `detail` |", "| --- | --- | --- |"]
    rows += [f"| `{code}` | {r.status} | {r.title}. {r.text} |" for code, r in REASONS.items()]
    return "\n".join(rows)


def templates_table() -> str:
    """All templates of the package with their blocks, and what each says of itself."""
    rows = ["| template | blocks | |", "| --- | --- | --- |"]
    found = {p.relative_to(p.parent.parent): p for p in ROOT.rglob("templates/identityx/*.html")}
    for name, path in sorted(found.items(), key=lambda item: (item[0].name[0] == "_", item[0])):
        text = path.read_text()
        blocks = ", ".join(f"`{block}`" for block in re.findall(r"{% block (\w+)", text))
        says = re.search(r"{# (.+?) #}", text.partition("\n")[0])
        rows.append(f"| `{name}` | {blocks} | {says[1] if says else ''} |")
    return "\n".join(rows)


def _messages(tree: ast.AST) -> dict[str, str]:
    """Id to message, read from the source: most are said only where something is wrong."""
    found: dict[str, str] = {}
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        ids = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Constant) and re.fullmatch(rf"{PREFIX}[EW]\d+", str(node.value))
        ]
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"Error", "Warn"}:
                id_ = next(keyword.value for keyword in call.keywords if keyword.arg == "id")
                known = [id_.value] if isinstance(id_, ast.Constant) else []
                # Where a loop chooses the id, the function's ids share the message.
                for name in known or ([] if isinstance(id_, ast.JoinedStr) else ids):
                    found[str(name)] = _text(call)
    return found


def _text(call: ast.Call) -> str:
    hint = next((keyword.value for keyword in call.keywords if keyword.arg == "hint"), None)
    parts = [call.args[0], *([hint] if hint is not None else [])]
    return " ".join(filter(None, map(_words, parts))).replace("|", "\\|")


def _words(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_words, node.values))
    return "…" if isinstance(node, ast.FormattedValue) else ""


class _Table(SphinxDirective):
    make: Any = staticmethod(settings_table)

    def run(self) -> list[nodes.Node]:
        for path in CHECKS:
            self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(self.make())


class SettingsTable(_Table):
    make = staticmethod(settings_table)


class CodesTable(_Table):
    make = staticmethod(codes_table)


class TemplatesTable(_Table):
    make = staticmethod(templates_table)


class ChecksTable(_Table):
    make = staticmethod(checks_table)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("identityx-settings", SettingsTable)
    app.add_directive("identityx-codes", CodesTable)
    app.add_directive("identityx-templates", TemplatesTable)
    app.add_directive("identityx-checks", ChecksTable)
    return {"parallel_read_safe": True}
