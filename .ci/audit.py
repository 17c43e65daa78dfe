"""Look up known vulnerabilities; say so where the place to look them up can't be reached."""

import json
import subprocess
import sys

OWN = "django-identityx"

command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
run = subprocess.run([*command, "--path", sys.argv[1]], text=True, capture_output=True)
if not run.stdout.strip():
    print(f"Skipped, since pip-audit could not look anything up:\n{run.stderr[-600:]}")
    sys.exit()
packages = [p for p in json.loads(run.stdout)["dependencies"] if p["name"] != OWN]
unknown = [p["name"] for p in packages if "skip_reason" in p]
bad = [(p["name"], p["version"], [v["id"] for v in p["vulns"]]) for p in packages if p.get("vulns")]
if packages and len(unknown) == len(packages):
    print("Skipped: the index that is used here has no advisories.")
elif bad or unknown:
    sys.exit(f"vulnerable: {bad}\nnot to be looked up: {unknown}")
else:
    print(f"{len(packages)} packages, no known vulnerability")
