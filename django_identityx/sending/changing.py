"""Asking for a change of address, behind the answer: what IdentityX erases by it is put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .. import verification
from ..client import IdentityXClient
from ..credentials import Credential
from ..exceptions import Busy, Failing, NotConnected, Rejected, Unavailable
from ..users import AppUser


@dataclass(frozen=True)
class Erased:
    """What IdentityX forgets of a person at the moment when a link to a new address leaves.

    Segments as well; those it works out anew whenever the whole person is saved.
    """

    country_code: str = ""
    region_code: str = ""
    must_re_verify: bool = False  # an update of one's own counts as having looked through it all

    @classmethod
    def of(cls, user: AppUser) -> Erased:
        """What ``user`` has to lose."""
        return cls(user.country_code, user.region_code, user.must_re_verify_profile)

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
