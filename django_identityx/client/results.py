"""What the methods of the client answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..credentials import Credential
from ..users import AccessLevel, AppUser, ConsentPolicy, Country, OrgUser, Team


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

    app_id: str = field(metadata={"wire": "application.id"})
    organization_id: str = field(metadata={"wire": "application.organization.id"})
    user: AppUser | None = None
    access_levels: tuple[AccessLevel, ...] = field(
        default=(), metadata={"wire": "mergedAccessLevels"}
    )
    teams: tuple[Team, ...] = field(default=(), metadata={"wire": "mergedTeams"})


@dataclass(frozen=True)
class ContentAccess:
    """IdentityX's answer to whether some content may be shown. ``messages`` are its HTML."""

    can_access: bool
    is_logged_in: bool
    has_required_access_level: bool
    requires_access_level: bool
    required_access_levels: tuple[AccessLevel, ...] = ()
    messages: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Region:
    """A state, province or the like of a country."""

    id: str
    code: str
    name: str
    country: Country
    category: str = ""


@dataclass(frozen=True)
class AccessLevelMessages:
    """What IdentityX says to whom has not the level; HTML."""

    logged_in_no_access: str = ""
    logged_out_no_access: str = ""


@dataclass(frozen=True)
class AccessLevelDetails(AccessLevel):
    """An access level as its staff see it."""

    description: str = ""
    messages: AccessLevelMessages = field(default_factory=AccessLevelMessages)
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True)
class TeamDetails(Team):
    """A team as its staff see it: whom it takes in, and what that gives."""

    description: str = ""
    active: bool = False
    cidrs: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    access_levels: tuple[AccessLevel, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True)
class CommentStream:
    """The comments of one page; ``identifier`` is what the site calls it."""

    id: str
    identifier: str
    title: str = ""
    description: str = ""
    url: str = ""
    archived: bool = False


@dataclass(frozen=True)
class Author:
    """Who wrote a comment. The address is not for other readers."""

    id: str
    email: str = field(repr=False)
    display_name: str = ""
    given_name: str = ""
    family_name: str = ""
    banned: bool = False


@dataclass(frozen=True)
class Comment:
    """A comment. ``body`` is unsanitized HTML, a whole document."""

    id: str
    body: str
    stream: CommentStream
    user: Author
    created_at: datetime
    updated_at: datetime
    approved: bool = False
    banned: bool = False
    flagged: bool = False
    deleted: bool = False


@dataclass(frozen=True)
class AppUserPage:
    """A part of a list; ``after`` is the cursor of the next one, None on the last page."""

    users: tuple[AppUser, ...]
    after: str | None


@dataclass(frozen=True)
class CommentPage:
    """A part of a stream as one visitor sees it.

    ``stream`` is None before its first comment; ``after`` is the cursor of the next page, if any.
    """

    comments: tuple[Comment, ...]
    total_count: int
    stream: CommentStream | None
    after: str | None


@dataclass(frozen=True)
class StaffMember:
    """An OrgUser's role in the organization."""

    id: str
    user: OrgUser
    role: str
    created_at: datetime | None = None


@dataclass(frozen=True)
class Invitation:
    """A role that was offered to somebody."""

    id: str
    user: OrgUser
    invited_by: OrgUser
    role: str
    created_at: datetime | None = None


@dataclass(frozen=True)
class LoginLinkTemplate:
    """The words of the mail with a login link."""

    subject: str = ""
    unverified_verbiage: str = ""
    verified_verbiage: str = ""
    login_link_style: str = ""
    login_link_text: str = ""


@dataclass(frozen=True)
class ContextDetails:
    """Another sender, language and wording of an application's mails."""

    id: str
    name: str
    language: str
    email: str = ""
    description: str = ""
    login_link_template: LoginLinkTemplate | None = None


@dataclass(frozen=True)
class ApplicationDetails(ContextDetails):
    """An application as its staff see it."""

    contexts: tuple[ContextDetails, ...] = ()


@dataclass(frozen=True)
class Company:
    """The company behind an organization."""

    id: str
    name: str = ""
    street_address: str = ""
    city: str = ""
    region_name: str = ""
    postal_code: str = ""
    phone_number: str = ""
    support_email: str = ""


@dataclass(frozen=True)
class OrganizationDetails:
    """An organization as its staff see it."""

    id: str
    name: str
    description: str = ""
    photo_url: str = field(default="", metadata={"wire": "photoURL"})
    consent_policy: str = ""
    email_consent_request: str = ""
    app_user_allowed_stale_days: float | None = None
    company: Company | None = None
    regional_consent_policies: tuple[ConsentPolicy, ...] = ()
