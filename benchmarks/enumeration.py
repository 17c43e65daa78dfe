"""Can the time of an answer tell whether somebody has an account?

    python benchmarks/enumeration.py [--requests 200] [--latency 10] [--mail 30]

Asks a site for login links, for known, unknown, burner and banned addresses in an order of chance,
and compares the times with a rank test (Mann and Whitney's). The sandbox runs in a process of its
own; each of its answers takes ``--latency`` ms, and one that mails a link ``--mail`` ms more, as
the real thing does. Two times are looked at: of the answer itself, and of a second request right
behind it, which could feel what the first one left behind.

The first lines are a control: the same requests by a construction that waits for IdentityX, which
the test must tell apart. Exits with 1 if it can tell the package's own answers apart, or can't
tell those of the control.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SIGNIFICANT = 0.01  # for all comparisons together

urlpatterns: list[Any] = []  # this module is the site's URLconf, too


def rank_test(left: list[float], right: list[float]) -> tuple[float, float]:
    """Mann and Whitney's U by its normal approximation, ties corrected: (p, share).

    ``share`` is how often a value of ``left`` is the greater one: 0.5 where nothing can be told.
    """
    values = sorted([(v, 0) for v in left] + [(v, 1) for v in right])
    ranks, ties, start = [0.0, 0.0], 0.0, 0
    while start < len(values):
        end = start
        while end < len(values) and values[end][0] == values[start][0]:
            end += 1
        for _, side in values[start:end]:
            ranks[side] += (start + end + 1) / 2
        ties += (end - start) ** 3 - (end - start)
        start = end
    n, m = len(left), len(right)
    u = ranks[0] - n * (n + 1) / 2
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    z = (abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return math.erfc(max(z, 0.0) / math.sqrt(2)), u / (n * m)


def serve(latency: float, mail: float) -> None:
    """Run the sandbox, and take time for each mail."""
    from django_identityx.sandbox import Response, Sandbox, SandboxServer

    class Mailing(Sandbox):
        def handle(self, *args: Any, **kwargs: Any) -> Response:
            response = super().handle(*args, **kwargs)
            if b'LoginLink":"ok"' in response.body.replace(b" ", b""):
                time.sleep(mail)
            return response

    server = SandboxServer(Mailing(latency=latency))
    print(server.url, flush=True)
    server.serve_forever()


def site(url: str) -> None:
    import django
    from django.conf import settings
    from django.urls import include, path

    settings.configure(
        SECRET_KEY="only-for-measuring-0123456789-0123456789-0123456789",
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "rest_framework",
            "django_identityx",
        ],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        SESSION_ENGINE="django.contrib.sessions.backends.cache",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        IDENTITYX_API_URL=url,
        IDENTITYX_APP_ID="5d1b36070ce467bff670a052",
        IDENTITYX_CALLBACK_URL="https://site.example/account/callback/",
        IDENTITYX_THROTTLE_RATES=None,  # they would end the measuring, as they end an attack
        ALLOWED_HOSTS=["*"],
        USE_TZ=True,
    )
    django.setup()
    urlpatterns.append(path("account/", include("django_identityx.urls")))


def addresses(count: int, run: str) -> dict[str, list[str]]:
    from django_identityx.client import IdentityXClient

    found = {
        "known": [f"known{run}{n:04}@example.net" for n in range(count)],
        "unknown": [f"other{run}{n:04}@example.net" for n in range(count)],
        "burner": [f"other{run}{n:04}@mailinator.com" for n in range(count)],
        "banned": ["banned@example.net"] * count,
    }
    client = IdentityXClient.from_settings()
    for email in found["known"]:
        client.create_app_user(email)
    return found


STAFF = {"known": "member@example.com", "unknown": "nobody@example.com"}


def by_site(kind: str) -> Callable[[str], float]:
    from django.test import Client

    client = Client()

    def ask(email: str) -> float:
        body = json.dumps({"email": email, "kind": kind})
        began = time.perf_counter()
        response = client.post("/account/api/login-link/", body, content_type="application/json")
        took = time.perf_counter() - began
        assert response.status_code == 202, response.content
        return took

    return ask


def waiting(create: bool) -> Callable[[str], float]:
    """The control: ask IdentityX, and answer when it has."""
    from django_identityx.client import IdentityXClient
    from django_identityx.exceptions import OperationFailed

    client, url = IdentityXClient.from_settings(), "https://site.example/account/callback/"

    def ask(email: str) -> float:
        began = time.perf_counter()
        try:
            if create:
                client.create_and_send_app_user_login_link(email, url)
            else:
                client.send_app_user_login_link(email, url)
        except OperationFailed:
            pass
        return time.perf_counter() - began

    return ask


def measure(
    ask: Callable[[str], float], found: dict[str, list[str]], behind: str
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """The times by name, of the answers and of the answers right behind them."""
    from django_identityx.sending import wait_until_sent

    order = [(name, email) for name, emails in found.items() for email in emails]
    random.shuffle(order)
    first: dict[str, list[float]] = {name: [] for name in found}
    second: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(5):
        ask(behind)
    for name, email in order:
        assert wait_until_sent()
        first[name].append(ask(email))
        second[name].append(ask(behind))
    return first, second


def rows(title: str, times: dict[str, list[float]]) -> Iterator[tuple[float, float]]:
    """Print how each kind compares with the known ones, and yield p and share."""
    for name, values in times.items():
        quartiles = [f"{q * 1000:8.2f}" for q in statistics.quantiles(values, n=4)]
        line = f"{title:<34} {name:<8} {len(values):>5} {' '.join(quartiles)}"
        if name != "known":
            p, share = rank_test(times["known"], values)
            line += f" {p:10.3g} {share:7.3f}"
            yield p, share
        print(line, flush=True)


def run(count: int) -> bool:
    from django.test.utils import override_settings

    from django_identityx.sending import wait_until_sent

    head = f"{'':<34} {'address':<8} {'n':>5} {'25 %':>8} {'50 %':>8} {'75 %':>8}"
    print(f"{head} {'p':>10} {'share':>7}   (ms; p and share against known)")
    control: list[float] = []
    for create in (True, False):
        found = addresses(max(count // 5, 20), f"c{create:d}")
        if create:
            del found["unknown"], found["banned"]  # the sandbox takes no time to insert
        else:
            del found["burner"], found["banned"]
        times, _ = measure(waiting(create), found, "reader@example.net")
        control += [p for p, _ in rows(f"control, CREATE_APP_USERS={create}", times)]
    results: list[float] = []
    for create in (True, False):
        with override_settings(IDENTITYX_CREATE_APP_USERS=create):
            found = addresses(count, f"s{create:d}")
            first, second = measure(by_site("AppUser"), found, "reader@example.net")
            results += [p for p, _ in rows(f"reader, CREATE_APP_USERS={create}", first)]
            results += [p for p, _ in rows("  the request behind it", second)]
    staff = {name: [email] * count for name, email in STAFF.items()}
    first, second = measure(by_site("OrgUser"), staff, "owner@example.com")
    results += [p for p, _ in rows("staff", first)]
    results += [p for p, _ in rows("  the request behind it", second)]
    wait_until_sent()
    limit = SIGNIFICANT / len(results)
    told, seen = sum(p < limit for p in results), sum(p < limit for p in control)
    print(f"told apart at p < {limit:.2g}: {told} of {len(results)}; control: {seen} of", end=" ")
    print(len(control))
    return not told and seen == len(control)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=200, help="for each kind of address")
    parser.add_argument("--latency", type=float, default=10, help="of an answer, in ms")
    parser.add_argument("--mail", type=float, default=30, help="more for one that mails, in ms")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.latency / 1000, options.mail / 1000)
        return 0
    sandbox = subprocess.Popen(
        [sys.executable, __file__, "--serve", *sys.argv[1:]], stdout=subprocess.PIPE, text=True
    )
    try:
        assert sandbox.stdout is not None
        site(sandbox.stdout.readline().strip())
        return 0 if run(options.requests) else 1
    finally:
        sandbox.terminate()
        sandbox.wait()
        if sandbox.stdout is not None:
            sandbox.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
