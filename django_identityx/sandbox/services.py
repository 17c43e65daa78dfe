"""The inner services of IdentityX, as far as they can be down."""

from __future__ import annotations

from .errors import refused, unreachable
from .faults import Fault

_WITHOUT_DATABASE = frozenset({"ip", "locale", "mailer"})
# What a service says whose database is away: first it waits, later it gives up for good.
WAITING = "no connection available for operation and number of stored operation > 0"
BROKEN = "Topology was destroyed"


class Hanging(BaseException):
    """A request that waits for an inner service which does not answer.

    No ``Exception``: nothing on the way up may turn it into an answer.
    """


class Services:
    """Which of the inner services answer a request."""

    def __init__(self, fault: Fault | None) -> None:
        self._fault = fault

    def ask(self, name: str, *, direct: bool = False) -> None:
        """Raise if a service, or the database behind it, is down."""
        self.reach(name, direct=direct)
        if name not in _WITHOUT_DATABASE:
            self.use_database()

    def reach(self, name: str, *, direct: bool = False) -> None:
        """Raise if a service is down; ``direct`` says that the gateway itself asks it."""
        fault = self._fault
        if fault is None or not self.is_down(name):
            return
        if fault.hangs:
            raise Hanging
        raise unreachable(name, fault.message, direct=direct)

    def use_database(self) -> None:
        """Raise if the database is away."""
        if self._fault is not None and self._fault.mode == "database":
            raise refused(BROKEN if self._fault.is_old else WAITING, 500)

    def send_mail(self) -> None:
        """Raise if no mail gets out."""
        self.reach("mailer")
        if self._fault is not None and self._fault.mode == "mail":
            raise refused(self._fault.message or "Forbidden", 500)

    def is_down(self, name: str) -> bool:
        """Say whether a service is down."""
        fault = self._fault
        return fault is not None and fault.mode == "inner" and fault.service == name
