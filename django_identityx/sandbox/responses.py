"""A response of the sandbox, before it becomes bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

TEXT = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Response:
    """Status, headers and body; ``dropped`` means that the connection ends without them."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    dropped: bool = False

    def json(self) -> Any:
        """Return the body's value."""
        return json.loads(self.body)


def json_response(status: int, value: object, content_type: str = JSON) -> Response:
    """Return a value as JSON."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Response(status, {"content-type": content_type}, text.encode("utf-8", "replace"))


def text_response(status: int, text: str, content_type: str = TEXT) -> Response:
    """Return a text, with the content type that the service gives all of them."""
    return Response(status, {"content-type": content_type}, text.encode())


def html_error(status: int, title: str) -> Response:
    """Return the page that the service's web framework makes of an error."""
    return text_response(
        status,
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n'
        f"</head>\n<body>\n<pre>{title}</pre>\n</body>\n</html>\n",
    )


def bad_gateway() -> Response:
    """Return what a proxy answers that can't reach the service."""
    return text_response(
        502,
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
        "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n"
        "</body>\r\n</html>\r\n",
        "text/html",
    )
