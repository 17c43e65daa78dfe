"""Why somebody is not signed in: the status and the words, for pages and JSON alike.

Our errors become one here, with a code by which both know them and, maybe, a time to wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from rest_framework.exceptions import APIException

from .. import outages
from ..exceptions import ConfigurationError, NoVerdict, OperationFailed, Rejected, Unclear
from ..ratelimits import LimitExceeded

OURS = (Rejected, LimitExceeded, NoVerdict, OperationFailed, ImproperlyConfigured)

# Whose text JSON tells, too.
_IN_FULL = {"confirmation_required", "not_ended", "other_person", "too_many"}


@dataclass(frozen=True)
class Reason:
    """``title`` says it, ``text`` what to do; ``new_link``: one to the same address may help."""

    status: int
    title: Any
    text: Any
    new_link: bool = False


class Refused(APIException):
    """An error with a code; status by the code. ``wait`` in seconds is told where there is one."""

    wait: int | None = None

    def __init__(
        self, code: str, detail: Any = "", *, status: int = 0, wait: int | None = None, **extra: Any
    ) -> None:
        reason = reason_for(code)
        super().__init__(detail or (reason.text if code in _IN_FULL else reason.title), code)
        self.code, self.status_code = code, status or reason.status
        self.extra = extra
        if wait is not None:
            self.wait = wait


def refusal(request: HttpRequest, error: Exception) -> Refused:
    """What to answer to one of `OURS`; of trouble the log is told."""
    if isinstance(error, Rejected):
        return Refused(error.reason)
    if isinstance(error, LimitExceeded):
        return Refused("too_many", wait=error.wait)
    if isinstance(error, OperationFailed):
        error = Unclear("IdentityX refused a question in which nothing is wrong.")
    if not isinstance(error, NoVerdict):
        error = ConfigurationError(str(error))
    return Refused("unavailable", outages.DETAIL, wait=outages.tell(request, error))


def reason_for(code: str) -> Reason:
    """What is said of ``code``; of one that nobody knows, that the link is not complete."""
    return REASONS.get(code, _INCOMPLETE)


def too_many(wait: int) -> str:
    """How long to wait, in words; ``wait`` in seconds."""
    minutes = (wait + 59) // 60
    return ngettext(
        "Too many attempts. Please wait a minute, then try again.",
        "Too many attempts. Please wait %(minutes)s minutes, then try again.",
        minutes,
    ) % {"minutes": minutes}


_INCOMPLETE = Reason(
    400,
    _("This link is not complete"),
    _(
        "Mail programs sometimes break long links. Copy the whole link into the address bar, "
        "or ask for a new one."
    ),
)
_TOO_OLD = Reason(
    410,
    _("This link is too old"),
    _("For your safety, links work for a short time only."),
    new_link=True,
)
_USED = Reason(
    410,
    _("This link has been used"),
    _("Each link works once. If it was not you who used it, ask for a new one and tell us."),
    new_link=True,
)
_NOT_HERE = Reason(
    403,
    _("This account can't sign in here"),
    _("If you think that this is a mistake, please write to us."),
)

REASONS = {
    "missing": Reason(
        400,
        _("There is no link here"),
        _(
            "Open the link in your mail again. If you opened it a while ago, this page has "
            "forgotten it."
        ),
    ),
    "expired": _TOO_OLD,
    "too_old": _TOO_OLD,
    "used": _USED,
    "revoked": _USED,
    "too_long": Reason(
        400,
        _("This link is too long"),
        _(
            "It holds more than a browser can carry to this page. Please ask for a new one, and "
            "tell us if that is no shorter."
        ),
    ),
    "wrong_application": Reason(
        400,
        _("This link belongs to another site"),
        _("Open it where you asked for it, or ask for a new one here."),
    ),
    "change_email": Reason(
        400,
        _("This link confirms a new address"),
        _("It can't be used to sign in here. Open it in the browser where you asked for it."),
    ),
    "acting": Reason(
        403,
        _("Only the person themselves can do this"),
        _("You act for somebody, and this is theirs alone to do."),
    ),
    "other_account": Reason(
        409,
        _("Another account is signed in here"),
        _(
            "This link gives another account its new address. Sign out first, then open the link "
            "in your mail again: it is still good."
        ),
    ),
    "email_taken": Reason(
        409,
        _("This address has an account already"),
        _("Nothing was changed. Sign in with that address, or choose another one."),
    ),
    "same_email": Reason(
        400,
        _("This is your address already"),
        _("Type the address that you want to have instead."),
    ),
    "readers_only": Reason(
        403,
        _("Not for staff accounts"),
        _("IdentityX itself changes the addresses of staff."),
    ),
    "user_gone": Reason(
        400,
        _("This account no longer exists"),
        _("Its address may have changed since the link was sent."),
    ),
    "link_account": Reason(
        409,
        _("This address has an account here"),
        _("Sign in to it as you always did; then links can sign you in to it, too."),
    ),
    "banned": _NOT_HERE,
    "not_admitted": _NOT_HERE,
    "wrong_organization": Reason(
        403,
        _("This account can't sign in here"),
        _("It does not belong to the organization whose staff may sign in to this site."),
    ),
    "may_not_act": Reason(
        403,
        _("You can't act for a reader"),
        _("Only owners and administrators of this site's organization may, signed in as such."),
    ),
    "has_powers": Reason(
        403,
        _("Nobody can act for this reader"),
        _("This account has rights on this site that can't be lent."),
    ),
    "no_such_reader": Reason(
        404,
        _("There is no such reader"),
        _("Nobody with this id belongs to this site. The account may have been deleted."),
    ),
    "confirmation_required": Reason(
        409,
        _("Is this you?"),
        _("This link was asked for elsewhere. Send “confirmed” once the visitor agrees."),
    ),
    "other_person": Reason(
        409,
        _("Another account is signed in here"),
        _("Somebody else is signed in. Send “replace” to change."),
    ),
    "wrong_verifier": Reason(
        403,
        _("This link was asked for by another app"),
        _("Open it on the device where you asked for it, or ask for a new one here."),
    ),
    "no_profile": Reason(
        403,
        _("There is no profile here"),
        _("Only readers have one. You are signed in as staff."),
    ),
    "partly": Reason(
        503,
        _("Not all of it could be saved"),
        _(
            "Some of your changes are saved, others not yet: IdentityX stopped answering. Please "
            "press the button once more."
        ),
    ),
    "cookies": Reason(
        403,
        _("Are cookies off?"),
        _(
            "Your browser does not keep cookies for this site, and without one nobody can be "
            "signed in. Allow cookies, then try again."
        ),
    ),
    "csrf": Reason(
        403,
        _("Please try once more"),
        _(
            "This page was open for too long, or you signed in or out in another tab. Please "
            "press the button once more."
        ),
    ),
    "origin": Reason(
        403,
        _("This was sent from another site"),
        _("Your browser says that the form came from another address than this site's own."),
    ),
    "not_ended": Reason(
        503,
        _("Not all of your devices are signed out"),
        _(
            "A session could not be ended, because this site can't reach it right now. Please try "
            "again in a moment, from a device that is still signed in."
        ),
    ),
    "too_many": Reason(429, _("Please wait a moment"), _("Too many requests. Wait a moment.")),
    "unavailable": Reason(
        503,
        _("Please try again in a moment"),
        _(
            "The sign-in service does not answer right now. Nothing is lost: please try again in "
            "a moment."
        ),
    ),
}
