"""Sign readers up, in and out, with links by mail."""

from __future__ import annotations

from typing import Any

from .. import mail, tokens
from ..context import RequestContext
from ..errors import no_such_user, refused, required
from ..profile import BURNER_DOMAINS, burner, check, clean, domain_of, new_app_user
from ..world import Document, first, new_id, normalize
from .registry import Input, mutation


@mutation("createAppUser")
def create_app_user(request: RequestContext, data: Input) -> Document:
    """Sign a reader up, or return the one who exists as it is."""
    app_id = request.application()["id"]
    email = normalize(_required(data, "email"))
    profile = clean(data)
    domain = domain_of(email)
    if domain in BURNER_DOMAINS:
        raise burner(domain, "enter a valid email address")
    check({**profile, "email": email})
    existing = request.world.app_user(app_id, email)
    if existing is not None:
        existing["updatedAt"] = request.now
        return existing
    user = {
        "id": new_id(),
        **new_app_user(app_id, email, **profile),
        "createdAt": request.now,
        "updatedAt": request.now,
    }
    request.world.app_users[user["id"]] = user
    return user


@mutation("sendAppUserLoginLink")
def send_app_user_login_link(request: RequestContext, data: Input) -> str:
    """Mail a login link to a reader who exists."""
    application = request.application()
    email = normalize(_required(data, "email"))
    auth_url = _required(data, "authUrl")
    user = request.world.app_user(application["id"], email)
    if user is None:
        raise no_such_user(email)
    if user["domain"] in BURNER_DOMAINS:
        raise burner(user["domain"], "re-register with a valid email address")
    passed = {**(data.get("additionalContext") or {}), "source": data.get("source")}
    if passed["source"] is None:
        del passed["source"]
    token = request.link_token(tokens.APP_USER_LOGIN_LINK, user["email"], application["id"], passed)
    context = first(
        entry for entry in application["contexts"] if entry["id"] == data.get("appContextId")
    )
    sender = context or application
    template = sender.get("loginLinkTemplate") or {}
    request.reach("mailer")
    request.world.outbox.append(
        mail.login_mail(
            user["email"],
            sender["name"],
            mail.link(auth_url, token, data.get("redirectTo")),
            subject=template.get("subject"),
            verified=user["verified"],
        )
    )
    return "ok"


@mutation("loginAppUser")
def login_app_user(request: RequestContext, data: Input) -> dict[str, Any]:
    """Redeem a login link; it works again until it expires."""
    app_id = request.application()["id"]
    claims = request.redeem(tokens.APP_USER_LOGIN_LINK, data["token"])
    _check_issuer(claims, app_id)
    user = _owner(request, app_id, str(claims["aud"]))
    verify_user(user, request.now)
    user["lastLoggedIn"] = request.now
    passed = dict(claims["data"]) if isinstance(claims.get("data"), dict) else None
    source = passed.pop("source", None) if passed is not None else None
    return {
        **authentication(request, user, app_id),
        "loginSource": source,
        "additionalContext": passed,
    }


@mutation("logoutAppUser")
def logout_app_user(request: RequestContext, data: Input) -> str:
    """End a token."""
    app_id = request.application()["id"]
    claims = request.redeem(tokens.APP_USER_AUTH, data["token"])
    _check_issuer(claims, app_id)
    request.tokens.end(claims)
    return "ok"


@mutation("sendOwnAppUserChangeEmailLink")
def send_change_email_link(request: RequestContext, data: Input) -> str:
    """Mail a link to a new address. It is taken as it was typed, capitals included."""
    user = request.reader().user
    if request.app_id is None:
        raise required("applicationId")
    application = request.application()
    email = _required(data, "email")
    auth_url = _required(data, "authUrl")
    if "@" not in email:
        raise refused("Cannot read property 'toLowerCase' of undefined", 500)
    if domain_of(email) in BURNER_DOMAINS:
        raise burner(domain_of(email), "use a valid email address")
    if normalize(email) == user["email"]:
        raise refused("New email must be different from current email.", 400)
    _check_free(request, application["id"], email)
    token = request.link_token(
        tokens.APP_USER_CHANGE_EMAIL_LINK,
        email,
        application["id"],
        {"email": user["email"]},
    )
    request.reach("mailer")
    url = mail.link(auth_url, token, data.get("redirectTo"))
    request.world.outbox.append(mail.change_email_mail(email, application["name"], url))
    user |= {
        "verified": False,
        "countryCode": None,
        "regionCode": None,
        "updatedAt": request.now,
    }
    return "ok"


@mutation("changeAppUserEmail")
def change_app_user_email(request: RequestContext, data: Input) -> dict[str, Any]:
    """Redeem the link that was mailed to the new address; it works once."""
    app_id = request.application()["id"]
    claims = request.redeem(tokens.APP_USER_CHANGE_EMAIL_LINK, data["token"])
    passed = claims.get("data")
    current = passed.get("email") if isinstance(passed, dict) else None
    _check_issuer(claims, app_id)
    if not current:
        raise refused("The current email is missing from the token payload!", 400)
    user = _owner(request, app_id, str(current))
    address = str(claims["aud"])
    _check_free(request, app_id, address)
    user |= {"email": normalize(address), "domain": domain_of(address)}
    verify_user(user, request.now)
    user["lastLoggedIn"] = request.now
    request.tokens.end(claims)
    return authentication(request, user, app_id, email=address)


def verify_user(user: Document, now: int) -> None:
    """Note that a reader has shown to own the address."""
    user |= {"verified": True, "verifiedCount": user["verifiedCount"] + 1, "updatedAt": now}


def authentication(
    request: RequestContext, user: Document, app_id: str, *, email: str | None = None
) -> dict[str, Any]:
    """Return the answer of a sign-in, with a new token."""
    claims = tokens.new_claims(
        tokens.APP_USER_AUTH, email or user["email"], request.clock(), issuer=app_id
    )
    return {
        "token": request.issue(claims),
        "user": user,
        "loginSource": None,
        "additionalContext": None,
    }


def _check_issuer(claims: tokens.Claims, app_id: str) -> None:
    if not claims.get("aud"):
        raise refused("No email address was provided in the token payload", 400)
    if not claims.get("iss"):
        raise refused("No application ID was provided in the token payload", 400)
    if claims["iss"] != app_id:
        raise refused("The requested application ID does not match the token payload", 400)


def _owner(request: RequestContext, app_id: str, email: str) -> Document:
    user = request.world.app_user(app_id, email)
    if user is None:
        raise no_such_user(email)
    return user


def _check_free(request: RequestContext, app_id: str, email: str) -> None:
    taken = request.world.app_user(app_id, email)
    if taken is not None and taken["verified"]:
        raise refused(f"The email address {email} cannot be used. XAVF", 400)


def _required(data: Input, name: str) -> str:
    value = str(data[name])
    if not value:
        raise required(name)
    return value
