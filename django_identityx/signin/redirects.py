"""Where ``next`` may lead: checked when a link is sent, and again when it is redeemed."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from ..conf import conf
from ..profile import gap
from ..users import is_app_user

FIELD = "next"
WIRE_FIELD = "redirectTo"  # what IdentityX appends to the link; anyone can change it there
MAX_TARGET = 1000  # characters; the whole link must fit into a mail

_WORD = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def safe_target(request: HttpRequest, target: str) -> str:
    """``target`` if it leads to this site or an allowed host, else an empty string.

    A path from the root or a whole URL: Django would take a bare word for the name of a view.
    """
    if not target.startswith(("/", "https://", "http://")):
        return ""
    if len(target) > MAX_TARGET or any(ord(c) < 32 or "\ud800" <= c < "\ue000" for c in target):
        return ""
    allowed = url_has_allowed_host_and_scheme(
        target,
        allowed_hosts={request.get_host(), *conf.ALLOWED_REDIRECT_HOSTS},
        require_https=request.is_secure(),
    )
    return target if allowed else ""


def after_login(request: HttpRequest, target: str) -> str:
    """The checked ``target``, or ``LOGIN_REDIRECT_URL``."""
    return safe_target(request, target) or resolve_url(settings.LOGIN_REDIRECT_URL)


def by_profile(user: object, target: str) -> str:
    """``target``, for whose profile is incomplete by way of the page for that."""
    if is_app_user(user) and gap(user) is not None:
        return f"{reverse('identityx:profile')}?{urlencode({FIELD: target})}"
    return target


def after_logout(request: HttpRequest, target: str) -> str:
    """The checked ``target``, or ``LOGOUT_REDIRECT_URL``, or the sign-in page."""
    fallback = settings.LOGOUT_REDIRECT_URL or "identityx:login"
    return safe_target(request, target) or resolve_url(fallback)


def safe_word(text: str) -> str | None:
    """``text`` if it is a short word, such as a ``source``; else None."""
    return text if _WORD.fullmatch(text) else None
