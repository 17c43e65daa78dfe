"""Failures of an operation, in the words and codes that IdentityX uses on the wire."""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """A failed operation; the GraphQL engine copies ``extensions`` into its answer."""

    def __init__(self, message: str, code: str, exception: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.extensions: dict[str, Any] = {"code": code}
        if exception is not None:
            self.extensions["exception"] = exception


def bad_input(message: str) -> ServiceError:
    """Return the failure of a request that lacks something."""
    return ServiceError(message, "BAD_USER_INPUT")


def unauthenticated(message: str) -> ServiceError:
    """Return the failure of a credential."""
    return ServiceError(message, "UNAUTHENTICATED")


def unauthorized() -> ServiceError:
    """Return the failure of somebody whose role does not allow the operation."""
    return ServiceError("You do not have permission to access this resource.", "UNAUTHORIZED")


def refused(message: str, status: int) -> ServiceError:
    """Return an error that an inner service answered, with its status."""
    return ServiceError(message, "INTERNAL_SERVER_ERROR", {"statusCode": status})


def required(path: str) -> ServiceError:
    """Return the failure of an empty parameter."""
    return refused(f"The path 'params.{path}' is required.", 400)


def no_such_user(email: str) -> ServiceError:
    """Return the failure of an address that nobody has."""
    return refused(f"No user was found for '{email}'", 404)


def no_such_application(app_id: str) -> ServiceError:
    """Return the failure of an application without a record."""
    return refused(f"No application was found for '{app_id}'", 404)


def no_such_id(value: str, model: str, path: str = "_id") -> ServiceError:
    """Return the failure of an id that is not 24 hexadecimal digits."""
    return refused(
        f'Cast to ObjectId failed for value "{value}" at path "{path}" for model "{model}"', 500
    )


def unreachable(service: str, message: str | None = None, *, direct: bool) -> ServiceError:
    """Return the failure of an inner service that is down.

    The gateway reports its own failed calls without a status (``direct``); where one inner
    service failed to reach another, the answer of the first carries status 500.
    """
    text = message or (
        f"request to http://{service}.internal/ failed, "
        f"reason: connect ECONNREFUSED {service}.internal"
    )
    if not direct:
        return refused(text, 500)
    return ServiceError(
        text,
        "INTERNAL_SERVER_ERROR",
        {"message": text, "type": "system", "errno": "ECONNREFUSED", "code": "ECONNREFUSED"},
    )
