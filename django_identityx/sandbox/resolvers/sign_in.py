"""Sign readers up, in and out, with links by mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import mail, tokens
from ..burners import is_burner
from ..context import RequestContext
from ..errors import no_such_user, refused
from ..inputs import Input, address, given
from ..mail import Mail
from ..profile import clean, complaints, new_app_user, settle
from ..validation import refuse
from ..world import Document, first
from .records import add
from .registry import mutation
from .saving import save, verify_user


@mutation("createAppUser")
def create_app_user(request: RequestContext, data: Input) -> Document:
    """Sign a reader up, or return the one who exists as it is."""
    app_id = request.application()["id"]
    fresh = new_app_user(app_id, given(data, "email"), **clean(data))
    settle(fresh)
    if fresh["countryCode"]:
        request.services.ask("locale")
    refuse(complaints(fresh))
    existing = request.world.app_user(app_id, fresh["email"])
    if existing is not None:
        existing["updatedAt"] = request.now
        return existing
    return add(request, request.world.app_users, fresh)


@mutation("sendAppUserLoginLink")
def send_app_user_login_link(request: RequestContext, data: Input) -> str:
    """Mail a login link to a reader who exists."""
    application = request.application()
    auth_url = given(data, "authUrl")
    email = address(data)
    user = request.world.app_user(application["id"], email)
    if user is None:
        raise no_such_user(email)
    if is_burner(user["domain"]):
        raise not_allowed(user["domain"], "re-register with a valid email address")
    request.services.ask("organization")
    # A source of its own replaces one in the context, and no source removes it.
    passed = {**(data.get("additionalContext") or {}), "source": data.get("source")}
    if "source" not in data:
        del passed["source"]
    token = request.link_token(tokens.APP_USER_LOGIN_LINK, user["email"], application["id"], passed)
    context = first(
        entry for entry in application["contexts"] if entry["id"] == data.get("appContextId")
    )
    sender = context or application
    subject = (sender.get("loginLinkTemplate") or application.get("loginLinkTemplate") or {}).get(
        "subject"
    )
    letter = mail.login_mail(
        user["email"],
        sender["name"],
        mail.link(auth_url, token, data.get("redirectTo")),
        subject=subject,
        verified=user["verified"],
    )
    send(request, letter, token)
    return "ok"


@mutation("loginAppUser")
def login_app_user(request: RequestContext, data: Input) -> dict[str, Any]:
    """Redeem a login link; it works again until it expires."""
    app_id = request.application()["id"]
    claims = request.redeem(tokens.APP_USER_LOGIN_LINK, data["token"])
    check_issuer(claims, app_id)
    user = owner(request, app_id, str(claims["aud"]))
    answer = authentication(request, user, app_id)
    verify_user(user, request.now)
    save(request, user, {"lastLoggedIn": request.now})
    passed = claims.get("data")
    source = passed.get("source") if isinstance(passed, dict) else None
    mark_used(request, claims)
    return {**answer, "loginSource": source, "additionalContext": passed}


@mutation("logoutAppUser")
def logout_app_user(request: RequestContext, data: Input) -> str:
    """End a token."""
    _end(request, data)
    return "ok"


@mutation("logoutAppUserWithData")
def logout_app_user_with_data(request: RequestContext, data: Input) -> Document | None:
    """End a token, and return whose it was."""
    app_id, email = _end(request, data)
    return request.world.app_user(app_id, email)


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


def check_issuer(claims: tokens.Claims, app_id: str) -> None:
    """Raise unless a token has an address and belongs to the application."""
    if not claims.get("aud"):
        raise refused("No email address was provided in the token payload", 400)
    if not claims.get("iss"):
        raise refused("No application ID was provided in the token payload", 400)
    if claims["iss"] != app_id:
        raise refused("The requested application ID does not match the token payload", 400)


def owner(request: RequestContext, app_id: str, email: str) -> Document:
    """Return the reader whom a token names, or raise."""
    user = request.world.app_user(app_id, email)
    if user is None:
        raise no_such_user(email)
    return user


def not_allowed(domain: str, advice: str) -> Exception:
    """Return the refusal of a throw-away domain."""
    return refused(f'The email domain "{domain}" is not allowed. Please {advice}.', 422)


def send(request: RequestContext, letter: Mail, token: str) -> None:
    """Put a mail into the outbox."""
    request.services.send_mail()
    token_id = str(tokens.peek(token).get("jti"))
    request.world.outbox.append(replace(letter, sent_at=request.now, token_id=token_id))


def mark_used(request: RequestContext, claims: tokens.Claims) -> None:
    """Note in the outbox that a link was followed."""
    outbox = request.world.outbox
    for index, letter in enumerate(outbox):
        if letter.token_id and letter.token_id == claims.get("jti"):
            outbox[index] = replace(letter, used=True)


def _end(request: RequestContext, data: Input) -> tuple[str, str]:
    app_id = request.application()["id"]
    claims = request.redeem(tokens.APP_USER_AUTH, data["token"])
    if claims.get("iss") != app_id:
        raise refused("The requested application ID does not match the token payload", 400)
    request.tokens.end(claims)
    return app_id, str(claims.get("aud"))
