"""The two dialects of the ``Authorization`` header, and which one an endpoint reads.

The documentation says ``Bearer AppUser <token>``; the deployed service reads ``AppUser <token>``
and refuses the other with a message of its own. ``auto`` starts with the documented form, changes
on exactly that message, and remembers the answer for the endpoint, in the process and in whatever
the processes share.

Public operations answer for nobody when they can't read the header, and say nothing: only an
operation that needs a person teaches, so `authorize` asks one first where nothing is known yet.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from ..credentials import Credential, TokenType
from ..exceptions import Unclear
from ..process import PerProcess
from ..sharedcache import SharedCache
from .answers import WRONG_DIALECT, Answer, definite, no_verdict
from .connections import capped
from .operations import Operation, query
from .transport import BEARER, PLAIN, Transport

AUTO = "auto"
_OTHER = {BEARER: PLAIN, PLAIN: BEARER}

_known: PerProcess[dict[str, str]] = PerProcess(dict)


@dataclass(frozen=True)
class Endpoint:
    """Sends operations to one address, in the dialect that is read there.

    ``authorization_format`` is ``auto``, ``bearer`` or ``plain``; ``memory`` is where processes
    share the dialect.
    """

    transport: Transport
    authorization_format: str = AUTO
    memory: SharedCache | None = None

    def send(self, operation: Operation) -> Answer:
        """Execute ``operation``, and whatever has to be asked before it, in the time for one."""
        credential = operation.credential
        if credential is None:
            return self.transport.execute(operation)
        if self.authorization_format != AUTO:
            return self.transport.execute(operation, self.authorization_format)
        with capped(sum(self.transport.timeout)):
            if operation.needs_person:
                return self._send_and_learn(operation)
            dialect = self._recall() or self._learn(credential, operation.app_id)
            answer = self.transport.execute(operation, dialect)
            if _refuses_dialect(answer):
                self._remember("")
                raise Unclear("IdentityX changed how it reads the Authorization header.")
            return answer

    def _send_and_learn(self, operation: Operation) -> Answer:
        recalled = self._recall()
        dialect = recalled or BEARER
        answer = self.transport.execute(operation, dialect)
        if _refuses_dialect(answer):
            dialect = _OTHER[dialect]
            answer = self.transport.execute(operation, dialect)
        if dialect != recalled and _teaches(answer):
            self._remember(dialect)
        return answer

    def _learn(self, credential: Credential, app_id: str | None) -> str:
        name = "activeAppUser" if credential.token_type is TokenType.APP_USER else "activeUser"
        probe = replace(query(name, "id"), credential=credential, app_id=app_id)
        answer = self._send_and_learn(probe)
        dialect = self._recall()
        if not dialect:
            raise no_verdict(
                answer, "IdentityX does not tell how it reads the Authorization header."
            )
        return dialect

    def _recall(self) -> str | None:
        dialect = _known().get(self.transport.url)
        if not dialect and self.memory is not None:
            dialect = self.memory.attempt(lambda cache: cache.get(self._key), None)
            if not isinstance(dialect, str) or dialect not in _OTHER:
                return None
            _known()[self.transport.url] = dialect
        return dialect

    def _remember(self, dialect: str) -> None:
        _known()[self.transport.url] = dialect
        if self.memory is not None:
            self.memory.attempt(lambda cache: cache.set(self._key, dialect, None), None)

    @property
    def _key(self) -> str:
        digest = hashlib.sha256(self.transport.url.encode()).hexdigest()
        return f"identityx:dialect:{digest[:32]}"


def _refuses_dialect(answer: Answer) -> bool:
    return any(error.message == WRONG_DIALECT for error in answer.errors)


def _teaches(answer: Answer) -> bool:
    """Whether the header was read: a person came back, or a definite word about the token."""
    if not answer.errors:
        return any(value is not None for value in answer.data.values())
    return any(error.code == "UNAUTHENTICATED" and definite(error) for error in answer.errors)
