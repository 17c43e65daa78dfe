"""The client: the operations of the sign-in flows, and the doors to the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict, Unpack

from ..credentials import Credential, TokenType
from ..exceptions import InvalidInput, NotFound, OperationFailed, Rejected, Unclear
from ..service import (
    About,
    Operation,
    given,
    meaning,
    mutation,
    no_verdict,
    object_of,
    query,
    read,
    selection,
    several,
    shape,
    value_of,
)
from ..users import ROLES, ApiTokenUser, AppUser, ConsentPolicy, Country, Membership, OrgUser
from .app_users import AppUsers, OwnProfile
from .base import BaseClient
from .comments import Comments
from .entitlements import AccessLevels, Teams
from .organizations import ApplicationSettings, Memberships, OrganizationSettings
from .resource import wire
from .results import (
    AppContext,
    AppUserLogin,
    ContentAccess,
    OrgUserLogin,
    Region,
)

_APP_USER = selection(AppUser)
_ORG_USER = selection(OrgUser)
_AUTHENTICATION = f"token {{ id value }} user {{ {_APP_USER} }} loginSource additionalContext"

ACTIVE_APP_USER = replace(query("activeAppUser", _APP_USER), needs_person=True)
ACTIVE_USER = Operation(
    f"query ActiveUser {{ activeUser {{ {_ORG_USER} }}"
    f" userOrganizations {{ {selection(Membership)} }} }}",
    name="ActiveUser",
    root="activeUser",
    needs_person=True,
)


class LinkOptions(TypedDict, total=False):
    """What a login link carries; None is as good as nothing."""

    redirect_to: str | None
    source: str | None
    additional_context: dict[str, Any] | None
    app_context_id: str | None


class IdentityXClient(BaseClient):
    """The IdentityX API; arguments as `BaseClient` has them.

    Every method raises the errors of ``exceptions``: `Rejected` about a token or link,
    `Unavailable` on trouble, `ConfigurationError` for a refused application id, `OperationFailed`
    and its kin for input.
    """

    @property
    def app_users(self) -> AppUsers:
        """The people of the application, for staff."""
        return AppUsers(self)

    @property
    def access_levels(self) -> AccessLevels:
        """What the application can entitle people to."""
        return AccessLevels(self)

    @property
    def teams(self) -> Teams:
        """Who is entitled by membership, domain or network."""
        return Teams(self)

    @property
    def comments(self) -> Comments:
        """What people write below the site's pages."""
        return Comments(self)

    @property
    def memberships(self) -> Memberships:
        """Who is staff of the organization, and who was invited."""
        return Memberships(self)

    @property
    def application(self) -> ApplicationSettings:
        """How the application introduces itself, and its contexts."""
        return ApplicationSettings(self)

    @property
    def organization(self) -> OrganizationSettings:
        """The organization, and what it asks people to consent to."""
        return OrganizationSettings(self)

    def own_profile(self, credential: Credential) -> OwnProfile:
        """The profile of the AppUser whose credential this is, for that person."""
        return OwnProfile(self, credential)

    def countries(self, lang: str = "en") -> tuple[Country, ...]:
        """The countries that IdentityX knows, by their names in a language."""
        asked = query("localeCountries", selection(Country), lang=lang)
        return several(Country, self._call(asked))

    def regions(self, *country_codes: str) -> tuple[Region, ...]:
        """The regions of countries that have any: ``US``, ``CA``, ``MX``; without one, of all."""
        asked = query("localeRegions", selection(Region), countryCodes=list(country_codes))
        return several(Region, self._call(asked))

    def consent_policies(self) -> tuple[ConsentPolicy, ...]:
        """What the application's organization asks people of some countries to consent to."""
        asked = query("activeAppContext", selection(_Policies))
        return read(_Policies, self._call(asked)).asked

    def ping(self) -> None:
        """Ask whether IdentityX is there and serves this application."""
        self._call(query("ping"))

    def check_up(self, token_type: TokenType) -> None:
        """Raise `Unavailable` unless the parts of IdentityX that signing in needs answer.

        Asked for nobody, with a token that is none: only that tells whether the token service
        lives. An answer that is not understood counts as trouble.
        """
        staff = token_type is not TokenType.APP_USER
        person = "activeUser" if staff else "activeAppUser"
        nobody = "" if staff else 'appUser(input: { email: "nobody@sign-in.invalid" }) { id } '
        operation = Operation(
            f"query {{ ping {nobody}{person} {{ id }} }}", root=person, needs_person=True
        )
        with self._sent(operation, Credential(token_type, "none")) as answer:
            try:
                for error in answer.errors:
                    if error.path[:1] != (person,):
                        raise meaning(error, About.INPUT)
                value_of(answer, person, About.CREDENTIAL)
            except Rejected:
                return
            except OperationFailed as error:
                raise Unclear("IdentityX does not say whether it is well.") from error
        raise Unclear("IdentityX takes what is no token.")

    # --- AppUsers -------------------------------------------------------------------------

    def create_app_user(self, email: str, **fields: str | None) -> AppUser:
        """Create an AppUser, or return the existing one as it is.

        ``fields`` are IdentityX's names (``givenName``, ...). Raises `InvalidInput`, for a burner
        address too. Never pass the answer on to a visitor.
        """
        operation = mutation("createAppUser", _APP_USER, email=email, **fields)
        return self._app_user(self._created(operation))

    def set_app_user_unverified_data(self, email: str, **fields: Any) -> AppUser:
        """Overwrite the data of a user who has not verified yet; `NotFound` if unknown.

        None clears a field. ``regionalConsentAnswers`` are erased where they are left out.
        """
        operation = mutation("setAppUserUnverifiedData", _APP_USER, email=email, **fields)
        return self._app_user(self._call(operation))

    def send_app_user_login_link(
        self, email: str, auth_url: str, **options: Unpack[LinkOptions]
    ) -> None:
        """Mail a login link that leads to ``auth_url``; `NotFound` for an unknown address.

        IdentityX appends ``?token=`` without looking, so ``auth_url`` must have no query.
        ``additional_context`` can be read by whoever has the link.
        """
        self._call(mutation("sendAppUserLoginLink", **_link(email, auth_url, options)))

    def create_and_send_app_user_login_link(
        self,
        email: str,
        auth_url: str,
        *,
        profile: Mapping[str, str] | None = None,
        **options: Unpack[LinkOptions],
    ) -> None:
        """Create the AppUser where there is none, and mail the link: one request.

        ``profile`` goes to a new user, and to one who has not verified yet. The answer takes the
        same way for known and unknown addresses. `InvalidInput` where the creation is refused (a
        burner domain, say): the address may be an existing user's all the same, for whom the link
        can be sent alone.
        """
        user = {"email": email, **wire(profile or {})}
        variables = {"user": user, "link": _link(email, auth_url, options)}
        declared = data = ""
        if profile:
            variables["data"] = user
            declared = " $data: SetAppUserUnverifiedDataMutationInput!,"
            data = "setAppUserUnverifiedData(input: $data) { id } "
        operation = Operation(
            f"mutation CreateAndSend($user: CreateAppUserMutationInput!,{declared}"
            " $link: SendAppUserLoginLinkMutationInput!)"
            f" {{ createAppUser(input: $user) {{ id }} {data}sendAppUserLoginLink(input: $link) }}",
            variables,
            root="createAppUser",
            is_mutation=True,
        )
        names = ["setAppUserUnverifiedData"] if profile else []
        self._created(operation, *names, "sendAppUserLoginLink")

    def login_app_user(self, token: str) -> AppUserLogin:
        """Exchange a link's token for an AppUser and a credential; `Rejected` if it is no good."""
        operation = mutation("loginAppUser", _AUTHENTICATION, token=token)
        del token
        return self._app_user_login(self._call(operation, about=About.LINK))

    def logout_app_user(self, token: str) -> None:
        """End an AppUser's token. IdentityX answers before it has deleted it."""
        operation = mutation("logoutAppUser", token=token)
        del token
        self._call(operation, about=About.LINK)

    def active_app_user(self, credential: Credential) -> AppUser:
        """Ask whose credential this is.

        IdentityX does not compare the token's application with ours: compare ``app_id``.
        """
        return self._app_user(self._call(ACTIVE_APP_USER, credential), credential)

    def active_app_context(self, credential: Credential | None = None) -> AppContext:
        """The application, and what the visitor is entitled to by person, domain and address.

        A credential must be an AppUser's. It is asked about in the same document, because this
        operation alone answers for nobody where a token is bad.
        """
        operation = query("activeAppContext", selection(AppContext))
        context = self._public(operation, credential)
        found, user = read(AppContext, context), context.get("user")
        return replace(found, user=None if user is None else self._app_user(user, credential))

    def check_content_access(
        self,
        *,
        required_access_level_ids: list[str],
        is_enabled: bool = True,
        credential: Credential | None = None,
    ) -> ContentAccess:
        """Ask whether content that needs any one of the levels may be shown.

        Ids that don't exist are dropped by IdentityX, and if none is left, being signed in is
        enough: compare ``required_access_levels`` with what you asked for.
        """
        operation = query(
            "checkContentAccess",
            selection(ContentAccess),
            isEnabled=is_enabled,
            requiredAccessLevelIds=required_access_level_ids,
        )
        return read(ContentAccess, self._public(operation, credential))

    def update_own_app_user(self, credential: Credential, **fields: Any) -> AppUser:
        """Change the person's own profile; None clears, what is left out stays."""
        operation = mutation("updateOwnAppUser", _APP_USER, **fields)
        return self._app_user(self._call(operation, credential), credential)

    def send_own_app_user_change_email_link(
        self,
        credential: Credential,
        email: str,
        auth_url: str,
        *,
        redirect_to: str | None = None,
        app_context_id: str | None = None,
    ) -> None:
        """Mail a link to the new address.

        At once the person counts as unverified, and loses country, region and segments.
        """
        email = email.strip().lower()  # with capitals the new token would never verify
        if "@" not in email.strip("@"):
            text = "This is not an e-mail address."
            raise InvalidInput(text, detail=text, fields={"email": [text]})
        operation = mutation(
            "sendOwnAppUserChangeEmailLink",
            **_link(
                email, auth_url, {"redirect_to": redirect_to, "app_context_id": app_context_id}
            ),
        )
        self._call(operation, credential)

    def change_app_user_email(self, token: str) -> AppUserLogin:
        """Exchange the token of a change-email link; the person's older tokens end."""
        operation = mutation("changeAppUserEmail", _AUTHENTICATION, token=token)
        del token
        return self._app_user_login(self._call(operation, about=About.LINK))

    def impersonate_app_user(
        self, credential: Credential, user_id: str, *, verify: bool = False
    ) -> AppUserLogin:
        """Sign in as an AppUser; for Owners and Administrators.

        IdentityX does not check that the user belongs to the application, so that is asked
        first; `NotFound` if not.
        """
        found = self._call(query("appUserById", "id", id=user_id), credential, nullable=True)
        if not isinstance(found, dict) or found.get("id") != user_id:
            raise NotFound("This application has no such user.")
        operation = mutation("impersonateAppUser", _AUTHENTICATION, id=user_id, verify=verify)
        return self._app_user_login(self._call(operation, credential))

    # --- OrgUsers -------------------------------------------------------------------------

    def send_user_login_link(self, email: str) -> None:
        """Mail an OrgUser a link; it leads to IdentityX's own site, the token last in its path."""
        self._call(mutation("sendUserLoginLink", email=email))

    def user_login(self, token: str) -> OrgUserLogin:
        """Exchange an OrgUser's link token; `Rejected` if it is no good."""
        operation = mutation(
            "userLogin", f"token {{ id value }} user {{ {_ORG_USER} }}", token=token
        )
        del token
        value = self._call(operation, about=About.LINK)
        credential = _credential(TokenType.ORG_USER, value)
        return OrgUserLogin(read(OrgUser, value.get("user")), credential)

    def active_user(self, credential: Credential) -> OrgUser:
        """Ask whose credential this is, and for the memberships, in one request."""
        with self._sent(ACTIVE_USER, credential) as answer:
            value = value_of(answer, "activeUser", About.CREDENTIAL)
            if answer.errors:
                # The person is known and the roles are not: trouble, never "no role".
                raise no_verdict(answer, "IdentityX could not tell the memberships.")
        is_script = credential.token_type is TokenType.ORG_USER_API_TOKEN
        kind = ApiTokenUser if is_script else OrgUser
        return read(kind, value, memberships=_memberships(answer.data.get("userOrganizations")))

    def create_active_user_api_token(self, credential: Credential) -> Credential:
        """The person's permanent API token. It can't be revoked, and is the same each time."""
        value = self._call(mutation("createActiveUserApiToken"), credential)
        if not isinstance(value, str) or not value:
            raise shape("createActiveUserApiToken")
        return Credential(TokenType.ORG_USER_API_TOKEN, value)

    def user_logout(self, credential: Credential) -> None:
        """End an OrgUser's token. An API token can't be ended: `OperationFailed`."""
        if credential.token_type is TokenType.ORG_USER_API_TOKEN:
            # IdentityX would answer as if the token were bad.
            raise OperationFailed("An API token can't be ended.")
        self._call(mutation("userLogout"), credential, about=About.LINK)

    def _app_user_login(self, value: Any) -> AppUserLogin:
        credential = _credential(TokenType.APP_USER, value)
        context, source = value.get("additionalContext"), value.get("loginSource")
        return AppUserLogin(
            user=self._app_user(value.get("user")),
            credential=credential,
            login_source=source if isinstance(source, str) else None,
            additional_context=context if isinstance(context, dict) else {},
        )


@dataclass(frozen=True)
class _Policies:
    asked: tuple[ConsentPolicy, ...] = field(
        metadata={"wire": "application.organization.regionalConsentPolicies"}
    )


@dataclass(frozen=True)
class _Token:
    value: str = field(repr=False)


def _credential(token_type: TokenType, value: Any) -> Credential:
    """Take the token out of an answer, so that no error report prints it from there."""
    return Credential(token_type, read(_Token, object_of(value).pop("token", None)).value)


def _memberships(value: Any) -> tuple[Membership, ...]:
    if not isinstance(value, list):
        raise shape("userOrganizations")
    memberships = tuple([read(Membership, entry) for entry in value])  # a null is no "no role"
    if not {membership.role for membership in memberships} <= set(ROLES):
        raise shape("role")
    return memberships


def _link(email: str, auth_url: str, options: LinkOptions) -> dict[str, Any]:
    return given(email=email, authUrl=auth_url, **wire(options))
