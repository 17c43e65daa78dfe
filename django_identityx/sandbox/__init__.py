"""The IdentityX API on localhost: for development, tests and demos without an account."""

from .calls import CallRecord
from .faults import Fault, FaultError
from .mail import Mail, Refusal
from .responses import Response
from .sandbox import Sandbox
from .seed import DAILY_APP_ID, GONE_APP_ID, ORG_ID, WEEKLY_APP_ID
from .server import SandboxServer
from .world import StateError

__all__ = [
    "DAILY_APP_ID",
    "GONE_APP_ID",
    "ORG_ID",
    "WEEKLY_APP_ID",
    "CallRecord",
    "Fault",
    "FaultError",
    "Mail",
    "Refusal",
    "Response",
    "Sandbox",
    "SandboxServer",
    "StateError",
]
