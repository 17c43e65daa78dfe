"""The limits as DRF throttle classes, on views of a site's own."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from django_identityx import ratelimits
from django_identityx.throttling import (
    RedeemAddressThrottle,
    SendAddressThrottle,
    SendEmailThrottle,
)

factory = APIRequestFactory()


class View(APIView):
    """A site's own form for links."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (JSONParser,)

    def post(self, request: Request) -> Response:
        return Response({"sent": True})


def post(
    *throttles: type, data: Any = None, address: str = "198.51.100.7", body: str | None = None
) -> Any:
    request = factory.post(
        "/subscribe/",
        body if body is not None else json.dumps(data),
        content_type="application/json",
        REMOTE_ADDR=address,
    )
    return View.as_view(throttle_classes=throttles)(request)


def test_by_address() -> None:
    for _ in range(10):
        assert post(SendAddressThrottle).status_code == 200
    response = post(SendAddressThrottle)
    assert response.status_code == 429
    assert 58 <= int(response.headers["Retry-After"]) <= 60
    assert post(SendAddressThrottle, address="198.51.100.8").status_code == 200
    assert post(RedeemAddressThrottle).status_code == 200


def test_by_email() -> None:
    for number in range(5):
        data = {"email": "reader@example.net"}
        assert post(SendEmailThrottle, data=data, address=f"198.51.100.{number}").status_code == 200
    response = post(SendEmailThrottle, data={"email": "READER@example.net"}, address="203.0.113.9")
    assert response.status_code == 429
    assert post(SendEmailThrottle, data={"email": "other@example.net"}).status_code == 200


def test_redeeming() -> None:
    statuses = [post(RedeemAddressThrottle).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]


def test_several() -> None:
    both = (SendAddressThrottle, SendEmailThrottle)
    for _ in range(5):
        assert post(*both, data={"email": "reader@example.net"}).status_code == 200
    assert post(*both, data={"email": "reader@example.net"}).status_code == 429
    assert post(*both, data={"email": "other@example.net"}).status_code == 200


def test_they_count_with_our_own_pages() -> None:
    django_request = factory.post("/", REMOTE_ADDR="198.51.100.7")
    for number in range(10):
        ratelimits.limit_sending(django_request, f"reader{number}@example.net")
    assert post(SendAddressThrottle).status_code == 429


@pytest.mark.parametrize("data", [None, [], ["email"], "email", 7, {}, {"email": 7}, {"e": "x"}])
def test_data_without_an_email(data: Any) -> None:
    """The view's own serializer is going to say what is wrong with it."""
    for _ in range(10):
        assert post(SendEmailThrottle, data=data).status_code == 200


def test_a_body_that_can_not_be_read() -> None:
    assert post(SendEmailThrottle, body="{").status_code == 400


def test_off(settings) -> None:
    settings.IDENTITYX_THROTTLE_RATES = None
    for _ in range(50):
        assert (
            post(SendAddressThrottle, SendEmailThrottle, RedeemAddressThrottle).status_code == 200
        )


def test_a_field_of_another_name() -> None:
    class ByAddressee(SendEmailThrottle):
        field = "to"

    for _ in range(5):
        assert post(ByAddressee, data={"to": "reader@example.net"}).status_code == 200
    assert post(ByAddressee, data={"to": "reader@example.net"}).status_code == 429


def test_a_race() -> None:
    """DRF's own read, then write: here nobody slips through between."""
    ready, statuses = threading.Barrier(32), []

    def run() -> None:
        ready.wait()
        statuses.append(post(SendEmailThrottle, data={"email": "reader@example.net"}).status_code)

    threads = [threading.Thread(target=run) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 5 + [429] * 27
