"""``manage.py identityx_link``: the users whom a site has, and readers whom IdentityX knows, by
address.
"""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TextIO

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from .... import emails, sessions
from ....client import IdentityXClient
from ....conf import conf
from ....exceptions import IdentityXError, NotFound, Rejected
from ....users import AppUser
from ... import rows
from ...identities import email_field, is_other, key_of
from ...models import Identity

PAGE = 1000
COLUMNS = ("user", "address", "action", "reason", "identityx_id")

_ONE = "query ($input: AppUserQueryInput!) { appUser(input: $input) { id email verified } }"


class Command(BaseCommand):
    help = (
        "Attach the readers of IdentityX to the local users who have their address, once, before "
        "links sign people in. Writes what it does as CSV. Whoever reads a mailbox gets into that "
        "user's account from then on: do this only where your site has verified its addresses."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument("--output", type=Path, help="file for the CSV; else standard output")
        parser.add_argument(
            "--include-staff", action="store_true", help="staff and superusers as well"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if conf.APP_ID is None:
            raise CommandError("Set IDENTITYX_APP_ID: only an application has readers.")
        if email_field() is None:
            raise CommandError(f"{get_user_model()._meta.label} has no field for an address.")
        try:
            path: Path | None = options["output"]
            opened = path and path.open("w", encoding="utf-8", newline="")
            with opened or nullcontext(self.stdout) as file:
                counts = self.write(file, options)
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}") from None
        except IdentityXError as error:
            raise CommandError(str(error)) from error
        told = ", ".join(f"{number} {action}" for action, number in sorted(counts.items()))
        tense = "Nothing was changed. Would be" if options["dry_run"] else "Done"
        self.stderr.write(f"{tense}: {told or 'nothing'}.", lambda plain: plain)

    def write(self, file: TextIO | Any, options: dict[str, Any]) -> Counter[str]:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        counts: Counter[str] = Counter()
        for row, address, reader, reason in self.decide(include_staff=options["include_staff"]):
            if reader is not None and not reason and not options["dry_run"]:
                reason = "" if rows.attach(reader, row) else "taken"
            action = "skip" if reason else "link"
            counts[action] += 1
            writer.writerow([row.pk, _plain(address), action, reason, reader and reader.id])
        return counts

    def decide(self, *, include_staff: bool) -> Iterator[tuple[Any, str, AppUser | None, str]]:
        """Each local user with an address: the reader who has it, and why not to attach them."""
        field = email_field()
        assert field is not None  # noqa: S101 - asked for above
        users = get_user_model()._default_manager.order_by("pk")
        many = Counter(emails.clean(str(a)) for a in users.values_list(field.name, flat=True))
        find = _by_address()
        for row in users.iterator(chunk_size=PAGE):
            address = str(getattr(row, field.name) or "")
            if not address:
                continue
            reason = ""
            if many[emails.clean(address)] > 1:
                reason = "several users have this address"
            elif not row.is_active:
                reason = "inactive"
            elif not include_staff and sessions.is_powerful(row):
                reason = "staff: needs --include-staff"
            reader = None if reason else find(emails.clean(address))
            yield row, address, reader, reason or _obstacle(row, reader)


def _by_address() -> Callable[[str], AppUser | None]:
    """Finds the reader with a very address: letters that are only alike are another's.

    With an API token all are asked for at once, else one by one.
    """
    client = IdentityXClient.from_settings()
    if conf.API_TOKEN is not None:
        listed = client.app_users.list(page_size=PAGE)
        return {emails.clean(reader.email): reader for reader in listed}.get

    def ask(wanted: str) -> AppUser | None:
        try:
            found = client.execute(_ONE, {"input": {"email": wanted}})["appUser"]
        except (NotFound, Rejected):
            return None
        if found is None or emails.clean(found["email"]) != wanted:
            return None
        return AppUser(**found, app_id=conf.APP_ID or "")

    return ask


def _obstacle(row: Any, reader: AppUser | None) -> str:
    """Why not to attach ``reader``; empty where nothing speaks against it."""
    if reader is None:
        return "IdentityX knows no such reader"
    if not reader.verified:
        return "not verified at IdentityX"
    identity = Identity.objects.filter(**key_of(reader)).first()
    if identity is not None and identity.user_id is not None:
        return "linked already" if identity.user_id == row.pk else "linked to another user"
    return "the user is another reader already" if is_other(row, reader) else ""


def _plain(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
