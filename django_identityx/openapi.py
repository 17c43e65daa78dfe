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
from .comments import api as comments
from .comments.writing import REFUSALS
from .credentials import TokenType
from .signin.api import JSONEndpoint, me, tokens, views
from .signin.api.description import describe
from .users import PROFILE_FIELDS, AccessLevel, AppUser

TAG = "Signing in"
COMMENT_TAG = "Comments"

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
            schema = {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": f"{kind} <token>",
                "description": f"{_WHO[kind]}. Type `{kind}`, a space and the token.",
            }
            scheme = ResolvedComponent(kind.value, ResolvedComponent.SECURITY_SCHEMA, schema, kind)
            auto_schema.registry.register_on_missing(scheme)
        return [{kind.value: []} for kind in kinds]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        return []


class SessionScheme(OpenApiAuthenticationExtension):
    """The cookie of the session that signing in made."""

    target_class = IdentityXSessionAuthentication
    match_subclasses = True
    name = "IdentityXSession"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "Sign in on the site. Unsafe methods need `X-CSRFToken` as well.",
        }


# --- shapes -------------------------------------------------------------------------------------

_MAYBE: dict[str, Any] = {"required": False, "allow_null": True}


def _shape(name: str, fields: dict[str, Any], **options: Any) -> Any:
    return inline_serializer(f"IdentityX{name}", fields, **options)


def _text(says: str | None = None, **options: Any) -> serializers.CharField:
    return serializers.CharField(help_text=says, **options)


def _texts(*names: str, **options: Any) -> dict[str, Any]:
    return {name: _text(**options) for name in names}


def _csrf_token() -> serializers.CharField:
    return _text("From `api/me` only: send it as `X-CSRFToken`.", required=False)


