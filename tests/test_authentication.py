"""DRF authentication over real HTTP to the sandbox: three prefixes, three answers."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from rest_framework.authentication import BasicAuthentication, TokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_identityx.authentication import (
    AppUserAuthentication,
    IdentityXAuthentication,
    OrgUserAuthentication,
)
from django_identityx.credentials import Credential, TokenType
from django_identityx.sandbox import DAILY_APP_ID, WEEKLY_APP_ID, Sandbox
from django_identityx.testing import authorization
from django_identityx.users import ApiTokenUser, AppUser, OrgUser

pytestmark = pytest.mark.django_db

PROTECTED = "/api/protected/"


def get(authorization: str | None, path: str = PROTECTED):
    headers = {} if authorization is None else {"Authorization": authorization}
    return Client().get(path, headers=headers)


class Whoami(APIView):
    """Keeps what authentication made of the request."""

    authentication_classes = [IdentityXAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Request) -> Response:
        return Response({"user": request.user, "auth": request.auth})

    post = get


def whoami(header: str | None, method: str = "get", **attributes) -> Response:
    view = type("View", (Whoami,), attributes).as_view()
    extra = {} if header is None else {"HTTP_AUTHORIZATION": header}
    return view(getattr(APIRequestFactory(), method)("/", **extra))


def test_app_user(sandbox: Sandbox) -> None:
    token = sandbox.app_user_token("subscriber@example.net")
    data = whoami(f"Bearer AppUser {token}").data
    user = data["user"]
    assert isinstance(user, AppUser)
    assert user.email == "subscriber@example.net"
    assert user.app_id == DAILY_APP_ID
    assert [level.name for level in user.access_levels] == ["Premium"]
    assert data["auth"] == Credential(TokenType.APP_USER, token)
    assert token not in repr(data["auth"])


def test_org_user(sandbox: Sandbox) -> None:
    user = whoami(f"Bearer OrgUser {sandbox.org_user_token('admin@example.com')}").data["user"]
    assert type(user) is OrgUser
    assert user.name == "Ada Admin"
    assert [(m.role, m.organization_name) for m in user.memberships] == [
        ("Administrator", "Acme Media")
    ]


def test_api_token(sandbox: Sandbox) -> None:
    data = whoami(f"Bearer OrgUserApiToken {sandbox.api_token('owner@example.com')}").data
    assert type(data["user"]) is ApiTokenUser
    assert data["auth"].token_type is TokenType.ORG_USER_API_TOKEN


@pytest.mark.parametrize("form", ["Bearer AppUser {}", "AppUser {}", "bEARER appuser {}"])
def test_both_dialects_in_any_case(sandbox: Sandbox, form: str) -> None:
    token = sandbox.app_user_token("reader@example.net")
    assert get(form.format(token)).status_code == 200


@pytest.mark.parametrize("header", [None, "", "Basic eA==", "Bearer x", "Bearer Something x"])
def test_a_foreign_header_is_nobody_and_costs_no_call(sandbox: Sandbox, header: str | None) -> None:
    assert get(header, "/api/open/").json()["kind"] is None
    response = get(header)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert sandbox.count() == 0


@pytest.mark.parametrize("header", [None, "Basic eA==", "Bearer AppUser x"])
def test_s15_the_answer_varies_by_the_header_also_where_it_is_absent(
    sandbox: Sandbox, header: str | None
) -> None:
    assert "Authorization" in get(header, "/api/open/")["Vary"]


def test_others_work_before_and_after_ours(sandbox: Sandbox, django_user_model) -> None:
    django_user_model.objects.create_user("ann", password="secret")
    basic = "Basic YW5uOnNlY3JldA=="
    for classes in (
        [IdentityXAuthentication, BasicAuthentication],
        [BasicAuthentication, IdentityXAuthentication],
    ):
        assert whoami(basic, authentication_classes=classes).data["user"].username == "ann"
        token = sandbox.org_user_token("owner@example.com")
        response = whoami(f"Bearer OrgUser {token}", authentication_classes=classes)
        assert response.data["user"].email == "owner@example.com"
    assert TokenAuthentication.keyword == "Token"  # a Bearer class of its own is E009's subject


def malformed(sandbox: Sandbox) -> dict[str, str]:
    reader = sandbox.app_user_token("reader@example.net")
    owner = sandbox.org_user_token("owner@example.com")
    now = int(time.time())
    claims = {"aud": "reader@example.net", "iss": DAILY_APP_ID, "sub": "app-user-auth", "jti": "x"}
    return {
        "no token": "Bearer AppUser",
        "three words": f"Bearer AppUser {reader} {reader}",
        "not a JWT": "Bearer AppUser garbage",
        "not JSON": "Bearer AppUser aaaa.bbbb.cccc",
        "not an object": "Bearer AppUser eyJhIjoxfQ.WzFd.cccc",
        "not ASCII": "Bearer AppUser é.é.é",
        "too long": "Bearer AppUser " + "a" * 9000,
        "wrong kind": f"Bearer AppUser {owner}",
        "wrong kind, the other way": f"Bearer OrgUser {reader}",
        "a login link": f"Bearer AppUser {sandbox.login_link_token('reader@example.net')}",
        "expired": f"Bearer AppUser {sandbox.sign({**claims, 'exp': now - 61})}",
        "other application": "Bearer AppUser "
        + sandbox.app_user_token("reader@example.net", WEEKLY_APP_ID),
    }


@pytest.mark.parametrize("case", list(malformed(Sandbox())))
def test_ours_and_malformed_is_401_without_a_call(sandbox: Sandbox, case: str) -> None:
    header = malformed(sandbox)[case]
    response = get(header)
    assert response.status_code == 401
    challenge = response["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="api", error="invalid_token", error_description="')
    assert header.split()[-1] not in response.content.decode() + challenge
    assert sandbox.count() == 0


@pytest.mark.parametrize("form", ["forged", "revoked"])
def test_rejected_by_identityx_is_401(sandbox: Sandbox, form: str) -> None:
    token = sandbox.app_user_token("reader@example.net")
    if form == "revoked":
        sandbox.revoke(token)
    else:
        token = token.rpartition(".")[0] + ".c2lnbmF0dXJl"
    response = get(f"Bearer AppUser {token}")
    assert response.status_code == 401
    assert 'error="invalid_token"' in response["WWW-Authenticate"]
    assert response["Vary"].split(", ").count("Authorization") == 1


@pytest.mark.parametrize("mode", ["html502", "drop", "inner", "hang"])
def test_trouble_is_503_with_retry_after(sandbox: Sandbox, settings, mode: str) -> None:
    settings.IDENTITYX_TIMEOUT = (0.3, 0.3)
    sandbox.set_fault(mode)
    response = get(f"Bearer AppUser {sandbox.app_user_token('reader@example.net')}")
    assert response.status_code == 503
    assert int(response["Retry-After"]) >= 1
    sandbox.clear_fault()


def test_a_refused_application_is_503_and_a_line_that_names_the_setting(
    sandbox: Sandbox, caplog
) -> None:
    sandbox.set_fault("blocked")
    response = get(f"Bearer AppUser {sandbox.app_user_token('reader@example.net')}")
    assert response.status_code == 503
    assert any("IDENTITYX_APP_ID" in record.getMessage() for record in caplog.records)


def test_narrowed_classes_leave_the_other_kind_alone(sandbox: Sandbox) -> None:
    reader = f"Bearer AppUser {sandbox.app_user_token('reader@example.net')}"
    owner = f"Bearer OrgUser {sandbox.org_user_token('owner@example.com')}"
    api = f"Bearer OrgUserApiToken {sandbox.api_token('owner@example.com')}"
    for_readers = {"authentication_classes": [AppUserAuthentication]}
    for_staff = {"authentication_classes": [OrgUserAuthentication]}
    assert whoami(reader, **for_readers).status_code == 200
    assert whoami(owner, **for_readers).status_code == 401
    assert whoami(owner, **for_staff).status_code == 200
    assert whoami(api, **for_staff).status_code == 200
    assert whoami(reader, **for_staff).status_code == 401
    both = {"authentication_classes": [AppUserAuthentication, OrgUserAuthentication]}
    assert whoami(owner, **both).status_code == 200
    assert whoami("Bearer OrgUser too many words", **for_readers).status_code == 401


def test_a_verdict_is_remembered_and_max_age_0_asks_again(sandbox: Sandbox) -> None:
    header = f"Bearer AppUser {sandbox.app_user_token('reader@example.net')}"
    whoami(header)
    asked = sandbox.count()
    whoami(header)
    assert sandbox.count() == asked
    asking = type("Asking", (IdentityXAuthentication,), {"max_age": 0})
    whoami(header, authentication_classes=[asking])
    assert sandbox.count() == asked + 1


def test_unsafe_methods_may_ask_for_more(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_UNSAFE_METHODS_MAX_AGE = 0
    header = f"Bearer AppUser {sandbox.app_user_token('reader@example.net')}"
    whoami(header)
    asked = sandbox.count()
    whoami(header)
    assert sandbox.count() == asked
    whoami(header, "post")
    assert sandbox.count() == asked + 1


def test_a_banned_reader_is_refused_only_where_the_setting_says_so(
    sandbox: Sandbox, settings
) -> None:
    headers = authorization(sandbox, "banned@example.net")
    assert get(headers["Authorization"]).status_code == 200
    settings.IDENTITYX_REFUSE_BANNED = True
    assert get(headers["Authorization"]).status_code == 401


def test_the_loaded_user_becomes_request_user(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_USER_LOADER = "tests.test_loading.row_of"
    data = whoami(authorization(sandbox, "reader@example.net")["Authorization"]).data
    assert data["user"].username == "reader@example.net"
    assert data["user"].pk is not None
    assert isinstance(data["auth"], Credential)


def test_who_the_loader_does_not_admit_is_401(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_USER_LOADER = "tests.test_loading.nobody"
    response = whoami(authorization(sandbox, "reader@example.net")["Authorization"])
    assert response.status_code == 401


def test_an_address_with_many_rejected_tokens_waits(sandbox: Sandbox, settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = {"reject-address": "3/min"}
    good = authorization(sandbox, "reader@example.net")["Authorization"]
    new = authorization(sandbox, "subscriber@example.net")["Authorization"]
    assert get(good).status_code == 200
    for number in range(3):
        claims = {"sub": "app-user-auth", "iss": DAILY_APP_ID, "jti": str(number), "aud": "a@b.c"}
        assert get(f"Bearer AppUser {sandbox.sign(claims)}").status_code == 401
    asked = sandbox.count()
    response = get(new)
    assert response.status_code == 429
    assert 50 <= int(response["Retry-After"]) <= 61
    assert get(good).status_code == 200  # known, and so never in question
    assert sandbox.count() == asked
    elsewhere = Client().get(PROTECTED, headers={"Authorization": new}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 200
    settings.IDENTITYX_THROTTLE_RATES = None
    assert get(new).status_code == 200
