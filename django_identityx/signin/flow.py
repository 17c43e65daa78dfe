"""What may happen to a link: the one place that decides. Pages and JSON show what it says."""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass

from django.http import HttpRequest

from .. import audit, emails, sessions
from ..applications import Application
from ..conf import conf
from ..exceptions import Malformed, NoVerdict, Rejected
from ..users import AppUser, OrgUser
from .cookies import Mark
from .links import Link, read_link

# In a session: the address whose link was asked for to be connected with who is signed in.
CONNECTING = "_identityx_connecting"

# ... and that the page which follows a change of address is to say so.
CHANGED = "_identityx_changed"

logger = logging.getLogger("django_identityx")


class Step(enum.Enum):
    """What comes next for a link that is not refused."""

    CONFIRM = "is this you?"
    REPLACE = "change person?"
    REDEEM = "proceed"
    LEAD_ON = "signed in as this person already"


@dataclass(frozen=True)
class Decision:
    """The step, for which link; ``by_itself``: a page may press its button where people look."""

    step: Step
    link: Link
    asked_here: bool = False
    by_itself: bool = False


def decide(
    request: HttpRequest,
    text: str,
    application: Application,
    *,
    pressed: bool,
    confirmed: bool = False,
    replace: bool = False,
) -> Decision:
    """Decide about a link; raise `Rejected` where it is refused, which the audit log is told.

    A link that changes an address is never taken in place of somebody else who is signed in: that
    is refused. `Unavailable` where nobody knows who is.

    ``pressed``: somebody of this site's own page or script asks to sign in (a POST that passed the
    CSRF check). Without it nothing here depends on who is signed in, only on whether anybody is:
    a link that nobody signed must not find that out. ``confirmed`` and ``replace`` are the answers
    to the two questions.
    """
    link = admit(request, text, application, changes=True)
    if pressed and sessions.get_actor_hint(request):
        logger.debug("Link refused here: acting.")
        raise Rejected("acting")
    asked_here = Mark.of(request).asked_for(link.email)
    may_go_on = conf.LINK_CONFIRMATION == "never" or (
        conf.LINK_CONFIRMATION == "auto" and asked_here
    )
    step, by_itself = Step.CONFIRM, False
    if link.changes_email:
        step = _change(request, link, pressed, confirmed)
    elif sessions.holds_somebody(request):
        if pressed and is_theirs(request, link):
            step = Step.LEAD_ON
        else:
            step = Step.REDEEM if pressed and replace else Step.REPLACE
    elif pressed and (confirmed or may_go_on):
        step = Step.REDEEM
    else:
        by_itself = may_go_on
    logger.debug("Link of %s: %s", link.kind.token_type.value, step.value)
    return Decision(step, link, asked_here, by_itself)


def _change(request: HttpRequest, link: Link, pressed: bool, confirmed: bool) -> Step:
    """By itself it never goes on: who asked to sign in with an address did not ask for this."""
    if not pressed:
        return Step.CONFIRM
    user = sessions.get_user(request)
    if not sessions.holds_somebody(request):
        return Step.REDEEM if confirmed else Step.CONFIRM
    if isinstance(user, AppUser) and sessions.is_same_person(request, user):
        if emails.clean(user.email) == emails.clean(link.email):
            return Step.LEAD_ON
        if emails.clean(user.email) == emails.clean(link.old_email):
            return Step.REDEEM
    logger.debug("Link refused here: other_account.")
    audit.login_unverified(request, "other_account")
    raise Rejected("other_account", "The link changes no address of whoever is signed in here.")


def admit(
    request: HttpRequest, text: str, application: Application, *, changes: bool = False
) -> Link:
    """Read a link that could be good; raise `Rejected` else, which the audit log is told.

    Those that change an address are good where the caller says so by ``changes``.
    """
    try:
        link = read_link(text, application)
        link.check_age()
        if link.kind.token_type.value not in conf.SIGN_IN_KINDS:
            raise Malformed("not_admitted", "People of this kind don't sign in here.")
        if link.changes_email and not changes:
            raise Malformed("change_email", "This link confirms an address, it signs nobody in.")
    except Rejected as rejected:
        logger.debug("Link refused here: %s.", rejected.reason)
        audit.login_unverified(request, rejected.reason)
        raise
    return link


def is_theirs(request: HttpRequest, link: Link) -> bool:
    """Whether the person of ``link`` is the one who is signed in already, for certain."""
    held = sessions.get_credential(request)
    if held is None or held.token_type is not link.kind.token_type:
        return False
    try:
        user = sessions.get_user(request)
    except NoVerdict:
        return False
    if not isinstance(user, AppUser | OrgUser) or not sessions.is_same_person(request, user):
        return False
    return user.email.casefold() == link.email.strip().casefold()
