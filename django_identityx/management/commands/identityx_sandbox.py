"""Run the IdentityX API on localhost."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

if TYPE_CHECKING:
    from django_identityx.sandbox import SandboxServer

PORT = 8787


class Command(BaseCommand):
    """Serve a sandbox until it is interrupted."""

    help = "Run IdentityX on localhost, with made-up people and an outbox instead of mail."
    # The sandbox helps to set a site up, so it runs before the site is set up.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--port", type=_port, default=PORT, help="where to listen (%(default)s)"
        )
        parser.add_argument("--state", metavar="FILE", help="keep the state in this file")
        parser.add_argument(
            "--callback",
            metavar="URL",
            help="the site's callback, for administrators' links "
            "(IDENTITYX_CALLBACK_URL if it is set)",
        )
        parser.add_argument(
            "--dialect",
            choices=("plain", "bearer"),
            default="plain",
            help="how credentials are sent: as the service takes them, or as it documents them",
        )
        parser.add_argument(
            "--latency",
            metavar="MS",
            type=_milliseconds,
            default=0.0,
            help="delay each answer by so many milliseconds",
        )
        parser.add_argument(
            "--allow-without-debug",
            action="store_true",
            help="run although DEBUG is False: whoever reaches the sandbox signs in as anybody",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        if not settings.DEBUG and not options["allow_without_debug"]:
            raise CommandError(
                "DEBUG is False, so this may be a site that real people use. Whoever reaches the "
                "sandbox signs in as anybody. If that is what you want, for tests or a "
                "demonstration, add --allow-without-debug."
            )
        server = self._server(options)
        self.stdout.write(self._welcome(server, options))
        self.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("\nThe sandbox has stopped.")
        finally:
            server.stop()

    def _server(self, options: dict[str, Any]) -> SandboxServer:
        try:
            from django_identityx.sandbox import Sandbox, SandboxServer, StateError
        except ModuleNotFoundError as error:
            raise CommandError(str(error)) from error
        callback = options["callback"] or getattr(settings, "IDENTITYX_CALLBACK_URL", None)
        state = options["state"]
        if state and not Path(state).absolute().parent.is_dir():
            raise CommandError(f"The directory of {state} does not exist.")
        try:
            sandbox = Sandbox(
                dialect=options["dialect"],
                latency=options["latency"] / 1000,
                callback_url=callback,
                state_file=state,
            )
        except (StateError, OSError) as error:
            raise CommandError(str(error)) from error
        try:
            return SandboxServer(sandbox, options["port"])
        except OSError as error:
            raise CommandError(
                f"Port {options['port']} is not free ({error.strerror}). Choose another: --port N"
            ) from error

    def _welcome(self, server: SandboxServer, options: dict[str, Any]) -> str:
        from django_identityx.sandbox import DAILY_APP_ID, ORG_ID

        state = options["state"] or "forgotten at the end (--state FILE keeps it)"
        return "\n".join(
            (
                f"IdentityX sandbox: {server.base_url}/ shows people and mails.",
                f"State: {state}. Ctrl-C ends it.",
                "",
                "Settings of a site that uses it:",
                "",
                f'    IDENTITYX_API_URL = "{server.url}"',
                f'    IDENTITYX_APP_ID = "{DAILY_APP_ID}"',
                f'    IDENTITYX_ORG_ID = "{ORG_ID}"',
                "",
                "Readers: reader@example.net, subscriber@example.net, staff@example.org, ...",
                "Administrators: owner@example.com, admin@example.com, ...",
            )
        )


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ArgumentTypeError("a port is a number up to 65535; 0 takes a free one")
    return int(text)


def _milliseconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ArgumentTypeError("write the latency as a number of milliseconds") from None
    if not 0 <= value <= 60_000:
        raise ArgumentTypeError("the latency is between 0 and 60000 milliseconds")
    return value
