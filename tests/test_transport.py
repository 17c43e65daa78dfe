"""The wire and its accidents, against a server that controls every byte."""

from __future__ import annotations

import logging
import shutil
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_identityx import process
from django_identityx.addresses import Visitor
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import (
    ConfigurationError,
    Failing,
    InvalidInput,
    Malformed,
    OperationFailed,
    Unreachable,
)
from django_identityx.service import Answer, Operation, Transport

from . import faulty_server as wire
from .faulty_server import Behaviour, FaultyServer
from .leaks import SECRET, assert_no_secret, logged, text_of

SHORT = (0.2, 0.3)  # where it runs out
CAP = sum(SHORT)
TIMEOUT = (15, 15)
MAX_REQUEST = 100 * 1024
HEADER = f"AppUser {SECRET}"
QUERY = Operation("query { ping }", {"input": {"token": SECRET}})
MUTATION = Operation("mutation { ping }", {"input": {"token": SECRET}}, is_mutation=True)
PONG = {"ping": "pong"}


def send(url: str, operation: Operation = QUERY, timeout: tuple[float, float] = TIMEOUT) -> Answer:
    operation = replace(operation, credential=Credential(TokenType.APP_USER, SECRET))
    return Transport(url, timeout=timeout, allow_http=True).execute(operation, "plain")


ACCIDENTS: dict[str, Behaviour] = {
    "502 HTML": wire.html502(),
    "500 text": wire.answer("Internal Server Error", status=500, content_type="text/plain"),
    "500 JSON of a proxy": wire.answer('{"message": "no"}', status=500),
    "504 JSON of GraphQL's shape": wire.graphql(None, [wire.error("upstream timeout")], status=504),
    "401 JSON": wire.graphql(None, [wire.error("jwt expired")], status=401),
    "400 without a body": wire.answer("", status=400),
    "503 HTML": wire.answer("<html>not now</html>", status=503, content_type="text/html"),
    "204": wire.answer("", status=204),
    "200 without a body": wire.answer(""),
    "200 HTML": wire.answer("<html>sign in to the wifi</html>", content_type="text/html"),
    "cut JSON": wire.cut_json(),
    "nested JSON": wire.answer("[" * 100_000),
    "invalid UTF-8": wire.answer(b'{"data": {"ping": "\xff"}}'),
    "a list": wire.answer('[{"data": {"ping": "pong"}}]'),
    "a string": wire.answer('"pong"'),
    "a number": wire.answer("42"),
    "null": wire.answer("null"),
    "an empty object": wire.answer("{}"),
    "data null": wire.graphql(None),
    "data null and no error": wire.graphql(None, []),
    "data a list": wire.graphql([]),
    "data a string": wire.graphql("pong"),
    "errors an object": wire.graphql(PONG, {"message": "no"}),
    "errors a string": wire.graphql(PONG, "no"),
    "errors of strings": wire.graphql(PONG, ["no"]),
    "errors with null": wire.graphql(PONG, [None]),
    "an error without a message": wire.graphql(PONG, [{"extensions": {}}]),
    "a message that is no text": wire.graphql(PONG, [{"message": {"text": "no"}}]),
    "a path that is no list": wire.graphql(PONG, [{"message": "no", "path": "ping"}]),
    "compressed": wire.gzipped({"data": PONG}),
    "more than 1 MB": wire.large(2**20 + 1),
    "more than 1 MB, chunked": wire.large(2**20 + 1, with_length=False),
    "without an end, chunked": wire.endless(),
    "without an end or length": wire.endless(is_chunked=False),
    "301": wire.redirect("/elsewhere", 301),
    "302": wire.redirect("/elsewhere", 302),
    "307": wire.redirect("/elsewhere", 307),
    "308": wire.redirect("/elsewhere", 308),
    "a redirect without an end": wire.raw(
        b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n" + b" " * (2**20 + 1)
    ),
    "a redirect that is no URL": wire.redirect("http://[", 302),
    "dropped": wire.drop(),
    "reset": wire.reset(),
    "reset on accept": wire.reset_on_accept(),
    "reset in the body": wire.reset_mid_body(),
    "cut in the body": wire.cut_mid_body(),
    "silence": wire.hang(),
    "silence in the body": wire.hang_mid_body(),
    "not HTTP": wire.raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a status that is no number": wire.raw(b"HTTP/1.1 abc Fine\r\n\r\n{}"),
    "a header without an end": wire.raw(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000),
    "too many headers": wire.raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 200 + b"\r\n{}"),
    "two lengths": wire.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n{}"),
    "a chunk size that is no number": wire.raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
    ),
    "a header that is none, with the token": wire.raw(
        f"HTTP/1.1 200 OK\r\nX-A: a\r\n{SECRET}\r\nX-B: b\r\n\r\nno".encode()
    ),
    "interim answers only": wire.raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
}


