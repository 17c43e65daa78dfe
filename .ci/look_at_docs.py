"""Fail unless the documentation can be searched for what people search for."""

import json
import re
import sys
from pathlib import Path

WANTED = ["CORS", "custom user model", "Celery", "troubleshooting", "401", "503", "nginx", "pytest"]
WANTED += [
    "403",
    "429",
    "mobile",
    "single-page",
    "Redis",
    "upgrad",
    "API token",
    "IDENTITYX_APP_ID",
]
WANTED += ["CDN", "several applications", "xdist", "identityx_doctor", "faults"]
WANTED += ["outages", "signals", "gunicorn", "uvicorn", "SPA", "TestCase", "passwordless", "CSP"]
WANTED += ["GDPR", "cookies", "SSO", "paywall", "typing", "i18n", "limits", "proxies", "swagger"]

built = Path(sys.argv[1])
index = json.loads(re.sub(r"^Search\.setIndex\(|\)$", "", (built / "searchindex.js").read_text()))
titles = [title.lower() for title in index["alltitles"]]
words = {str(word).lower() for word in index["terms"]} | {str(w) for w in index["titleterms"]}


def found(wanted: str) -> bool:
    wanted = wanted.lower()
    if wanted.isdigit():  # the search looks these up among entries of the index only
        return wanted in index["indexentries"]
    return any(wanted in title for title in titles) or wanted in words


missing = [wanted for wanted in WANTED if not found(wanted)]
checks = (built / "checks.html").read_text()
source = Path("django_identityx/checks.py").read_text()
unlisted = [id_ for id_ in re.findall(r"identityx\.[EW]\d{3}", source) if id_ not in checks]
print(f"{len(index['docnames'])} pages, {len(titles)} headings")
if missing or unlisted:
    sys.exit(f"not found: {missing}\nchecks that are not listed: {unlisted}")
