"""The way to IdentityX: what is asked, how it gets there, and what the answer means."""

from .answers import (
    WRONG_DIALECT,
    About,
    Answer,
    GraphQLError,
    Reply,
    is_duplicate,
    meaning,
    no_verdict,
    parse,
    value_of,
)
from .dialects import AUTO, Endpoint
from .gates import PEOPLE, VERIFICATION, Gate, Load, gate
from .operations import Operation, camel, given, mutation, query
from .payloads import object_of, read, selection, several, shape
from .transport import Transport, header

__all__ = [
    "AUTO",
    "PEOPLE",
    "VERIFICATION",
    "WRONG_DIALECT",
    "About",
    "Answer",
    "Endpoint",
    "Gate",
    "GraphQLError",
    "Load",
    "Operation",
    "Reply",
    "Transport",
    "camel",
    "gate",
    "given",
    "header",
    "is_duplicate",
    "meaning",
    "mutation",
    "no_verdict",
    "object_of",
    "parse",
    "query",
    "read",
    "selection",
    "several",
    "shape",
    "value_of",
]