USER = _shape(
    "User",
    {
        "type": serializers.ChoiceField([kind.value for kind in TokenType]),
        **_texts("id", "email", "name"),
        **_texts("given_name", "family_name", allow_null=True),
        "display_name": _text("Of an AppUser, as the following four.", **_MAYBE),
        "verified": serializers.BooleanField(required=False),
        "banned": serializers.BooleanField(required=False),
        "access_levels": _shape("AccessLevel", _texts("id", "name"), many=True, required=False),
        "teams": _shape("Team", _texts("id", "name"), many=True, required=False),
        "photo_url": _text("Of an OrgUser, as `memberships`.", **_MAYBE),
        "memberships": _shape(
            "Membership",
            _texts("role", "organization_id", "organization_name"),
            many=True,
            required=False,
        ),
        "actor": _shape(
            "Actor",
            _texts("id", "email", "name"),
            help_text="From `api/me` only: the member of staff who acts for this reader.",
            **_MAYBE,
        ),
        "profile": _shape(
            "Profile",
            {
                **_texts(*PROFILE_FIELDS, allow_null=True),
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
ERROR = _shape(
    "Error",
    {
        "code": _text("For programs; it stays."),
        "detail": _text("For people, in their language."),
        "masked_email": _text("With 409: whose link it is.", required=False),
        "fields": serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()),
            required=False,
            help_text="With 400 `invalid`: what is wrong with which field.",
        ),
        "csrf_token": _csrf_token(),
    },
)
LINK_SENT = _shape("LinkSent", _texts("code", "detail"))
TOKEN = _shape(
    "Token",
    {
        "token_type": _text("`AppUser` or `OrgUser`: the word before the token in the header."),
        "token": _text("It has no end of its own: `revoke` it."),
        "user": USER,
    },
)
DEVICE = _shape(
    "Device",
    {
        "id": serializers.IntegerField(),
        "name": _text("The browser, as people call it."),
        "address": _text(allow_null=True),
        "signed_in_at": serializers.DateTimeField(),
        "last_seen": serializers.DateTimeField(help_text="Within ten minutes."),
        "current": serializers.BooleanField(),
    },
    many=True,
)
# --- errors -------------------------------------------------------------------------------------


_MASKED = {"masked_email": "r•••r@example.net"}
_WRONG = "Enter a valid email address."

# Status to what it means, and to codes with their words.
_ERRORS: dict[int, tuple[str, dict[str, str]]] = {
    400: (
        "What was sent can't be read, or is no link of this site",
        {
            "invalid": _WRONG,
            "parse_error": "This is not a JSON object.",
            "wrong_application": "This link belongs to another site",
        },
    ),
    401: ("Nobody is signed in", {"not_authenticated": "Nobody is signed in."}),
    403: (
        "No CSRF token, or a person who may not sign in here",
        {
            "csrf": "The CSRF token is missing or wrong. Ask api/me for the cookie first.",
            "banned": "This account can't sign in here",
        },
    ),
    409: (
        "A person must agree first",
        {
            "confirmation_required": "This link was asked for elsewhere. Send “confirmed” once the "
            "visitor agrees.",
            "other_person": "Somebody else is signed in. Send “replace” to change.",
        },
    ),
    410: (
        "The link is no good any more",
        {"used": "This link has been used", "too_old": "This link is too old"},
    ),
    413: ("The body is too large", {"too_large": "The body is too large."}),
    415: (
        "The body is no JSON",
        {"unsupported_media_type": "Unsupported media type “text/plain” in request."},
    ),
    429: (
        "Too many requests; `Retry-After` says when the next one passes",
        {"too_many": "Too many requests. Wait a moment."},
    ),
    503: (
        "IdentityX can't be asked; `Retry-After` says when to try again",
        {"unavailable": "The identity service is unavailable. Try again in a moment."},
    ),
}
_COMMENT_ERRORS = _ERRORS | {
    status: ("", {code: str(text) for code, (of, text) in REFUSALS.items() if of == status})
    for status, _words in REFUSALS.values()
}
# What comes with some codes besides.
_MORE: dict[str, dict[str, Any]] = {
    "invalid": {"fields": {"email": [_WRONG]}},
    "confirmation_required": _MASKED,
    "other_person": _MASKED,
}


def _coded(
    shape: Any, meaning: str, words: dict[str, str], more: dict[str, Any] | None = None
) -> OpenApiResponse:
    examples = [
        OpenApiExample(code, {"code": code, "detail": detail, **(more or _MORE.get(code, {}))})
        for code, detail in words.items()
    ]
    return OpenApiResponse(shape, meaning, examples)


_NO_ACCESS = _shape(
    "NoAccess",
    {
        "code": _text("`login_required` or `access_level_required`."),
        "detail": _text(),
        "message": _text("Safe HTML, or empty.", allow_blank=True),
        "required_access_levels": _shape(
            "RequiredAccessLevel", {"id": _text(allow_blank=True), "name": _text()}, many=True
        ),
    },
)
_PREMIUM = {"id": "5d1b36070ce467bff670a060", "name": "Premium"}
_DENIED = {"message": "<p>Premium only.</p>", "required_access_levels": [_PREMIUM]}
# How a view with `HasAccessLevel` refuses: ``responses={200: ..., **NO_ACCESS}``.
NO_ACCESS = {
    401: _coded(
        _NO_ACCESS, "Nobody is signed in", {"login_required": "Sign in to read this."}, _DENIED
    ),
    403: _coded(
        _NO_ACCESS,
        "A person without the access level",
        {"access_level_required": "This needs an access level that you don't have."},
        _DENIED,
    ),
}

# --- operations ---------------------------------------------------------------------------------

_READER = OpenApiExample(
    "A reader",
    describe(
        AppUser(
            "5d1b36070ce467bff670a070",
            "reader@example.net",
            "Rita",
            "Reader",
            display_name="Rita",
            verified=True,
            access_levels=(AccessLevel("5d1b36070ce467bff670a0c0", "Premium"),),
            app_id="5d1b36070ce467bff670a052",
        )
    ),
    response_only=True,
)
_ON_ITS_WAY = "If this address can sign in here, a mail with a link is on its way."
_SENT = {202: _coded(LINK_SENT, "Whatever happened to the address", {"link_sent": _ON_ITS_WAY})}
_HAS_BODY = (400, 413, 415)


def _operation(
    summary: str, gives: Any, *, takes: Any = None, errors: tuple[int, ...] = (), **more: Any
) -> dict[str, Any]:
    """What `extend_schema` is told of an operation, with the errors that all of them have."""
    known = _COMMENT_ERRORS if more.get("tags") == [COMMENT_TAG] else _ERRORS
    statuses = sorted({*errors, 503, *(_HAS_BODY if takes else ())})
    refusals = {status: _coded(ERROR, *known[status]) for status in statuses}
    said = {"summary": summary, "request": takes, "responses": {**gives, **refusals}}
    return {"tags": [TAG], **said, **more}


# What a method of a view takes and gives.
_OPERATIONS: dict[tuple[type[APIView], str], dict[str, Any]] = {
    (views.LoginLinkView, "post"): _operation(
        "Ask for a link by mail",
        _SENT,
        takes=views.LoginLinkSerializer,
        errors=(403, 429),
        description="The answer is the same for known and unknown addresses.",
        examples=[
            OpenApiExample(
                "A reader",
                {"email": "reader@example.net", "next": "/members/"},
                request_only=True,
            ),
        ],
    ),
    (views.LoginView, "post"): _operation(
        "Sign in by the link",
        {200: OpenApiResponse(USER, "Signed in, with a session", [_READER])},
        takes=views.LoginSerializer,
        errors=(403, 409, 410, 429),
        description="409 asks for `confirmed` or `replace`: show `masked_email` to the "
        "visitor, and send again once they agree.",
    ),
    (views.LogoutView, "post"): _operation(
        "Sign out",
        {204: OpenApiResponse(None, "Signed out here, whatever IdentityX says")},
        takes=views.LogoutSerializer,
        errors=(403,),
        description="With `everywhere`, also out of the person's other sessions here.",
    ),
    (me.MeView, "get"): _operation(
        "Who is signed in",
        {200: OpenApiResponse(USER, "", [_READER])},
        errors=(401,),
        description="The CSRF token comes as well, as a cookie and in the body, also with 401.",
    ),
    (me.MeView, "patch"): _operation(
        "Change the profile",
        {200: OpenApiResponse(USER, "Saved", [_READER])},
        takes=me.ProfileSerializer,
        errors=(401, 403),
        description="What is left out stays, null clears. `{}` says that the profile was "
        "looked through. Some of it may be saved where 400 or 503 `partly` is answered.",
    ),
    (views.DevicesView, "get"): _operation(
        "Where the person is signed in",
        {200: _shape("Devices", {"devices": DEVICE})},
        errors=(401,),
    ),
    (views.DevicesView, "post"): _operation(
        "End one sign-in, or all",
        {204: OpenApiResponse(None, "It has ended")},
        takes=views.EndSerializer,
        errors=(401, 403),
    ),
    (views.ChangeEmailView, "post"): _operation(
        "Ask for a link to a new address",
        {202: OpenApiResponse(LINK_SENT, "Whatever happened to the address")},
        takes=views.ChangeEmailSerializer,
        errors=(401, 403, 429),
        description="For the reader who is signed in. Say before: at once the person counts "
        "as unverified, and IdentityX erases country, region and segments, of which country "
        "and region are put back. The answer is the same whoever has the address. `api/login` "
        "takes the link; then the session goes on, and all others of the person end.",
    ),
    (tokens.SendView, "post"): _operation(
        "Ask for a link by mail, in an app",
        _SENT,
        takes=tokens.SendSerializer,
        errors=(429,),
        description="`challenge` is BASE64URL(SHA256(verifier)), as in RFC 7636: the token is "
        "handed out for the verifier only. The answer is the same for all addresses.",
    ),
    (tokens.ExchangeView, "post"): _operation(
        "Exchange the link for a token",
        {200: OpenApiResponse(TOKEN, "The token, once")},
        takes=tokens.ExchangeSerializer,
        errors=(403, 409, 410, 429),
        description="403 `wrong_verifier` where another app asked for the link. 409 where no "
        "app did: show `masked_email`, and send `confirmed` once the person agrees.",
    ),
    (tokens.RevokeView, "post"): _operation(
        "End a token",
        {204: OpenApiResponse(None, "It is dead, or was before")},
        takes=tokens.RevokeSerializer,
        errors=(429,),
    ),
    (comments.CommentsView, "get"): _operation(
        "A page of comments, the newest first",
        {200: comments.IdentityXCommentsSerializer},
        errors=(400, 401),
        tags=[COMMENT_TAG],
        description="Readers see their own that wait for approval, too.",
        parameters=[comments.CommentPageSerializer],
    ),
    (comments.CommentsView, "post"): _operation(
        "Write a comment",
        {201: OpenApiResponse(comments.IdentityXCommentSerializer, "Written")},
        takes=comments.CommentWriteSerializer,
        errors=(401, 403, 409, 429),
        tags=[COMMENT_TAG],
        description="`body` is plain text. One with a link is `waiting` for approval.",
    ),
    (comments.FlagView, "post"): _operation(
        "Tell the moderators of a comment",
        {204: OpenApiResponse(None, "They see it")},
        takes=comments.CommentFlagSerializer,
        errors=(401, 403, 404, 429),
        tags=[COMMENT_TAG],
    ),
}


class TwinSchema(AutoSchema):
    """A twin takes JSON only, so that there is always a body, if only ``{}``."""

    def _get_request_body(self, direction: Any = "request") -> Any:
        body = super()._get_request_body(direction)
        return {**body, "required": True} if body else body


class Twins(OpenApiViewExtension):
    """The views of `_OPERATIONS`, and what a site makes of them."""

    target_class = JSONEndpoint
    match_subclasses = True

    def view_replacement(self) -> type[APIView]:
        methods = {
            method: described
            for (view, method), described in _OPERATIONS.items()
            if issubclass(self.target, view)
        }
        if not methods:
            return self.target  # type: ignore[no-any-return]
        # The session is what these are about, and the one that asks for it says 401.
        knows_people = any(401 in described["responses"] for described in methods.values())
        known = self.target.authentication_classes
        bearers = [one for one in known if issubclass(one, IdentityXAuthentication)]
        replaced = {
            "schema": TwinSchema(),
            "permission_classes": (AllowAny,),
            "authentication_classes": [*bearers, IdentityXSessionAuthentication]
            if knows_people
            else [],
        }
        twin: type[APIView] = type(self.target.__name__, (self.target,), replaced)
        for method, described in methods.items():
            extend_schema(methods=[method], **described)(twin)
        return twin
