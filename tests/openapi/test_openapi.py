"""What drf-spectacular writes of a site with this package: compared with ``schema.yml``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import include, path, reverse
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from django_identityx.authentication import (
    AppUserAuthentication,
    IdentityXAuthentication,
    IdentityXSessionAuthentication,
    OrgUserAuthentication,
)
from django_identityx.permissions import HasAccessLevel
from django_identityx.sandbox import Sandbox
from django_identityx.testing import authorization
from tests.demo import MANAGE, environment

pytest.importorskip("drf_spectacular")
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.validation import validate_schema

from django_identityx import openapi
from django_identityx.signin import APILoginLinkView
from django_identityx.signin.reasons import REASONS

GOLDEN = Path(__file__).parent / "schema.yml"


class Own(IdentityXAuthentication):
    """A site's own subclass."""

    max_age = 0


def view(*classes: type, permission: Any = IsAuthenticated, responses: Any = None) -> Any:
    class View(APIView):
        schema = AutoSchema()
        authentication_classes = classes
        permission_classes = (permission,)

        def get(self, request: Any) -> Response:
            raise NotImplementedError

        get.kwargs = {"schema": AutoSchema}  # type: ignore[attr-defined]
        get = extend_schema(responses=responses)(get)

    return View.as_view()


PREMIUM = view(
    IdentityXAuthentication,
    permission=HasAccessLevel("Premium"),
    responses={200: None, **openapi.NO_ACCESS},
)

PATTERNS = [
    path("account/", include("django_identityx.urls")),
    path("app/", include("django_identityx.token_urls")),
    path("comments/", include("django_identityx.comment_urls")),
    path("everybody/", view(IdentityXAuthentication, IdentityXSessionAuthentication)),
    path("readers/", view(AppUserAuthentication)),
    path("staff/", view(OrgUserAuthentication)),
    path("own/", view(Own)),
    path("premium/", PREMIUM),
]


@pytest.fixture
def schema() -> Any:
    GENERATOR_STATS.reset()
    return SchemaGenerator(patterns=PATTERNS).get_schema(request=None, public=True)


def test_it_is_the_golden_file(schema: Any) -> None:
    """``IDENTITYX_UPDATE_GOLDEN=1`` writes the file anew: look at its diff."""
    written = OpenApiYamlRenderer().render(schema, renderer_context={}).decode()
    if os.environ.get("IDENTITYX_UPDATE_GOLDEN"):
        GOLDEN.write_text(written)
    assert written == GOLDEN.read_text()


def test_it_is_valid_and_nothing_was_guessed(schema: Any) -> None:
    validate_schema(schema)
    assert not GENERATOR_STATS


def test_each_kind_is_a_scheme_that_swagger_ui_can_send(schema: Any) -> None:
    schemes = schema["components"]["securitySchemes"]
    assert set(schemes) == {"AppUser", "OrgUser", "OrgUserApiToken", "IdentityXSession"}
    for name in ("AppUser", "OrgUser", "OrgUserApiToken"):
        assert (schemes[name]["type"], schemes[name]["scheme"]) == ("http", "bearer")
        assert f"`{name}`" in schemes[name]["description"]

    def required(where: str) -> list[Any]:
        return schema["paths"][where]["get"]["security"]

    assert required("/readers/") == [{"AppUser": []}]
    assert required("/staff/") == [{"OrgUser": []}, {"OrgUserApiToken": []}]
    everybody = [*required("/readers/"), *required("/staff/")]
    assert required("/own/") == everybody
    assert required("/everybody/") == [*everybody, {"IdentityXSession": []}]


def test_each_twin_is_in_it(schema: Any) -> None:
    """A twin that is new must be described."""
    from django_identityx.urls import urlpatterns

    twins = [entry.name for entry in urlpatterns if str(entry.name).startswith("api-")]
    assert twins
    for name in twins:
        address = reverse(f"identityx:{name}").replace("/identityx/", "/account/")
        for method, operation in schema["paths"][address].items():
            assert operation["tags"] == [openapi.TAG], (name, method)
            assert operation["summary"]


