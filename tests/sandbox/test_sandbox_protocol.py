"""GraphQL over HTTP: the refusals that are no JSON, batches and GET."""

from __future__ import annotations

import json
from typing import Any

import pytest

from django_identityx.sandbox import DAILY_APP_ID, Response, Sandbox

from .conftest import ME, Api

JSON = "application/json"
NO_BODY = "POST body missing. Did you forget use body-parser middleware?"


def ask(
    body: bytes | str, *, method: str = "POST", path: str = "/", content_type: str | None = JSON
) -> Response:
    headers = {} if content_type is None else {"Content-Type": content_type}
    sent = body.encode() if isinstance(body, str) else body
    return Sandbox().handle(method, path, headers, sent)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "text"),
    [
        ("", JSON, 500, NO_BODY),
        ("{}", JSON, 500, NO_BODY),
        ("[]", JSON, 500, NO_BODY),
        ('{"query": "{ ping }"}', None, 500, NO_BODY),
        ('{"query": "{ ping }"}', "text/plain", 500, NO_BODY),
        ("{ ping }", "application/graphql", 500, NO_BODY),
        ("query=%7B%20ping%20%7D", "application/x-www-form-urlencoded", 500, NO_BODY),
        ('{"query": "{ ping }"', JSON, 400, "<pre>Bad Request</pre>"),
        ('"{ ping }"', JSON, 400, "<pre>Bad Request</pre>"),
        ("NaN", JSON, 400, "<pre>Bad Request</pre>"),
        ('{"query": NaN}', JSON, 400, "<pre>Bad Request</pre>"),
        (b'{"query": "\xff"}', JSON, 400, "<pre>Bad Request</pre>"),
        ("[" * 50_000, JSON, 400, "<pre>Bad Request</pre>"),
        ('{"query": null}', JSON, 400, "Must provide query string."),
        ('{"query": 5}', JSON, 400, "Must provide query string."),
        ("[5]", JSON, 400, "Must provide query string."),
        ('{"query": "{ ping }", "variables": "{nope"}', JSON, 400, "Variables are invalid JSON."),
        (f'{{"query": "{"x" * 103_000}"}}', JSON, 413, "<pre>Payload Too Large</pre>"),
    ],
)
def test_refusals_without_json(
    body: bytes | str, content_type: str | None, status: int, text: str
) -> None:
    response = ask(body, content_type=content_type)
    assert response.status == status
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert text in response.body.decode()


def test_json_with_a_charset_and_variables_in_a_string() -> None:
    body = json.dumps(
        {"query": "query($a: Boolean!) { ping @include(if: $a) }", "variables": '{"a": true}'}
    )
    response = ask(body, content_type="application/json; charset=utf-8")
    assert response.json()["data"] == {"ping": "pong"}


@pytest.mark.parametrize("path", ["/", "/graphql"])
def test_both_paths(path: str) -> None:
    response = ask('{"query": "{ ping }"}', path=path)
    assert (response.status, response.json()["data"]) == (200, {"ping": "pong"})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/graphql", 400, "GET query missing."),
        ("GET", "/?query=mutation%7B%20ping%20%7D", 405, "GET supports only query operation"),
        ("GET", "/?query=%7B%20ping%20%7D", 200, "pong"),
        ("GET", "/graphql?query=%7Bping%7D&variables=%7B%7D", 200, "pong"),
        ("PUT", "/", 405, "Apollo Server supports only GET/POST requests."),
        ("DELETE", "/graphql", 405, "Apollo Server supports only GET/POST requests."),
        ("GET", "/_health", 200, '{"status":"ok"'),
        ("GET", "/.well-known/apollo/server-health", 200, '{"status":"pass"}'),
        ("GET", "/nowhere", 404, "Start at /"),
        ("POST", "/nowhere", 404, "Start at /"),
        ("GET", "//[broken", 404, "Start at /"),
    ],
)
def test_methods_and_paths(method: str, path: str, status: int, text: str) -> None:
    response = ask("", method=method, path=path)
    assert response.status == status
    assert text in response.body.decode()


def test_cors_preflight() -> None:
    response = ask("", method="OPTIONS")
    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == "*"


def test_a_header_block_over_8_kb() -> None:
    headers = {"content-type": JSON, "authorization": f"AppUser {'x' * 8200}"}
    response = Sandbox().handle("POST", "/", headers, b'{"query": "{ ping }"}')
    assert (response.status, response.body) == (400, b"")


