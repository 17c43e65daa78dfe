"""The JSON twins of the pages, for single-page sites: DRF views over the same session.

JSON only, and the CSRF check for anonymous requests too: DRF leaves those out, and a cross-site
form could sign a visitor in as somebody else. They look at no ``Authorization`` header: they are
about the session. Errors are ``{"code", "detail"}``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import exceptions, serializers, status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from . import csrf, emails, ratelimits, redirects, sending, sessions
from .addresses import visitor
from .conf import conf
from .credentials import TokenType
from .exceptions import ConfigurationError, Rejected, Unavailable
from .headers import set_headers
from .links import Link, read_to_sign_in
from .marks import Mark, drop_mark
from .parsers import SmallJSONParser
from .redemption import redeem
from .users import AppUser, OrgUser

logger = logging.getLogger("django_identityx")


class Refused(exceptions.APIException):
    """An error with a status, a code and, where there is one, a time to wait."""

    def __init__(
        self, status_code: int, code: str, detail: Any, wait: int | None = None, **extra: Any
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.extra = extra
        if wait is not None:
            self.wait = wait


class LoginLinkSerializer(serializers.Serializer[Any]):
    """``{email, kind?, next?}``."""

    email = serializers.EmailField(max_length=254)
    kind = serializers.ChoiceField(
        [TokenType.APP_USER.value, TokenType.ORG_USER.value], default=TokenType.APP_USER.value
    )
    next = serializers.CharField(
        max_length=redirects.MAX_TARGET, default="", allow_blank=True, allow_null=True
    )


class LoginSerializer(serializers.Serializer[Any]):
    """``{token, confirmed?, replace?}``; ``token`` may be the whole link."""

    token = serializers.CharField(max_length=16_000)
    confirmed = serializers.BooleanField(default=False)
    replace = serializers.BooleanField(default=False)


class JSONView(APIView):
    """What the twins share."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = (SmallJSONParser,)
    renderer_classes = (JSONRenderer,)
    versioning_class = None
    schema = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view: Any = super().as_view(**initkwargs)
        view.login_required = False
        return view

    @method_decorator(sensitive_variables())
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # What a stranger names as the charset may be no encoding of text.
        request.encoding = settings.DEFAULT_CHARSET
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if csrf.failure(request._request) is not None:
            raise Refused(
                status.HTTP_403_FORBIDDEN,
                "csrf",
                _("The CSRF token is missing or wrong. Ask api/me for the cookie first."),
            )
        if request.method == "POST" and request.content_type.partition(";")[0] != JSON:
            raise exceptions.UnsupportedMediaType(request.content_type)

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(_refusal(exc))

    def get_exception_handler(self) -> Callable[..., Any]:
        return _answer

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        csrf.leave_cookie(getattr(request, "_request", request), response)
        return set_headers(response)


JSON = "application/json"


class LoginLinkView(JSONView):
    """``POST {email, kind?, next?}``: 202, whatever happened to the address."""

    def post(self, request: Request) -> Response:
        data = _valid(LoginLinkSerializer, request)
        django_request = request._request
        email, target = data["email"], data["next"] or ""
        ratelimits.limit_sending(django_request, email)
        sending.send_login_link(
            email,
            token_type=TokenType(data["kind"]),
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
        data = _valid(LoginSerializer, request)
        django_request = request._request
        link = read_to_sign_in(django_request, data["token"])
        mark = Mark.of(django_request)
        if not self.is_theirs(django_request, link):
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

    def is_theirs(self, request: HttpRequest, link: Link) -> bool:
        """Whether the person of the link is the one who is signed in already."""
        held = sessions.get_credential(request)
        if SESSION_KEY in request.session or held is None:
            return False
        if held.token_type is not link.kind.token_type:
            return False
        user = sessions.get_user(request)
        return user.is_authenticated and user.email.casefold() == link.email.casefold()

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
    """``POST``: 204, whatever IdentityX says."""

    def post(self, request: Request) -> Response:
        sessions.logout(request._request)
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


def describe(user: AppUser | OrgUser) -> dict[str, Any]:
    """What ``api-me`` says of a user: flat, ``type`` first."""
    known: dict[str, Any] = {
        "type": user.kind,
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "given_name": user.given_name,
        "family_name": user.family_name,
    }
    if isinstance(user, AppUser):
        known["display_name"] = user.display_name
        known["verified"] = user.verified
        known["banned"] = user.banned
        known["access_levels"] = [{"id": a.id, "name": a.name} for a in user.access_levels]
        known["teams"] = [{"id": team.id, "name": team.name} for team in user.teams]
    else:
        known["photo_url"] = user.photo_url
        known["memberships"] = [
            {
                "role": membership.role,
                "organization_id": membership.organization_id,
                "organization_name": membership.organization_name,
            }
            for membership in user.memberships
        ]
    return known


def _user(request: HttpRequest) -> AppUser | OrgUser:
    user = sessions.get_user(request)
    if not isinstance(user, AppUser | OrgUser):
        raise Rejected("revoked")
    return user


def _valid(serializer_class: type[serializers.Serializer[Any]], request: Request) -> Any:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _refusal(exc: Exception) -> Exception:
    """Our errors as DRF's."""
    if isinstance(exc, ratelimits.LimitExceeded):
        return Refused(429, "too_many", _("Too many requests. Wait a moment."), wait=exc.wait)
    if isinstance(exc, Rejected):
        detail = _DETAILS.get(exc.reason, _("This link is not complete"))
        return Refused(_STATUS.get(exc.reason, 400), exc.reason, detail)
    if isinstance(exc, Unavailable):
        detail = _("The identity service is unavailable. Try again in a moment.")
        return Refused(503, "unavailable", detail, wait=exc.retry_after)
    if isinstance(exc, ConfigurationError | ImproperlyConfigured):
        logger.error("Signing in does not work: %s", exc)
        return Refused(503, "unavailable", _("Signing in does not work right now."), wait=60)
    return exc


_STATUS = {
    "banned": 403,
    "not_admitted": 403,
    "expired": 410,
    "too_old": 410,
    "used": 410,
    "revoked": 410,
}
_DETAILS = {
    "missing": _("There is no link here"),
    "change_email": _("This link confirms a new address"),
    "wrong_application": _("This link belongs to another site"),
    "expired": _("This link is too old"),
    "too_old": _("This link is too old"),
    "used": _("This link has been used"),
    "revoked": _("This link has been used"),
    "user_gone": _("This account no longer exists"),
    "banned": _("This account can't sign in here"),
    "not_admitted": _("This account can't sign in here"),
}


def _answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to an error, in our shape."""
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        response.data = {"code": "invalid", "detail": _first(exc.detail), "fields": exc.detail}
    elif isinstance(exc, exceptions.APIException):
        response.data = {"code": exc.get_codes(), "detail": exc.detail}
        if isinstance(exc, Refused):
            response.data = {**response.data, **exc.extra}
    else:  # Django's own 404 and 403
        response.data = {"code": response.status_text.lower().replace(" ", "_"), **response.data}
    return response


def _first(detail: Any) -> str:
    while isinstance(detail, dict | list) and detail:
        detail = next(iter(detail.values())) if isinstance(detail, dict) else detail[0]
    return str(detail)
