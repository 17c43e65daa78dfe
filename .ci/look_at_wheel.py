"""Fail unless the wheel has what users need, and nothing that they don't."""

import sys
import zipfile

NEEDED = [
    "django_identityx/py.typed",
    "django_identityx/templates/identityx/base.html",
    "django_identityx/static/identityx/identityx.js",
    "django_identityx/static/identityx/identityx.css",
    "django_identityx/locale/es/LC_MESSAGES/django.mo",
    "django_identityx/locale/pt_BR/LC_MESSAGES/django.mo",
    "django_identityx/sandbox/schema/basics.graphql",
    "django_identityx/management/commands/identityx_sandbox.py",
    "django_identityx/management/commands/identityx_api_token.py",
    "django_identityx/management/commands/identityx_doctor.py",
    "django_identityx/management/commands/identityx_users.py",
]

names = zipfile.ZipFile(sys.argv[1]).namelist()
missing = [name for name in NEEDED if name not in names]
foreign = [
    name
    for name in names
    if not name.startswith(("django_identityx/", "django_identityx-"))
    or name.endswith((".pyc", ".sqlite3"))
]
print(f"{len(names)} files in {sys.argv[1].rsplit('/', 1)[-1]}")
if missing or foreign:
    sys.exit(f"missing: {missing}\nforeign: {foreign}")
