"""``manage.py demo_token``: a token to try the API with, got from the sandbox as its owner would.

A site never shows an IdentityX token to a browser, so the page "Try it" doesn't either.
"""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from django_identityx.client import IdentityXClient
from django_identityx.credentials import TokenType
from django_identityx.exceptions import IdentityXError
from django_identityx.signin import token_from

PEOPLE = {
    TokenType.APP_USER: "reader@example.net",
    TokenType.ORG_USER: "member@example.com",
    TokenType.ORG_USER_API_TOKEN: "owner@example.com",
}


class Command(BaseCommand):
    help = "Print a token for the API: asks the sandbox for a link, and opens its mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", type=TokenType, choices=list(TokenType), metavar="KIND")
        parser.add_argument("email", nargs="?", help="by default somebody whom the sandbox knows")

    def handle(self, *args: Any, **options: Any) -> None:
        if urlsplit(settings.IDENTITYX_API_URL).hostname not in {"127.0.0.1", "localhost"}:
            raise CommandError("Only the sandbox shows the mails that this command opens.")
        kind: TokenType = options["kind"]
        try:
            self.stdout.write(self.token(kind, options["email"] or PEOPLE[kind]))
        except (IdentityXError, requests.RequestException) as error:
            raise CommandError(f"{error} Is the sandbox running?") from None

    def token(self, kind: TokenType, email: str) -> str:
        client = IdentityXClient.from_settings()
        if kind is TokenType.APP_USER:
            client.create_and_send_app_user_login_link(email, settings.IDENTITYX_CALLBACK_URL)
            return client.login_app_user(self.link_token(email)).credential.token
        client.send_user_login_link(email)
        login = client.user_login(self.link_token(email)).credential
        if kind is TokenType.ORG_USER:
            return login.token
        return client.create_active_user_api_token(login).token

    def link_token(self, email: str) -> str:
        """The token of the newest link to ``email``."""
        outbox = settings.IDENTITYX_API_URL.replace("/graphql", "/_sandbox/outbox")
        mails = requests.get(outbox, timeout=5).json()
        return token_from([mail["url"] for mail in mails if mail["to"] == email][-1])
