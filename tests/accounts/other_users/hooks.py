"""What a site with required fields says of its new rows."""

from __future__ import annotations

from typing import Any


def company(user: Any) -> dict[str, Any]:
    return {"company": "Readers", "number": int(user.id[-6:], 16)}
