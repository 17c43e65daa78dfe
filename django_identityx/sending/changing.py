"""Asking for a change of address, behind the answer: what IdentityX erases by it is put back.

As soon as the mail has left. The session has it as well, because two requests in a row would find
nothing the second time, and because a process may end in between.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.http import HttpRequest

from .. import applications, verification
from ..addresses import visitor
from ..client import IdentityXClient
from ..credentials import Credential
from ..exceptions import Busy, Failing, IdentityXError, NotConnected, Rejected, Unavailable
from ..users import AppUser, IdentityXUser

logger = logging.getLogger("django_identityx")

KEY = "_identityx_erased"
LIFETIME = 3600  # seconds that the session has it; as long as IdentityX's link lives


@dataclass(frozen=True)
class Erased:
    """What IdentityX forgets of a person at the moment when a link to a new address leaves.

    Segments as well; those it works out anew whenever the whole person is saved.
    """

    country_code: str = ""
    region_code: str = ""
    must_re_verify: bool = False  # an update of one's own counts as having looked through it all

    @classmethod
    def of(cls, request: HttpRequest, user: AppUser) -> Erased:
        """What ``user`` has to lose, or had before an earlier request."""
        erased = cls(user.country_code, user.region_code, user.must_re_verify_profile)
        if not erased.country_code:
            erased = cls.recalled(request) or erased
        if erased.country_code:
            request.session[KEY] = {**asdict(erased), "at": time.time()}
        return erased

    @classmethod
    def recalled(cls, request: HttpRequest) -> Erased | None:
        """What the session has."""
        data = dict(request.session.get(KEY) or {})
        return cls(**data) if 0 <= time.time() - data.pop("at", 0) < LIFETIME else None

    def put_back(self, client: IdentityXClient, credential: Credential) -> None:
        """Write it to the person's profile again; as often as one likes."""
        own = client.own_profile(credential)
        if not self.country_code:
            own.set_custom_attributes({})  # saves the person, and says nothing of the profile
        else:
            user = own.update(country_code=self.country_code, region_code=self.region_code or None)
            if self.must_re_verify and client.credential is not None:
                client.app_users.force_re_verification(user.id)
        verification.forget(credential)


def put_back_late(request: HttpRequest, user: IdentityXUser, credential: Credential) -> None:
    """Put back after the change what is still missing; trouble is told in the log."""
    erased = Erased.recalled(request)
    request.session.pop(KEY, None)
    if erased is None:
        return
    client = IdentityXClient.from_settings(applications.current(request), visitor=visitor(request))
    try:
        if not client.own_profile(credential).get().country_code:
            erased.put_back(client, credential)
    except IdentityXError:
        logger.warning("Country and region of %s %s could not be put back.", user.kind, user.id)


class Change:
    """Has the link sent, once, and puts back what that erased; each call is a try."""

    def __init__(
        self,
        client: IdentityXClient,
        credential: Credential,
        send: Callable[[], None],
        erased: Erased,
    ) -> None:
        self._client, self._credential = client, credential
        self._send, self._erased = send, erased
        self._is_sent = False
        self._trouble: Unavailable | None = None

    def __call__(self) -> None:
        if not self._is_sent:
            self._is_sent = True
            try:
                self._send()
            except (Failing, Busy, NotConnected):
                self._is_sent = False
                raise
            except Unavailable as error:  # it may have left all the same
                self._trouble = error
        try:
            self._erased.put_back(self._client, self._credential)
        except Unavailable as error:
            raise Failing("What was erased waits to be put back.") from error
        except Rejected:
            pass  # the link was pressed meanwhile, and the token is no more
        if self._trouble is not None:
            raise self._trouble
