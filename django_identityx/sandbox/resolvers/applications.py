"""Applications, and their contexts."""

from __future__ import annotations

import re
from operator import itemgetter

from .. import validation
from ..context import MANAGERS, RequestContext
from ..errors import no_such_application, refused
from ..inputs import Input, given
from ..validation import Complaint, fail, refuse
from ..world import Document, first, new_id, normalize
from .records import add, by_id, change, checked_id, texts
from .registry import field, mutation, query

_MODEL = "application"
_LANGUAGES = ("en-us", "es-mx", "pt-br")
_TAGS_KEPT = re.compile(r"</?(?:b|strong|em|i|u|p|br)\b[^>]*>", re.IGNORECASE)


@query("ping")
@mutation("ping")
def ping(request: RequestContext, data: Input) -> str:
    """Answer that the service is there."""
    return "pong"


@query("activeApplication")
def active_application(request: RequestContext, data: Input) -> Document:
    """Return the application of the request."""
    return request.application()


@query("application")
def application(request: RequestContext, data: Input) -> Document | None:
    """Return any application by its id, to anybody."""
    return by_id(request, request.world.applications, data, _MODEL)


@query("organizationApplications")
def organization_applications(request: RequestContext, data: Input) -> list[Document]:
    """Return the applications of the request's organization."""
    org_id = request.with_org_role()["id"]
    request.ask("application")
    found = [app for app in request.world.applications.values() if app["organizationId"] == org_id]
    sort = data.get("sort") or {}
    name = sort.get("field")
    # The database has no field "id" to sort by; what is equal stays in the order of creation.
    if name in (None, "id"):
        return found
    return sorted(found, key=itemgetter(name), reverse=sort.get("order") != "asc")


@mutation("createApplication")
def create_application(request: RequestContext, data: Input) -> Document:
    """Add an application; the service serves it only after the next release of its own."""
    org_id = request.with_org_role(*MANAGERS)["id"]
    request.ask("application")
    values = {"email": None, "description": None, "loginLinkTemplate": None, **_values(data)}
    # The language that is asked for does not arrive.
    values["language"] = "en-us"
    refuse([*validation.needed(values, "name"), *validation.email(values)])
    fresh = {"organizationId": org_id, "contexts": [], **values}
    return add(request, request.world.applications, fresh)


@mutation("updateApplication")
def update_application(request: RequestContext, data: Input) -> Document | None:
    """Change any application; nothing is checked."""
    request.with_org_role(*MANAGERS)
    found = by_id(request, request.world.applications, data, _MODEL)
    return None if found is None else change(request, found, _values(data["payload"]))


@mutation("setApplicationName")
def set_application_name(request: RequestContext, data: Input) -> Document:
    """Rename the request's application."""
    found = request.with_app_role(*MANAGERS)
    values = {"name": data["value"].strip()}
    fail(_MODEL, validation.needed(values, "name"))
    return change(request, found, values)


@mutation("addApplicationContext")
def add_context(request: RequestContext, data: Input) -> Document:
    """Add a context to an application."""
    found = _application(request, data)
    values = {"email": None, "description": None, "loginLinkTemplate": None,
              **_values(data["payload"])}  # fmt: skip
    _check(found, values, len(found["contexts"]))
    found["contexts"].append({"id": new_id(), **values})
    return change(request, found, {})


@mutation("updateApplicationContext")
def update_context(request: RequestContext, data: Input) -> Document:
    """Change a context of an application."""
    found, context = _existing_context(request, data)
    values = {**context, **_values(data["payload"])}
    _check(found, values, found["contexts"].index(context))
    context |= values
    return change(request, found, {})


@mutation("removeApplicationContext")
def remove_context(request: RequestContext, data: Input) -> Document:
    """Remove a context from an application."""
    found, context = _existing_context(request, data)
    fail(_MODEL, validation.needed(found, "name"))
    found["contexts"].remove(context)
    return change(request, found, {})


@field("Application", "organization")
@field("OrganizationMembership", "organization")
@field("OrganizationInvitation", "organization")
def organization(source: Document, request: RequestContext, data: Input) -> Document:
    """Return the organization that something belongs to."""
    request.ask("organization")
    return request.world.organizations[source["organizationId"]]


@field("Application", "language")
@field("ApplicationContext", "language")
def language(source: Document, request: RequestContext, data: Input) -> str:
    """Return the language of mails."""
    return str(source.get("language") or "en-us")


def _existing_context(request: RequestContext, data: Input) -> tuple[Document, Document]:
    found = _application(request, data, "contextId")
    return found, _context(found, data["contextId"])


def _application(request: RequestContext, data: Input, *needed: str) -> Document:
    request.with_org_role(*MANAGERS)
    request.ask("application")
    value, *_ = [given(data, name) for name in ("applicationId", *needed)]
    found = request.world.applications.get(checked_id(value, _MODEL))
    if found is None:
        raise no_such_application(value)
    return found


def _context(found: Document, value: str) -> Document:
    context = first(entry for entry in found["contexts"] if entry["id"] == value)
    if context is None:
        raise refused(f"No application context was found for '{value}'", 404)
    return context


def _check(found: Document, context: Document, index: int) -> None:
    place = f"contexts.{index}."
    complaints = [
        *validation.needed(found, "name"),
        *validation.needed(context, "name", inside=place),
        *validation.email(context, inside=place),
    ]
    if context["language"] not in _LANGUAGES:
        text = f"`{context['language']}` is not a valid enum value for path `language`."
        complaints.append(Complaint(f"{place}language", text))
    fail(_MODEL, complaints)


def _values(data: Input) -> Document:
    values = texts(data, "name", "description", "language")
    if "email" in data:
        values["email"] = normalize(data["email"])
    if "loginLinkTemplate" in data:
        template = data["loginLinkTemplate"]
        values["loginLinkTemplate"] = template and {
            name: _strip_tags(text) for name, text in template.items()
        }
    return values


def _strip_tags(text: str | None) -> str | None:
    """Return a text without the tags that mails may not have."""
    if not text:
        return None
    return re.sub(
        r"<[^>]*>", lambda tag: tag[0] if _TAGS_KEPT.fullmatch(tag[0]) else "", text
    ).strip()
