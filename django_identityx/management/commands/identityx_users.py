"""``manage.py identityx_users``: the people of the application, for whoever runs the site."""

from __future__ import annotations

import csv
import json
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, fields
from itertools import islice
from typing import IO, Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from ...client import IdentityXClient
from ...exceptions import IdentityXError, NotFound
from ...users import AppUser, Profile

WIDTH = 30  # characters of the progress bar

_ID = re.compile(r"[0-9a-f]{24}")
_NESTED = {"app_id", "access_levels", "teams", "profile", "custom_attributes", "external_ids"}
_NESTED |= {f.name for f in fields(Profile) if f.name.endswith("_answers")}
PERSON = [f.name for f in fields(AppUser) if f.name not in _NESTED]
NAMED = ["access_levels", "teams"]
PROFILE = [f.name for f in fields(Profile) if f.name not in _NESTED]


class Command(BaseCommand):
    help = (
        "List, show, find, ban and export the AppUsers of the application. Needs "
        "IDENTITYX_API_TOKEN, see identityx_api_token."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        listing = commands.add_parser("list", help="print the newest ones")
        listing.add_argument("--limit", type=int, default=20)
        listing.add_argument("--order", default="-id", help="-id, email, -last_logged_in, ...")
        finding = commands.add_parser("find", help="print those whose address has PHRASE")
        finding.add_argument("phrase")
        finding.add_argument("--field", default="email", help="email, given_name, city, ...")
        finding.add_argument("--limit", type=int, default=20)
        showing = commands.add_parser("show", help="print all that IdentityX knows of one")
        showing.add_argument("who", help="address or id")
        banning = commands.add_parser("ban", help="keep one from commenting")
        banning.add_argument("who", help="address or id")
        banning.add_argument("--undo", action="store_true")
        exporting = commands.add_parser("export", help="write all of them down")
        exporting.add_argument("--format", choices=["csv", "jsonl"], default="csv")
        exporting.add_argument("--output", default="-", help="a file; - is standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        users = self.users = IdentityXClient.from_settings().app_users
        try:
            match options["command"]:
                case "list":
                    size = max(1, min(options["limit"], 100))
                    self.print(users.list(order=options["order"], page_size=size), options["limit"])
                case "find":
                    found = users.match(options["phrase"], field=options["field"])
                    self.print(found, options["limit"])
                case "show":
                    shown = json.dumps(_plain(self.one(options["who"])), indent=2)
                    self.stdout.write(shown)
                case "ban":
                    user = users.ban(self.one(options["who"]).id, banned=not options["undo"])
                    self.stdout.write(f"{_line(user)}{'' if user.banned else '  no longer banned'}")
                case "export":
                    self.export(options["format"], options["output"])
        except NotFound:
            raise CommandError("This application has no such user.") from None
        except IdentityXError as error:
            raise CommandError(str(error)) from None

    def one(self, who: str) -> AppUser:
        return self.users.get(who) if _ID.fullmatch(who) else self.users.get_by_email(who)

    def print(self, users: Iterable[AppUser], limit: int) -> None:
        for user in islice(users, max(0, limit)):  # which asks for no page that nobody reads
            self.stdout.write(_line(user))

    def export(self, form: str, output: str) -> None:
        counted = self.counted(self.users.list(order="id"), self.users.count())
        here: Any = nullcontext(self.stdout)
        try:
            with here if output == "-" else open(output, "w", encoding="utf-8", newline="") as file:
                _write(counted, form, file)
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}") from None

    def counted(self, users: Iterable[AppUser], total: int) -> Iterator[AppUser]:
        """The same, with a progress bar where somebody looks on."""
        bar: TextIO | None = sys.stderr if self.stderr.isatty() else None
        for number, user in enumerate(users, 1):
            yield user
            if bar is not None and (number % 100 == 0 or number == total):
                done = WIDTH * number // max(total, number)
                bar.write(f"\r[{'#' * done:<{WIDTH}}] {number}/{total}")
                bar.flush()
        if bar is not None:
            bar.write("\n")


def _line(user: AppUser) -> str:
    marks = [name for name in ("verified", "banned") if getattr(user, name)]
    words = [user.id, user.email, user.name, *(level.name for level in user.access_levels), *marks]
    # People write their names themselves, and a terminal obeys control characters.
    return "  ".join("".join(c if c.isprintable() else "?" for c in word) for word in words if word)


def _plain(user: AppUser) -> dict[str, Any]:
    text = json.dumps(asdict(user), default=lambda moment: moment.isoformat())
    return dict(json.loads(text))


def _write(users: Iterable[AppUser], form: str, file: IO[str] | Any) -> None:
    if form == "jsonl":
        for user in users:
            file.write(json.dumps(_plain(user)) + "\n")
        return
    rows = csv.DictWriter(file, [*PERSON, *NAMED, *PROFILE], extrasaction="ignore")
    rows.writeheader()
    for user in users:
        plain = _plain(user)
        named = {name: "; ".join(e["name"] for e in plain[name]) for name in NAMED}
        known = {**(plain["profile"] or {}), **plain, **named}
        rows.writerow({name: _cell(value) for name, value in known.items()})


def _cell(value: Any) -> Any:
    """What people wrote is no formula for whoever opens the file in a spreadsheet."""
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value
