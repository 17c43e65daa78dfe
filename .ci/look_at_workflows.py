"""Fail unless all that the workflows take from elsewhere is pinned by its hash."""

import re
import sys
from pathlib import Path

PINNED = {
    r"uses: (\S+)": r"[\w./-]+@[0-9a-f]{40}",
    r"(?:container|image): (\S+)": r"\S+@sha256:[0-9a-f]{64}",
    r"(pip install .*)": r".*--require-hashes .*-r \S+",
}

loose, seen = [], 0
for workflow in sorted(Path(".github/workflows").glob("*.y*ml")):
    for what, pinned in PINNED.items():
        for found in re.findall(what, workflow.read_text()):
            seen += 1
            if not re.fullmatch(pinned, found):
                loose.append(f"{workflow}: {found}")
print(f"{seen} things from elsewhere")
if loose or not seen:
    sys.exit("not pinned by hash:\n" + "\n".join(loose))
