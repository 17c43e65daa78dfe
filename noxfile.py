"""``nox``: each Python and Django that is here; ``nox -s floors``: the oldest of everything."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests", "floors", "newest"]

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
DJANGOS = ["5.2", "6.0", "6.1"]
# Django 6 begins at Python 3.12.
SUPPORTED = [(p, d) for p in PYTHONS for d in DJANGOS if (p, d[0]) != ("3.11", "6")]


PROJECT = nox.project.load_toml("pyproject.toml")


def run(session: nox.Session, *packages: str) -> None:
    groups = nox.project.dependency_groups(PROJECT, "test")
    session.install("-e", ".[sandbox]", *groups, *packages)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
@nox.parametrize(("python", "django"), SUPPORTED)
def tests(session: nox.Session, django: str) -> None:
    """A Python with a Django."""
    run(session, f"Django~={django}.0")


@nox.session(python="3.11")
def floors(session: nox.Session) -> None:
    """The oldest that pyproject.toml allows."""
    project = PROJECT["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["sandbox"]]
    run(session, *[requirement.replace(">=", "==") for requirement in needed])


@nox.session(python=PYTHONS[-1])
def newest(session: nox.Session) -> None:
    """The newest of everything, releases to come included."""
    run(session, "--pre", "--upgrade", "Django", "djangorestframework", "requests")
