"""What a visitor may see, as IdentityX answers: by person, by e-mail domain and by network.

`get_access` tells; `denied_page` and `denied_data` say no, to people and to programs. One question
a visitor (credential and address; for nobody: address and application), whatever levels are asked
for, kept and shared as verdicts about credentials are. Three answers: allowed, not allowed, and
`Unavailable`, which is neither "allowed" nor "buy a subscription".
"""

from __future__ import annotations

from .answers import Access, aget_access, get_access
from .denials import NEVER_STORED, denied_data, denied_page, denied_status
from .messages import safe_html

__all__ = [
    "NEVER_STORED",
    "Access",
    "aget_access",
    "denied_data",
    "denied_page",
    "denied_status",
    "get_access",
    "safe_html",
]
