"""The four twins."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ... import emails, ratelimits, sending, sessions
from ...addresses import visitor
from ...conf import conf
from ...credentials import TokenType
from ...exceptions import Rejected
from ...users import AppUser, OrgUser
from .. import redirects
from ..links import Link, read_to_sign_in
from ..marks import Mark, drop_mark
from ..redemption import is_theirs, redeem
from .base import JSONView, valid
from .description import describe
from .errors import Refused


class LoginLinkSerializer(serializers.Serializer[Any]):
    """``{email, kind?, next?}``."""

    email = serializers.EmailField(max_length=254)
    kind = serializers.ChoiceField(
        [TokenType.APP_USER.value, TokenType.ORG_USER.value], default=TokenType.APP_USER.value
    )
    next = serializers.CharField(
        max_length=redirects.MAX_TARGET, default="", allow_blank=True, allow_null=True
    )

    def validate_email(self, value: str) -> str:
        try:
            return emails.parse(value)
        except ValueError:
            message = self.fields["email"].error_messages["invalid"]
            raise serializers.ValidationError(message, "invalid") from None


class LoginSerializer(serializers.Serializer[Any]):
    """``{token, confirmed?, replace?}``; ``token`` may be the whole link."""

    token = serializers.CharField(max_length=16_000)
    confirmed = serializers.BooleanField(default=False)
    replace = serializers.BooleanField(default=False)


class LogoutSerializer(serializers.Serializer[Any]):
    """``{everywhere?}``: the person's other sessions on this site as well."""

    everywhere = serializers.BooleanField(default=False)


class LoginLinkView(JSONView):
    """``POST {email, kind?, next?}``: 202, whatever happened to the address."""

    def post(self, request: Request) -> Response:
        data = valid(LoginLinkSerializer, request)
        django_request = request._request
        email, target = data["email"], data["next"] or ""
        token_type = TokenType(data["kind"])
        ratelimits.limit_sending(django_request, email, token_type)
        sending.send_login_link(
            email,
            token_type=token_type,
            redirect_to=redirects.safe_target(django_request, target) or None,
            visitor=visitor(django_request),
            request=django_request,
        )
        detail = _("If this address can sign in here, a mail with a link is on its way.")
        response = Response({"code": "link_sent", "detail": detail}, status.HTTP_202_ACCEPTED)
        mark = Mark.of(django_request) or Mark.new()
        mark.asking(email).leave(django_request, response)
        return response


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class LoginView(JSONView):
    """``POST {token}``: 200 and the user, with a session.

    409 ``confirmation_required`` in a browser that did not ask for the link: show the masked
    address, and send again with ``confirmed``. 409 ``other_person`` where somebody else is signed
    in: ask, and send again with ``replace``.
    """

    def post(self, request: Request) -> Response:
        data = valid(LoginSerializer, request)
        django_request = request._request
        link = read_to_sign_in(django_request, data["token"])
        mark = Mark.of(django_request)
        if not is_theirs(django_request, link):
            self.ask(django_request, link, mark, data)
            ratelimits.limit_redeeming(django_request)
            redeem(django_request, link, mark.id if mark else "")
        return Response(describe(_user(django_request)))

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Leave the mark with the question, so that an answer that got lost can be had again."""
        response = super().finalize_response(request, response, *args, **kwargs)
        django_request = getattr(request, "_request", request)
        (Mark.of(django_request) or Mark.new()).leave(django_request, response)
        return response

    def ask(self, request: HttpRequest, link: Link, mark: Mark | None, data: Any) -> None:
        """Refuse what a person has to confirm first."""
        if sessions.holds_somebody(request):
            if not data["replace"]:
                raise Refused(
                    status.HTTP_409_CONFLICT,
                    "other_person",
                    _("Somebody else is signed in. Send “replace” to change."),
                    masked_email=emails.mask(link.email),
                )
            return
        asked = mark is not None and mark.asked_for(link.email) and conf.LINK_CONFIRMATION == "auto"
        if not (asked or data["confirmed"] or conf.LINK_CONFIRMATION == "never"):
            raise Refused(
                status.HTTP_409_CONFLICT,
                "confirmation_required",
                _("This link was asked for elsewhere. Send “confirmed” once the visitor agrees."),
                masked_email=emails.mask(link.email),
            )


class LogoutView(JSONView):
    """``POST {everywhere?}``: 204, whatever IdentityX says."""

    def post(self, request: Request) -> Response:
        data = valid(LogoutSerializer, request)
        if not sessions.logout(request._request, everywhere=data["everywhere"]):
            detail = _("You are signed out here, but a session elsewhere could not be ended.")
            raise Refused(status.HTTP_503_SERVICE_UNAVAILABLE, "not_ended", detail, wait=5)
        response = Response(status=status.HTTP_204_NO_CONTENT)
        drop_mark(response)
        return response


class MeView(JSONView):
    """``GET``: who is signed in, or 401; the CSRF cookie either way."""

    def get(self, request: Request) -> Response:
        user = sessions.get_user(request._request)
        if isinstance(user, AppUser | OrgUser):
            return Response(describe(user))
        response = Response(
            {"code": "not_authenticated", "detail": _("Nobody is signed in.")},
            status.HTTP_401_UNAUTHORIZED,
        )
        response["WWW-Authenticate"] = 'Session realm="identityx"'
        return response


def _user(request: HttpRequest) -> AppUser | OrgUser:
    user = sessions.get_user(request)
    if not isinstance(user, AppUser | OrgUser):
        raise Rejected("revoked")
    return user
