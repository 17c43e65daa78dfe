"""The schema: all of it, described, and an answer for each operation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import build_schema, get_introspection_query

from django_identityx.sandbox import Sandbox
from django_identityx.sandbox.engine import sdl

# What the service's introspection shows, its own eight types included.
TYPES = 241
QUERIES = 42
MUTATIONS = 73


@pytest.fixture(scope="module")
def schema() -> Any:
    body = json.dumps({"query": get_introspection_query()}).encode()
    answer = Sandbox().handle("POST", "/", {"content-type": "application/json"}, body).json()
    return answer["data"]["__schema"]


def test_it_is_complete(schema: Any) -> None:
    types = {entry["name"]: entry for entry in schema["types"]}
    assert len(types) == TYPES
    assert len(types["Query"]["fields"]) == QUERIES
    assert len(types["Mutation"]["fields"]) == MUTATIONS
    names = {directive["name"] for directive in schema["directives"]}
    assert names >= {"requiresApp", "requiresAppRole", "requiresAuth", "requiresOrgRole"}
    default = types["Query"]["fields"]
    levels = next(field for field in default if field["name"] == "accessLevels")
    shown = "{sort:{field:id,order:desc},pagination:{limit:20}}"
    assert levels["args"][0]["defaultValue"].replace(" ", "") == shown


def test_everything_is_described(schema: Any) -> None:
    types = {entry["name"]: entry for entry in schema["types"]}
    operations = [*types["Query"]["fields"], *types["Mutation"]["fields"]]
    assert [entry["name"] for entry in schema["types"] if not entry["description"]] == []
    assert [entry["name"] for entry in operations if not entry["description"]] == []


def test_its_files_are_valid() -> None:
    # At the start of a sandbox they are taken as they are.
    build_schema(sdl())


def test_what_is_not_there_says_so_in_a_sentence() -> None:
    sandbox = Sandbox()
    headers = {
        "content-type": "application/json",
        "x-app-id": "5d1b36070ce467bff670a052",
        "authorization": f"OrgUser {sandbox.org_user_token('guest@example.com')}",
    }
    body = json.dumps({"query": "mutation { exportAppUsers }"}).encode()
    error = sandbox.handle("POST", "/", headers, body).json()["errors"][0]
    assert error["message"] == (
        'The sandbox does not have "exportAppUsers": it writes no files for anybody to fetch.'
    )
