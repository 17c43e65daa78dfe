"""The people of an application: for staff, and for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, TypedDict, TypeVar, Unpack, cast

from ..exceptions import NotFound
from ..service import camel, given, mutation, read, selection
from ..users import AppUser, ExternalIdentifier, ExternalNamespace, Profile
from .resource import PAGE, Resource, sorted_by, wire
from .results import AppUserPage

T = TypeVar("T")


class ProfileFields(TypedDict, total=False):
    """What a profile takes; None clears, what is left out stays."""

    given_name: str | None
    family_name: str | None
    organization: str | None
    organization_title: str | None
    country_code: str | None
    region_code: str | None
    postal_code: str | None
    city: str | None
    street: str | None
    address_extra: str | None
    mobile_number: str | None
    phone_number: str | None


class OwnFields(ProfileFields, total=False):
    """... and what only its owner says."""

    receive_email: bool | None


class UpdateFields(OwnFields, total=False):
    """... and the address, which staff may change."""

    email: str


class Answers(TypedDict, total=False):
    """Answers to custom fields, by the field's id. None and nothing selected take one back.

    ``selects`` are ids of options, ``write_ins`` texts by the option's id.
    """

    booleans: Mapping[str, bool]
    selects: Mapping[str, Sequence[str]]
    write_ins: Mapping[str, str]
    texts: Mapping[str, str | None]


class _People(Resource):
    """What both sides share: reading a person with the profile, and writing answers."""

    _prefix = ""

    def _selected(self, kind: type) -> str:
        return f"{selection(AppUser)} {selection(Profile)}"

    def _made(self, kind: type[T], value: Any) -> T:
        if value is None:
            raise NotFound("This application has no such user.")
        profile = read(Profile, value)
        return cast("T", self._client._app_user(value, self._credential, profile=profile))

    def _answer(self, answers: Answers, **who: Any) -> AppUser | None:
        """Write answers down; the person afterwards."""
        person = None
        for kind, entries in _entries(answers):
            name = f"update{self._prefix}AppUserCustom{kind}Answers"
            person = self._change(AppUser, name, answers=entries, **who)
        return person


def _entries(answers: Answers) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    booleans, texts = answers.get("booleans"), answers.get("texts")
    selects, write_ins = answers.get("selects"), answers.get("write_ins") or {}
    if booleans:
        yield "Boolean", [{"fieldId": id_, "value": value} for id_, value in booleans.items()]
    if selects:
        yield (
            "Select",
            [
                {
                    "fieldId": id_,
                    "optionIds": list(options),
                    "writeInValues": [
                        {"optionId": option, "value": write_ins[option]}
                        for option in options
                        if option in write_ins
                    ],
                    "forceUnset": not options,  # or IdentityX would ignore it
                }
                for id_, options in selects.items()
            ],
        )
    if texts:
        yield "Text", [{"fieldId": id_, "value": value} for id_, value in texts.items()]


class OwnProfile(_People):
    """What a person may change about herself."""

    _prefix = "Own"

    def get(self) -> AppUser:
        return self._one(AppUser, "activeAppUser")

    def update(self, **fields: Unpack[OwnFields]) -> AppUser:
        """Change the profile, which counts as verifying it, also if nothing is given."""
        asked = mutation("updateOwnAppUser", self._selected(AppUser), givenName=None)
        asked = replace(asked, variables={"input": wire(fields)})  # which may be empty
        return self._made(AppUser, self._call(asked))

    def set_custom_attributes(self, attributes: dict[str, Any]) -> AppUser:
        """Set some attributes; None and empty text remove one, others stay."""
        # An id is wanted, and not looked at: it is the caller's own all the same.
        return self._change(
            AppUser, "updateOwnAppUserCustomAttributes", id="", attributes=attributes
        )

    def answer(self, **answers: Unpack[Answers]) -> AppUser:
        """Answer custom fields."""
        return self._answer(answers) or self.get()

    def consent(self, given: Mapping[str, bool]) -> AppUser:
        """Answer regional consent policies, by their ids."""
        answers = [{"policyId": id_, "given": value} for id_, value in given.items()]
        return self._change(AppUser, "setAppUserRegionalConsent", answers=answers)


class AppUsers(_People):
    """The people of the application. Roles from Member on may change them, Guests may read."""

    def list(self, *, order: str = "-id", page_size: int = PAGE) -> Iterator[AppUser]:
        """Everybody, page by page.

        ``order`` is ``id``, ``email``, ``created_at``, ``updated_at`` or ``last_logged_in``.
        """
        return self._each(AppUser, "appUsers", page_size, sort=sorted_by(order))

    def page(
        self, phrase: str = "", *, after: str | None = None, order: str = "-id", limit: int = PAGE
    ) -> AppUserPage:
        """One page for people to leaf through: of everybody, or whose address has ``phrase``.

        ``after`` is what the page before says; one that is none is an `OperationFailed`.
        """
        asked: dict[str, Any] = {"pagination": given(limit=limit, after=after)}
        if phrase:
            asked |= {"phrase": phrase, "position": "contains", "field": "email"}
        name = "matchAppUsers" if phrase else "appUsers"
        nodes, end = self._some(AppUser, name, sort=sorted_by(order), **asked)
        return AppUserPage(tuple([self._made(AppUser, node) for node in nodes]), end)

    def count(self) -> int:
        return self._count("appUsers")

    def match(
        self,
        phrase: str,
        *,
        field: str = "email",
        position: str = "contains",
        order: str = "-id",
        page_size: int = PAGE,
    ) -> Iterator[AppUser]:
        """Those whose ``field`` has ``phrase``; ``contains``, ``starts``, ``ends``, ``exact``."""
        return self._each(
            AppUser,
            "matchAppUsers",
            page_size,
            phrase=phrase,
            position=position,
            sort=sorted_by(order),
            field=camel(field),
        )

    def get(self, user_id: str) -> AppUser:
        return self._one(AppUser, "appUserById", id=user_id)

    def get_by_email(self, email: str) -> AppUser:
        return self._one(AppUser, "appUser", email=email)

    def get_by_external_id(
        self, identifier: ExternalIdentifier, namespace: ExternalNamespace
    ) -> AppUser:
        """By what another system calls somebody."""
        return self._one(AppUser, "appUserByExternalId", **_external(identifier, namespace))

    def create(
        self,
        email: str,
        *,
        access_level_ids: Iterable[str] = (),
        team_ids: Iterable[str] = (),
        **fields: Unpack[ProfileFields],
    ) -> AppUser:
        """Create somebody; `InvalidInput` where the address is taken or a burner's."""
        return self._change(
            AppUser,
            "manageCreateAppUser",
            email=email,
            accessLevelIds=[*access_level_ids],
            teamIds=[*team_ids],
            **wire(fields),
        )

    def update(
        self,
        user_id: str,
        *,
        access_level_ids: Iterable[str] | None = None,
        team_ids: Iterable[str] | None = None,
        force_profile_re_verification: bool | None = None,
        **fields: Unpack[UpdateFields],
    ) -> AppUser:
        """Change somebody; what is left out stays.

        By itself IdentityX would take levels, teams and the demand to verify the profile away, so
        they are read first and sent back. Two at once: the last one counts.
        """
        now = self.get(user_id)
        payload = {
            "email": now.email,
            "accessLevelIds": [level.id for level in now.access_levels],
            "teamIds": [team.id for team in now.teams],
            "forceProfileReVerification": now.force_profile_re_verification,
            **given(
                accessLevelIds=None if access_level_ids is None else [*access_level_ids],
                teamIds=None if team_ids is None else [*team_ids],
                forceProfileReVerification=force_profile_re_verification,
            ),
            **wire(fields),
        }
        return self._change(AppUser, "updateAppUser", id=user_id, payload=payload)

    def ban(self, user_id: str, *, banned: bool = True) -> AppUser:
        """Ban somebody from commenting. IdentityX goes on signing them in."""
        return self._change(AppUser, "setAppUserBanned", id=user_id, value=banned)

    def delete(self, user_id: str) -> None:
        """Delete somebody from this application, with comments and tokens."""
        self._call(mutation("deleteAppUserForCurrentApplication", userId=user_id))

    def add_external_id(
        self,
        user_id: str,
        identifier: ExternalIdentifier,
        namespace: ExternalNamespace,
    ) -> AppUser:
        """Note what another system calls somebody."""
        asked = _external(identifier, namespace)
        return self._change(AppUser, "addAppUserExternalId", userId=user_id, **asked)

    def set_custom_attributes(self, user_id: str, attributes: dict[str, Any]) -> AppUser:
        """Set some attributes; None and empty text remove one, others stay."""
        return self._change(
            AppUser, "updateAppUserCustomAttributes", id=user_id, attributes=attributes
        )

    def answer(self, user_id: str, **answers: Unpack[Answers]) -> AppUser:
        """Answer custom fields for somebody."""
        return self._answer(answers, id=user_id) or self.get(user_id)

    def force_re_verification(self, user_id: str) -> AppUser:
        """Have somebody verify the profile again at the next sign-in."""
        return self._change(AppUser, "forceProfileReVerificationAppUser", id=user_id)


def _external(identifier: ExternalIdentifier, namespace: ExternalNamespace) -> dict[str, Any]:
    """Both as IdentityX stores them: it finds a namespace only if it is the same to the letter."""
    return {
        name: {key: value or None for key, value in asdict(part).items()}
        for name, part in (("identifier", identifier), ("namespace", namespace))
    }
