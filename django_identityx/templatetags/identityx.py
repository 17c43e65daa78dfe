"""``{% load identityx %}``: what a visitor may see, in templates."""

from __future__ import annotations

import logging
from typing import Any

from django import template
from django.apps import apps
from django.conf import settings
from django.http.request import split_domain_port
from django.urls import get_script_prefix
from django.utils.translation import get_language, pgettext

from .. import sessions
from ..access import Access, get_access
from ..comments import Stream, section
from ..conf import conf
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


@register.inclusion_tag("identityx/_comments.html", takes_context=True)
def identityx_comments(
    context: Any, stream: object, title: str = "", url: str = ""
) -> dict[str, Any]:
    """``{% identityx_comments article.slug title=article.title url=article.get_absolute_url %}``.

    The comments of a stream, and a form. ``title`` and ``url`` tell moderators where they stand.
    """
    request = context["request"]
    address = request.build_absolute_uri(url) if url else ""
    return section(request, Stream(str(stream), str(title), address))


@register.inclusion_tag("identityx/_acting.html", takes_context=True)
def identityx_acting(context: Any, next: str = "") -> dict[str, Any]:  # noqa: A002
    """``{% identityx_acting %}``: who acts for whom, with a button that stops it; once on a page.

    Nothing where people act for themselves. Asks nobody, so it stands on public pages in an outage
    as well. ``next`` is where the button leads.
    """
    request, rendering = context.get("request"), context.render_context
    if request is None or hasattr(rendering, "identityx_acting"):
        return {}
    actor = sessions.get_actor_hint(request)
    if not actor:
        return {}
    rendering.identityx_acting = True
    reader, token = sessions.get_hint(request), context.get("csrf_token")
    return {"actor": actor, "reader": reader, "next": next, "csrf_token": token}


@register.simple_tag(takes_context=True)
def identityx_site(context: Any) -> dict[str, str]:
    """``{% identityx_site as site %}``: ``site.name`` and ``site.home``, for a page's head.

    The name is ``IDENTITYX_SITE_NAME``, the one in ``django.contrib.sites``, else the host.
    """
    request = getattr(context, "request", None)
    name = conf.SITE_NAME or ""
    if not name and apps.is_installed("django.contrib.sites") and hasattr(settings, "SITE_ID"):
        from django.contrib.sites.shortcuts import get_current_site

        name = get_current_site(request).name
    elif not name and request is not None:
        name = split_domain_port(request.get_host())[0]
    return {"name": name, "home": get_script_prefix()}


@register.simple_tag
def identityx_language() -> str:
    """The language that these pages speak here: English where there is no catalogue of the site's.

    A catalogue of your own says which it is, by its translation of this one word.
    """
    spoken = pgettext("code of the language of these texts", "en")
    active = get_language() or spoken
    return active if active.partition("-")[0] == spoken.partition("-")[0] else spoken


@register.simple_tag(takes_context=True)
def identityx_first(context: Any) -> bool:
    """Whether ``_assets.html`` is included for the first time in what is being rendered."""
    rendering = context.render_context  # one for a page, with all that it extends and includes
    first = not hasattr(rendering, "identityx_assets")
    rendering.identityx_assets = True
    return first
