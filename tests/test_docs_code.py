"""Every code block of the documentation runs; `code_blocks` tells how."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.checks import ERROR, run_checks
from django.core.management import get_commands, load_command_class
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse

from django_identityx.credentials import TokenType
from django_identityx.sandbox import Sandbox
from django_identityx.sending import wait_until_sent
from django_identityx.testing import credential

from .code_blocks import PAGES, ROOT, Block, blocks

pytestmark = pytest.mark.slow

BLOCKS = [block for page in PAGES for block in blocks(page)]
SITE = "https://www.example.com"

# Blocks that say why they can't run here. Fewer are better; more need a good reason.
NOT_RUN = 6


def having(*languages: str, use: str = "") -> Any:
    """Parametrize with the blocks of these languages."""
    found = [
        block
        for block in BLOCKS
        if block.language in languages
        and not block.use.startswith("not run")
        and (block.use.split(" ")[0] == use if use else block.use not in OWN_TEST)
    ]
    return pytest.mark.parametrize("block", found, ids=str)


OWN_TEST = {"settings", "urls", "tests"}
TESTED = {"python", "console", "html+django", "json", "ini", "toml", "text"}


@pytest.fixture(autouse=True)
def _site(logging_restored: None, settings) -> None:
    settings.ROOT_URLCONF = "tests.docs_site"
    settings.ALLOWED_HOSTS = ["*"]
    settings.IDENTITYX_CALLBACK_URL = f"{SITE}/account/callback/"


def test_every_block_is_of_a_language_that_is_tested_or_says_why_not() -> None:
    for block in BLOCKS:
        shown = block.use == "browser" or block.use.startswith("not run")
        assert block.language in TESTED or shown, block


def test_few_blocks_are_not_run() -> None:
    not_run = [block for block in BLOCKS if block.use.startswith("not run")]
    elsewhere = [block for block in not_run if block.use == "not run: tests/test_recipes.py does"]
    assert len(not_run) - len(elsewhere) <= NOT_RUN


@pytest.mark.django_db
@having("python")
def test_python(block: Block, sandbox: Sandbox) -> None:
    scope: dict[str, Any] = {"__name__": "documentation"}
    if block.use == "continues":
        before = [b for b in blocks(block.page) if b.language == "python" and b.line < block.line]
        for earlier in before:
            if earlier.use in {"", "continues"}:
                exec(compile(earlier.compiled_at(), str(earlier), "exec"), scope)
    for name in block.given:
        scope[name] = _GIVEN[name](sandbox)
    exec(compile(block.compiled_at(), str(block), "exec"), scope)
    wait_until_sent()


def _request(sandbox: Sandbox) -> Any:
    request = RequestFactory().post("/", secure=True)
    request.session = SessionStore()
    return request


_GIVEN = {
    "request": _request,
    "email": lambda sandbox: "reader@example.net",
    "token": lambda sandbox: sandbox.app_user_token("reader@example.net"),
    "credential": lambda sandbox: credential(sandbox, "reader@example.net"),
    "client": lambda sandbox: Client(),
    "identityx": lambda sandbox: sandbox,
}


@having("python", use="settings")
def test_settings(block: Block, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    scope: dict[str, Any] = {}
    exec(compile(block.compiled_at(), str(block), "exec"), scope)
    for name, value in scope.items():
        if name.isupper():
            known = getattr(django_settings, name, [])
            setattr(settings, name, _completed(value, known) if isinstance(value, list) else value)
    errors = [message for message in run_checks(tags=["identityx"]) if message.level >= ERROR]
    assert not errors


def _completed(value: list[Any], known: list[Any]) -> list[Any]:
    """``[..., "new"]`` with what is there already in the place of the dots."""
    if ... not in value:
        return value
    here = [item for item in value if item is not ...]
    at = value.index(...)
    return [*value[:at], *[item for item in known if item not in here], *here[at:]]


@having("python", use="urls")
def test_urls(block: Block, settings: Any) -> None:
    module = types.ModuleType("documented_urls")
    exec(compile(block.compiled_at(), str(block), "exec"), module.__dict__)
    module.urlpatterns = [entry for entry in module.urlpatterns if entry is not ...]  # type: ignore[attr-defined]
    assert reverse("identityx:callback", urlconf=module) == "/account/callback/"  # type: ignore[arg-type]


@pytest.mark.slow
def test_test_files(tmp_path: Path) -> None:
    """The examples for the test suites of sites, run as a site would."""
    found = [block for block in BLOCKS if block.use == "tests"]
    assert found
    for number, block in enumerate(found):
        (tmp_path / f"test_{number}.py").write_text(f"# {block}\n{block.code}")
    (tmp_path / "site_settings.py").write_text(
        'from tests.settings import *\nROOT_URLCONF = "tests.docs_site"\n'
        f'IDENTITYX_CALLBACK_URL = "{SITE}/account/callback/"\n'
    )
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", str(tmp_path)]
    options += ["-c", "/dev/null", "--ds", "site_settings", "-W", "error"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.django_db
@having("html+django")
def test_templates(block: Block) -> None:
    answer = Client().get("/", secure=True)  # a request that went through the middleware
    context = {"request": answer.wsgi_request, "user": answer.wsgi_request.user}
    assert Template(block.code).render(Context(context))


@having("json")
def test_json(block: Block) -> None:
    json.loads(block.code)


@having("ini")
def test_ini(block: Block) -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(block.code)
    assert parser.sections()


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.use == "browser"], ids=str)
def test_what_a_browser_walks(block: Block) -> None:
    """It is in the example as it stands; tests/browser/test_spa.py opens that."""
    pages = [page.read_text() for page in (ROOT / "example_project" / "spa").iterdir()]
    code = re.sub(r'content="[^"]*/account/api/"', 'content="API"', block.code.strip())
    assert any(
        code in re.sub(r'content="[^"]*/account/api/"', 'content="API"', page) for page in pages
    )


def commands() -> list[Any]:
    """Each command of the console blocks, with lines that end in a backslash joined."""
    return [
        pytest.param(line, id=f"{block}-{number}")
        for block in BLOCKS
        if block.language == "console" and not block.use.startswith("not run")
        for number, line in enumerate(re.findall(r"^\$ (.+(?:(?<=\\)\n.+)*)", block.code, re.M))
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("line", commands())
def test_commands(line: str, sandbox: Sandbox) -> None:
    words = shlex.split(line.partition(" > ")[0].replace("\\\n", " "), comments=True)
    if words[:2] == ["python", "manage.py"]:
        _manage(words[2], words[3:])
    elif words[0] == "curl":
        _curl(words[1:], sandbox)
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M)
    elif words[:2] == ["pip", "install"]:
        project = (ROOT / "pyproject.toml").read_text()
        for wanted in words[2:]:
            package, _, extras = wanted.rstrip("]").partition("[")
            if package == "django-identityx":
                for extra in filter(None, extras.split(",")):
                    assert re.search(rf"^{extra} = \[", project, re.M), wanted
    else:
        pytest.fail(f"Nobody knows how to test: {line}")


def _manage(name: str, arguments: list[str]) -> None:
    """The command exists and takes these arguments. (The example runs them.)"""
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(arguments)


def _curl(arguments: list[str], sandbox: Sandbox) -> None:
    """Send what curl would, with a token of the kind that the header names."""
    headers: dict[str, str] = {}
    method, body, url = "GET", "", ""
    words = iter(arguments)
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word in {"-d", "--json"}:
            method, body = "POST", next(words)
        elif word == "-X":
            method = next(words)
        elif not word.startswith("-"):
            url = word
    known = re.search(r"(\w+) \$TOKEN", headers.get("Authorization", ""))
    if known:
        kind = TokenType(known[1])
        email = "reader@example.net" if kind is TokenType.APP_USER else "owner@example.com"
        token = credential(sandbox, email, kind).token
        headers["Authorization"] = headers["Authorization"].replace("$TOKEN", token)
    body = body.replace("PASTE THE LINK", sandbox.login_link_token("reader@example.net"))
    body = body.replace("$TOKEN", sandbox.app_user_token("reader@example.net"))
    assert url.startswith(SITE), url
    answer = Client(headers=headers).generic(
        method, url.removeprefix(SITE), body, content_type="application/json", secure=True
    )
    assert answer.status_code in {200, 202, 204}
