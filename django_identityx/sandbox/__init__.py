"""The IdentityX API on localhost: for development, tests and demos without an account."""

try:
    from .calls import CallRecord
    from .faults import Fault, FaultError
    from .mail import Mail, Refusal
    from .responses import Response
    from .sandbox import Sandbox
    from .seed import DAILY_APP_ID, GONE_APP_ID, ORG_ID, WEEKLY_APP_ID
    from .server import SandboxServer
    from .world import StateError
except ModuleNotFoundError as error:
    message = f'The sandbox needs {error.name}: pip install "django-identityx[sandbox]"'
    raise ModuleNotFoundError(message, name=error.name) from error

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
