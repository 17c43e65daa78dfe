"""The pages in Spanish and Brazilian Portuguese: complete catalogues, compiled, and shown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation.template import templatize

import django_identityx
from django_identityx.sandbox import Sandbox
from django_identityx.signin.reasons import too_many

from .site import Visitor, forms

ROOT = Path(django_identityx.__file__).parent
LOCALES = {"es": "es", "pt-br": "pt_BR"}
Entry = tuple[str, str, dict[int, str]]  # msgid, msgid_plural, msgstr by form


def entries(language: str) -> list[Entry]:
    """The entries of a catalogue, its header left out."""
    text = (ROOT / "locale" / LOCALES[language] / "LC_MESSAGES" / "django.po").read_text("utf-8")
    found = []
    for block in text.split("\n\n")[1:]:
        fields = {
            key: "".join(ast.literal_eval(line) for line in value.strip().splitlines())
            for key, value in re.findall(r'^(msg\S+) ((?:".*"\n?)+)', block, re.MULTILINE)
        }
        translated = {
            int(key[7:-1] or 0) if "[" in key else 0: value
            for key, value in fields.items()
            if key.startswith("msgstr")
        }
        found.append((fields["msgid"], fields.get("msgid_plural", ""), translated))
    return found


def in_sources() -> set[str]:
    """Every msgid that the package's templates and modules have."""
    found: set[str] = set()
    for path in ROOT.rglob("*.html"):
        if "sandbox" in path.parts:
            continue
        found |= _calls(templatize(path.read_text("utf-8"), origin=str(path)))
    for path in ROOT.rglob("*.py"):
        if "sandbox" not in path.parts:
            found |= _calls(path.read_text("utf-8"))
    return found


def _calls(source: str) -> set[str]:
    literal = r"""(u?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))"""
    calls = re.findall(rf"(?<!\w)(?:gettext|ngettext|_)\(\s*((?:{literal}\s*)+)", source)
    return {ast.literal_eval(f"({text})") for text, _ in calls}


every = pytest.mark.parametrize("language", LOCALES)


@every
class TestCatalogues:
    def test_nothing_is_missing_or_left_over(self, language: str) -> None:
        sources = in_sources()
        assert len(sources) > 60
        assert {msgid for msgid, _, _ in entries(language)} == sources

    def test_nothing_is_fuzzy_or_empty(self, language: str) -> None:
        path = ROOT / "locale" / LOCALES[language] / "LC_MESSAGES" / "django.po"
        assert "fuzzy" not in path.read_text("utf-8")
        for msgid, _, translated in entries(language):
            assert translated, msgid
            assert all(translated.values()), msgid

    def test_placeholders_and_tags_are_kept(self, language: str) -> None:
        def parts(text: str) -> list[str]:
            return sorted(re.findall(r"%\(\w+\)s|</?\w+>", text))

        for msgid, plural, translated in entries(language):
            for form, text in translated.items():
                assert parts(text) == parts(plural if form else msgid), msgid

    def test_compiled(self, language: str) -> None:
        path = ROOT / "locale" / LOCALES[language] / "LC_MESSAGES" / "django.mo"
        with path.open("rb") as stream:
            compiled = GNUTranslations(stream)
        for msgid, plural, translated in entries(language):
            if not plural:
                assert compiled.gettext(msgid) == translated[0]
                continue
            shown = {compiled.ngettext(msgid, plural, number) for number in (1, 2, 1_000_000)}
            assert shown == set(translated.values())

    def test_every_template_renders(self, language: str) -> None:
        context = {"site_name": "Acme", "minutes": 60}
        with translation.override(language):
            for path in (ROOT / "templates" / "identityx").glob("[!_]*.html"):
                page = render_to_string(f"identityx/{path.name}", context)
                assert f'<html lang="{language}"' in page


@pytest.fixture
def visitor(settings, db) -> Iterator[Visitor]:
    """A visitor of a site that speaks what the browser asks for."""
    where = settings.MIDDLEWARE.index("django.middleware.common.CommonMiddleware")
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE[:where],
        "django.middleware.locale.LocaleMiddleware",
        *settings.MIDDLEWARE[where:],
    ]
    with translation.override("en"):  # the middleware leaves the thread in what it has spoken
        yield Visitor()


def speaking(language: str) -> Visitor:
    return Visitor(headers={"accept-language": language, "user-agent": "Browser/1.0"})


@pytest.mark.parametrize(
    ("language", "shown", "words"),
    [
        ("es", "es", ["Correo electrónico", "Enviarme un enlace"]),
        ("es-MX", "es-mx", ["Correo electrónico"]),
        ("pt-BR,pt;q=0.9", "pt-br", ["Endereço de e-mail", "Enviar um link"]),
        ("tlh", "en", ["E-mail address"]),
    ],
)
def test_the_browsers_language(
    visitor: Visitor, language: str, shown: str, words: list[str]
) -> None:
    response = speaking(language).get(reverse("identityx:login"))
    page = response.content.decode()
    assert f'<html lang="{shown}"' in page
    assert all(word in page for word in words)
    assert "Accept-Language" in response["Vary"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", ["Revise su correo", "Iniciar sesión", "Este enlace inicia", "ya se ha utilizado"]),
        ("pt-br", ["Verifique seu e-mail", "Entrar", "Este link dá a", "já foi usado"]),
    ],
)
def test_the_whole_way(sandbox: Sandbox, visitor: Visitor, language: str, words: list[str]) -> None:
    visitor = speaking(language)
    visitor.ask()
    sent = visitor.get(reverse("identityx:link-sent")).content.decode()
    page = visitor.open(sandbox.outbox[-1].url)
    other = speaking(language)
    used = other.open(sandbox.outbox[-1].url)
    assert visitor.submit(page).status_code == 302
    shown = sent + page.content.decode() + other.submit(used).content.decode()
    assert all(word in shown for word in words)
    assert forms(page)[0][0]["method"] == "post"


@pytest.mark.parametrize(
    ("language", "minutes", "words"),
    [
        ("es", 1, "Espere un minuto"),
        ("es", 5, "Espere 5 minutos"),
        ("pt-br", 1, "Aguarde um minuto"),
        ("pt-br", 5, "Aguarde 5 minutos"),
    ],
)
def test_plurals(language: str, minutes: int, words: str) -> None:
    with translation.override(language):
        assert words in too_many(60 * minutes)


@pytest.mark.parametrize(
    ("language", "words"), [("es", "Nadie ha iniciado"), ("pt-br", "Ninguém está")]
)
def test_json(visitor: Visitor, language: str, words: str) -> None:
    assert words in speaking(language).get(reverse("identityx:api-me")).json()["detail"]
