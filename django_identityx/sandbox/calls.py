"""What was asked of the sandbox, for tests that count."""

from __future__ import annotations

from dataclasses import dataclass

_WORDS = frozenset({"bearer", "appuser", "orguser", "orguserapitoken"})


@dataclass(frozen=True)
class CallRecord:
    """One GraphQL request; of the credential only the words before the token are kept."""

    operations: tuple[str, ...]
    app_id: str | None
    forwarded_for: str | None
    user_agent: str | None
    authorization: str | None


def scheme(header: str | None) -> str | None:
    """Return the known words at the beginning of a header, and nothing of a token."""
    if header is None:
        return None
    words = []
    for word in header.split():
        if word.lower() not in _WORDS:
            break
        words.append(word)
    return " ".join(words)
