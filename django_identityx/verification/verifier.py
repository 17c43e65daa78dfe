"""Whom a token belongs to, for the application that wants to know.

A hit is served by its digest alone: only what passed the reading of its token got in, and nothing
stays longer than its token, its TTL and the copy's own time allow. Who may come in is decided when
a verdict is served, because it is another question in each application.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from hashlib import sha256

from .. import applications, audit
from ..applications import ANY_ORGANIZATION, Application
from ..conf import conf
from ..credentials import Credential, TokenType, check_form
from ..exceptions import ConfigurationError, Malformed, NoVerdict, Rejected
from ..process import Clock
from ..ratelimits import Bucket, LimitExceeded
from ..service import Gate
from ..users import AppUser, OrgUser
from .engine import Engine
from .metrics import LIMITED, LOCAL, REJECTED, UNAVAILABLE, Reporter, reason_of
from .questions import User, WhichOrganization, WhoseToken
from .suspects import Suspects
from .verdict import SETTLED, Lifetimes, Verdict

logger = logging.getLogger("django_identityx")

Client = Callable[[], Sequence[Bucket]]  # whom rejections count for; called only where it matters


class Verifier:
    """The verdicts of one process, by the settings as they were when it was made.

    Reading a setting that is not set costs more than a hit may. The state of the process, and this
    with it, is dropped whenever a setting changes.
    """

    def __init__(self, clock: Clock = time, way: Gate | None = None) -> None:
        self._clock = clock
        self._monotonic = clock.monotonic
        self._prefixes = {kind: f"{conf.API_URL}\0{kind.value}\0" for kind in TokenType}
        self._refuses_banned = conf.REFUSE_BANNED
        self._application = applications.from_settings()
        self._others: dict[str, Application] = {}  # by their id, where nothing else is said
        self._suspects = Suspects(clock)
        self._report = Reporter(conf.METRICS, clock)
        trouble = self._report.unavailable
        self._verdicts: Engine[User] = Engine(
            "", Lifetimes.from_settings(), on_trouble=trouble, way=way, clock=clock
        )
        self._organizations: Engine[str] = Engine("o", SETTLED, way=way, clock=clock)
        self._recall = self._verdicts.recall

    def recall(
        self,
        credential: Credential,
        application: Application | None = None,
        app_id: str | None = None,
        max_age: float | None = None,
    ) -> Verdict | None:
        """The verdict, if it is at hand in the process: then nobody has to wait."""
        started = self._monotonic()
        kept = self._recall(self.key(credential))
        if kept is None or max_age is not None or started >= kept.refresh_at:
            return None
        if kept.admitted is not (application or self.application(app_id)):
            return None
        if self._report.hook is not None:
            self._report.tell(LOCAL, started)
        return kept

    def check(
        self,
        credential: Credential,
        application: Application | None = None,
        app_id: str | None = None,
        max_age: float | None = None,
        client: Client | None = None,
    ) -> Verdict:
        started = self._monotonic()
        if application is None:
            application = self._application if app_id is None else self.application(app_id)
        try:  # as `key`, and quicker: on the path of every request that is one tenth of a hit
            key = sha256(
                (self._prefixes[credential.token_type] + credential.token).encode()
            ).digest()
        except UnicodeEncodeError:
            key = self.key(credential)
        kept = self._recall(key)
        if (
            kept is not None
            and started < kept.refresh_at
            and max_age is None
            and (kept.admitted is application or kept.admitted == application)
        ):
            if self._report.hook is not None:
                self._report.tell(LOCAL, started)
            return kept
        outcome = why = UNAVAILABLE
        try:
            if kept is None:
                check_form(credential.token)
            question = WhoseToken(
                key,
                credential,
                application.app_id,
                self._clock.time(),
                lambda: self._hold_back(client),
            )
            outcome, verdict = self._verdicts.find(question, max_age)
            why = outcome
            self._admit(verdict, application)
        except Rejected as rejected:
            outcome, why = REJECTED, rejected.reason
            self._count(credential, key, client, rejected)
            raise
        except LimitExceeded:
            outcome = why = LIMITED
            raise
        except NoVerdict as error:
            outcome = why = reason_of(error)
            self._report.unavailable(error)
            raise
        finally:
            logger.debug("Verification of an %s token: %s.", credential.token_type.value, why)
            self._report.tell(outcome, started)
        return verdict

    def remember(self, credential: Credential, user: User) -> None:
        """Keep what a sign-in has told: the next request asks nobody."""
        if user.kind != credential.token_type.value:
            return
        app_id = user.app_id if isinstance(user, AppUser) else None
        if isinstance(user, OrgUser) and not user.memberships:
            return  # a sign-in of staff tells none
        question = WhoseToken(
            self.key(credential), credential, app_id, self._clock.time(), lambda: None
        )
        self._verdicts.store(question, user)

    def forget(self, credential: Credential) -> None:
        self._verdicts.forget(self.key(credential))

    def deny(self, credential: Credential, seconds: float | None = None) -> bool:
        return self._verdicts.deny(self.key(credential), seconds)

    def key(self, credential: Credential) -> bytes:
        """A digest over endpoint, kind and token."""
        # What is digested gets no name: error reports print the locals of a frame.
        return sha256(
            (self._prefixes[credential.token_type] + credential.token).encode(
                "utf-8", "surrogatepass"
            )
        ).digest()

    def application(self, app_id: str | None = None) -> Application:
        """The application ``app_id``, as far as its id says; the settings' by default."""
        if app_id is None or app_id == self._application.app_id:
            return self._application
        known = self._others.get(app_id)
        return known or self._others.setdefault(app_id, Application(app_id))

    # --- who may come in --------------------------------------------------------------------

    def _admit(self, verdict: Verdict, application: Application) -> None:
        """Raise `Rejected` where the person may not come in here."""
        user = verdict.value
        if isinstance(user, AppUser):
            if user.app_id != application.app_id:
                raise Malformed("wrong_application")
            if user.banned and self._refuses_banned:
                raise Rejected("banned")
        else:
            organization = self.organization_of(application)
            if organization != ANY_ORGANIZATION and user.role_in(organization) is None:
                raise Rejected("wrong_organization")
        verdict.admitted = application

    def organization_of(self, application: Application) -> str:
        """The organization whose members are staff here: asked once, and never a guess."""
        if application.org_id:
            return application.org_id
        if not application.app_id:
            raise ConfigurationError(
                "Whose staff may come in is not known: set IDENTITYX_ORG_ID or IDENTITYX_APP_ID."
            )
        return self._organizations.answer(WhichOrganization(application))

    # --- counting ---------------------------------------------------------------------------

    def _hold_back(self, client: Client | None) -> None:
        """Raise `LimitExceeded` for an address that brought too many rejected tokens."""
        if client is not None:
            self._suspects.refuse(client())

    def _count(
        self, credential: Credential, key: bytes, client: Client | None, rejected: Rejected
    ) -> None:
        audit.token_rejected(rejected.reason, credential.token_type.value)
        if client is not None and type(rejected) is Rejected:
            for bucket in client():
                self._suspects.add(bucket, key)
