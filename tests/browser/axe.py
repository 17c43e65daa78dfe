"""axe-core, which finds barriers. It is not part of this repository: npm has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.requirements import require

if TYPE_CHECKING:
    from playwright.sync_api import Page

VERSION = "4.14.1"
MEMBER = "package/axe.min.js"


def source() -> str:
    """Return axe's source: from ``IDENTITYX_TEST_AXE``, or from npm, kept for the next time."""
    given = os.environ.get("IDENTITYX_TEST_AXE")
    if given:
        require(Path(given).exists(), f"IDENTITYX_TEST_AXE: there is no {given}")
        return Path(given).read_text()
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = caches / "django-identityx" / f"axe-{VERSION}.min.js"
    if not kept.exists():
        _fetch(kept)
    return kept.read_text()


def _fetch(kept: Path) -> None:
    npm = shutil.which("npm")
    require(npm, "axe-core is not here, nor npm to fetch it; IDENTITYX_TEST_AXE may lead to one")
    kept.parent.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(
        [str(npm), "pack", "--silent", f"axe-core@{VERSION}"],
        cwd=kept.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    require(fetched.returncode == 0, f"npm can't fetch axe-core: {fetched.stderr.strip()}")
    archive = kept.parent / fetched.stdout.split()[-1]
    with tarfile.open(archive) as package:
        found = package.extractfile(MEMBER)
        assert found is not None
        kept.write_bytes(found.read())
    archive.unlink()


def violations(page: Page, axe: str) -> list[str]:
    """Return what axe finds on the page, and where."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("axe.run()")
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found["violations"]]
