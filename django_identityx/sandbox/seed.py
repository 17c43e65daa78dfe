"""The world that a sandbox starts with."""

from __future__ import annotations

import hashlib
from itertools import count
from typing import Any

from .profile import new_app_user
from .world import Collection, Document, World

ORG_ID = "5d1b36070ce467bff670a050"
DAILY_APP_ID = "5d1b36070ce467bff670a052"
WEEKLY_APP_ID = "5d1b36070ce467bff670a053"
# Served, but without a record: what the service shows of a deleted application.
GONE_APP_ID = "5d1b36070ce467bff670a05f"

_PREFIX = "5d1b36070ce467bff67"


def seed(now: float, key: str | None = None) -> World:
    """Return the seed world; ids are the same each time, so that they can be written down."""
    moment = int(now * 1000)
    world = World(key=key) if key else World()
    numbers = count(0x0A060)

    def add(collection: Collection, **values: Any) -> Document:
        entry_id = values.pop("id", None) or f"{_PREFIX}{next(numbers):05x}"
        stamps = {"createdAt": moment, "updatedAt": moment}
        document: Document = {"id": entry_id, **stamps, **values}
        collection[entry_id] = document
        return document

    _add_organization(world, add)
    _add_administrators(world, add)
    _add_fields(world, add)
    _add_readers(world, add, moment)
    return world


def _add_organization(world: World, add: Any) -> None:
    policy = {
        "id": f"{_PREFIX}0a051",
        "name": "GDPR",
        "countryCodes": ["DE", "FR"],
        "enabled": True,
        "required": True,
        "message": "I agree to the processing of my data.",
    }
    add(
        world.organizations,
        id=ORG_ID,
        name="Acme Media",
        company={
            "id": f"{_PREFIX}0a054",
            "name": "Acme Media LLC",
            "supportEmail": "support@acme.example",
        },
        photoURL=f"https://robohash.org/{ORG_ID}?set=set3&bgset=bg2",
        policies=[policy],
    )
    spanish = {
        "id": f"{_PREFIX}0a055",
        "name": "Acme Daily en Español",
        "language": "es-mx",
        "loginLinkTemplate": {"subject": "Tu enlace"},
    }
    shared = {"organizationId": ORG_ID, "language": "en-us"}
    add(
        world.applications,
        id=DAILY_APP_ID,
        name="Acme Daily",
        email="hello@daily.example",
        description="First application",
        contexts=[spanish],
        **shared,
    )
    add(
        world.applications,
        id=WEEKLY_APP_ID,
        name="Acme Weekly",
        description="Second application",
        contexts=[],
        **shared,
    )
    world.served = [DAILY_APP_ID, WEEKLY_APP_ID, GONE_APP_ID]
    messages = {
        "loggedInNoAccess": "<p>Premium only.</p>",
        "loggedOutNoAccess": "<p>Log in for Premium.</p>",
    }
    premium = add(
        world.access_levels, applicationId=DAILY_APP_ID, name="Premium", messages=messages
    )
    basic = add(world.access_levels, applicationId=DAILY_APP_ID, name="Basic", messages={})
    team = {"applicationId": DAILY_APP_ID, "active": True}
    add(
        world.teams,
        name="Office network",
        cidrs=["10.1.0.0/16"],
        domains=[],
        accessLevelIds=[premium["id"]],
        **team,
    )
    add(
        world.teams,
        name="Example.org staff",
        cidrs=[],
        domains=["example.org"],
        accessLevelIds=[basic["id"]],
        **team,
    )


def _add_administrators(world: World, add: Any) -> None:
    people = (
        ("owner", "Olive", "Owner", "Owner"),
        ("member", "Mel", "Member", "Member"),
        ("admin", "Ada", "Admin", "Administrator"),
        ("guest", "Gus", "Guest", "Guest"),
        ("stranger", "Stan", "Stranger", None),
    )
    for local, given, family, role in people:
        email = f"{local}@example.com"
        # Gravatar's addresses are MD5 digests; nothing here is secret.
        digest = hashlib.md5(email.encode(), usedforsecurity=False).hexdigest()
        user = add(
            world.users,
            email=email,
            givenName=given,
            familyName=family,
            photoURL=f"https://www.gravatar.com/avatar/{digest}",
        )
        if role:
            add(world.memberships, userId=user["id"], organizationId=ORG_ID, role=role)


def _add_fields(world: World, add: Any) -> None:
    shared = {"applicationId": DAILY_APP_ID, "required": False, "active": True}
    add(
        world.custom_fields,
        type="boolean",
        name="Newsletter",
        label="Send me the newsletter",
        whenTrue={"type": "BOOLEAN", "value": True},
        whenFalse={"type": "BOOLEAN", "value": False},
        externalId=None,
        **shared,
    )
    options = [
        {
            "id": f"{_PREFIX}0b{index:03x}",
            "label": label,
            "index": index,
            "canWriteIn": label == "Other",
            "canSelect": True,
        }
        for index, label in enumerate(("Engineering", "Sales", "Other"))
    ]
    add(
        world.custom_fields,
        type="select",
        name="Job function",
        label="What is your job function?",
        multiple=True,
        options=options,
        groups=[],
        **shared,
    )
    add(
        world.custom_fields,
        type="text",
        name="Badge name",
        label="Name on your badge",
        **shared,
    )


def _add_readers(world: World, add: Any, moment: int) -> None:
    premium = next(entry for entry in world.access_levels.values() if entry["name"] == "Premium")
    newsletter, job, badge = world.custom_fields.values()
    policy = world.organizations[ORG_ID]["policies"][0]
    verified: Document = {"verified": True, "verifiedCount": 1, "lastLoggedIn": moment}
    engineering, _, other = job["options"]

    def reader(email: str, app_id: str = DAILY_APP_ID, **profile: Any) -> None:
        add(world.app_users, **new_app_user(app_id, email, **profile))

    reader(
        "reader@example.net",
        givenName="Rita",
        familyName="Reader",
        countryCode="US",
        regionCode="WI",
        postalCode="53538",
        city="Fort Atkinson",
        organization="Readers Inc",
        organizationTitle="Editor",
        profileLastVerifiedAt=moment,
        consents={policy["id"]: {"given": True, "date": moment}},
        booleanAnswers={newsletter["id"]: True},
        selectAnswers={
            job["id"]: {
                "values": [engineering["id"], other["id"]],
                "written": {other["id"]: "Beekeeping"},
            }
        },
        textAnswers={badge["id"]: "Rita R."},
        **verified,
    )
    reader(
        "subscriber@example.net",
        givenName="Sue",
        familyName="Subscriber",
        accessLevelIds=[premium["id"]],
        **verified,
    )
    reader("unverified@example.net")
    reader("staff@example.org", givenName="Staff", **verified)
    reader("banned@example.net", banned=True, **verified)
    reader("reader@example.net", WEEKLY_APP_ID, givenName="Rita", familyName="Reader", **verified)
