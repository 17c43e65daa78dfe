"""``{% load identityx %}``: what a visitor may see, in templates."""

from __future__ import annotations

import logging
from typing import Any

from django import template

from ..access import Access, get_access
from ..exceptions import Unavailable

logger = logging.getLogger("django_identityx")

register = template.Library()


@register.simple_tag(takes_context=True)
def identityx_access(context: Any, *names_or_ids: str) -> Access:
    """``{% identityx_access "Premium" as access %}``: the visitor's `Access`.

    In an outage ``access.unavailable`` is True: the page stays up, and what the access would have
    opened stays shut.
    """
    try:
        return get_access(context["request"], *names_or_ids)
    except Unavailable:
        logger.debug("Access unknown: IdentityX is unavailable.")
        return Access(allowed=False, unavailable=True, fresh=False)