def test_batch() -> None:
    queries = [{"query": "{ ping }"}, {"query": "{ nope }"}, {"query": "{ activeUser { id } }"}]
    response = ask(json.dumps(queries))
    first, second, third = response.json()
    assert response.status == 200
    assert first["data"] == {"ping": "pong"}
    assert "data" not in second
    assert (third["data"], third["errors"][0]["path"]) == (None, ["activeUser"])


def test_persisted_queries_are_unknown() -> None:
    body = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}}
    response = ask(json.dumps(body))
    assert response.status == 200
    assert response.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


def test_answers_carry_extensions() -> None:
    answer = ask('{"query": "{ ping }"}').json()
    assert set(answer["extensions"]) == {"tracing", "cacheControl"}


def test_operation_names() -> None:
    document = "query A { ping } query B { activeUser { id } }"
    chosen = ask(json.dumps({"query": document, "operationName": "A"}))
    assert chosen.json()["data"] == {"ping": "pong"}
    unknown = ask(json.dumps({"query": document, "operationName": "C"}))
    assert unknown.json()["errors"][0]["message"] == 'Unknown operation named "C".'


def test_introspection() -> None:
    body = json.dumps({"query": "{ __schema { queryType { name } } __typename }"})
    assert ask(body).json()["data"]["__schema"] == {"queryType": {"name": "Query"}}


@pytest.mark.parametrize(
    "query",
    [
        "{" * 20_000,
        "{ a" + "{ a" * 3_000,
        "{ appUsers(input: { pagination: { limit: " + "9" * 5_000 + " } }) { totalCount } }",
        "fragment F on Query { ...F } { ...F }",
        "subscription { ping }",
        "",
    ],
)
def test_odd_documents_get_an_answer(query: str) -> None:
    assert ask(json.dumps({"query": query})).status == 400


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": {"b": {"c": 1}}}, "{ a: { b: [Object] } }"),
        ({"a": list(range(12))}, "{ a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... 2 more items] }"),
        ({"a": True, "b": None, "c": 1.5}, "{ a: true, b: null, c: 1.5 }"),
        ({}, "{}"),
    ],
)
def test_variables_are_echoed(api: Api, value: Any, shown: str) -> None:
    query = "mutation($input: LogoutAppUserMutationInput!) { logoutAppUser(input: $input) }"
    message = api.error(query, {"input": value})["message"]
    assert message.startswith(f'Variable "$input" got invalid value {shown}; ')


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (5, "Expected type UpdateOwnAppUserMutationInput to be an object."),
        ({"givenName": 5}, "Expected type String at value.givenName; String cannot represent"),
        ({"receiveEmail": "yes"}, "Expected type Boolean at value.receiveEmail; Boolean cannot"),
    ],
)
def test_variables_of_another_type(api: Api, value: Any, complaint: str) -> None:
    query = """mutation($input: UpdateOwnAppUserMutationInput!) {
      updateOwnAppUser(input: $input) { id } }"""
    assert complaint in api.error(query, {"input": value})["message"]


def test_variables_in_lists_and_enums(api: Api) -> None:
    query = """query($input: CheckContentAccessQueryInput!) {
      checkContentAccess(input: $input) { canAccess } }"""
    given = {"isEnabled": True, "requiredAccessLevelIds": ["a", 5]}
    message = api.error(query, {"input": given})["message"]
    assert "Expected type String at value.requiredAccessLevelIds[1]; " in message
    query = "query($input: AppUsersQueryInput!) { appUsers(input: $input) { totalCount } }"
    message = api.error(query, {"input": {"sort": {"field": "nope"}}})["message"]
    assert message.endswith("Expected type AppUserSortField at value.sort.field.")


def test_calls_are_recorded_without_the_token(api: Api) -> None:
    token = api.sandbox.app_user_token("reader@example.net")
    headers = {"x-forwarded-for": "203.0.113.7", "user-agent": "tests"}
    api.post(ME, auth=f"AppUser {token}", headers=headers)
    api.post("{ ping ping2: ping }", auth=f"Bearer AppUser {token}", app=None)
    api.post("{ nope", auth=token)
    first, second, third = api.sandbox.calls
    assert first.operations == ("activeAppUser",)
    assert (first.app_id, first.forwarded_for) == (DAILY_APP_ID, "203.0.113.7")
    assert (first.user_agent, first.authorization) == ("tests", "AppUser")
    assert (second.operations, second.authorization) == (("ping", "ping"), "Bearer AppUser")
    assert (third.operations, third.authorization) == ((), "")
    assert token not in repr(list(api.sandbox.calls))
    assert (api.sandbox.count(), api.sandbox.count("activeAppUser")) == (3, 1)
    api.sandbox.reset()
    assert api.sandbox.count() == 0
