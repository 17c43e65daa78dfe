"""Behind a real nginx: over TCP, IPv6 and a unix socket, with one proxy and with two."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from django_identityx.sandbox import Sandbox, SandboxServer

from .requirements import require

pytestmark = pytest.mark.slow

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
READER = "reader@example.net"
SPOOFED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Real-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6",
    "CF-Connecting-IP": "6.6.6.6",
}

CONFIGURATION = """{user}
daemon off;
pid {work}/nginx.pid;
error_log {work}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    map $remote_addr $with_port {{
        ~: "[$remote_addr]:$remote_port";
        default "$remote_addr:$remote_port";
    }}
    server {{
        listen {tcp}; listen [::1]:{tcp};
        location / {{ proxy_pass http://127.0.0.1:{app}; }}
    }}
    server {{
        listen {ipv6}; listen [::1]:{ipv6};
        location / {{ proxy_pass http://[::1]:{app}; }}
    }}
    server {{
        listen {unix}; listen [::1]:{unix};
        location / {{ proxy_pass http://unix:{work}/app; }}
    }}
    server {{
        listen {twice}; listen [::1]:{twice};
        location / {{ proxy_pass http://127.0.0.1:{tcp}; }}
    }}
    server {{
        listen {ports}; listen [::1]:{ports};
        location / {{
            proxy_pass http://127.0.0.1:{app};
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For "$http_x_forwarded_for, $with_port";
        }}
    }}
}}
"""


@dataclass
class Site:
    """Ports by the way to the site: ``tcp``, ``ipv6``, ``unix``, ``twice``, ``ports``."""

    ports: dict[str, int]
    sandbox: Sandbox

    def get(
        self, way: str, path: str, proxies: Any, *, source: str = "127.0.0.5", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Ask as the client with the address ``source``."""
        host = "::1" if ":" in source else "127.0.0.1"
        link = http.client.HTTPConnection(host, self.ports[way], 10, source_address=(source, 0))
        try:
            link.request("GET", f"{path}?proxies={quote(json.dumps(proxies))}", headers=headers)
            response = link.getresponse()
            return response.status, json.loads(response.read())
        finally:
            link.close()

    def address(self, way: str, proxies: Any, **options: str) -> str | None:
        status, found = self.get(way, "/address/", proxies, **options)
        assert status == 200
        return found["address"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require(NGINX, "nginx is not installed")
    require(has_ipv6(), "this machine has no IPv6")
    work = tmp_path_factory.mktemp("nginx")
    ports = {name: free_port() for name in ("tcp", "ipv6", "unix", "twice", "ports", "app")}
    user = "user root;" if os.geteuid() == 0 else ""  # else one who can't reach the socket
    configuration = CONFIGURATION.format(work=work, user=user, **ports)
    (work / "nginx.conf").write_text(configuration)
    binds = [f"127.0.0.1:{ports['app']}", f"[::1]:{ports['app']}", f"unix:{work}/app"]
    with SandboxServer(Sandbox(), port=0) as server:
        environment = {
            **os.environ,
            "NGINX_SITE_API_URL": server.url,
            "NGINX_SITE_DATABASE": f"{work}/site.sqlite3",
            "HOME": str(work),
        }
        gunicorn = [sys.executable, "-m", "gunicorn", "tests.nginx_site", "--log-level", "error"]
        gunicorn += [part for bind in binds for part in ("--bind", bind)]
        assert NGINX
        processes = [
            subprocess.Popen(gunicorn, cwd=Path(__file__).parent.parent, env=environment),
            subprocess.Popen([NGINX, "-c", str(work / "nginx.conf"), "-e", f"{work}/error.log"]),
        ]
        try:
            found = Site(ports, server.sandbox)
            for way in ("tcp", "ipv6", "unix"):
                wait_for(found, way)
            yield found
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(10)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as found:
            found.bind(("::1", 0))
    except OSError:
        return False
    return True


def wait_for(site: Site, way: str) -> None:
    for _ in range(300):
        try:
            if site.get(way, "/address/", 1)[0] == 200:
                return
        except (OSError, ValueError):
            pass
        time.sleep(0.1)
    raise AssertionError(f"nothing answers over {way}")


WAYS = ["tcp", "ipv6", "unix", "ports"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("source", ["127.0.0.5", "::1"])
@pytest.mark.parametrize("headers", [{}, SPOOFED], ids=["", "spoofed"])
def test_one_hop(site: Site, way: str, source: str, headers: dict[str, str]) -> None:
    assert site.address(way, 1, source=source, **headers) == source


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("headers", [{}, SPOOFED], ids=["", "spoofed"])
def test_by_network(site: Site, way: str, headers: dict[str, str]) -> None:
    networks = ["127.0.0.1", "::1"]
    assert site.address(way, networks, **headers) == "127.0.0.5"


def test_a_network_that_is_too_wide_lets_its_clients_choose(site: Site) -> None:
    """What the documentation warns of."""
    assert site.address("tcp", ["127.0.0.0/8"], **SPOOFED) == "6.6.6.6"


@pytest.mark.parametrize("way", WAYS)
def test_nothing_declared(site: Site, way: str) -> None:
    assert site.address(way, None) is None


def test_no_proxies_declared(site: Site) -> None:
    """Wrong here, since there is one: all visitors are nginx, whatever they say."""
    assert site.address("tcp", 0, **SPOOFED) == "127.0.0.1"
    assert site.address("unix", 0, **SPOOFED) is None


def test_two_proxies(site: Site) -> None:
    assert site.address("twice", 2) == "127.0.0.5"
    assert site.address("twice", 2, **SPOOFED) == "127.0.0.5"
    assert site.address("twice", ["127.0.0.1"]) == "127.0.0.5"
    assert site.address("twice", 1) == "127.0.0.1"  # the outer proxy: all visitors are one
    assert site.address("tcp", 2) is None  # a header of the client's own would count
    assert site.address("tcp", 2, **SPOOFED) == "6.6.6.6"


@pytest.mark.parametrize("way", ["tcp", "unix", "ports"])
def test_limits_count_clients_apart(site: Site, way: str) -> None:
    number = 10 + WAYS.index(way)
    statuses = [
        site.get(way, "/limited/", 1, source=f"127.0.1.{number}", **SPOOFED)[0] for _ in range(31)
    ]
    assert statuses == [200] * 30 + [429]
    assert site.get(way, "/limited/", 1, source=f"127.0.2.{number}")[0] == 200


@pytest.mark.parametrize("way", ["tcp", "ipv6", "unix"])
def test_the_whole_way(site: Site, way: str) -> None:
    """Ask, open the mail, press the button, read the page; with the link through nginx."""
    root = f"http://127.0.0.1:{site.ports[way]}"
    before = len(site.sandbox.outbox)
    with requests.Session() as browser:
        page = browser.get(f"{root}/identityx/login/", timeout=10)
        sent = browser.post(page.url, {**hidden(page.text), "email": READER}, timeout=10)
        assert sent.status_code == 200
        link = mail(site, before)
        page = browser.get(f"{root}/identityx/callback/?{link.partition('?')[2]}", timeout=10)
        assert page.status_code == 200
        assert "token=" not in page.url
        browser.post(page.url, hidden(page.text), timeout=10)
        answer = browser.get(f"{root}/members/", timeout=10)
    assert answer.text == f"members: {READER}"


def hidden(page: str) -> dict[str, str]:
    """The fields of the first form that people don't see."""
    form = page.partition("<form")[2].partition("</form>")[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def mail(site: Site, number: int) -> str:
    """The link in the mail with this number; it is sent behind the answer."""
    for _ in range(100):
        if len(site.sandbox.outbox) > number:
            return site.sandbox.outbox[number].url
        time.sleep(0.1)
    raise AssertionError("no mail came")


@pytest.mark.parametrize("size", [100, 2000, 2600, 2900])
def test_long_links_fit_into_its_buffers(site: Site, size: int) -> None:
    """None is a 414 or a 502 of nginx's: what is too long is told by the site's own page."""
    payload = {"sub": "app-user-login-link", "aud": READER, "iss": "5d1b36070ce467bff670a052"}
    payload["data"] = os.urandom(size * 3 // 8).hex()
    parts: list[dict[str, Any]] = [{"alg": "HS256"}, payload]
    coded = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    answer = requests.get(
        f"http://127.0.0.1:{site.ports['tcp']}/identityx/callback/",
        {"token": ".".join([*coded, "x" * 43])},
        timeout=10,
        allow_redirects=False,
    )
    assert answer.is_redirect or answer.status_code == 400
    assert "Referrer-Policy" in answer.headers
