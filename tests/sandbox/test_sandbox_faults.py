"""Trouble on demand, in process and over HTTP."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
import requests

from django_identityx.sandbox import DAILY_APP_ID, ORG_ID, FaultError, Sandbox

from .conftest import ME, STAFF, Api

SEND = """mutation { sendAppUserLoginLink(
  input: { email: "reader@example.net", authUrl: "https://a.example" }) }"""
CONTEXT = "{ activeAppContext { hasUser } }"
CREATE = 'mutation { createAppUser(input: { email: "%s" }) { id } }'
USERS = "{ appUsers(input: {}) { totalCount } }"


def text(service: str) -> str:
    return (
        f"request to http://{service}.internal/ failed, "
        f"reason: connect ECONNREFUSED {service}.internal"
    )


def auth(sandbox: Sandbox) -> str:
    return f"AppUser {sandbox.app_user_token('reader@example.net')}"


def forged_header(sandbox: Sandbox) -> str:
    return f"AppUser {sandbox.sign({'sub': 'app-user-auth'}, key=b'another')}"


def test_html502_for_a_number_of_requests(api: Api) -> None:
    api.sandbox.set_fault("html502", times=2)
    for _ in range(2):
        response = api.post("{ ping }")
        assert response.status_code == 502
        assert response.headers["content-type"] == "text/html"
        assert "502 Bad Gateway" in response.text
    assert api.data("{ ping }")
    assert api.sandbox.fault is None


def test_faults_of_some_operations_only(api: Api) -> None:
    api.sandbox.set_fault("html502", operations=["activeAppUser"])
    assert api.post("{ ping }").status_code == 200
    assert api.post(f"{{ ping }} {ME}").status_code == 502
    assert api.post(ME).status_code == 502


def test_blocked(api: Api) -> None:
    api.sandbox.set_fault("blocked")
    response = api.post("{ ping }")
    error = response.json()["errors"][0]
    assert (response.status_code, error["extensions"]["code"]) == (400, "FORBIDDEN")
    assert error["message"] == (
        f'Context creation failed: The application ID "{DAILY_APP_ID}" is no longer allowed.'
    )
    assert api.data("{ ping }", app=None)


def test_a_disabled_tenant_is_500_with_json(api: Api) -> None:
    api.sandbox.set_fault("blocked", disabled=True)
    response = api.post("{ ping }")
    assert response.status_code == 500
    assert "is disabled" in response.json()["errors"][0]["message"]


def test_drop(api: Api) -> None:
    api.sandbox.set_fault("drop", times=1)
    with pytest.raises(requests.ConnectionError):
        api.post(SEND)
    assert api.sandbox.outbox == []


def test_drop_after_execution(api: Api) -> None:
    api.sandbox.set_fault("drop", times=1, executed=True)
    with pytest.raises(requests.ConnectionError):
        api.post(SEND)
    assert len(api.sandbox.outbox) == 1


def test_slow(api: Api) -> None:
    api.sandbox.set_fault("slow", seconds=0.2)
    begin = time.monotonic()
    assert api.data("{ ping }")
    assert time.monotonic() - begin >= 0.2


def test_hang_ends_when_the_fault_does(api: Api) -> None:
    api.sandbox.set_fault("hang", seconds=30)
    failures: list[Exception] = []

    def ask() -> None:
        try:
            with requests.Session() as session:
                session.trust_env = False
                session.post(api.server.url, json={"query": "{ ping }"}, timeout=20)
        except requests.RequestException as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not api.sandbox.count():
        time.sleep(0.01)
    thread.join(0.1)
    assert thread.is_alive()
    api.sandbox.clear_fault()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(failures[0], requests.ConnectionError)


@pytest.mark.parametrize(
    ("service", "query", "code", "has_status"),
    [
        ("token", ME, "UNAUTHENTICATED", None),
        ("application", ME, "UNAUTHENTICATED", None),
        ("user", STAFF, "UNAUTHENTICATED", None),
        ("token", SEND, "INTERNAL_SERVER_ERROR", True),
        ("mailer", SEND, "INTERNAL_SERVER_ERROR", True),
        ("ip", CONTEXT, "INTERNAL_SERVER_ERROR", True),
        ("application", CONTEXT, "INTERNAL_SERVER_ERROR", False),
        ("organization", CONTEXT, "INTERNAL_SERVER_ERROR", False),
        (
            "organization",
            "{ organizationApplications { id } }",
            "INTERNAL_SERVER_ERROR",
            False,
        ),
        ("membership", "{ userOrganizations { role } }", "INTERNAL_SERVER_ERROR", False),
    ],
)
def test_an_inner_service_is_down(
    api: Api, service: str, query: str, code: str, has_status: bool | None
) -> None:
    reader, owner = auth(api.sandbox), api.sandbox.org_user_token("owner@example.com")
    header = reader if query in (ME, CONTEXT) else f"OrgUser {owner}"
    api.sandbox.set_fault("inner", service=service)
    error = api.error(query, auth=header, headers={"x-org-id": ORG_ID})
    assert error["message"] == text(service)
    assert error["extensions"]["code"] == code
    exception = error["extensions"].get("exception")
    if has_status is None:
        assert exception is None
    elif has_status:
        assert exception == {"statusCode": 500}
    else:
        assert exception["code"] == "ECONNREFUSED"


def test_without_tokens_public_operations_answer_for_nobody(api: Api) -> None:
    header = auth(api.sandbox)
    api.sandbox.set_fault("inner")
    assert api.data(CONTEXT, auth=header) == {"activeAppContext": {"hasUser": False}}


def test_without_organizations_memberships_are_null(api: Api) -> None:
    header = f"OrgUser {api.sandbox.org_user_token('owner@example.com')}"
    api.sandbox.set_fault("inner", service="organization")
    answer = api.post("{ userOrganizations { role organization { name } } }", auth=header).json()
    assert answer["data"] == {"userOrganizations": [None]}
    assert answer["errors"][0]["path"] == ["userOrganizations", 0, "organization"]


@pytest.mark.parametrize("header", ["AppUser garbage", "AppUser a.b.c", forged_header])
def test_without_tokens_nothing_is_known_of_any_credential(api: Api, header: Any) -> None:
    sent = header(api.sandbox) if callable(header) else header
    api.sandbox.set_fault("inner", service="token")
    assert api.error(ME, auth=sent)["message"] == text("token")
    # What is wrong before the token service is asked stays as it was.
    assert api.error(ME, auth="AppUser ")["message"] == "The path 'params.token' is required."
    assert api.error(ME, auth="Basic x")["message"].startswith("Invalid authorization type")
    assert api.error(ME)["message"] == "No user authentication was provided with this request."


def test_without_organizations_what_needs_an_application_fails(api: Api) -> None:
    header = auth(api.sandbox)
    api.sandbox.set_fault("inner", service="organization")
    for query in ("{ activeApplication { id } }", SEND, CREATE % "new@example.net", USERS):
        assert api.error(query, auth=header)["message"] == text("organization")
    assert api.data(ME, auth=header)["activeAppUser"]


def test_a_hanging_token_service_stops_whoever_has_a_credential(api: Api) -> None:
    header = auth(api.sandbox)
    api.sandbox.set_fault("inner", service="token", hangs=True, seconds=0.2)
    assert api.data("{ activeApplication { name } }")
    assert api.data(CONTEXT)["activeAppContext"] == {"hasUser": False}
    assert api.error(ME, auth="Basic x")["message"].startswith("Invalid authorization type")
    for sent in (header, "AppUser garbage"):
        begin = time.monotonic()
        with pytest.raises(requests.ConnectionError):
            api.post("{ ping }", auth=sent)
        assert time.monotonic() - begin >= 0.2
    with pytest.raises(requests.ConnectionError):
        api.post(SEND)
    assert api.sandbox.outbox == []


def test_what_ran_before_something_hangs_stays_done(api: Api) -> None:
    api.sandbox.set_fault("inner", service="mailer", hangs=True, seconds=0.0)
    create = (CREATE % "new@example.net").removeprefix("mutation {").removesuffix("}")
    with pytest.raises(requests.ConnectionError):
        api.post(f"mutation {{ {create} {SEND.removeprefix('mutation {')}")
    api.sandbox.clear_fault()
    assert api.data('{ appUser(input: { email: "new@example.net" }) { id } }')["appUser"]
    assert api.sandbox.outbox == []


def test_the_database_is_away(api: Api) -> None:
    header = auth(api.sandbox)
    waiting = "no connection available for operation and number of stored operation > 0"
    for seconds, message in ((60, waiting), (0, "Topology was destroyed")):
        api.sandbox.set_fault("database", seconds=seconds)
        error = api.error(ME, auth=header)
        assert (error["message"], error["extensions"]["code"]) == (message, "UNAUTHENTICATED")
        error = api.error("{ activeApplication { id } }")
        assert error["message"] == message
        assert error["extensions"]["exception"] == {"statusCode": 500}
        # What is no token is refused without a look into the database.
        assert api.error(ME, auth="AppUser garbage")["message"] == "jwt malformed"
        assert api.data('{ localeCountry(input: { code: "US" }) { id } }')


def test_the_mail_provider_refuses(api: Api) -> None:
    api.sandbox.set_fault("mail")
    error = api.error(SEND)
    assert error["message"] == "Forbidden"
    assert error["extensions"]["exception"] == {"statusCode": 500}
    assert api.sandbox.outbox == []
    api.sandbox.set_fault("mail", message="Unauthorized")
    assert api.error(SEND)["message"] == "Unauthorized"


def test_without_places_a_country_cannot_be_checked(api: Api) -> None:
    api.sandbox.set_fault("inner", service="locale")
    assert api.data(CREATE % "new@example.net")
    placed = """mutation { createAppUser(
      input: { email: "other@example.net", countryCode: "US" }) { id } }"""
    assert api.error(placed)["message"] == text("locale")


def test_words_of_an_outage_can_be_chosen(api: Api) -> None:
    header = auth(api.sandbox)
    api.sandbox.set_fault("inner", service="token", message="undefined")
    error = api.error(ME, auth=header)
    assert (error["message"], error["extensions"]["code"]) == ("undefined", "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("mode", "options", "hint"),
    [
        ("nope", {}, "mode is one of: none, html502"),
        (["none"], {}, "mode is one of"),
        (None, {}, "mode is one of"),
        ("html502", {"seconds": 1}, "does not know seconds"),
        ("html502", {"self": 1}, "does not know self"),
        ("slow", {"seconds": "long"}, "seconds is a number"),
        ("slow", {"seconds": True}, "seconds is a number"),
        ("slow", {"seconds": -1}, "between 0 and 3600"),
        ("slow", {"seconds": float("nan")}, "between 0 and 3600"),
        ("inner", {"service": "kitchen"}, "service is one of: token, application"),
        ("inner", {"message": 5}, "message is a text"),
        ("inner", {"hangs": "yes"}, "hangs is true or false"),
        ("mail", {"seconds": 5}, "does not know seconds"),
        ("database", {"seconds": -1}, "between 0 and 3600"),
        ("blocked", {"disabled": 1}, "disabled is true or false"),
        ("drop", {"times": 0}, "times is a whole number"),
        ("drop", {"times": True}, "times is a whole number"),
        ("drop", {"operations": "activeAppUser"}, "operations is a list"),
        ("drop", {"operations": [1]}, "operations is a list"),
    ],
)
def test_bad_faults_say_what_to_write(
    api: Api, mode: Any, options: dict[str, Any], hint: str
) -> None:
    with pytest.raises(FaultError, match=hint):
        api.sandbox.set_fault(mode, **options)
    response = api.session.post(
        f"{api.server.base_url}/_sandbox/faults",
        data=json.dumps({"mode": mode, **options}),
        headers={"content-type": "application/json"},
        timeout=5,
    )
    assert response.status_code == 400
    assert hint in response.json()["error"]
    assert api.sandbox.fault is None


def test_set_over_http_the_pages_stay_up(api: Api) -> None:
    base = api.server.base_url
    for mode in ("html502", "drop", "hang", "blocked", "inner", "database", "mail", "slow"):
        answer = api.session.post(f"{base}/_sandbox/faults", json={"mode": mode}, timeout=5)
        assert answer.json() == {"status": "ok", "mode": mode}
        page = api.session.get(f"{base}/", timeout=5)
        assert f"Trouble is on: {mode}" in page.text
        assert api.session.get(f"{base}/_sandbox/outbox", timeout=5).json() == []
    api.session.post(f"{base}/_sandbox/faults", json={"mode": "none"}, timeout=5)
    assert api.data("{ ping }")
