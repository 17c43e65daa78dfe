"""The pages: public ones that ask nobody, and those that need to know who is there."""

import sys
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from django_identityx.decorators import access_level_required, complete_profile_required
from django_identityx.users import is_app_user, is_org_user

from .articles import ARTICLES, find
from .office import COOKIE


def front(request: HttpRequest) -> HttpResponse:
    """Public. Its template greets with ``request.identityx.hint``, which never asks IdentityX."""
    lead, *others = ARTICLES
    return render(request, "daily/front.html", {"lead": lead, "others": others})


def article(request: HttpRequest, slug: str) -> HttpResponse:
    """Public, but for the articles of which strangers see the beginning only."""
    found = find(slug)
    if found is None or found.level:
        raise Http404
    # A public article does not look at request.user, and so stays up whatever happens.
    whole = not found.members_only or request.user.is_authenticated
    return render(request, "daily/article.html", {"article": found, "whole": whole})


@access_level_required("Premium")
def premium(request: HttpRequest, slug: str) -> HttpResponse:
    """Who has the level, or comes from a network that has it; others are told what it takes."""
    found = find(slug)
    if found is None or found.level != "Premium":
        raise Http404
    return render(request, "daily/article.html", {"article": found, "whole": True})


@require_POST
def office(request: HttpRequest) -> HttpResponse:
    """The switch for development: be at the office, or at home again. See `daily.office`."""
    response = redirect("front")
    if "leave" in request.POST:
        response.delete_cookie(COOKIE)
    else:
        response.set_cookie(COOKIE, "1", httponly=True, samesite="Lax")
    return response


@login_required
@never_cache
def members(request: HttpRequest) -> HttpResponse:
    """Everybody who is signed in."""
    context = {
        "reader": request.user if is_app_user(request.user) else None,
        "articles": [item for item in ARTICLES if item.members_only],
    }
    return render(request, "daily/members.html", context)


@complete_profile_required
@never_cache
def card(request: HttpRequest) -> HttpResponse:
    """Readers whose profile is complete; the others are asked for the rest first."""
    return render(request, "daily/card.html", {"reader": request.identityx.user})


@never_cache
def staff(request: HttpRequest) -> HttpResponse:
    """OrgUsers only; their roles come from IdentityX with each verification."""
    if not request.user.is_authenticated:
        return redirect(f"{reverse('identityx:org-login')}?next={request.path}")
    if not is_org_user(request.user):
        return render(request, "daily/not_staff.html", status=403)
    return render(request, "daily/staff.html", {"person": request.user, "articles": ARTICLES})


@never_cache
def try_it(request: HttpRequest) -> HttpResponse:
    """Commands to paste. No token is in them: a site keeps those in its sessions."""
    context = {
        "site": request.build_absolute_uri("/").rstrip("/"),
        "python": _short(Path(sys.executable)),
        "manage": _short(settings.BASE_DIR / "manage.py"),
        "api_url": settings.IDENTITYX_API_URL,
        "kinds": [{"prefix": prefix, "who": who} for prefix, who in KINDS],
    }
    return render(request, "daily/try_it.html", context)


KINDS = (
    ("AppUser", "A reader"),
    ("OrgUser", "Somebody of the staff"),
    ("OrgUserApiToken", "A script acting for somebody of the staff"),
)


def _short(path: Path) -> Path:
    """The path as one types it in the directory of the project."""
    project = settings.BASE_DIR.parent
    return path.relative_to(project) if path.is_relative_to(project) else path
