"""Imports point down: the direction that the layers promise, read from the source."""

from __future__ import annotations

import ast
from pathlib import Path

import django_identityx

ROOT = Path(django_identityx.__file__).parent

# From the bottom up. A module may import its own layer and those below.
LAYERS = [
    # vocabulary
    {"exceptions", "users", "signals", "conf", "emails", "redaction", "addresses", "lifetime"}
    | {"reporting", "setting_rules", "audit", "forms", "redirects", "csrf", "headers"}
    | {"rates", "counters", "ratelimits", "background"},
    # wire, parse
    {"credentials", "answers", "connections", "transport", "dialects", "payloads", "calls"},
    # operations
    {"client"},
    # trust
    {"clocks", "options", "verdicts", "localcache", "caching", "memory", "flights", "breaker"}
    | {"slots", "upstream", "suspects", "metrics", "verifier", "verification"},
    # session
    {
        "sessions",
        "endings",
        "loading",
        "links",
        "claims",
        "claim_stores",
        "marks",
        "sending",
        "redemption",
    },
    # entry points
    {"views", "api", "middleware", "authentication", "permissions", "throttling", "decorators"}
    | {"checks", "parsers"},
    # wiring
    {"urls", "apps", "management", "testing", "pytest_plugin"},
]


def layer_of(module: str) -> int:
    for number, layer in enumerate(LAYERS):
        if module in layer:
            return number
    raise AssertionError(f"{module} stands in no layer: add it to LAYERS")


def modules() -> list[str]:
    names = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in ROOT.rglob("*.py")}
    return sorted(names - {"__init__", "sandbox"})


def imports(path: Path) -> set[str]:
    """The package's own top-level modules that a file imports, also inside functions."""
    package = ["django_identityx", *path.relative_to(ROOT).parts[:-1]]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            full = [*base, *(node.module or "").split(".")] if node.module else base
            names = [".".join([*full, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {n.split(".")[1] for n in names if n.startswith("django_identityx.")}
    return found


def is_type_checking_only(path: Path, module: str) -> bool:
    tree = ast.parse(path.read_text())
    guarded = {
        ast.dump(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in block.body
    }
    return any(f"'{module}'" in dump for dump in guarded) and not any(
        isinstance(node, ast.ImportFrom)
        and (node.module == module or module in {a.name for a in node.names})
        and ast.dump(node) not in guarded
        for node in ast.walk(tree)
    )


def test_every_module_stands_in_a_layer() -> None:
    for module in modules():
        layer_of(module)


def test_imports_point_down() -> None:
    wrong = []
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).parts
        module = parts[0].removesuffix(".py")
        if module in {"__init__", "sandbox"}:
            continue
        wrong += [
            f"{'/'.join(parts)} imports {target}"
            for target in imports(path) & set(modules())
            if layer_of(target) > layer_of(module) and not is_type_checking_only(path, target)
        ]
    assert not wrong


def test_the_sandbox_stands_alone() -> None:
    wrong = [
        f"{path.name} imports {sorted(imports(path) - {'sandbox'})}"
        for path in (ROOT / "sandbox").rglob("*.py")
        if imports(path) - {"sandbox"}
    ]
    assert not wrong


def test_only_management_and_testing_use_the_sandbox() -> None:
    users = {
        path.relative_to(ROOT).parts[0].removesuffix(".py")
        for path in ROOT.rglob("*.py")
        if "sandbox" in imports(path) and path.relative_to(ROOT).parts[0] != "sandbox"
    }
    assert users <= {"management", "testing", "pytest_plugin"}


def test_one_seam_to_the_wire() -> None:
    users = {
        path.name
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and any(a.name.startswith("requests") for a in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "requests")
    }
    assert users == {"transport.py", "connections.py"}
