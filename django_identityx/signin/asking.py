"""Asking for a link: the same for the page and its JSON twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import emails, ratelimits, sending, sessions
from ..addresses import visitor
from ..conf import Conf, conf
from ..credentials import TokenType
from ..exceptions import ConfigurationError, Rejected, Unavailable
from ..middleware import details
from ..profile import Catalogue, catalogue
from ..users import AppUser
from . import redirects
from .cookies import Known, Mark
from .entry import Entry
from .forms import SignUpForm


class Asking(Entry):
    """A view that sends links; ``as_view()`` takes what goes with each of them."""

    source: str | None = None
    additional_context: dict[str, Any] | None = None
    app_context_id: str | None = None

    def send(
        self,
        email: str,
        token_type: TokenType,
        *,
        target: str = "",
        source: str = "",
        profile: Mapping[str, str] | None = None,
    ) -> None:
        """Count the request and have a link sent; ``source`` is what came with the request."""
        request = self.django_request
        ratelimits.limit_sending(
            request,
            email,
            token_type,
            app_id=self.application.app_id,
            known_browser=Known.of(request).knows(email),
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
            application=self.application,
            profile=profile,
        )
        if not self.is_claimed:
            self.cookies.append(Mark.for_browser(request).asking(email))

    @property
    def is_claimed(self) -> bool:
        """Whether the address is a link's claim: that makes no browser the one that asked."""
        return "claimed" in self.django_request.POST

    def change(self, email: str, *, target: str) -> None:
        """Count the request and have a link to a new address sent to whoever is signed in.

        Raises `Rejected` (``not_authenticated``, ``readers_only``, ``acting``, ``same_email``),
        and as `send` does; `Unavailable` where no verdict of this moment can be had.
        """
        request = self.django_request
        identity = sessions.get_identity(request)
        if identity is None:
            raise Rejected("not_authenticated")
        if sessions.get_actor_hint(request):
            raise Rejected("acting")
        ratelimits.limit_changing(request, email, identity[2], app_id=self.application.app_id)
        known = details(request)
        known.demand(0)
        user, credential = known.user, known.credential
        if credential is None:
            raise Rejected("not_authenticated")
        if not isinstance(user, AppUser):
            raise Rejected("readers_only")
        if emails.clean(user.email) == email:
            raise Rejected("same_email")
        sending.send_change_email_link(
            request,
            user,
            credential,
            email,
            redirect_to=redirects.safe_target(request, target) or None,
            app_context_id=self.app_context_id,
        )
        self.cookies.append(Mark.for_browser(request).asking(email))

    def sign_up_form(
        self, token_type: TokenType, data: Any = None, *, in_trouble: bool = False, **kwargs: Any
    ) -> SignUpForm:
        """The form that asks for the address, and for ``IDENTITYX_REQUIRED_CREATE_FIELDS``.

        Whoever has answered in this browser, or signed in, is asked for the address only.
        """
        creates = token_type is TokenType.APP_USER and conf.CREATE_APP_USERS
        names = conf.REQUIRED_CREATE_FIELDS if creates else ()
        if names and (problem := Conf.REQUIRED_CREATE_FIELDS.problem):
            raise ConfigurationError(f"IDENTITYX_REQUIRED_CREATE_FIELDS {problem}.")
        known = Catalogue()
        if {"country_code", "region_code"} & {*names}:
            try:
                known = catalogue(self.application)
            except Unavailable:
                if not in_trouble:
                    raise
        request = self.django_request

        def is_excused(email: str) -> bool:
            if self.is_claimed:  # by a link, which somebody has had before
                return True
            return Known.of(request).knows(email) or Mark.of(request).asked_for(email)

        return SignUpForm(data, names=names, known=known, is_excused=is_excused, **kwargs)
