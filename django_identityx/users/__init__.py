"""The people that IdentityX knows, as values of ``request.user``.

They are what one verification said: frozen, without a database row, and with everything that
Django's ``AnonymousUser`` has, so that code written for Django users works with them. They are
equal by kind, application and id, whatever else changed in between.

Not slotted: an instance pickled by an older version keeps working when a field is added.
``metadata={"wire": ...}`` is IdentityX's name of a field, where it isn't ours in another case; None
where the field isn't asked for with the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeGuard

from .profiles import (
    PROFILE_FIELDS,
    BooleanAnswer,
    ConsentAnswer,
    ConsentPolicy,
    Country,
    CustomField,
    ExternalId,
    ExternalIdentifier,
    ExternalNamespace,
    Particulars,
    Profile,
    SelectAnswer,
    SelectedOption,
    SelectField,
    SelectOption,
    TextAnswer,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import Group, Permission
    from django.db.models.manager import EmptyManager

__all__ = [
    "PROFILE_FIELDS",
    "ROLES",
    "AccessLevel",
    "ApiTokenUser",
    "AppUser",
    "BooleanAnswer",
    "ConsentAnswer",
    "ConsentPolicy",
    "Country",
    "CustomField",
    "ExternalId",
    "ExternalIdentifier",
    "ExternalNamespace",
    "IdentityXUser",
    "Membership",
    "OrgUser",
    "Particulars",
    "Profile",
    "SelectAnswer",
    "SelectField",
    "SelectOption",
    "SelectedOption",
    "Team",
    "TextAnswer",
    "is_app_user",
    "is_org_user",
]

ROLES = ("Owner", "Administrator", "Member", "Guest")  # in an organization


@dataclass(frozen=True)
class AccessLevel:
    """An access level of an application, by IdentityX's id and name."""

    id: str
    name: str


@dataclass(frozen=True)
class Team:
    """A team of an application, by IdentityX's id and name."""

    id: str
    name: str


@dataclass(frozen=True)
class Membership:
    """A role, one of ``ROLES``, in one organization."""

    role: str
    organization_id: str = field(metadata={"wire": "organization.id"})
    organization_name: str = field(metadata={"wire": "organization.name"})


@dataclass(frozen=True, eq=False)
class IdentityXUser:
    """What `AppUser` and `OrgUser` share; the part of Django's user protocol that both satisfy."""

    kind: ClassVar[str]

    id: str
    email: str
    given_name: str = ""
    family_name: str = ""

    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True
    is_staff: ClassVar[bool] = False
    is_superuser: ClassVar[bool] = False
    USERNAME_FIELD: ClassVar[str] = "email"
    EMAIL_FIELD: ClassVar[str] = "email"
    REQUIRED_FIELDS: ClassVar[tuple[str, ...]] = ()

    @property
    def identity(self) -> tuple[str, str, str]:
        """Kind, application (empty for staff) and id: what makes two users the same person."""
        return self.kind, "", self.id

    def __eq__(self, other: object) -> bool:
        if isinstance(other, IdentityXUser):
            return self.identity == other.identity
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.identity)

    def __str__(self) -> str:
        return self.email

    def __int__(self) -> int:
        raise TypeError(f"{type(self).__name__} has no integer id: use its id, a string.")

    @property
    def pk(self) -> str:
        return self.id

    @property
    def username(self) -> str:
        return self.email

    @property
    def first_name(self) -> str:
        return self.given_name

    @property
    def last_name(self) -> str:
        return self.family_name

    @property
    def name(self) -> str:
        """Given and family name, or whichever there is."""
        return f"{self.given_name} {self.family_name}".strip()

    def get_username(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.given_name

    def natural_key(self) -> tuple[str]:
        return (self.email,)

    def get_session_auth_hash(self) -> str:
        return ""  # nothing here that a session could be tied to: verification does that

    @property
    def groups(self) -> EmptyManager[Group]:
        from django.contrib.auth.models import Group
        from django.db.models.manager import EmptyManager

        return EmptyManager(Group)

    @property
    def user_permissions(self) -> EmptyManager[Permission]:
        from django.contrib.auth.models import Permission
        from django.db.models.manager import EmptyManager

        return EmptyManager(Permission)

    # Django's own permissions are for Django's users. What IdentityX allows is asked elsewhere.

    def get_user_permissions(self, obj: Any = None) -> set[str]:
        return set()

    async def aget_user_permissions(self, obj: Any = None) -> set[str]:
        return set()

    get_group_permissions = get_all_permissions = get_user_permissions
    aget_group_permissions = aget_all_permissions = aget_user_permissions

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return False

    async def ahas_perm(self, perm: str, obj: Any = None) -> bool:
        return False

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        if isinstance(perm_list, str):
            raise ValueError("perm_list must be an iterable of permissions.")
        return not list(perm_list)

    async def ahas_perms(self, perm_list: Any, obj: Any = None) -> bool:
        return self.has_perms(perm_list, obj)

    def has_module_perms(self, module: str) -> bool:
        return False

    async def ahas_module_perms(self, module: str) -> bool:
        return False

    def has_usable_password(self) -> bool:
        return False

    def check_password(self, raw_password: str) -> bool:
        return False

    async def acheck_password(self, raw_password: str) -> bool:
        return False

    def set_password(self, raw_password: str) -> NoReturn:
        raise NotImplementedError("IdentityX users have no password.")

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("IdentityX users have no row in this database.")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("IdentityX users have no row in this database.")


@dataclass(frozen=True, eq=False)
class AppUser(Particulars, IdentityXUser):
    """A reader of one application.

    ``access_levels`` and ``teams`` are the directly assigned ones only, as IdentityX reports
    them: what a reader may see also depends on domains and addresses, so ask IdentityX for that.
    ``verified`` says that the address has been used to sign in; ``banned`` is IdentityX's flag
    for commenters, which by itself keeps nobody out. ``profile`` has the rest that IdentityX knows,
    and is None where it was not asked for: a verdict has none.
    """

    kind: ClassVar[str] = "AppUser"

    app_id: str = field(default="", metadata={"wire": None})
    display_name: str = ""
    verified: bool = False
    banned: bool = False
    access_levels: tuple[AccessLevel, ...] = field(default=())
    teams: tuple[Team, ...] = field(default=())
    profile: Profile | None = field(default=None, metadata={"wire": None}, repr=False)

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.kind, self.app_id, self.id


@dataclass(frozen=True, eq=False)
class OrgUser(IdentityXUser):
    """An administrator of organizations."""

    kind: ClassVar[str] = "OrgUser"

    photo_url: str = field(default="", metadata={"wire": "photoURL"})
    memberships: tuple[Membership, ...] = field(default=(), metadata={"wire": None})

    def role_in(self, organization_id: str) -> str | None:
        """The role in one organization, or None where there is no membership."""
        for membership in self.memberships:
            if membership.organization_id == organization_id:
                return membership.role
        return None


@dataclass(frozen=True, eq=False)
class ApiTokenUser(OrgUser):
    """An `OrgUser` for whom a script acts, with that person's permanent API token."""

    kind: ClassVar[str] = "OrgUserApiToken"


def is_app_user(user: object) -> TypeGuard[AppUser]:
    """Tell whether ``request.user`` is an `AppUser`, in a way that mypy follows."""
    return isinstance(user, AppUser)


def is_org_user(user: object) -> TypeGuard[OrgUser]:
    """Tell whether ``request.user`` is an `OrgUser` (or `ApiTokenUser`)."""
    return isinstance(user, OrgUser)