@pytest.mark.parametrize("name", ACCIDENTS)
def test_s06_s19_an_accident_is_unreachable_in_time_and_without_a_secret(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultyServer(ACCIDENTS[name]) as server:
        began = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            send(server.url, timeout=SHORT)
        assert time.monotonic() - began < CAP + 10
        assert len(server.requests) <= 1  # a fresh connection: nothing is sent again
    assert_no_secret(text_of(caught.value))
    assert_no_secret(logged(caplog))


def test_nobody_listens() -> None:
    with wire.refusing_port() as url, pytest.raises(Unreachable, match="could not be connected"):
        send(url)


def test_a_connection_attempt_that_hangs() -> None:
    with wire.unaccepting_port() as url:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="connection in time"):
            send(url, timeout=SHORT)
        assert time.monotonic() - began < CAP + 10


@pytest.mark.slow
def test_several_addresses_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with four addresses, three of which are unreachable, and then all of them."""
    with wire.unaccepting_port() as silent, FaultyServer() as server:
        lost = ("127.0.0.1", int(silent.rpartition(":")[2].partition("/")[0]))
        found = [lost] * 3 + [("127.0.0.1", server.port)]

        def resolve(*args: object) -> list[tuple[object, ...]]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        patient = Transport("http://several.localhost:1/", timeout=(1, 1), allow_http=True)
        assert patient.execute(QUERY).data == PONG
        process.reset()
        found[3] = lost
        began = time.monotonic()
        with pytest.raises(Unreachable, match="connection in time"):
            patient.execute(QUERY)
        assert time.monotonic() - began < 3.5  # and not one second for each


def test_a_family_that_this_machine_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyServer() as server:
        good = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", server.port))
        bad = (socket.AF_INET6, socket.SOCK_STREAM, 132, "", ("::1", server.port, 0, 0))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args: [bad, good])
        assert send("http://several.localhost:1/graphql").data == PONG


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(Unreachable, match="could not be connected"):
        send("https://identityx.invalid/graphql")


@pytest.mark.parametrize(
    "behaviour",
    [
        wire.trickle(pause=0.02),
        wire.trickle_head(pause=0.02),
        wire.by(
            lambda received: wire._trickled(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 500, 0.02
            )
        ),
    ],
    ids=["body", "head", "chunk size"],
)
def test_s06_the_cap_holds_though_every_read_is_in_time(behaviour: Behaviour) -> None:
    with FaultyServer(behaviour) as server:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            send(server.url, timeout=SHORT)
        assert CAP * 0.9 < time.monotonic() - began < CAP + 10


def test_s20_an_answer_of_1_mb_is_read() -> None:
    with FaultyServer(wire.large(2**20), wire.large(2**20, with_length=False)) as server:
        assert len(send(server.url).data["ping"]) > 2**20 - 100
        assert len(send(server.url).data["ping"]) > 2**20 - 100
        assert server.connections == 1


def test_chunked_answers_keep_the_connection() -> None:
    with FaultyServer(wire.chunked({"data": PONG})) as server:
        for _ in range(3):
            assert send(server.url).data == PONG
        assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_s20_redirects_are_not_followed(status: int) -> None:
    with FaultyServer(wire.graphql(PONG)) as other:
        with FaultyServer(wire.redirect(other.url, status)) as server, pytest.raises(Unreachable):
            send(server.url)
        assert other.connections == 0


def test_cookies_of_one_exchange_do_not_reach_the_next() -> None:
    cookie = {"Set-Cookie": "session=of-somebody; Path=/"}
    with FaultyServer(wire.answer('{"data": {"ping": 1}}', headers=cookie)) as server:
        send(server.url)
        send(server.url)
        assert server.connections == 1
        assert [received.headers.get("cookie") for received in server.requests] == [None, None]


# --- What is sent ----------------------------------------------------------------------------


def test_what_goes_out() -> None:
    operation = Operation(
        "query Ping { ping }",
        {"a": "é"},
        name="Ping",
        app_id="app",
        org_id="org",
        visitor=Visitor("192.0.2.1", "Firefox"),
    )
    with FaultyServer() as server:
        send(server.url, operation)
        (received,) = server.requests
    assert (received.method, received.path) == ("POST", "/graphql")
    assert received.json == {
        "query": "query Ping { ping }",
        "variables": {"a": "é"},
        "operationName": "Ping",
    }
    headers = received.headers
    assert headers["content-type"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert headers["x-app-id"] == "app"
    assert headers["x-org-id"] == "org"
    assert headers["x-forwarded-for"] == "192.0.2.1"
    assert headers["user-agent"] == "Firefox"
    assert headers["authorization"] == HEADER


def test_what_does_not_go_out() -> None:
    with FaultyServer() as server:
        Transport(server.url, timeout=TIMEOUT).execute(Operation("query { ping }"))
        (received,) = server.requests
    assert not {"authorization", "x-app-id", "x-org-id", "x-forwarded-for"} & set(received.headers)
    assert received.headers["user-agent"].startswith("django-identityx/")
    assert "operationName" not in received.json


def test_s20_the_environment_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with FaultyServer() as proxy, FaultyServer() as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        send(server.url)
        Transport(server.url, timeout=TIMEOUT).execute(QUERY)
        assert proxy.connections == 0
        assert [received.authorization for received in server.requests] == [HEADER, None]


@pytest.mark.parametrize(
    "operation",
    [
        Operation("query { ping }", app_id="a\nx-org-id: b"),
        Operation("query { ping }", app_id=" leading"),
        Operation("query { ping }", app_id="ключ"),
        Operation("query { ping }", org_id="a\r\n\r\nGET / HTTP/1.1"),
    ],
)
def test_a_setting_that_no_header_can_carry(operation: Operation) -> None:
    with FaultyServer() as server:
        with pytest.raises(ConfigurationError) as caught:
            send(server.url, operation)
        assert server.requests == []
    assert_no_secret(text_of(caught.value))


def test_an_authorization_that_no_header_can_carry_is_not_repeated() -> None:
    with FaultyServer() as server:
        for token in (f"{SECRET}\nx: y", f"{SECRET}é\u20ac"):
            operation = replace(QUERY, credential=Credential(TokenType.APP_USER, token))
            with pytest.raises(Malformed) as caught:
                Transport(server.url, timeout=TIMEOUT).execute(operation)
            assert_no_secret(text_of(caught.value))
        assert server.requests == []


# --- Errors that are answers -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ('Context creation failed: The application ID "x" is no longer allowed.', 400),
        ('Context creation failed: The IdentityX application ID "x" is disabled by them.', 500),
    ],
)
def test_a_refused_application_is_a_configuration_error(message: str, status: int) -> None:
    refusal = wire.graphql(None, [wire.error(message, "FORBIDDEN")], status=status)
    with (
        FaultyServer(refusal) as server,
        pytest.raises(ConfigurationError, match="IDENTITYX_APP_ID"),
    ):
        send(server.url)


def test_s19_a_400_that_echoes_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultyServer(wire.echo()) as server, pytest.raises(OperationFailed) as caught:
        send(server.url)
    assert_no_secret(text_of(caught.value))
    assert_no_secret(logged(caplog))
    assert caught.value.code == "INTERNAL_SERVER_ERROR"


@pytest.mark.parametrize("status", [200, 500])
def test_an_echo_with_another_status(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultyServer(wire.echo(status=status)) as server:
        if status == 200:
            assert_no_secret(repr(send(server.url)))
        else:
            with pytest.raises(Unreachable) as caught:
                send(server.url)
            assert_no_secret(text_of(caught.value))
    assert_no_secret(logged(caplog))


def test_a_code_that_echoes_the_token() -> None:
    with FaultyServer(wire.echo(code=SECRET)) as server, pytest.raises(OperationFailed) as caught:
        send(server.url)
    assert_no_secret(text_of(caught.value))
    assert caught.value.code == ""


def test_more_than_it_takes_is_not_sent() -> None:
    with FaultyServer() as server:
        send(server.url, Operation("query { ping }", {"text": "x" * (MAX_REQUEST - 200)}))
        with pytest.raises(InvalidInput, match="100 KB") as caught:
            send(server.url, Operation("query { ping }", {"text": SECRET * 1000}))
        assert len(server.requests) == 1
    assert_no_secret(text_of(caught.value))


def test_more_than_it_takes_after_all() -> None:
    page = wire.answer("<html>too large</html>", status=413, content_type="text/html")
    with FaultyServer(page) as server, pytest.raises(InvalidInput, match="100 KB"):
        send(server.url)


@pytest.mark.parametrize("value", [object(), {1, 2}, {"x": b"bytes"}, float])
def test_a_value_that_is_no_json(value: object) -> None:
    with FaultyServer() as server:
        with pytest.raises(InvalidInput) as caught:
            send(server.url, Operation("query { ping }", {"token": SECRET, "value": value}))
        assert server.requests == []
    assert_no_secret(text_of(caught.value))


@pytest.mark.parametrize(
    ("header", "expected"),
    [("17", 17), ("0", 1), ("99999", 3600), ("", 5), ("-1", 5), ("²", 5), ("9" * 5000, 5)],
)
def test_it_asks_for_fewer_calls(header: str, expected: int) -> None:
    page = wire.answer("slow down", status=429, headers={"Retry-After": header})
    with FaultyServer(page) as server, pytest.raises(Failing, match="fewer calls") as caught:
        send(server.url)
    assert caught.value.retry_after == expected


def test_a_page_that_echoes_the_token() -> None:
    page = wire.answer(f"no {SECRET}", status=502)
    with FaultyServer(page) as server, pytest.raises(Unreachable) as caught:
        send(server.url)
    assert_no_secret(text_of(caught.value))


# --- Dead connections ------------------------------------------------------------------------


@pytest.mark.parametrize("end", [wire.drop(), wire.reset()], ids=["FIN", "RST"])
def test_a_query_on_a_dead_connection_is_sent_again(end: Behaviour) -> None:
    with FaultyServer(wire.graphql(PONG), end, wire.graphql({"ping": "again"})) as server:
        assert send(server.url).data == PONG
        assert send(server.url).data == {"ping": "again"}
        assert [received.connection for received in server.requests] == [1, 1, 2]


def test_a_query_is_sent_again_only_once() -> None:
    with FaultyServer(wire.graphql(PONG), wire.drop()) as server:
        send(server.url)
        with pytest.raises(Unreachable):
            send(server.url)
        assert len(server.requests) == 3


@pytest.mark.parametrize("end", [wire.drop(), wire.reset()], ids=["FIN", "RST"])
def test_a_mutation_is_never_sent_twice(end: Behaviour) -> None:
    with FaultyServer(wire.graphql(PONG), end, wire.graphql(PONG)) as server:
        send(server.url)
        with pytest.raises(Unreachable):
            send(server.url, MUTATION)
        assert len(server.requests) == 2
        assert send(server.url, MUTATION).data == PONG


@pytest.mark.parametrize("operation", [QUERY, MUTATION], ids=["query", "mutation"])
def test_a_connection_closed_while_idle_is_not_used(operation: Operation) -> None:
    with FaultyServer(wire.idle_close(wire.graphql(PONG))) as server:
        for _ in range(3):
            assert send(server.url, operation).data == PONG
            time.sleep(0.02)  # until the FIN is there
        assert len(server.requests) == 3
        assert server.connections == 3


def test_a_fresh_connection_that_is_dropped_is_not_tried_again() -> None:
    with FaultyServer(wire.drop()) as server:
        with pytest.raises(Unreachable):
            send(server.url)
        assert len(server.requests) == 1


def test_a_connection_to_another_server_does_not_count_as_reused() -> None:
    with FaultyServer() as one, FaultyServer(wire.drop()) as other:
        send(one.url)
        with pytest.raises(Unreachable):
            send(other.url)
        assert len(other.requests) == 1


@pytest.mark.parametrize("behaviour", [wire.hang(), wire.cut_mid_body(), wire.reset_mid_body()])
def test_what_may_have_been_executed_is_not_sent_again(behaviour: Behaviour) -> None:
    with FaultyServer(wire.graphql(PONG), behaviour, wire.graphql(PONG)) as server:
        send(server.url)
        with pytest.raises(Unreachable):
            send(server.url, timeout=SHORT)
        assert len(server.requests) == 2


def test_a_connection_with_half_an_answer_in_it_is_not_used_again() -> None:
    late = wire.by(lambda received: wire.large(2**20 + 1))
    with FaultyServer(late, wire.graphql(PONG)) as server:
        with pytest.raises(Unreachable):
            send(server.url)
        assert send(server.url).data == PONG
        assert [received.connection for received in server.requests] == [1, 2]


def test_a_late_answer_does_not_go_to_somebody_else() -> None:
    def late(exchange: wire.Exchange) -> bool:
        exchange.wait(0.6)
        return wire.graphql({"ping": "late"})(exchange)

    with FaultyServer(late, wire.graphql(PONG)) as server:
        with pytest.raises(Unreachable):
            send(server.url, timeout=SHORT)
        time.sleep(0.15)
        assert send(server.url).data == PONG


def test_each_of_many_threads_gets_its_own_answer() -> None:
    mirror = wire.by(lambda received: wire.graphql({"ping": received.json["variables"]["n"]}))
    answers: list[bool] = []

    def ask(n: int) -> None:
        operation = Operation("query { ping }", {"n": n})
        answers.extend(send(server.url, operation).data == {"ping": n} for _ in range(10))

    with FaultyServer(mirror) as server:
        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [True] * 80
        assert len(server.requests) == 80
        assert server.connections <= 8


# --- Kept alive ------------------------------------------------------------------------------


def test_fifty_calls_one_connection() -> None:
    with FaultyServer() as server:
        for _ in range(50):
            send(server.url)
        assert (server.connections, len(server.requests)) == (1, 50)


def test_fifty_threads_one_after_the_other_one_connection() -> None:
    with FaultyServer() as server:
        for _ in range(50):
            thread = threading.Thread(target=send, args=(server.url,))
            thread.start()
            thread.join()
        assert (server.connections, len(server.requests)) == (1, 50)


def test_refusals_keep_the_connection_too() -> None:
    with FaultyServer(wire.html502(), wire.echo(), wire.graphql(PONG)) as server:
        with pytest.raises(Unreachable):
            send(server.url)
        with pytest.raises(OperationFailed):
            send(server.url)
        send(server.url)
        assert server.connections == 1


# --- Where it may lead -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://identity-x.example/graphql",
        "http://localhost:8787/graphql",
        "http://127.0.0.1/graphql",
        "http://[::1]:8787/graphql",
    ],
)
def test_urls_that_are_taken(url: str) -> None:
    assert Transport(url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://identity-x.example/graphql",
        "http://127.0.0.1.example/graphql",
        "http://localhost@identity-x.example/graphql",
        "ftp://identity-x.example/graphql",
        "file:///etc/passwd",
        "identity-x.example/graphql",
        "https:///graphql",
        "https://identity-x.example:port/graphql",
        "https://[identity-x.example/graphql",
        "",
    ],
)
def test_s20_urls_that_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="IDENTITYX_API_URL"):
        Transport(url)


def test_plain_http_elsewhere_where_it_is_allowed() -> None:
    assert Transport("http://identityx.internal/graphql", allow_http=True)
    with pytest.raises(ConfigurationError):
        Transport("ftp://identityx.internal/graphql", allow_http=True)


needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl, which makes the certificate, is missing"
)


@needs_openssl
def test_s20_a_certificate_that_nobody_signed_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    context, _ = wire.self_signed(tmp_path)
    with FaultyServer(tls=context) as server:
        with pytest.raises(Unreachable, match="certificate") as caught:
            send(server.url)
        assert server.requests == []
    assert_no_secret(text_of(caught.value))
    assert_no_secret(logged(caplog))


@needs_openssl
def test_a_certificate_in_the_environment_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = wire.self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(certificate))
    with FaultyServer(tls=context) as server, pytest.raises(Unreachable, match="certificate"):
        send(server.url)


def test_plain_http_behind_an_https_url() -> None:
    with FaultyServer() as server, pytest.raises(Unreachable):
        send(server.url.replace("http:", "https:"), timeout=SHORT)


# --- Rest ------------------------------------------------------------------------------------


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 "]))
def test_whatever_arrives_is_an_answer_or_unreachable(data: bytes, beginning: bytes) -> None:
    with FaultyServer(wire.raw(beginning + data)) as server, pytest.raises(Unreachable):
        Transport(server.url, timeout=(1, 1)).execute(QUERY)


def test_s19_reprs_have_no_secret() -> None:
    credential = Credential(TokenType.APP_USER, SECRET)
    operation = Operation("query { ping }", {"input": {"token": SECRET}}, credential=credential)
    assert_no_secret(repr(operation))
