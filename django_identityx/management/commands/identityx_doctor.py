"""``manage.py identityx_doctor``: is everything there that signing in needs?"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from ..examination import ADVICE, OK, SKIPPED, TODO, Examination


class Command(BaseCommand):
    help = (
        "Look at the settings, IdentityX, the cache, the sessions and the database. Each line is "
        "ok, or says what to do. Exits with 1 if something must be done."
    )
    requires_system_checks = []  # they are lines

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--app-id", help="another application than IDENTITYX_APP_ID")
        parser.add_argument("--strict", action="store_true", help="advice must be followed, too")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        parser.add_argument(
            "--timeout", type=float, default=20, help="seconds for each line (%(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        styles = {
            OK: self.style.SUCCESS,
            ADVICE: self.style.WARNING,
            TODO: self.style.ERROR,
            SKIPPED: self.style.HTTP_NOT_MODIFIED,
        }
        bad = {TODO, ADVICE} if options["strict"] else {TODO}
        is_bad = False
        examination = Examination(options["app_id"], timeout=options["timeout"])
        for found in examination.findings():
            is_bad = is_bad or found.state in bad
            if options["json"]:
                self.stdout.write(json.dumps(asdict(found)))
            else:
                # IdentityX's words are in it, and a terminal obeys control characters.
                text = "".join(c if c.isprintable() else "?" for c in found.text)
                state = styles[found.state](f"{found.state:8}")
                self.stdout.write(f"{found.line:14} {state} {text}")
            self.stdout.flush()
        if is_bad:
            sys.exit(1)
