"""What drf-spectacular says of this package; loaded by the app where drf-spectacular is installed.

Each kind of credential is a security scheme of its own, `http` and `bearer`: what one types into
Swagger UI's "Authorize" is ``AppUser <token>``, and the header that it sends is the one that works.
The JSON twins are in the schema with their errors, which all have one shape.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiViewExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from .authentication import IdentityXAuthentication, IdentityXSessionAuthentication
from .comments.api import (
    CommentFlagSerializer,
    CommentPageSerializer,
    CommentsView,
    CommentWriteSerializer,
)
from .comments.api import FlagView as CommentFlagView
from .comments.writing import REFUSALS
from .credentials import TokenType
from .signin.api import (
    ChangeEmailView,
    ExchangeView,
    LoginLinkView,
    LoginView,
    LogoutView,
    ProfileMeView,
    RevokeView,
    SendView,
)
from .signin.api.change_email import ChangeEmailSerializer
from .signin.api.devices import DevicesView, EndSerializer
from .signin.api.profile import ProfileSerializer
from .signin.api.tokens import ExchangeSerializer, RevokeSerializer, SendSerializer
from .signin.api.views import LoginLinkSerializer, LoginSerializer, LogoutSerializer
from .users import PROFILE_FIELDS

TAG = "Signing in"
SESSION = "IdentityXSession"

_WHO = {
    TokenType.APP_USER: "A reader of the application",
    TokenType.ORG_USER: "Somebody of the staff",
    TokenType.ORG_USER_API_TOKEN: "A script acting for somebody of the staff",
}


class BearerScheme(OpenApiAuthenticationExtension):
    """A security scheme for each kind that an authentication class takes."""

    target_class = IdentityXAuthentication
    match_subclasses = True

    name = []  # ours are registered below, for all subclasses the same

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        kinds = [kind for kind in TokenType if kind in self.target.token_types]
        for kind in kinds:
            scheme = ResolvedComponent(
                name=kind.value,
                type=ResolvedComponent.SECURITY_SCHEMA,
                object=kind,
                schema={
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": f"{kind} <token>",
                    "description": f"{_WHO[kind]}. Type `{kind}`, a space and the token.",
                },
            )
            auto_schema.registry.register_on_missing(scheme)
        return [{kind.value: []} for kind in kinds]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return []


class SessionScheme(OpenApiAuthenticationExtension):
    """The cookie of the session that signing in made."""

    target_class = IdentityXSessionAuthentication
    match_subclasses = True
    name = SESSION

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "Sign in on the site. Unsafe methods need `X-CSRFToken` as well.",
        }


def _csrf_token() -> serializers.CharField:
    return serializers.CharField(
        required=False, help_text="From `api/me` only: send it as `X-CSRFToken`."
    )


USER = inline_serializer(
    "IdentityXUser",
    {
        "type": serializers.ChoiceField([kind.value for kind in TokenType]),
        "id": serializers.CharField(),
        "email": serializers.CharField(),
        "name": serializers.CharField(),
        "given_name": serializers.CharField(allow_null=True),
        "family_name": serializers.CharField(allow_null=True),
        "display_name": serializers.CharField(
            allow_null=True, required=False, help_text="Of an AppUser, as the following four."
        ),
        "verified": serializers.BooleanField(required=False),
        "banned": serializers.BooleanField(required=False),
        "access_levels": inline_serializer(
            "IdentityXAccessLevel",
            {"id": serializers.CharField(), "name": serializers.CharField()},
            many=True,
            required=False,
        ),
        "teams": inline_serializer(
            "IdentityXTeam",
            {"id": serializers.CharField(), "name": serializers.CharField()},
            many=True,
            required=False,
        ),
        "photo_url": serializers.CharField(
            allow_null=True, required=False, help_text="Of an OrgUser, as `memberships`."
        ),
        "memberships": inline_serializer(
            "IdentityXMembership",
            {
                "role": serializers.CharField(),
                "organization_id": serializers.CharField(),
                "organization_name": serializers.CharField(),
            },
            many=True,
            required=False,
        ),
        "actor": inline_serializer(
            "IdentityXActor",
            {name: serializers.CharField() for name in ("id", "email", "name")},
            required=False,
            allow_null=True,
            help_text="From `api/me` only: the member of staff who acts for this reader.",
        ),
        "profile": inline_serializer(
            "IdentityXProfile",
            {
                **{name: serializers.CharField(allow_null=True) for name in PROFILE_FIELDS},
                "receive_email": serializers.BooleanField(allow_null=True),
                "missing": serializers.ListField(
                    child=serializers.CharField(),
                    allow_null=True,
                    help_text="What the site requires and is not there; null: it is complete.",
                ),
            },
            required=False,
            help_text="From `api/me` only, of an AppUser: what `PATCH` changes.",
        ),
        "csrf_token": _csrf_token(),
    },
)
ERROR = inline_serializer(
    "IdentityXError",
    {
        "code": serializers.CharField(help_text="For programs; it stays."),
        "detail": serializers.CharField(help_text="For people, in their language."),
        "masked_email": serializers.CharField(
            required=False, help_text="With 409: whose link it is."
        ),
        "fields": serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()),
            required=False,
            help_text="With 400 `invalid`: what is wrong with which field.",
        ),
        "csrf_token": _csrf_token(),
    },
)
LINK_SENT = inline_serializer(
    "IdentityXLinkSent", {"code": serializers.CharField(), "detail": serializers.CharField()}
)
TOKEN = inline_serializer(
    "IdentityXToken",
    {
        "token_type": serializers.CharField(
            help_text="`AppUser` or `OrgUser`: the word before the token in the header."
        ),
        "token": serializers.CharField(help_text="It has no end of its own: `revoke` it."),
        "user": USER,
    },
)
DEVICES = inline_serializer(
    "IdentityXDevices",
    {
        "devices": inline_serializer(
            "IdentityXDevice",
            {
                "id": serializers.IntegerField(),
                "name": serializers.CharField(help_text="The browser, as people call it."),
                "address": serializers.CharField(allow_null=True),
                "signed_in_at": serializers.DateTimeField(),
                "last_seen": serializers.DateTimeField(help_text="Within ten minutes."),
                "current": serializers.BooleanField(),
            },
            many=True,
        )
    },
)

_READER = OpenApiExample(
    "A reader",
    {
        "type": "AppUser",
        "id": "5d1b36070ce467bff670a070",
        "email": "reader@example.net",
        "name": "Rita Reader",
        "given_name": "Rita",
        "family_name": "Reader",
        "display_name": "Rita",
        "verified": True,
        "banned": False,
        "access_levels": [{"id": "5d1b36070ce467bff670a0c0", "name": "Premium"}],
        "teams": [],
    },
    response_only=True,
)


def _errors(*wanted: int) -> dict[Any, OpenApiResponse]:
    return {
        status: OpenApiResponse(
            ERROR,
            _MEANING[status],
            [
                OpenApiExample(code, {"code": code, "detail": detail, **extra})
                for code, detail, extra in _EXAMPLES[status]
            ],
        )
        for status in wanted
    }


_MASKED = {"masked_email": "r•••r@example.net"}
_MEANING = {
    400: "What was sent can't be read, or is no link of this site",
    401: "Nobody is signed in",
    403: "No CSRF token, or a person who may not sign in here",
    404: "There is nothing like that",
    405: "Another method",
    409: "A person must agree first",
    410: "The link is no good any more",
    413: "The body is too large",
    415: "The body is no JSON",
    429: "Too many requests; `Retry-After` says when the next one passes",
    503: "IdentityX can't be asked; `Retry-After` says when to try again",
}
_EXAMPLES: dict[int, list[tuple[str, str, dict[str, Any]]]] = {
    400: [
        (
            "invalid",
            "Enter a valid email address.",
            {"fields": {"email": ["Enter a valid email address."]}},
        ),
        ("parse_error", "This is not a JSON object.", {}),
        ("wrong_application", "This link belongs to another site", {}),
    ],
    401: [("not_authenticated", "Nobody is signed in.", {})],
    403: [
        ("csrf", "The CSRF token is missing or wrong. Ask api/me for the cookie first.", {}),
        ("banned", "This account can't sign in here", {}),
    ],
    404: [("not_found", "Not found.", {})],
    405: [("method_not_allowed", "Method “GET” not allowed.", {})],
    409: [
        (
            "confirmation_required",
            "This link was asked for elsewhere. Send “confirmed” once the visitor agrees.",
            _MASKED,
        ),
        ("other_person", "Somebody else is signed in. Send “replace” to change.", _MASKED),
    ],
    410: [("used", "This link has been used", {}), ("too_old", "This link is too old", {})],
    413: [("too_large", "The body is too large.", {})],
    415: [("unsupported_media_type", "Unsupported media type “text/plain” in request.", {})],
    429: [("too_many", "Too many requests. Wait a moment.", {})],
    503: [
        ("unavailable", "The identity service is unavailable. Try again in a moment.", {}),
    ],
}
_BODY = (400, 403, 413, 415)

_NO_ACCESS = inline_serializer(
    "IdentityXNoAccess",
    {
        "code": serializers.CharField(help_text="`login_required` or `access_level_required`."),
        "detail": serializers.CharField(),
        "message": serializers.CharField(allow_blank=True, help_text="Safe HTML, or empty."),
        "required_access_levels": inline_serializer(
            "IdentityXRequiredAccessLevel",
            {"id": serializers.CharField(allow_blank=True), "name": serializers.CharField()},
            many=True,
        ),
    },
)
# How a view with `HasAccessLevel` refuses: ``responses={200: ..., **NO_ACCESS}``.
NO_ACCESS: dict[int, OpenApiResponse] = {
    status: OpenApiResponse(
        _NO_ACCESS,
        meaning,
        [
            OpenApiExample(
                code,
                {
                    "code": code,
                    "detail": detail,
                    "message": "<p>Premium only.</p>",
                    "required_access_levels": [
                        {"id": "5d1b36070ce467bff670a060", "name": "Premium"}
                    ],
                },
            )
        ],
    )
    for status, code, detail, meaning in (
        (401, "login_required", "Sign in to read this.", "Nobody is signed in"),
        (
            403,
            "access_level_required",
            "This needs an access level that you don't have.",
            "A person without the access level",
        ),
    )
}
COMMENT_TAG = "Comments"

COMMENT: Any = inline_serializer(
    "IdentityXComment",
    {
        "id": serializers.CharField(),
        "html": serializers.CharField(help_text="Safe to show."),
        "author": serializers.CharField(allow_null=True, help_text="A name, never an address."),
        "created_at": serializers.DateTimeField(),
        "state": serializers.ChoiceField(["approved", "waiting", "hidden"]),
        "own": serializers.BooleanField(help_text="Whether it is the caller's."),
        "flagged": serializers.BooleanField(),
    },
    many=True,
)
COMMENTS = inline_serializer(
    "IdentityXComments",
    {
        "comments": COMMENT,
        "total": serializers.IntegerField(),
        "closed": serializers.BooleanField(help_text="Nobody may write any more."),
        "after": serializers.CharField(allow_null=True, help_text="Leads to the next page."),
    },
)

# View, its methods, and what each takes and gives.
_OPERATIONS: dict[type[APIView], dict[str, dict[str, Any]]] = {
    LoginLinkView: {
        "post": {
            "summary": "Ask for a link by mail",
            "description": "The answer is the same for known and unknown addresses.",
            "request": LoginLinkSerializer,
            "responses": {
                202: OpenApiResponse(LINK_SENT, "Whatever happened to the address"),
                **_errors(*_BODY, 429, 503),
            },
            "examples": [
                OpenApiExample(
                    "A reader",
                    {"email": "reader@example.net", "next": "/members/"},
                    request_only=True,
                ),
                OpenApiExample(
                    "Sent",
                    {
                        "code": "link_sent",
                        "detail": "If this address can sign in here, a mail with a link is on "
                        "its way.",
                    },
                    response_only=True,
                    status_codes=["202"],
                ),
            ],
        }
    },
    LoginView: {
        "post": {
            "summary": "Sign in by the link",
            "description": "409 asks for `confirmed` or `replace`: show `masked_email` to the "
            "visitor, and send again once they agree.",
            "request": LoginSerializer,
            "responses": {
                200: OpenApiResponse(USER, "Signed in, with a session", [_READER]),
                **_errors(*_BODY, 409, 410, 429, 503),
            },
        }
    },
    LogoutView: {
        "post": {
            "summary": "Sign out",
            "description": "With `everywhere`, also out of the person's other sessions here.",
            "request": LogoutSerializer,
            "responses": {
                204: OpenApiResponse(None, "Signed out here, whatever IdentityX says"),
                **_errors(*_BODY, 503),
            },
        }
    },
    ProfileMeView: {
        "get": {
            "summary": "Who is signed in",
            "description": "The CSRF token comes as well, as a cookie and in the body, also with "
            "401.",
            "responses": {
                200: OpenApiResponse(USER, "", [_READER]),
                **_errors(401, 503),
            },
        },
        "patch": {
            "summary": "Change the profile",
            "description": "What is left out stays, null clears. `{}` says that the profile was "
            "looked through. Some of it may be saved where 400 or 503 `partly` is answered.",
            "request": ProfileSerializer,
            "responses": {
                200: OpenApiResponse(USER, "Saved", [_READER]),
                **_errors(400, 401, 403, 413, 415, 503),
            },
        },
    },
    DevicesView: {
        "get": {
            "summary": "Where the person is signed in",
            "responses": {200: OpenApiResponse(DEVICES, ""), **_errors(401, 503)},
        },
        "post": {
            "summary": "End one sign-in, or all",
            "request": EndSerializer,
            "responses": {
                204: OpenApiResponse(None, "It has ended"),
                **_errors(401, *_BODY, 503),
            },
        },
    },
}

_OPERATIONS[ChangeEmailView] = {
    "post": {
        "summary": "Ask for a link to a new address",
        "description": "For the reader who is signed in. Say before: at once the person counts as "
        "unverified, and IdentityX erases country, region and segments, of which country and "
        "region are put back. The answer is the same whoever has the address. `api/login` takes "
        "the link; then the session goes on, and all others of the person end.",
        "request": ChangeEmailSerializer,
        "responses": {
            202: OpenApiResponse(LINK_SENT, "Whatever happened to the address"),
            **_errors(401, *_BODY, 429, 503),
        },
    }
}

_TOKEN_OPERATIONS: dict[type[APIView], dict[str, Any]] = {
    SendView: {
        "summary": "Ask for a link by mail, in an app",
        "description": "`challenge` is BASE64URL(SHA256(verifier)), as in RFC 7636: the token is "
        "handed out for the verifier only. The answer is the same for all addresses.",
        "request": SendSerializer,
        "responses": {
            202: OpenApiResponse(LINK_SENT, "Whatever happened to the address"),
            **_errors(400, 413, 415, 429, 503),
        },
    },
    ExchangeView: {
        "summary": "Exchange the link for a token",
        "description": "403 `wrong_verifier` where another app asked for the link. 409 where no "
        "app did: show `masked_email`, and send `confirmed` once the person agrees.",
        "request": ExchangeSerializer,
        "responses": {
            200: OpenApiResponse(TOKEN, "The token, once"),
            **_errors(*_BODY, 409, 410, 429, 503),
        },
    },
    RevokeView: {
        "summary": "End a token",
        "request": RevokeSerializer,
        "responses": {
            204: OpenApiResponse(None, "It is dead, or was before"),
            **_errors(400, 413, 415, 429, 503),
        },
    },
}
_OPERATIONS |= {view: {"post": described} for view, described in _TOKEN_OPERATIONS.items()}


def _comment_errors(*wanted: int) -> dict[Any, OpenApiResponse]:
    """`_errors`, with the codes of comments in the place of those of links."""
    found = _errors(*wanted)
    for status, response in found.items():
        refusals = [(code, text) for code, (of, text) in REFUSALS.items() if of == status]
        if refusals:
            response.description = ""
            response.examples = [
                OpenApiExample(code, {"code": code, "detail": str(text)}) for code, text in refusals
            ]
    return found


_OPERATIONS |= {
    CommentsView: {
        "get": {
            "summary": "A page of comments, the newest first",
            "tags": [COMMENT_TAG],
            "description": "Readers see their own that wait for approval, too.",
            "parameters": [CommentPageSerializer],
            "responses": {200: OpenApiResponse(COMMENTS, ""), **_comment_errors(400, 401, 503)},
        },
        "post": {
            "summary": "Write a comment",
            "tags": [COMMENT_TAG],
            "description": "`body` is plain text. One with a link is `waiting` for approval.",
            "request": CommentWriteSerializer,
            "responses": {
                201: OpenApiResponse(type(COMMENT.child), "Written"),
                **_comment_errors(401, *_BODY, 409, 429, 503),
            },
        },
    },
    CommentFlagView: {
        "post": {
            "summary": "Tell the moderators of a comment",
            "tags": [COMMENT_TAG],
            "request": CommentFlagSerializer,
            "responses": {
                204: OpenApiResponse(None, "They see it"),
                **_comment_errors(401, *_BODY, 404, 429, 503),
            },
        },
    },
}


class TwinSchema(AutoSchema):
    """A twin takes JSON only, so that there is always a body, if only ``{}``."""

    def _get_request_body(self, direction: Any = "request") -> Any:
        body = super()._get_request_body(direction)
        return {**body, "required": True} if body else body


def _describe(view: type[APIView], methods: dict[str, dict[str, Any]]) -> None:
    """Register what `_OPERATIONS` says of a view."""

    class Twin(OpenApiViewExtension):
        target_class = view

        def view_replacement(self) -> type[APIView]:
            replaced: dict[str, Any] = {
                "schema": TwinSchema(),
                "permission_classes": (AllowAny,),
                # The session is what these are about, and the one that asks for it says 401.
                "authentication_classes": (*_bearers(view), IdentityXSessionAuthentication)
                if any(401 in described["responses"] for described in methods.values())
                else (),
            }
            for method, described in methods.items():
                decorate = extend_schema(**{"tags": [TAG], **described})
                replaced[method] = decorate(_copied(getattr(self.target, method)))
            return type(view.__name__, (self.target,), replaced)


def _bearers(view: Any) -> list[type]:
    known = view.authentication_classes
    return [one for one in known if issubclass(one, IdentityXAuthentication)]


def _copied(method: Any) -> Any:
    def copied(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, request, *args, **kwargs)

    copied.kwargs = {"schema": TwinSchema}  # type: ignore[attr-defined]  # what extend_schema extends
    return copied


for _view, _methods in _OPERATIONS.items():
    _describe(_view, _methods)
