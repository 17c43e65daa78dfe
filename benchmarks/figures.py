"""What the benchmarks found, in ``figures.json``: `draw.py` makes plots and tables of it."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("figures.json")


def read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    return found


def record(name: str, found: Any) -> None:
    """Put ``found`` in the place of what an earlier run found under ``name``."""
    import django

    on = f"{_processor()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    entry = {
        "on": f"{on}, Django {django.get_version()}",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "load": round(os.getloadavg()[0], 1),  # of the last minute, this benchmark included
        "found": found,
    }
    FILE.write_text(json.dumps({**read(), name: entry}, indent=1) + "\n")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
