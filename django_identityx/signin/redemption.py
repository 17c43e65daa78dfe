"""From a link to a session or token: claim it, exchange it, make sure, sign in."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from .. import applications, audit, ratelimits, sending, sessions, verification
from ..addresses import visitor
from ..client import AppUserLogin, IdentityXClient, OrgUserLogin
from ..conf import conf
from ..credentials import Credential, check_claims
from ..exceptions import (
    InvalidInput,
    NoVerdict,
    OperationFailed,
    Rejected,
    Unavailable,
    Unclear,
    Unreachable,
)
from ..users import AppUser, OrgUser
from .claims import Claim, Outcome
from .cookies import Known, Mark
from .entry import Entry
from .flow import Decision, Step, decide
from .links import Link, LinkKind

logger = logging.getLogger("django_identityx")


class Redeeming(Entry):
    """A view that takes links."""

    redeems = True

    def proceed(
        self, text: str, mark: str, **answers: bool
    ) -> tuple[Decision, AppUser | OrgUser | None]:
        """Do what may happen to a link, as `decide` says by ``answers``; who has signed in by it.

        ``mark`` is the id of the browser's mark, or empty.
        """
        request = self.django_request
        decision = decide(request, text, self.application, **answers)
        if decision.step is not Step.REDEEM:
            return decision, None
        ratelimits.limit_redeeming(request, app_id=self.application.app_id)
        user = redeem(request, decision.link, mark)
        self.cookies.append(Known.of(request).with_address(decision.link.email))
        return decision, user


def redeem(request: HttpRequest, link: Link, mark: str) -> AppUser | OrgUser:
    """Sign the person of ``link`` in; ``mark`` is the id of the browser's mark, or empty.

    Raises `Rejected` (``used`` where the link was taken before), `Unavailable` or
    `ConfigurationError`. The link stays good unless it led to a session.
    """
    with _claimed(request, link, mark) as claim:
        user = _sign_in(request, link, claim)
    if link.changes_email and not claim.first_session:
        audit.email_changed(request, user, link.old_email)
        if (credential := sessions.get_credential(request)) is not None:
            sending.put_back_late(request, user, credential)
    return user


def exchange(
    request: HttpRequest, link: Link, allowed: Callable[[Mapping[str, Any]], None]
) -> tuple[AppUser | OrgUser, Credential]:
    """Exchange ``link`` for a credential that is handed out: no session, and nobody takes it twice.

    ``allowed`` sees the additional context that IdentityX told, and raises `Rejected` where the
    link is not for whoever brings it: then the credential is ended. Raises as `redeem` does.
    """
    with _claimed(request, link):
        user, credential, _ = _exchange(request, link, allowed)
    verification.remember(credential, user)
    audit.token_issued(request, user)
    return user, credential


@contextlib.contextmanager
def _claimed(request: HttpRequest, link: Link, mark: str = "") -> Iterator[Claim]:
    """Hold ``link``; give it back and write down why where it leads to nothing."""
    claim = Claim(link, mark)
    try:
        if claim.take() is Outcome.REFUSED:
            raise _used()
        try:
            yield claim
        except BaseException:
            with contextlib.suppress(Unavailable):
                claim.release()
            raise
    except (Rejected, NoVerdict) as error:
        reason = "unavailable" if isinstance(error, Unavailable) else "misconfigured"
        reason = error.reason if isinstance(error, Rejected) else reason
        logger.debug("Link led to nothing: %s.", reason)
        audit.login_failed(request, reason, kind=link.kind.token_type.value, email=link.email)
        raise
    logger.debug("Link taken.")


def _sign_in(request: HttpRequest, link: Link, claim: Claim) -> AppUser | OrgUser:
    first = _session(claim.first_session, request)
    if claim.first_session and sessions.get_credential(first) is None:
        raise _used()  # whoever signed in with it has signed out since
    if claim.first_session and link.changes_email:
        # The answer with this session never arrived, and IdentityX takes such a link once.
        request.session = first.session
        request.session.modified = True
        _complete(claim, request)
        known = sessions.get_user(request)
        if not isinstance(known, AppUser | OrgUser):
            raise _used()
        return known
    user, credential, said = _exchange(request, link)
    try:
        if not claim.is_held():
            raise _used()
        sessions.login(request, user, credential, **said)
        request.session.save()
    except BaseException:
        sessions.revoke(credential, visitor(request))
        raise
    if not _complete(claim, request):
        sessions.logout(request)
        # The answer that counts sets the cookie: this one must not delete it.
        request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        raise _used()
    verification.remember(credential, user)  # the first page asks nobody
    held = sessions.get_credential(first)
    if held is not None and first.session.session_key != request.session.session_key:
        # The answer with this session never arrived, or the new one replaces it.
        sessions.logout(first)
    return user


def _complete(claim: Claim, request: HttpRequest) -> bool:
    try:
        return claim.complete(request.session.session_key or "")
    except Unavailable:
        return True  # taken it is, and that counts


def _used() -> Rejected:
    return Rejected("used", "This link has been used.")


def _exchange(
    request: HttpRequest, link: Link, allowed: Callable[[Mapping[str, Any]], None] | None = None
) -> tuple[AppUser | OrgUser, Credential, dict[str, Any]]:
    """Who it is, by what, and what was sent along with the link."""
    app = link.application
    client = IdentityXClient.from_settings(app, visitor=visitor(request))
    if link.changes_email:
        _end_first(request, link)
    ways: dict[LinkKind, Callable[[str], AppUserLogin | OrgUserLogin]] = {
        LinkKind.APP_USER: client.login_app_user,
        LinkKind.ORG_USER: client.user_login,
        LinkKind.CHANGE_EMAIL: client.change_app_user_email,
    }
    try:
        login = ways[link.kind](link.token)
    except Rejected:
        held = sessions.get_credential(request)
        if link.changes_email and held is not None:
            verification.forget(held)  # used before, it may be: then this one is the old address's
        raise
    except OperationFailed as error:
        if link.changes_email and not isinstance(error, InvalidInput):
            raise Rejected("email_taken", "An account has this address.") from None
        raise Unclear("IdentityX gave no verdict about the link.") from error
    said: dict[str, Any] = {}
    user, credential = login.user, login.credential
    if isinstance(login, AppUserLogin):
        said = {"login_source": login.login_source, "additional_context": login.additional_context}
    try:
        check_claims(credential, app.app_id)
        if user.email.casefold() != link.email.strip().casefold():
            raise Rejected("wrong_person", "The link led to another person.")
        if link.changes_email:
            _end_others(request, user)
        if conf.REFUSE_BANNED and isinstance(user, AppUser) and user.banned:
            raise Rejected("banned")
        if allowed is not None:
            allowed(said.get("additional_context", {}))
        if link.is_staff:
            user = verification.verify(credential, application=app)  # a login tells no roles
        sessions.load(user, request=request, signing_in=True)
    except BaseException:
        sessions.revoke(credential, visitor(request))
        raise
    return user, credential, said


def _end_first(request: HttpRequest, link: Link) -> None:
    """End the person's other sign-ins ahead of the change, where this browser asked for it.

    Their tokens are of the old address, and would be those of whoever registers it later.
    """
    asked_here = Mark.of(request).asked_for(link.email)
    if asked_here and not sessions.logout_elsewhere(request):
        raise Unreachable("A sign-in of the person could not be ended.")


def _end_others(request: HttpRequest, user: AppUser | OrgUser) -> None:
    """End what goes by the old address, now that IdentityX has said whose it was."""
    if sessions.get_credential(request) is None:
        sessions.logout_everywhere(user)
    elif sessions.is_same_person(request, user):
        sessions.logout_elsewhere(request)
    else:
        sessions.logout_everywhere(user)
        raise Rejected("other_account", "The link was for another account.")


def _session(key: str, request: HttpRequest) -> HttpRequest:
    """Another session of the same visitor, on a request of its own."""
    other = HttpRequest()
    other.META["REMOTE_ADDR"] = request.META.get("REMOTE_ADDR", "")
    applications.assign(other, applications.current(request))
    other.session = import_module(settings.SESSION_ENGINE).SessionStore(key or None)
    return other
