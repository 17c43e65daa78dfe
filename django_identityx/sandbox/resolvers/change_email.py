"""Let readers change their address."""

from __future__ import annotations

from typing import Any

from .. import mail, tokens
from ..burners import is_burner
from ..context import RequestContext
from ..errors import no_such_user, refused, required
from ..inputs import Input, address, given
from ..profile import complaints, domain_of, settle
from ..validation import fail
from ..world import Document, first, normalize
from .readers import MODEL
from .registry import mutation
from .saving import save
from .sign_in import authentication, check_issuer, mark_used, not_allowed, owner, send


@mutation("sendOwnAppUserChangeEmailLink")
def send_change_email_link(request: RequestContext, data: Input) -> str:
    """Mail a link to a new address. It is taken as it was typed, capitals included.

    The reader is looked up by the address in the application of the request.
    """
    email = request.reader().user["email"]
    auth_url = given(data, "authUrl")
    request.ask("application")
    if request.app_id is None:
        raise required("applicationId")
    application = request.world.applications[request.app_id]
    new = given(data, "email", "newEmail")
    if new == email:
        raise refused("New email must be different from current email.", 400)
    address(data, "email", "newEmail")
    user = request.world.app_user(application["id"], email)
    if user is None:
        raise no_such_user(email)
    _check_free(request, application["id"], new)
    if "@" not in new:
        raise refused("Cannot read property 'toLowerCase' of undefined", 500)
    domain = new.split("@")[1]
    if is_burner(domain):
        raise not_allowed(domain, "use a valid email address")
    request.services.ask("organization")
    token = request.link_token(
        tokens.APP_USER_CHANGE_EMAIL_LINK, new, application["id"], {"email": email}
    )
    context = first(
        entry for entry in application["contexts"] if entry["id"] == data.get("appContextId")
    )
    url = mail.link(auth_url, token, data.get("redirectTo"))
    send(request, mail.change_email_mail(new, (context or application)["name"], url), token)
    # The service saves what it has read of the reader, and it has read neither place nor answers.
    gone = {"verified": False, "countryCode": None, "regionCode": None}
    save(request, user, gone, answers={})
    return "ok"


@mutation("changeAppUserEmail")
def change_app_user_email(request: RequestContext, data: Input) -> dict[str, Any]:
    """Redeem the link that was mailed to the new address; it works once."""
    app_id = request.application()["id"]
    claims = request.redeem(tokens.APP_USER_CHANGE_EMAIL_LINK, data["token"])
    passed = claims.get("data")
    current = passed.get("email") if isinstance(passed, dict) else None
    if not current:
        raise refused("The current email is missing from the token payload!", 400)
    check_issuer(claims, app_id)
    user = owner(request, app_id, str(current))
    new = str(claims["aud"])
    _check_free(request, app_id, new)
    other = request.world.app_user(app_id, new)
    if other is not None and other is not user:
        # Nobody has shown to own the address there.
        del request.world.app_users[other["id"]]
    changed: Document = {**user, "email": normalize(new)}
    settle(changed)
    answer = authentication(request, user, app_id, email=new)
    request.tokens.end(claims)
    # Only now the service looks at the address, and trips over it: nothing is saved. (Its inner
    # service even ends itself a moment later, and is started again; the sandbox stays up.)
    fail(MODEL, complaints(changed))
    changed |= {
        "domain": domain_of(changed["email"]),
        "verified": True,
        "lastLoggedIn": request.now,
    }
    save(request, user, changed)
    mark_used(request, claims)
    return answer


def _check_free(request: RequestContext, app_id: str, email: str) -> None:
    taken = request.world.app_user(app_id, email)
    if taken is not None and taken["verified"]:
        raise refused(f"The email address {email} cannot be used. XAVF", 400)
