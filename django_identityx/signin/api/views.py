"""The twins."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ... import emails, sessions
from ...conf import conf
from ...credentials import TokenType
from ...exceptions import Rejected
from ...profile import LONGEST
from ...users import AppUser, OrgUser
from .. import redirects
from ..asking import Asking
from ..cookies import Mark
from ..devices import devices, end, sign_out
from ..flow import Step
from ..reasons import Refused, reason_for
from ..redemption import Redeeming
from .base import JSONView, optional, valid
from .description import describe

LINK_SENT = _("If this address can sign in here, a mail with a link is on its way.")


class EmailSerializer(serializers.Serializer[Any]):
    """``{email}``: an address, in its one form."""

    email = serializers.EmailField(max_length=254)

    def validate_email(self, value: str) -> str:
        try:
            return emails.parse(value)
        except ValueError:
            message = self.fields["email"].error_messages["invalid"]
            raise serializers.ValidationError(message, "invalid") from None


class AddressSerializer(EmailSerializer):
    """``{email, kind?}``: who wants a link."""

    kind = serializers.ChoiceField([], default=TokenType.APP_USER.value)

    def get_fields(self) -> dict[str, Any]:
        kinds = list(conf.SIGN_IN_KINDS)
        usual = TokenType.APP_USER.value
        default = usual if usual in kinds else kinds[0]
        return {**super().get_fields(), "kind": serializers.ChoiceField(kinds, default=default)}


class LoginLinkSerializer(AddressSerializer):
    """``{email, kind?, next?, source?}``, and ``IDENTITYX_REQUIRED_CREATE_FIELDS``."""

    next = optional(redirects.MAX_TARGET, default="")
    source = optional(64, default="")  # type: ignore[assignment]

    def get_fields(self) -> dict[str, Any]:
        names = conf.REQUIRED_CREATE_FIELDS if conf.CREATE_APP_USERS else ()
        return super().get_fields() | {name: optional(LONGEST, default="") for name in names}


class ChangeEmailSerializer(EmailSerializer):
    """``{email, next?}``."""

    next = optional(redirects.MAX_TARGET, default="")


class LoginSerializer(serializers.Serializer[Any]):
    """``{token, confirmed?, replace?}``; ``token`` may be the whole link."""

    token = serializers.CharField(max_length=16_000)
    confirmed = serializers.BooleanField(default=False)
    replace = serializers.BooleanField(default=False)


class LogoutSerializer(serializers.Serializer[Any]):
    """``{everywhere?}``: the person's other sessions on this site as well."""

    everywhere = serializers.BooleanField(default=False)


class EndSerializer(serializers.Serializer[Any]):
    """``{id}`` of one sign-in, or ``{everywhere: true}``."""

    id = serializers.IntegerField(required=False)
    everywhere = serializers.BooleanField(default=False)


class LoginLinkView(Asking, JSONView):
    """``POST {email, kind?, next?, source?}``: 202, whatever happened to the address."""

    def post(self, request: Request) -> Response:
        data = valid(LoginLinkSerializer, request)
        kind = TokenType(data["kind"])
        form = self.sign_up_form(kind, data)
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: list(map(str, lines)) for name, lines in form.errors.items()}
            )
        self.send(
            data["email"],
            kind,
            target=data["next"] or "",
            source=data["source"] or "",
            profile=form.profile,
        )
        return self.link_sent(LINK_SENT)


class ChangeEmailView(Asking, JSONView):
    """``POST {email, next?}``: 202, whoever has the new address."""

    def post(self, request: Request) -> Response:
        data = valid(ChangeEmailSerializer, request)
        try:
            self.change(data["email"], target=data["next"] or "")
        except Rejected as rejected:
            if rejected.reason == "same_email":
                text = reason_for("same_email").title
                raise serializers.ValidationError({"email": [text]}) from None
            if sessions.get_credential(self.django_request) is None:
                return nobody()
            raise
        return self.link_sent(
            _("If this address can be yours, a mail with a link is on its way to it.")
        )


class LoginView(Redeeming, JSONView):
    """``POST {token}``: 200 and the user, with a session.

    409 ``confirmation_required`` in a browser that did not ask for the link: show the masked
    address, and send again with ``confirmed``. 409 ``other_person`` where somebody else is signed
    in: ask, and send again with ``replace``.
    """

    def post(self, request: Request) -> Response:
        data = valid(LoginSerializer, request)
        # Left with a question too, so that an answer that got lost can be had again.
        mark = Mark.for_browser(self.django_request)
        self.cookies.append(mark)
        decision, _user = self.proceed(
            data["token"],
            mark.id,
            pressed=True,
            confirmed=data["confirmed"],
            replace=data["replace"],
        )
        masked = decision.link.masked_email
        if decision.step is Step.CONFIRM:
            raise Refused("confirmation_required", masked_email=masked)
        if decision.step is Step.REPLACE:
            raise Refused("other_person", masked_email=masked)
        user = sessions.get_user(self.django_request)
        if not isinstance(user, AppUser | OrgUser):
            raise Rejected("revoked")
        return Response(describe(user))


class LogoutView(JSONView):
    """``POST {everywhere?}``: 204, whatever IdentityX says."""

    def post(self, request: Request) -> Response:
        data = valid(LogoutSerializer, request)
        if not sign_out(self, everywhere=data["everywhere"]):
            raise Refused("not_ended", wait=5)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DevicesView(JSONView):
    """``GET``: the sign-ins of who is signed in. ``POST {id}`` or ``{everywhere}``: 204."""

    def get(self, request: Request) -> Response:
        if not sessions.get_user(self.django_request).is_authenticated:
            return nobody()
        return Response({"devices": devices(self.django_request)})

    def post(self, request: Request) -> Response:
        data = valid(EndSerializer, request)
        if sessions.get_credential(self.django_request) is None:
            return nobody()
        if not end(self, str(data.get("id", "")), everywhere=data["everywhere"]):
            raise Refused("not_ended", wait=5)
        return Response(status=status.HTTP_204_NO_CONTENT)


def nobody(**more: Any) -> Response:
    """401, with the challenge of a session."""
    response = Response(
        {"code": "not_authenticated", "detail": _("Nobody is signed in."), **more},
        status.HTTP_401_UNAUTHORIZED,
    )
    response["WWW-Authenticate"] = 'Session realm="identityx"'
    return response
