"""Where `next` may lead, whichever way it comes in: the form, the JSON, the link."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.http import HttpRequest
from django.urls import reverse

from django_identityx.sandbox import Sandbox
from django_identityx.signin import redirects
from django_identityx.signin.cookies import Carrier

from .site import Visitor

HOSTILE = [
    "https://evil.example/",
    "http://evil.example",
    "HTTPS://EVIL.EXAMPLE/",
    "//evil.example",
    "///evil.example",
    "////evil.example/a",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "/members/\r\nSet-Cookie: a=b",
    " //evil.example",
    " https://evil.example",
    "\x00//evil.example",
    "\x0b//evil.example",
    "\xa0//evil.example",
    "http:evil.example",
    "http:/evil.example",
    "http:///evil.example",
    "https:///evil.example",
    "http:\\\\evil.example",
    "https://testserver@evil.example/",
    "https://testserver:password@evil.example/",
    "https://evil.example\\@testserver/",
    "https://testserver.evil.example/",
    "https://evil.example/testserver",
    "https://evil.example?testserver",
    "https://evil.example#testserver",
    "https://testserver\\.evil.example/",
    "https://testserver\uff0eevil.example/",
    "https://testserver\u2044evil.example/",
    "https://[::1/",
    "https://testserver:99999x/",
    "https://user@testserver/",
    "javascript:alert(1)",
    "JavaScript:alert(1)//",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "ftp://testserver/",
    "file:///etc/passwd",
    "evil.example",
    "evil",
    "identityx:logout",
    "?next=//evil.example",
    "./a",
    "/\ud800",
    "/" + "a" * redirects.MAX_TARGET,
]

GOOD = ["/", "/members/", "/a?b=c&d=%2F#e", "/caf\xe9/", "http://testserver/a", "/a//b", "/a:b"]


@pytest.fixture
def request_() -> HttpRequest:
    request = HttpRequest()
    request.META["HTTP_HOST"] = "testserver"
    return request


def on_https(request: HttpRequest, settings) -> HttpRequest:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request.META["HTTP_X_FORWARDED_PROTO"] = "https"
    return request


@pytest.mark.parametrize("target", GOOD)
def test_good_targets_stay_as_they_are(request_: HttpRequest, target: str) -> None:
    assert redirects.safe_target(request_, target) == target


@pytest.mark.parametrize("target", HOSTILE)
def test_s08_hostile_targets_are_nothing(request_: HttpRequest, settings, target: str) -> None:
    assert redirects.safe_target(request_, target) == ""
    assert redirects.after_login(request_, target) == "/accounts/profile/"
    assert redirects.after_logout(request_, target) == reverse("identityx:login")
    assert redirects.safe_target(on_https(request_, settings), target) == ""


def test_https_does_not_lead_to_http(request_: HttpRequest, settings) -> None:
    request = on_https(request_, settings)
    assert redirects.safe_target(request, "http://testserver/") == ""
    assert redirects.safe_target(request, "https://testserver/") == "https://testserver/"


class TestAllowedHosts:
    def test_exactly_those(self, request_: HttpRequest, settings) -> None:
        settings.IDENTITYX_ALLOWED_REDIRECT_HOSTS = ["www.example.com", "news.example.com:8443"]
        for target in ("https://www.example.com/a", "//www.example.com/a"):
            assert redirects.safe_target(request_, target) == target
        assert redirects.safe_target(request_, "https://news.example.com:8443/")
        for other in ("example.com", "a.www.example.com", "news.example.com", "evil.example"):
            assert redirects.safe_target(request_, f"https://{other}/") == ""

    def test_no_wildcard_by_accident(self, request_: HttpRequest, settings) -> None:
        settings.IDENTITYX_ALLOWED_REDIRECT_HOSTS = {"*", ""}
        assert redirects.safe_target(request_, "https://evil.example/") == ""

    def test_the_whole_way(self, sandbox: Sandbox, settings, db) -> None:
        settings.IDENTITYX_ALLOWED_REDIRECT_HOSTS = ["www.example.com"]
        done = Visitor().sign_in(sandbox, next="https://www.example.com/a")
        assert done.url == "https://www.example.com/a"


def test_fallbacks(request_: HttpRequest, settings) -> None:
    settings.LOGIN_REDIRECT_URL = "identityx:link-sent"
    settings.LOGOUT_REDIRECT_URL = "/bye/"
    assert redirects.after_login(request_, "") == reverse("identityx:link-sent")
    assert redirects.after_logout(request_, "") == "/bye/"


@pytest.mark.django_db
class TestS08OnTheSite:
    """Each way in, for those targets that can be written in a query or a form."""

    targets = pytest.mark.parametrize(
        "target", [t for t in HOSTILE if "\ud800" not in t and len(t) < 1000]
    )

    @pytest.fixture(autouse=True)
    def _unlimited(self, settings) -> None:
        settings.IDENTITYX_THROTTLE_RATES = None

    @pytest.mark.sampled(one_in=8)
    @targets
    def test_next_is_not_sent(self, sandbox: Sandbox, target: str) -> None:
        visitor = Visitor()
        visitor.ask(next=target)
        assert "redirectTo" not in parse_qs(urlsplit(sandbox.outbox[-1].url).query)
        visitor.post(reverse("identityx:login"), {"email": "a@example.net", "next": target})
        page = visitor.get(reverse("identityx:link-sent"))
        assert b'name="next" value=""' in page.content

    @pytest.mark.sampled(one_in=8)
    @targets
    @pytest.mark.parametrize("name", ["redirectTo", "next"])
    def test_what_comes_back_in_the_link(self, sandbox: Sandbox, name: str, target: str) -> None:
        visitor = Visitor()
        url = f"/identityx/callback/?token={sandbox.login_link_token('reader@example.net')}"
        page = visitor.open(f"{url}&{name}={quote(target)}")
        assert visitor.submit(page).url == "/accounts/profile/"

    @pytest.mark.parametrize("target", ["https://evil.example/", "evil", "//evil.example"])
    def test_a_carrier_is_checked_again(self, sandbox: Sandbox, target: str) -> None:
        visitor = Visitor()
        token = sandbox.login_link_token("reader@example.net")
        page = visitor.open(f"/identityx/callback/?token={token}")
        done = visitor.submit(page, carrier=Carrier(token, target).dump())
        assert done.url == "/accounts/profile/"

    @pytest.mark.parametrize("target", ["https://evil.example/", "evil", "javascript:alert(1)"])
    def test_logout(self, target: str) -> None:
        visitor = Visitor()
        page = visitor.get(reverse("identityx:logout"), {"next": target})
        assert visitor.submit(page).url == reverse("identityx:login")
        assert visitor.submit(page, next=target).url == reverse("identityx:login")
