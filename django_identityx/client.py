"""The IdentityX API: a method for each operation of the sign-in flows, `execute` for the rest.

Knows no request and, but for `IdentityXClient.from_settings`, no settings. Every method raises
the errors of ``exceptions``: `Rejected` about a token or link, `Unavailable` on trouble,
`ConfigurationError` for a refused application id, `OperationFailed` and its kin for input.
"""

from __future__ import annotations

from typing import Any

from .addresses import Visitor
from .credentials import Credential, TokenType
from .exceptions import ConfigurationError, InvalidInput, NotFound, OperationFailed, Unclear
from .service import payloads
from .service.answers import no_verdict
from .service.calls import Caller, value_of
from .service.dialects import CacheMemory
from .service.payloads import AppContext, AppUserLogin, ContentAccess, OrgUserLogin
from .users import AppUser, OrgUser

_APP_USER = payloads.APP_USER_FIELDS
_AUTHENTICATION = f"token {{ id value }} user {{ {_APP_USER} }} loginSource additionalContext"

ACTIVE_APP_USER = f"query ActiveAppUser {{ activeAppUser {{ {_APP_USER} }} }}"
ACTIVE_USER = (
    f"query ActiveUser {{ activeUser {{ {payloads.ORG_USER_FIELDS} }}"
    f" userOrganizations {{ {payloads.MEMBERSHIP_FIELDS} }} }}"
)


