"""The IdentityX API: a method for each operation of the sign-in flows, resources for the rest.

Knows no request and, but for `IdentityXClient.from_settings`, no settings.
"""

from .app_users import AppUsers, OwnProfile
from .client import ACTIVE_APP_USER, IdentityXClient
from .comments import Comments
from .entitlements import AccessLevels, Teams
from .organizations import ApplicationSettings, Memberships, OrganizationSettings
from .results import (
    AccessLevelDetails,
    AccessLevelMessages,
    AppContext,
    ApplicationDetails,
    AppUserLogin,
    AppUserPage,
    Author,
    Comment,
    CommentPage,
    CommentStream,
    Company,
    ContentAccess,
    ContextDetails,
    Invitation,
    LoginLinkTemplate,
    OrganizationDetails,
    OrgUserLogin,
    Region,
    StaffMember,
    TeamDetails,
)

__all__ = [
    "ACTIVE_APP_USER",
    "AccessLevelDetails",
    "AccessLevelMessages",
    "AccessLevels",
    "AppContext",
    "AppUserLogin",
    "AppUserPage",
    "AppUsers",
    "ApplicationDetails",
    "ApplicationSettings",
    "Author",
    "Comment",
    "CommentPage",
    "CommentStream",
    "Comments",
    "Company",
    "ContentAccess",
    "ContextDetails",
    "IdentityXClient",
    "Invitation",
    "LoginLinkTemplate",
    "Memberships",
    "OrgUserLogin",
    "OrganizationDetails",
    "OrganizationSettings",
    "OwnProfile",
    "Region",
    "StaffMember",
    "TeamDetails",
    "Teams",
]