def test_so_are_tokens_where_they_are_included(schema: Any) -> None:
    for name in ("send", "exchange", "revoke"):
        operation = schema["paths"][f"/app/{name}/"]["post"]
        assert operation["summary"]
        assert operation["security"] == [{}]


def test_a_subclass_of_a_site_is_described_as_well() -> None:
    class Link(APILoginLinkView):
        source = "magazine"

    patterns = [path("link/", Link.as_view())]
    found = SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)
    operation = found["paths"]["/link/"]["post"]
    assert operation["tags"] == [openapi.TAG]
    assert set(operation["responses"]) >= {"202", "400", "429", "503"}


def test_comments_are_for_sessions_and_bearers(schema: Any) -> None:
    for where in ("/comments/api/", "/comments/api/flag/"):
        operation = schema["paths"][where]["post"]
        assert operation["tags"] == [openapi.COMMENT_TAG]
        assert operation["security"] == [{"AppUser": []}, {"IdentityXSession": []}, {}]
        codes = operation["responses"]["403"]["content"]["application/json"]["examples"]
        assert {entry["value"]["code"] for entry in codes.values()} >= {"banned", "unverified"}


def test_the_examples_fit_their_shapes(schema: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    shapes = schema["components"]["schemas"]
    seen = 0
    for operations in schema["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    shape = {**content["schema"], "components": {"schemas": shapes}}
                    for example in content.get("examples", {}).values():
                        jsonschema.validate(example["value"], shape)
                        seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ('{"email": "no address"}', "application/json", 400),
        ("[]", "application/json", 400),
        ("{", "application/json", 400),
        ("email=a@example.net", "application/x-www-form-urlencoded", 415),
        ('"' + 70_000 * "x" + '"', "application/json", 413),
    ],
)
def test_what_is_described_is_what_is_answered(
    schema: Any, client: Any, body: str, content_type: str, status: int
) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    answer = client.post("/identityx/api/login-link/", body, content_type=content_type)
    assert answer.status_code == status
    described = schema["paths"]["/account/api/login-link/"]["post"]["responses"][str(status)]
    shape = described["content"]["application/json"]["schema"]
    jsonschema.validate(
        answer.json(), {**shape, "components": {"schemas": schema["components"]["schemas"]}}
    )


@pytest.mark.parametrize("email", ["", "reader@example.net"])
def test_so_is_what_an_access_level_answers(
    schema: Any, client: Any, sandbox: Sandbox, settings: Any, email: str
) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    headers = authorization(sandbox, email) if email else {}
    request = RequestFactory().get("/premium/", headers=headers)
    answer = PREMIUM(request).render()
    described = schema["paths"]["/premium/"]["get"]["responses"][str(answer.status_code)]
    shape = described["content"]["application/json"]["schema"]
    components = {"components": {"schemas": schema["components"]["schemas"]}}
    jsonschema.validate(json.loads(answer.content), {**shape, **components})


@pytest.mark.slow
def test_the_schema_of_the_example(tmp_path: Path) -> None:
    pytest.importorskip("drf_spectacular_sidecar")
    command = [sys.executable, str(MANAGE), "spectacular", "--validate", "--fail-on-warn"]
    run = subprocess.run(
        command, env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert "Authorize" not in run.stderr
    assert "/account/api/login-link/" in run.stdout


def test_errors_have_the_status_that_they_are_given(schema: Any) -> None:
    seen = set()
    for operations in schema["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                for content in answer.get("content", {}).values():
                    for example in content.get("examples", {}).values():
                        code = example["value"].get("code")
                        if operation["tags"] == [openapi.TAG] and code in REASONS:
                            assert str(REASONS[code].status) == status, code
                            seen.add(code)
    assert len(seen) > 5
