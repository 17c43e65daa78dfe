"""Imports point down, from room to room, and only through their doors: read from the source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import django_identityx

ROOT = Path(django_identityx.__file__).parent

# From the bottom up. A room or file may import what stands on its own line and below.
ORDER = [
    {"exceptions", "users", "credentials", "signals", "conf", "redaction", "process", "emails"},
    {"addresses", "audit", "reporting", "sharedcache", "models", "admin", "applications"},
    {"outages"},
    {"service", "client"},
    {"ratelimits"},
    {"verification"},
    {"sessions"},
    {"middleware", "typing"},
    {"access", "profile"},
    {"authentication", "permissions", "decorators", "mixins", "throttling"},
    {"sending"},
    {"signin", "comments", "accounts"},
    {"templatetags"},
]
# Whoever starts the house up knows the files inside its rooms.
WIRING = {"checks", "urls", "token_urls", "comment_urls", "apps", "testing", "pytest_plugin"}
WIRING |= {"management", "migrations", "openapi"}
# The sandbox is a house of its own, for development.
MAY_USE_SANDBOX = {"management", "testing", "pytest_plugin"}


def files() -> list[tuple[str, Path]]:
    """Each file of the package, with the room that it is in."""
    found = [(path.relative_to(ROOT).parts, path) for path in sorted(ROOT.rglob("*.py"))]
    return [(parts[0].removesuffix(".py"), path) for parts, path in found if parts[0][0] != "_"]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> set[tuple[str, ...]]:
    """What a file imports of the package, below its name; also inside functions."""
    package = ["django_identityx", *path.relative_to(ROOT).parts[:-1]]
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            names = [(*module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        else:
            continue
        found |= {name[1:] for name in names if name[0] == "django_identityx" and len(name) > 1}
    return found


def place(room: str) -> int:
    for number, rooms in enumerate(ORDER):
        if room in rooms:
            return number
    if room in WIRING:
        return len(ORDER)
    raise AssertionError(f"{room} has no place in the house: add it to ORDER")


def test_every_room_has_its_place() -> None:
    for room, _ in files():
        assert room == "sandbox" or place(room) >= 0


def test_imports_point_down() -> None:
    assert not [
        f"{path.relative_to(ROOT)} imports {target[0]}"
        for room, path in files()
        if room != "sandbox"
        for target in imports(path)
        if target[0] not in {"__version__", "sandbox"} and place(target[0]) > place(room)
    ]


def test_nobody_reaches_into_a_room() -> None:
    """What others may use stands in a room's ``__init__``."""

    def is_file(target: tuple[str, ...]) -> bool:
        inside = ROOT.joinpath(*target[:2])
        return inside.with_suffix(".py").exists() or (inside / "__init__.py").exists()

    assert not [
        f"{path.relative_to(ROOT)} reaches for {'.'.join(target[:2])}"
        for room, path in files()
        if room not in WIRING
        for target in imports(path)
        if target[0] != room and len(target) > 1 and is_file(target)
    ]


def test_the_sandbox_stands_alone() -> None:
    for room, path in files():
        targets = {target[0] for target in imports(path)}
        if room == "sandbox":
            assert targets <= {"sandbox"}, path
        else:
            assert "sandbox" not in targets or room in MAY_USE_SANDBOX, path


def test_one_seam_to_the_wire() -> None:
    assert users_of("requests") <= {"service"}
    assert users_of("urllib3") <= {"service"}


def test_one_place_for_the_cache() -> None:
    saying = {room for room, path in files() if "caches[" in path.read_text()}
    assert saying == {"sharedcache"}


def users_of(library: str) -> set[str]:
    return {
        room
        for room, path in files()
        if library in path.read_text()  # quicker, where it is not
        for node in ast.walk(tree(path))
        if library in _libraries(node)
    }


def _libraries(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and not node.level:
        return {(node.module or "").split(".")[0]}
    return set()
