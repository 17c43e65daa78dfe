"""The IdentityX API: a method for each operation of the sign-in flows, `execute` for the rest.

Knows no request and, but for `IdentityXClient.from_settings`, no settings. Every method raises
the errors of ``exceptions``: `Rejected` about a token or link, `Unavailable` on trouble,
`ConfigurationError` for a refused application id, `OperationFailed` and its kin for input.
"""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from .addresses import Visitor
from .applications import Application
from .credentials import Credential, TokenType, read_claims
from .exceptions import (
    ConfigurationError,
    InvalidInput,
    Malformed,
    NotFound,
    OperationFailed,
    Rejected,
    Unclear,
)
from .service import (
    AUTO,
    PEOPLE,
    About,
    Answer,
    Endpoint,
    Operation,
    Transport,
    gate,
    given,
    is_duplicate,
    meaning,
    mutation,
    no_verdict,
    query,
    read,
    selection,
    shape,
    value_of,
)
from .sharedcache import SharedCache, shared
from .users import AccessLevel, ApiTokenUser, AppUser, Membership, OrgUser, Team

ROLES = frozenset({"Owner", "Administrator", "Member", "Guest"})


@dataclass(frozen=True)
class _Named:
    id: str
    name: str


@dataclass(frozen=True)
class _Held:
    role: str
    organization: _Named


@dataclass(frozen=True)
class _Application:
    id: str
    organization: _Named


@dataclass(frozen=True)
class _Context:
    application: _Application
    user: AppUser | None = None
    merged_access_levels: tuple[AccessLevel, ...] = ()
    merged_teams: tuple[Team, ...] = ()


_APP_USER = selection(AppUser)
_ORG_USER = selection(OrgUser)
_AUTHENTICATION = f"token {{ id value }} user {{ {_APP_USER} }} loginSource additionalContext"

ACTIVE_APP_USER = replace(query("activeAppUser", _APP_USER), needs_person=True)
ACTIVE_USER = Operation(
    f"query ActiveUser {{ activeUser {{ {_ORG_USER} }}"
    f" userOrganizations {{ {selection(_Held)} }} }}",
    name="ActiveUser",
    root="activeUser",
    needs_person=True,
)


@dataclass(frozen=True)
class AppUserLogin:
    """What a login link was exchanged for."""

    user: AppUser
    credential: Credential
    login_source: str | None = None
    additional_context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OrgUserLogin:
    """What a staff login link was exchanged for; ``user`` has no memberships yet."""

    user: OrgUser
    credential: Credential


@dataclass(frozen=True)
class AppContext:
    """Application and organization ids, and what a visitor is entitled to altogether."""

    app_id: str
    organization_id: str
    user: AppUser | None
    access_levels: tuple[AccessLevel, ...]
    teams: tuple[Team, ...]


@dataclass(frozen=True)
class ContentAccess:
    """IdentityX's answer to whether some content may be shown. ``messages`` are its HTML."""

    can_access: bool
    is_logged_in: bool
    has_required_access_level: bool
    requires_access_level: bool
    required_access_levels: tuple[AccessLevel, ...] = ()
    messages: dict[str, Any] = field(default_factory=dict)


