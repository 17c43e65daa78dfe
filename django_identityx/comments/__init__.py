"""Comments of readers below a site's pages; off unless ``comment_urls`` is included.

A stream is named by the site, never by a browser: pages and programs carry a key that the site has
signed. `listing` is what a visitor sees of one, kept for a few seconds; `write` and `flag` are what
readers do. Moderators work in IdentityX, or with ``client.comments``.
"""

from __future__ import annotations

from .api import CommentsView as APICommentsView
from .api import FlagView as APIFlagView
from .pages import FlagView, WriteView, section
from .streams import Stream, stream_key

__all__ = [
    "APICommentsView",
    "APIFlagView",
    "FlagView",
    "Stream",
    "WriteView",
    "section",
    "stream_key",
]
