"""The pages in four languages beside English: complete catalogues, compiled, and shown."""

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
LOCALES = {"es": "es", "pt-br": "pt_BR", "de": "de", "fr": "fr"}
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
        # As gettext's own files have it, and as `_calls` does.
        context = fields["msgctxt"] + "\x04" if "msgctxt" in fields else ""
        found.append((context + fields["msgid"], fields.get("msgid_plural", ""), translated))
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
    in_context = re.findall(rf"(?<!\w)pgettext\(\s*{literal},\s*{literal}", source)
    return {ast.literal_eval(f"({text})") for text, _ in calls} | {
        f"{ast.literal_eval(context)}\x04{ast.literal_eval(text)}" for context, text in in_context
    }


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
        ("de-AT,de;q=0.9", "de", ["E-Mail-Adresse", "Link schicken"]),
        ("fr", "fr", ["Adresse e-mail", "envoyer un lien"]),
        ("tlh", "en", ["E-mail address"]),
        ("it", "en", ["E-mail address"]),  # Django speaks it, these pages don't
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
        ("de", 1, "eine Minute"),
        ("de", 5, "5 Minuten"),
        ("fr", 1, "une minute"),
        ("fr", 5, "5 minutes"),
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


def test_what_a_rejected_bearer_is_told(visitor: Visitor) -> None:
    headers = {"accept-language": "de", "authorization": "Bearer AppUser nonsense"}
    response = Visitor(headers=headers).get("/api/protected/")
    assert response.status_code == 401
    assert response.json()["detail"] == "Das Token ist kein JWT."
    # In a header there is room for ASCII alone.
    assert 'error_description="The token is not a JWT."' in response["WWW-Authenticate"]


# --- nothing that people see is left in English -----------------------------------------------


@pytest.mark.parametrize(
    "template",
    [path for path in ROOT.rglob("*.html") if "sandbox" not in path.parts],
    ids=lambda path: path.name,
)
def test_no_words_stand_in_a_template(template: Path) -> None:
    text = template.read_text("utf-8")
    for hidden in (
        r"{% comment.*?endcomment %}|{#.*?#}|<!--.*?-->",
        r"{% blocktranslate.*?endblocktranslate %}",
        r"<(style|script)\b.*?</\1>",
    ):
        text = re.sub(hidden, "", text, flags=re.DOTALL)
    text = re.sub(r"{%.*?%}|{{.*?}}", "", text)
    shown = re.findall(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"', text)
    shown.append(re.sub(r"<[^>]*>|&\w+;", "", text))
    assert not [words for words in shown if re.search(r"[^\W\d_]{2}", words)]


def test_no_words_stand_in_an_answer() -> None:
    """Titles, details and reasons are marked for translation where they are written."""
    bare = []
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).parts
        if parts[0] in {"sandbox", "management", "service", "openapi.py"}:
            continue
        if path.name in {"links.py", "flow.py"}:  # for logs: pages and JSON say what REASONS has
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Dict):
                named = [
                    value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value in {"detail", "message"}
                ]
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"Reason", "Malformed"}:
                named = node.args[1:]
            else:
                continue
            bare += [
                f"{path.name}:{value.lineno} {value.value}"
                for value in named
                if isinstance(value, ast.Constant) and " " in str(value.value)
            ]
    assert not bare
