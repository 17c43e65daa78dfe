"""Tokens of IdentityX for apps that keep them: the only place that hands one out, opt-in.

No cookie is read and none is set, so there is nothing that a cross-site request could use. What
binds a link to the app that asked for it is a challenge, as in PKCE (RFC 7636, S256): it travels in
IdentityX's signed link, and only who has its verifier gets the token. A link without one was asked
for elsewhere, by whomever: then the person must agree first.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ... import audit, ratelimits, sessions, verification
from ...addresses import visitor
from ...credentials import (
    AUTH_SUBJECTS,
    MAX_TOKEN,
    Credential,
    TokenType,
    check_claims,
    read_claims,
)
from ...exceptions import Malformed, NoVerdict, Rejected, Unreachable
from ..asking import Asking
from ..flow import admit
from ..reasons import Refused
from ..redemption import exchange
from .base import JSONEndpoint, valid
from .description import describe
from .views import LINK_SENT, AddressSerializer

logger = logging.getLogger("django_identityx")

CHALLENGE = "django_identityx_challenge"  # in the link's additional context

_CHALLENGE = r"\A[A-Za-z0-9_-]{43}\Z"
_VERIFIER = r"\A[A-Za-z0-9._~-]{43,128}\Z"
_REVOCABLE = {
    AUTH_SUBJECTS[token_type]: token_type for token_type in (TokenType.APP_USER, TokenType.ORG_USER)
}

_NOT_OF_THE_TOKEN = {"banned", "wrong_organization"}  # why a person is not let in here


class SendSerializer(AddressSerializer):
    """``{email, kind?, challenge?}``; ``challenge`` is BASE64URL(SHA256(verifier))."""

    challenge = serializers.RegexField(_CHALLENGE, default="", allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["challenge"] and attrs["kind"] != TokenType.APP_USER.value:
            message = _("A link for staff can't carry a challenge: leave it out.")
            raise serializers.ValidationError({"challenge": [message]})
        return attrs


class ExchangeSerializer(serializers.Serializer[Any]):
    """``{token, verifier?, confirmed?}``; ``token`` may be the whole link."""

    token = serializers.CharField(max_length=16_000)
    verifier = serializers.RegexField(_VERIFIER, default="", allow_null=True)
    confirmed = serializers.BooleanField(default=False)


class RevokeSerializer(serializers.Serializer[Any]):
    """``{token}``: the one that ``exchange`` gave."""

    token = serializers.CharField(max_length=MAX_TOKEN)


class TokenEndpoint(JSONEndpoint):
    """Looks at nothing that a browser sends by itself: cookies, session, signed-in user."""

    @cached_property
    def django_request(self) -> HttpRequest:
        """The request without what it says of a browser."""
        bare = copy.copy(self.request._request)
        for name in ("session", "identityx", "headers", "auser", "_cached_user", "_acached_user"):
            bare.__dict__.pop(name, None)
        left_out = {"HTTP_COOKIE", "HTTP_AUTHORIZATION"}
        bare.META = {name: value for name, value in bare.META.items() if name not in left_out}
        bare.COOKIES = {}
        bare.user = AnonymousUser()
        return bare


class SendView(Asking, TokenEndpoint):
    """``POST {email, kind?, challenge?}``: 202, whatever happened to the address.

    ``as_view()`` takes ``source``, ``additional_context`` and ``app_context_id``.
    """

    def post(self, request: Request) -> Response:
        data = valid(SendSerializer, request)
        challenge = {CHALLENGE: data["challenge"]} if data["challenge"] else {}
        sites_own = self.additional_context or {}
        context = {name: value for name, value in sites_own.items() if name != CHALLENGE}
        self.additional_context = {**context, **challenge} or None
        self.send(data["email"], TokenType(data["kind"]))
        return self.link_sent(LINK_SENT)


class ExchangeView(TokenEndpoint):
    """``POST {token, verifier?, confirmed?}``: 200 with ``{token_type, token, user}``.

    403 ``wrong_verifier`` where the link is another app's. 409 ``confirmation_required`` where it
    is no app's: show the masked address, and send again with ``confirmed``.
    """

    redeems = True

    def post(self, request: Request) -> Response:
        data = valid(ExchangeSerializer, request)
        verifier, confirmed = data["verifier"] or "", data["confirmed"]
        link = admit(self.django_request, data["token"], self.application)
        if not verifier and not confirmed:
            # As it can't end well, IdentityX is not asked.
            raise Refused("confirmation_required", masked_email=link.masked_email)
        ratelimits.limit_redeeming(self.django_request, app_id=self.application.app_id)

        def allowed(context: Mapping[str, Any]) -> None:
            if CHALLENGE in context:
                check_verifier(context[CHALLENGE], verifier)
            elif not confirmed:
                logger.debug("Token not handed out: no app asked for the link.")
                raise Rejected("confirmation_required", "No app asked for this link.")

        try:
            user, credential = exchange(self.django_request, link, allowed)
        except Rejected as rejected:
            if rejected.reason != "confirmation_required":
                raise
            raise Refused("confirmation_required", masked_email=link.masked_email) from None
        return Response(
            {
                "token_type": credential.token_type.value,
                "token": credential.token,
                "user": describe(user),
            }
        )


class RevokeView(TokenEndpoint):
    """``POST {token}``: 204, also where the token was dead; 503 where IdentityX does not confirm.

    Either way the token is refused here from now on.
    """

    def post(self, request: Request) -> Response:
        token = valid(RevokeSerializer, request)["token"].strip()
        ratelimits.limit_redeeming(self.django_request, app_id=self.application.app_id)
        token_type = _REVOCABLE.get(read_claims(token).sub)
        if token_type is None:
            raise Refused("wrong_kind", _("Only tokens of readers and staff can be revoked."))
        credential = Credential(token_type, token)
        try:
            check_claims(credential, self.application.app_id)
        except Malformed as malformed:
            if malformed.reason != "expired":
                raise Refused(malformed.reason, _("This is not a token of this site.")) from None
        if not self.may_live(credential):
            return Response(status=status.HTTP_204_NO_CONTENT)
        revoked = sessions.revoke(credential, visitor(self.django_request))
        audit.token_revoked(self.django_request, token_type.value, revoked=revoked)
        if not revoked:
            raise Unreachable("IdentityX did not confirm that the token has ended.")
        return Response(status=status.HTTP_204_NO_CONTENT)

    def may_live(self, credential: Credential) -> bool:
        """Whether IdentityX takes the token, or does not say.

        To refuse it is written down for all processes, and strangers can make up as many as they
        like.
        """
        try:
            verification.verify(credential, application=self.application)
        except Rejected as rejected:
            return rejected.reason in _NOT_OF_THE_TOKEN
        except NoVerdict:
            return True
        return True


def check_verifier(challenge: Any, verifier: str) -> None:
    """Raise `Rejected` (``wrong_verifier``) unless ``challenge`` was made of ``verifier``."""
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    is_text = isinstance(challenge, str) and challenge.isascii()
    if not (verifier and is_text and constant_time_compare(made, challenge)):
        logger.debug("Token not handed out: the verifier is not the one of the link.")
        raise Rejected("wrong_verifier", "Another app asked for this link.")