class IdentityXClient(Caller):
    """A client of one endpoint, on behalf of one application; arguments as `Caller` has them."""

    @classmethod
    def from_settings(
        cls, *, app_id: str | None = None, org_id: str | None = None
    ) -> IdentityXClient:
        """Make a client as the ``IDENTITYX_*`` settings say; the arguments win over them."""
        from django.conf import settings

        from .conf import conf, rules

        return cls(
            conf.API_URL,
            app_id=app_id or conf.APP_ID,
            org_id=org_id or (conf.ORG_ID if conf.ORG_ID != rules.ANY_ORGANIZATION else None),
            timeout=conf.TIMEOUT,
            authorization_format=conf.AUTHORIZATION_FORMAT,
            memory=CacheMemory(conf.CACHE),
            allow_http=settings.DEBUG,
        )

    def ping(self) -> None:
        """Ask whether IdentityX is there and serves this application."""
        self._field("query { ping }", "ping")

    # --- AppUsers -------------------------------------------------------------------------

    def create_app_user(
        self, email: str, *, visitor: Visitor | None = None, **fields: str | None
    ) -> AppUser:
        """Create an AppUser, or return the existing one as it is.

        ``fields`` are IdentityX's names (``givenName``, ...). Raises `InvalidInput`, for a burner
        address too. Never pass the answer on to a visitor.
        """
        document = (
            "mutation CreateAppUser($input: CreateAppUserMutationInput!)"
            f" {{ createAppUser(input: $input) {{ {_APP_USER} }} }}"
        )
        values = {"email": email, **fields}
        answer = self._send(document, {"input": values}, visitor=visitor)
        error = answer.error_for("createAppUser")
        if error is not None and error.message.startswith("E11000 duplicate key error"):
            # Somebody was faster, so the user exists now.
            answer = self._send(document, {"input": values}, visitor=visitor)
        return payloads.app_user(value_of(answer, "createAppUser"), self._app_id)

    def set_app_user_unverified_data(
        self, email: str, *, visitor: Visitor | None = None, **fields: Any
    ) -> AppUser:
        """Overwrite the data of a user who has not verified yet; `NotFound` if unknown.

        None clears a field. ``regionalConsentAnswers`` are erased where they are left out.
        """
        value = self._field(
            "mutation SetUnverified($input: SetAppUserUnverifiedDataMutationInput!)"
            f" {{ setAppUserUnverifiedData(input: $input) {{ {_APP_USER} }} }}",
            "setAppUserUnverifiedData",
            {"email": email, **fields},
            visitor=visitor,
        )
        return payloads.app_user(value, self._app_id)

    def send_app_user_login_link(
        self,
        email: str,
        auth_url: str,
        *,
        redirect_to: str | None = None,
        source: str | None = None,
        additional_context: dict[str, Any] | None = None,
        app_context_id: str | None = None,
        visitor: Visitor | None = None,
    ) -> None:
        """Mail a login link that leads to ``auth_url``; `NotFound` for an unknown address.

        IdentityX appends ``?token=`` without looking, so ``auth_url`` must have no query.
        ``additional_context`` can be read by whoever has the link.
        """
        self._field(
            "mutation SendLink($input: SendAppUserLoginLinkMutationInput!)"
            " { sendAppUserLoginLink(input: $input) }",
            "sendAppUserLoginLink",
            _given(
                email=email,
                authUrl=auth_url,
                redirectTo=redirect_to,
                source=source,
                additionalContext=additional_context,
                appContextId=app_context_id,
            ),
            visitor=visitor,
        )

    def create_and_send_app_user_login_link(
        self,
        email: str,
        auth_url: str,
        *,
        redirect_to: str | None = None,
        source: str | None = None,
        visitor: Visitor | None = None,
    ) -> None:
        """Create the AppUser where there is none, and mail the link: one request, two root fields.

        The answer takes the same way for known and unknown addresses. `InvalidInput` where the
        creation is refused (a burner domain, say): the address may be an existing user's all the
        same, for whom the link can be sent alone.
        """
        document = (
            "mutation CreateAndSend($user: CreateAppUserMutationInput!,"
            " $link: SendAppUserLoginLinkMutationInput!)"
            " { createAppUser(input: $user) { id } sendAppUserLoginLink(input: $link) }"
        )
        link = _given(email=email, authUrl=auth_url, redirectTo=redirect_to, source=source)
        variables = {"user": {"email": email}, "link": link}
        answer = self._send(document, variables, visitor=visitor)
        error = answer.error_for("createAppUser")
        if error is not None and error.message.startswith("E11000 duplicate key error"):
            answer = self._send(document, variables, visitor=visitor)
        value_of(answer, "createAppUser")
        value_of(answer, "sendAppUserLoginLink")

    def login_app_user(self, token: str, *, visitor: Visitor | None = None) -> AppUserLogin:
        """Exchange a link's token for an AppUser and a credential; `Rejected` if it is no good."""
        value = self._field(
            "mutation LoginAppUser($input: LoginAppUserMutationInput!)"
            f" {{ loginAppUser(input: $input) {{ {_AUTHENTICATION} }} }}",
            "loginAppUser",
            {"token": token},
            about_token=True,
            visitor=visitor,
        )
        return self._app_user_login(value)

    def logout_app_user(self, token: str, *, visitor: Visitor | None = None) -> None:
        """End an AppUser's token. IdentityX answers before it has deleted it."""
        self._field(
            "mutation LogoutAppUser($input: LogoutAppUserMutationInput!)"
            " { logoutAppUser(input: $input) }",
            "logoutAppUser",
            {"token": token},
            about_token=True,
            visitor=visitor,
        )

    def active_app_user(self, credential: Credential) -> AppUser:
        """Ask whose credential this is.

        IdentityX does not compare the token's application with ours: check the claims first.
        """
        answer = self._send(ACTIVE_APP_USER, credential=credential, needs_person=True)
        return payloads.app_user(value_of(answer, "activeAppUser", about_token=True), self._app_id)

    def active_app_context(
        self, credential: Credential | None = None, *, visitor: Visitor | None = None
    ) -> AppContext:
        """The application, and what the visitor is entitled to by person, domain and address.

        A credential must be an AppUser's. It is asked about in the same document, because this
        operation alone answers for nobody where a token is bad.
        """
        value = self._public(
            "activeAppContext",
            f"application {{ id organization {{ id }} }} user {{ {_APP_USER} }}"
            " mergedAccessLevels { id name } mergedTeams { id name }",
            credential,
            visitor=visitor,
        )
        return payloads.app_context(value, self._app_id)

    def check_content_access(
        self,
        *,
        required_access_level_ids: list[str],
        is_enabled: bool = True,
        credential: Credential | None = None,
        visitor: Visitor | None = None,
    ) -> ContentAccess:
        """Ask whether content that needs any one of the levels may be shown.

        Ids that don't exist are dropped by IdentityX, and if none is left, being signed in is
        enough: compare ``required_access_levels`` with what you asked for.
        """
        value = self._public(
            "checkContentAccess",
            "canAccess isLoggedIn hasRequiredAccessLevel requiresAccessLevel"
            " requiredAccessLevels { id name } messages",
            credential,
            variables={
                "isEnabled": is_enabled,
                "requiredAccessLevelIds": required_access_level_ids,
            },
            input_type="CheckContentAccessQueryInput!",
            visitor=visitor,
        )
        return payloads.content_access(value)

    def update_own_app_user(self, credential: Credential, **fields: Any) -> AppUser:
        """Change the person's own profile; None clears, what is left out stays."""
        value = self._field(
            "mutation UpdateOwn($input: UpdateOwnAppUserMutationInput!)"
            f" {{ updateOwnAppUser(input: $input) {{ {_APP_USER} }} }}",
            "updateOwnAppUser",
            fields,
            credential=credential,
        )
        return payloads.app_user(value, self._app_id)

    def send_own_app_user_change_email_link(
        self, credential: Credential, email: str, auth_url: str, *, visitor: Visitor | None = None
    ) -> None:
        """Mail a link to the new address. At once the person counts as unverified."""
        email = email.strip().lower()  # with capitals the new token would never verify
        if "@" not in email.strip("@"):
            raise InvalidInput("This is not an e-mail address.")
        self._field(
            "mutation SendChange($input: SendOwnAppUserChangeEmailLinkMutationInput!)"
            " { sendOwnAppUserChangeEmailLink(input: $input) }",
            "sendOwnAppUserChangeEmailLink",
            {"email": email, "authUrl": auth_url},
            credential=credential,
            visitor=visitor,
        )

    def change_app_user_email(self, token: str, *, visitor: Visitor | None = None) -> AppUserLogin:
        """Exchange the token of a change-email link; the person's older tokens end."""
        value = self._field(
            "mutation ChangeEmail($input: ChangeAppUserEmailMutationInput!)"
            f" {{ changeAppUserEmail(input: $input) {{ {_AUTHENTICATION} }} }}",
            "changeAppUserEmail",
            {"token": token},
            about_token=True,
            visitor=visitor,
        )
        return self._app_user_login(value)

    def impersonate_app_user(
        self, credential: Credential, user_id: str, *, verify: bool = False
    ) -> AppUserLogin:
        """Sign in as an AppUser; for Owners and Administrators.

        IdentityX does not check that the user belongs to the application, so that is asked
        first; `NotFound` if not.
        """
        found = self._field(
            "query ($input: AppUserByIdQueryInput!) { appUserById(input: $input) { id } }",
            "appUserById",
            {"id": user_id},
            credential=credential,
            nullable=True,
        )
        if not isinstance(found, dict) or found.get("id") != user_id:
            raise NotFound("This application has no such user.")
        value = self._field(
            "mutation Impersonate($input: ImpersonateAppUserMutationInput!)"
            f" {{ impersonateAppUser(input: $input) {{ {_AUTHENTICATION} }} }}",
            "impersonateAppUser",
            {"id": user_id, "verify": verify},
            credential=credential,
        )
        return self._app_user_login(value)

    # --- OrgUsers -------------------------------------------------------------------------

    def send_user_login_link(self, email: str, *, visitor: Visitor | None = None) -> None:
        """Mail an OrgUser a link; it leads to IdentityX's own site, the token last in its path."""
        self._field(
            "mutation SendUserLink($input: SendUserLoginLinkMutationInput!)"
            " { sendUserLoginLink(input: $input) }",
            "sendUserLoginLink",
            {"email": email},
            visitor=visitor,
        )

    def user_login(self, token: str, *, visitor: Visitor | None = None) -> OrgUserLogin:
        """Exchange an OrgUser's link token; `Rejected` if it is no good."""
        value = self._field(
            "mutation UserLogin($input: UserLoginMutationInput!) { userLogin(input: $input)"
            f" {{ token {{ id value }} user {{ {payloads.ORG_USER_FIELDS} }} }} }}",
            "userLogin",
            {"token": token},
            about_token=True,
            visitor=visitor,
        )
        credential = Credential(TokenType.ORG_USER, payloads.token_value(value))
        return OrgUserLogin(payloads.org_user(value.get("user"), []), credential)

    def active_user(self, credential: Credential) -> OrgUser:
        """Ask whose credential this is, and for the memberships, in one request."""
        answer = self._send(ACTIVE_USER, credential=credential, needs_person=True)
        value = value_of(answer, "activeUser", about_token=True)
        if answer.errors:
            # The person is known and the roles are not: trouble, never "no role".
            raise no_verdict(answer, "IdentityX could not tell the memberships.")
        return payloads.org_user(value, answer.data.get("userOrganizations"), credential.token_type)

    def create_active_user_api_token(self, credential: Credential) -> Credential:
        """The person's permanent API token. It can't be revoked, and is the same each time."""
        value = self._field(
            "mutation ApiToken { createActiveUserApiToken }",
            "createActiveUserApiToken",
            credential=credential,
        )
        if not isinstance(value, str) or not value:
            raise Unclear("IdentityX's answer has another shape at createActiveUserApiToken.")
        return Credential(TokenType.ORG_USER_API_TOKEN, value)

    def user_logout(self, credential: Credential, *, visitor: Visitor | None = None) -> None:
        """End an OrgUser's token. An API token can't be ended: `OperationFailed`."""
        if credential.token_type is TokenType.ORG_USER_API_TOKEN:
            # IdentityX would answer as if the token were bad.
            raise OperationFailed("An API token can't be ended.")
        self._field(
            "mutation UserLogout { userLogout }",
            "userLogout",
            credential=credential,
            visitor=visitor,
        )

    @property
    def _app_id(self) -> str:
        if not self.app_id:
            raise ConfigurationError("This needs an application: set IDENTITYX_APP_ID.")
        return self.app_id

    def _app_user_login(self, value: Any) -> AppUserLogin:
        credential = Credential(TokenType.APP_USER, payloads.token_value(value))
        context, source = value.get("additionalContext"), value.get("loginSource")
        return AppUserLogin(
            user=payloads.app_user(value.get("user"), self._app_id),
            credential=credential,
            login_source=source if isinstance(source, str) else None,
            additional_context=context if isinstance(context, dict) else {},
        )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
