"""Asking for a link: the same for the page and its JSON twin."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from .. import ratelimits, sending
from ..addresses import visitor
from ..applications import Application
from ..credentials import TokenType
from . import redirects
from .cookies import Known


class Asking:
    """A view that sends links; ``as_view()`` takes what goes with each of them."""

    source: str | None = None
    additional_context: dict[str, Any] | None = None
    app_context_id: str | None = None

    def send(
        self,
        request: HttpRequest,
        application: Application,
        email: str,
        token_type: TokenType,
        *,
        target: str,
        source: str,
    ) -> None:
        """Count the request and have a link sent; ``source`` is what came with the request."""
        ratelimits.limit_sending(
            request,
            email,
            token_type,
            app_id=application.app_id,
            known_browser=Known.is_of(request, email),
        )
        sending.send_login_link(
            email,
            token_type=token_type,
            redirect_to=redirects.safe_target(request, target) or None,
            source=self.source or redirects.safe_word(source),
            additional_context=self.additional_context,
            app_context_id=self.app_context_id,
            visitor=visitor(request),
            request=request,
            application=application,
        )
