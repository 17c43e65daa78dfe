"""``manage.py identityx_api_token``: a permanent credential for scripts."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from ... import applications, sessions
from ...client import IdentityXClient
from ...credentials import Credential
from ...exceptions import IdentityXError, NotFound, Rejected, Unavailable
from ...signin import LinkKind, read_link

ATTEMPTS = 3
HINTS = {
    Rejected: " Ask for a new link.",
    Unavailable: " Try again later; the link stays good.",
}


class Command(BaseCommand):
    help = (
        "Print the permanent API token of an OrgUser. Mails a login link, asks for the link (or "
        "its token), and writes the API token to standard output, everything else to standard "
        "error. IdentityX can't revoke the token: keep it like a password."
    )
    requires_system_checks = []
    stealth_options = ("stdin",)
    stdin: TextIO

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="?", help="address of the OrgUser")
        parser.add_argument(
            "--token-from-stdin",
            action="store_true",
            help="send no mail; read a login link, or its token, from standard input",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdin = options.get("stdin") or sys.stdin
        if not options["token_from_stdin"] and not options["email"]:
            raise CommandError("Give the OrgUser's address, or --token-from-stdin.")
        try:
            client = IdentityXClient.from_settings()
            if options["token_from_stdin"]:
                login = self.exchange(client, self.stdin.readline())
            else:
                login = self.ask(client, options["email"])
            api_token = client.create_active_user_api_token(login)
        except NotFound:
            raise CommandError("IdentityX knows no OrgUser with this address.") from None
        except IdentityXError as error:
            hint = next((text for kind, text in HINTS.items() if isinstance(error, kind)), "")
            raise CommandError(f"{error}{hint}") from None
        if not sessions.revoke(login):
            self.say("The login made for this could not be ended at IdentityX.")
        self.stdout.write(api_token.token)
        self.say("This token acts for the person in all their organizations, and never expires.")

    def ask(self, client: IdentityXClient, email: str) -> Credential:
        """Mail a link and exchange what is pasted; a slip of the hand can be corrected."""
        client.send_user_login_link(email.strip())
        self.say(f"A login link is on its way to {email.strip()}.")
        for attempt in range(1, ATTEMPTS + 1):
            self.say("Paste the link from the mail, or its token:")
            line = self.stdin.readline()
            if not line:
                raise CommandError("Nothing was pasted.")
            try:
                return self.exchange(client, line)
            except Rejected as error:
                if attempt == ATTEMPTS:
                    raise
                self.say(str(error))
        raise AssertionError("unreachable")

    def exchange(self, client: IdentityXClient, pasted: str) -> Credential:
        link = read_link(pasted, applications.current())
        link.check_age()
        if link.kind is not LinkKind.ORG_USER:
            raise Rejected("wrong_kind", "This is not the link of an OrgUser.")
        return client.user_login(link.token).credential

    def say(self, text: str) -> None:
        self.stderr.write(text, lambda plain: plain)  # not an error, so not in red