class IdentityXClient:
    """A client of one endpoint, on behalf of one application. Safe to share between threads.

    ``url`` is the GraphQL endpoint, ``timeout`` (connect, read) in seconds, their sum a cap on each
    call, ``authorization_format`` ``auto``, ``bearer`` or ``plain``. ``credential`` is an OrgUser's
    or, better, an API token: what operations for staff are called with. ``visitor`` is who caused
    the calls; ``memory`` is where processes share how the endpoint reads credentials. ``lane`` is
    the part of the process's gate that the calls go through; None for who holds a place already.
    """

    def __init__(
        self,
        url: str,
        *,
        app_id: str | None = None,
        org_id: str | None = None,
        timeout: tuple[float, float] = (3.05, 5),
        authorization_format: str = AUTO,
        credential: Credential | None = None,
        visitor: Visitor | None = None,
        memory: SharedCache | None = None,
        allow_http: bool = False,
        lane: str | None = PEOPLE,
    ) -> None:
        self.app_id = app_id
        self.org_id = org_id
        self.credential = credential
        self.visitor = visitor
        self.lane = lane
        transport = Transport(url, timeout=timeout, allow_http=allow_http)
        self._endpoint = Endpoint(transport, authorization_format, memory)

    @classmethod
    def from_settings(
        cls,
        application: Application | None = None,
        *,
        app_id: str | None = None,
        org_id: str | None = None,
        visitor: Visitor | None = None,
        lane: str | None = PEOPLE,
    ) -> IdentityXClient:
        """Make a client as the ``IDENTITYX_*`` settings say; the arguments win over them."""
        from django.conf import settings

        from .conf import conf, rules

        if application is None:
            application = Application(conf.APP_ID, org_id=conf.ORG_ID)
        org_id = org_id or application.org_id
        api_token = conf.API_TOKEN
        return cls(
            conf.API_URL,
            app_id=app_id or application.app_id,
            org_id=None if org_id == rules.ANY_ORGANIZATION else org_id,
            timeout=conf.TIMEOUT,
            authorization_format=conf.AUTHORIZATION_FORMAT,
            credential=Credential(TokenType.ORG_USER_API_TOKEN, api_token) if api_token else None,
            visitor=visitor,
            memory=shared(),
            allow_http=settings.DEBUG,
            lane=lane,
        )

    def for_visitor(self, visitor: Visitor | None) -> IdentityXClient:
        """The same client on behalf of ``visitor``: IdentityX writes address and browser down."""
        return self._with(visitor=visitor)

    def with_credential(self, credential: Credential) -> IdentityXClient:
        """The same client with an OrgUser's or API token for operations that need one."""
        return self._with(credential=credential)

    def execute(
        self,
        document: str,
        variables: dict[str, Any] | None = None,
        *,
        credential: Credential | None = None,
        operation_name: str | None = None,
        app_id: str | None = None,
        org_id: str | None = None,
    ) -> dict[str, Any]:
        """Execute ``document`` and return its ``data``; raise for the first error of a root field.

        A document that is not clearly a query counts as a mutation: it is never sent twice.
        """
        operation = Operation(
            document,
            variables or {},
            operation_name,
            is_mutation=not document.lstrip().startswith(("query", "{")) or "mutation" in document,
        )
        del variables  # no error report prints it
        client = self._with(app_id=app_id or self.app_id, org_id=org_id or self.org_id)
        with self._gate():
            answer = client._send(operation, credential)
            if answer.errors:
                raise meaning(answer.errors[0], About.CREDENTIAL if credential else About.INPUT)
        return answer.data

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
        answer = self._send(operation, Credential(token_type, "none"))
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
        with self._gate():
            value = value_of(self._create(operation), "createAppUser")
        return self._app_user(value)

    def set_app_user_unverified_data(self, email: str, **fields: Any) -> AppUser:
        """Overwrite the data of a user who has not verified yet; `NotFound` if unknown.

        None clears a field. ``regionalConsentAnswers`` are erased where they are left out.
        """
        operation = mutation("setAppUserUnverifiedData", _APP_USER, email=email, **fields)
        return self._app_user(self._call(operation))

    def send_app_user_login_link(
        self,
        email: str,
        auth_url: str,
        *,
        redirect_to: str | None = None,
        source: str | None = None,
        additional_context: dict[str, Any] | None = None,
        app_context_id: str | None = None,
    ) -> None:
        """Mail a login link that leads to ``auth_url``; `NotFound` for an unknown address.

        IdentityX appends ``?token=`` without looking, so ``auth_url`` must have no query.
        ``additional_context`` can be read by whoever has the link.
        """
        link = _link(email, auth_url, redirect_to, source, additional_context, app_context_id)
        self._call(mutation("sendAppUserLoginLink", **link))

    def create_and_send_app_user_login_link(
        self,
        email: str,
        auth_url: str,
        *,
        redirect_to: str | None = None,
        source: str | None = None,
        additional_context: dict[str, Any] | None = None,
        app_context_id: str | None = None,
    ) -> None:
        """Create the AppUser where there is none, and mail the link: one request, two root fields.

        The answer takes the same way for known and unknown addresses. `InvalidInput` where the
        creation is refused (a burner domain, say): the address may be an existing user's all the
        same, for whom the link can be sent alone.
        """
        link = _link(email, auth_url, redirect_to, source, additional_context, app_context_id)
        operation = Operation(
            "mutation CreateAndSend($user: CreateAppUserMutationInput!,"
            " $link: SendAppUserLoginLinkMutationInput!)"
            " { createAppUser(input: $user) { id } sendAppUserLoginLink(input: $link) }",
            {"user": {"email": email}, "link": link},
            root="createAppUser",
            is_mutation=True,
        )
        with self._gate():
            answer = self._create(operation)
            value_of(answer, "createAppUser")
            value_of(answer, "sendAppUserLoginLink")

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
        context = self._public(query("activeAppContext", selection(_Context)), credential)
        found, user = read(_Context, context), context.get("user")
        return AppContext(
            app_id=found.application.id,
            organization_id=found.application.organization.id,
            user=None if user is None else self._app_user(user, credential),
            access_levels=found.merged_access_levels,
            teams=found.merged_teams,
        )

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
        self, credential: Credential, email: str, auth_url: str
    ) -> None:
        """Mail a link to the new address. At once the person counts as unverified."""
        email = email.strip().lower()  # with capitals the new token would never verify
        if "@" not in email.strip("@"):
            text = "This is not an e-mail address."
            raise InvalidInput(text, detail=text, fields={"email": [text]})
        operation = mutation("sendOwnAppUserChangeEmailLink", email=email, authUrl=auth_url)
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
        with self._gate():
            answer = self._send(ACTIVE_USER, credential)
            value = value_of(answer, "activeUser", About.CREDENTIAL)
            if answer.errors:
                # The person is known and the roles are not: trouble, never "no role".
                raise no_verdict(answer, "IdentityX could not tell the memberships.")
        memberships = answer.data.get("userOrganizations")
        if not isinstance(memberships, list):
            raise shape("userOrganizations")
        is_script = credential.token_type is TokenType.ORG_USER_API_TOKEN
        kind = ApiTokenUser if is_script else OrgUser
        return read(kind, value, memberships=tuple(map(_membership, memberships)))

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

    # --- How ------------------------------------------------------------------------------

    def _with(self, **changes: Any) -> IdentityXClient:
        other = copy.copy(self)
        other.__dict__.update(changes)
        return other

    def _gate(self) -> AbstractContextManager[None]:
        """Encloses a call and what its answer means, by which the gate knows of trouble."""
        if self.lane is None:
            return nullcontext()
        return gate(self._endpoint.transport.url).call(self.lane)

    def _send(self, operation: Operation, credential: Credential | None = None) -> Answer:
        return self._endpoint.send(
            replace(
                operation,
                credential=credential,
                app_id=self.app_id,
                org_id=self.org_id,
                visitor=self.visitor,
            )
        )

    def _call(
        self,
        operation: Operation,
        credential: Credential | None = None,
        *,
        about: About | None = None,
        nullable: bool = False,
    ) -> Any:
        """Send ``operation`` and return the value of its root field."""
        if about is None:
            about = About.CREDENTIAL if credential else About.INPUT
        with self._gate():
            answer = self._send(operation, credential)
            return value_of(answer, operation.root, about, nullable=nullable)

    def _create(self, operation: Operation) -> Answer:
        """Send what creates something; once more where somebody was faster, so that it exists."""
        answer = self._send(operation)
        return self._send(operation) if is_duplicate(answer, operation.root) else answer

    def _public(self, operation: Operation, credential: Credential | None) -> dict[str, Any]:
        """A public operation, with a guard beside it that turns a bad token into an error."""
        name = operation.root
        if credential is None:
            return _object(self._call(operation))
        guarded = operation.document.replace(" { ", " { activeAppUser { id } ", 1)
        with self._gate():
            answer = self._send(replace(operation, document=guarded, needs_person=True), credential)
            # A failure of the one takes the value of the other away, so both errors come first.
            error = answer.error_for("activeAppUser") or answer.error_for(name)
            if error is not None:
                raise meaning(error, About.CREDENTIAL)
            value_of(answer, "activeAppUser", About.CREDENTIAL)
            return _object(value_of(answer, name, About.CREDENTIAL))

    def _app_user(self, value: Any, credential: Credential | None = None) -> AppUser:
        """Read an AppUser; whose application it is, a token knows better than we do."""
        if not self.app_id:
            raise ConfigurationError("This needs an application: set IDENTITYX_APP_ID.")
        return read(AppUser, value, app_id=_issuer(credential) if credential else self.app_id)

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
class _Token:
    value: str = field(repr=False)


def _credential(token_type: TokenType, value: Any) -> Credential:
    """Take the token out of an answer, so that no error report prints it from there."""
    return Credential(token_type, read(_Token, _object(value).pop("token", None)).value)


def _issuer(credential: Credential) -> str:
    try:
        return read_claims(credential.token).iss
    except Malformed:
        raise Unclear("IdentityX accepts a token that can't be read.") from None


def _membership(value: Any) -> Membership:
    held = read(_Held, value)
    if held.role not in ROLES:
        raise shape("role")
    return Membership(held.role, held.organization.id, held.organization.name)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise shape("an object")
    return value


def _link(
    email: str,
    auth_url: str,
    redirect_to: str | None,
    source: str | None,
    additional_context: dict[str, Any] | None,
    app_context_id: str | None,
) -> dict[str, Any]:
    return given(
        email=email,
        authUrl=auth_url,
        redirectTo=redirect_to,
        source=source,
        additionalContext=additional_context,
        appContextId=app_context_id,
    )
