"""Documents, credentials and messages that the contract tests share."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from django_identityx.sandbox import DAILY_APP_ID, Sandbox

NOBODY = "000000000000000000000000"
SEND = """mutation($input: SendAppUserLoginLinkMutationInput!) {
  sendAppUserLoginLink(input: $input) }"""
LOGIN = """mutation($input: LoginAppUserMutationInput!) { loginAppUser(input: $input) {
  token { id value } user { email verified verifiedCount } loginSource additionalContext } }"""
LOGOUT = "mutation($input: LogoutAppUserMutationInput!) { logoutAppUser(input: $input) }"
CREATE = """mutation($input: CreateAppUserMutationInput!) { createAppUser(input: $input) {
  id email domain name displayName verified countryCode regionCode } }"""
UNVERIFIED = """mutation($input: SetAppUserUnverifiedDataMutationInput!) {
  setAppUserUnverifiedData(input: $input) { email givenName familyName verified
    regionalConsentAnswers { given } } }"""
OWN = """mutation($input: UpdateOwnAppUserMutationInput!) { updateOwnAppUser(input: $input) {
  givenName familyName name countryCode region { id name } profileLastVerifiedAt } }"""
SEND_CHANGE = """mutation($input: SendOwnAppUserChangeEmailLinkMutationInput!) {
  sendOwnAppUserChangeEmailLink(input: $input) }"""
CHANGE = """mutation($input: ChangeAppUserEmailMutationInput!) { changeAppUserEmail(input: $input) {
  token { id value } user { email domain verified } loginSource additionalContext } }"""
CONTEXT = """{ activeAppContext { application { id organization { id } } user { email }
  mergedAccessLevels { name } mergedTeams { name } hasTeams hasUser } }"""
ACCESS = """query($input: CheckContentAccessQueryInput!) { checkContentAccess(input: $input) {
  canAccess isLoggedIn hasRequiredAccessLevel requiresAccessLevel
  requiredAccessLevels { name } messages } }"""
SEND_STAFF = """mutation($input: SendUserLoginLinkMutationInput!) {
  sendUserLoginLink(input: $input) }"""
LOGIN_STAFF = """mutation($input: UserLoginMutationInput!) { userLogin(input: $input) {
  token { id value } user { id email givenName familyName photoURL } } }"""
ORGANIZATIONS = "{ userOrganizations { role organization { id name } } }"
APPLICATIONS = "{ organizationApplications { id name } }"
USERS = """query($input: AppUsersQueryInput!) { appUsers(input: $input) { totalCount
  edges { node { id email } } pageInfo { hasNextPage endCursor } } }"""
IMPERSONATE = """mutation($input: ImpersonateAppUserMutationInput!) {
  impersonateAppUser(input: $input) { token { value } user { email verified } loginSource } }"""
UPDATE = """mutation($input: UpdateAppUserMutationInput!) { updateAppUser(input: $input) {
  givenName accessLevels { name } } }"""
URL = "https://site.example/callback"

Auth = Callable[[Sandbox], str] | str | None


def reader(sandbox: Sandbox) -> str:
    """Return the header of a reader who is signed in."""
    return f"AppUser {sandbox.app_user_token('reader@example.net')}"


def staff(local: str) -> Callable[[Sandbox], str]:
    """Return what makes the header of an administrator."""
    return lambda sandbox: f"OrgUser {sandbox.org_user_token(f'{local}@example.com')}"


def script(sandbox: Sandbox) -> str:
    """Return the header of a script."""
    return f"OrgUserApiToken {sandbox.api_token('owner@example.com')}"


def claims(**changes: Any) -> dict[str, Any]:
    """Return claims of a token that the sandbox does not know."""
    made = {
        "aud": "reader@example.net",
        "jti": "1c6f6a3e-6f0d-4b7e-8f64-1d1d6a4b1c55",
        "iat": int(time.time()),
        "sub": "app-user-auth",
        "iss": DAILY_APP_ID,
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def forged(header: dict[str, Any] | None = None, key: bytes | None = None, **changes: Any) -> Any:
    """Return what makes the header of a token with odd claims, header or key."""
    return lambda sandbox: f"AppUser {sandbox.sign(claims(**changes), header, key)}"


def known(**changes: Any) -> Callable[[Sandbox], str]:
    """A token with odd claims whose identifier the service knows."""

    def header(sandbox: Sandbox) -> str:
        token = sandbox.app_user_token("reader@example.net")
        jti = payload_of(token)["jti"]
        return f"AppUser {sandbox.sign(claims(jti=jti, **changes))}"

    return header


def payload_of(token: str) -> dict[str, Any]:
    """Return the claims, in their order."""
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return found


def raw(payload: str) -> str:
    """Return a header with a token whose payload is any text."""
    header = json.dumps({"alg": "HS256", "typ": "JWT"})
    head, body = (
        base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode() for text in (header, payload)
    )
    return f"AppUser {head}.{body}.c2ln"


def revoked(sandbox: Sandbox) -> str:
    """Return the header of a token that was ended."""
    token = sandbox.app_user_token("reader@example.net")
    sandbox.revoke(token)
    return f"AppUser {token}"


def credential(auth: Auth, sandbox: Sandbox) -> str | None:
    """Return the header that a row asks for."""
    return auth(sandbox) if callable(auth) else auth


WRONG_TYPE = "Invalid authorization type. Allowed types are OrgUser AppUser OrgUserApiToken"
NO_AUTH = "No user authentication was provided with this request."
NO_TOKEN = "No token was found for the provided token identifier."
NO_APP = "Unable to find an application for this request."
NO_ORG = "Unable to find an organization for this request."
NO_ROLE = "You do not have permission to access this resource."
WRONG_KIND = "The wrong user authorization type was provided."
WRONG_SUBJECT = "The token subject does not match."
CAST = 'Cast to ObjectId failed for value "nope" at path "_id" for model'


def document(kind: str, name: str, input_type: str, selection: str = "") -> str:
    """Return an operation that takes its input as a variable."""
    return f"{kind}($input: {input_type}!) {{ {name}(input: $input) {selection} }}"


def mutation(name: str, selection: str = "", input_type: str | None = None) -> str:
    """Return a mutation; its input type is called after it."""
    title = name[0].upper() + name[1:]
    return document("mutation", name, input_type or f"{title}MutationInput", selection)


def query(name: str, selection: str = "", input_type: str | None = None) -> str:
    """Return a query; its input type is called after it."""
    title = name[0].upper() + name[1:]
    return document("query", name, input_type or f"{title}QueryInput", selection)
