"""A million hostile headers through the parser: a credential, nobody's, or malformed; nothing else.

Half of them are mutations of good headers, since pure noise seldom gets far. Run by ``make soak``.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import time
from collections import Counter

from django_identityx.credentials import parse_authorization, read_claims
from django_identityx.exceptions import Malformed

PIECES = [
    "Bearer", "bearer", "AppUser", "OrgUser", "OrgUserApiToken", "appuser", "Basic", "Token",
    " ", "  ", "\t", ",", "=", ".", "..", "\x00", "\x1c", "\x85", "\xa0", "é", "\ud800", "e30",
    "eyJhIjoxfQ", "W10", "bnVsbA", "A" * 5000, "-", "_", "+", "/", "%00", "\r\n", '"', "\U0001f600",
]  # fmt: skip
CLAIMS = [
    "app-user-auth", "user-auth", 0, -1, 1e400, True, None, [], {}, "\ud800", "x" * 300, 10**400,
    [[[[]]]], float("nan"),
]  # fmt: skip


def encoded(value: object) -> str:
    text = json.dumps(value) if not isinstance(value, str) else value
    return base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode().rstrip("=")


def token(chance: random.Random) -> str:
    names = chance.choices(["sub", "iss", "aud", "jti", "iat", "exp", "nbf", "x"], k=4)
    payload: object = {name: chance.choice(CLAIMS) for name in names}
    if chance.random() < 0.1:
        payload = "[" * chance.randrange(2000)
    return ".".join((encoded({"alg": "HS256"}), encoded(payload), "c2lnbmF0dXJl"))


def header(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return "".join(chance.choices(PIECES, k=chance.randrange(8)))
    text = (
        f"{chance.choice(['Bearer ', 'bearer ', ''])}{chance.choice(PIECES[2:6])} {token(chance)}"
    )
    if chance.random() < 0.5:
        place = chance.randrange(len(text))
        text = text[:place] + chance.choice(PIECES) + text[place + chance.randrange(3) :]
    return text


def outcome(text: str) -> str:
    try:
        credential = parse_authorization(text)
        if credential is None:
            return "nobody's"
        read_claims(credential.token)
    except Malformed:
        return "malformed"
    return "a credential"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--headers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=20261124)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    counts: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(options.headers):
        text = header(chance)
        started = time.perf_counter()
        try:
            counts[outcome(text)] += 1
        except Exception as error:
            counts[f"{type(error).__name__} (wrong)"] += 1
            print(f"{text[:200]!r}: {type(error).__name__}")
        slowest = max(slowest, time.perf_counter() - started)
    for name, count in counts.most_common():
        print(f"{count:>9}  {name}")
    print(f"slowest: {slowest * 1e3:.1f} ms")
    return 1 if any("wrong" in name for name in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
