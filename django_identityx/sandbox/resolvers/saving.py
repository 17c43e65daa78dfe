"""Keep a changed AppUser, and what the service works out on that occasion."""

from __future__ import annotations

from ..context import RequestContext
from ..world import Document


def save(
    request: RequestContext, user: Document, values: Document, answers: Document | None = None
) -> Document:
    """Change a reader; membership in segments is worked out anew, by ``answers`` if given."""
    user |= values
    if user.get("countryCode"):
        request.services.ask("locale")
    given: Document = user["selectAnswers"] if answers is None else answers
    user["segmentIds"] = [
        segment["id"]
        for segment in request.world.segments.values()
        if segment["applicationId"] == user["applicationId"]
        and segment["active"]
        and any(_gave(given, rule["conditions"]) for rule in segment["rules"])
    ]
    user["updatedAt"] = request.now
    return user


def verify_user(user: Document, now: int) -> None:
    """Note that a reader has shown to own the address."""
    user |= {"verified": True, "verifiedCount": user["verifiedCount"] + 1, "updatedAt": now}


def _gave(answers: Document, conditions: list[Document]) -> bool:
    return all(
        condition["answer"] in answers.get(condition["field"], {"values": ()})["values"]
        for condition in conditions
    )
