"""The staff's desk: readers as IdentityX lists them, ban and unban, and "view as".

All of it is done with the credential of who is signed in, so IdentityX itself decides, too.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from django_identityx.client import AppUsers, IdentityXClient
from django_identityx.decorators import org_role_required
from django_identityx.exceptions import OperationFailed

ON_A_PAGE = 25

editors_only = org_role_required("Owner", "Administrator", interactive=True)


@editors_only
@never_cache
def readers(request: HttpRequest) -> HttpResponse:
    """A page of readers, newest first, or of those whose address has what was searched for."""
    phrase, after = request.GET.get("q", "").strip()[:100], request.GET.get("after")
    try:
        page = _people(request).page(phrase, after=after, limit=ON_A_PAGE)
    except OperationFailed:  # somebody has changed the address of the page
        return redirect(_list(phrase, ""))
    context = {"page": page, "phrase": phrase, "after": after or ""}
    return render(request, "daily/readers.html", context)


@editors_only
@require_POST
def ban(request: HttpRequest) -> HttpResponse:
    """Ban a reader, or let them in again."""
    try:
        _people(request).ban(request.POST.get("user", ""), banned="unban" not in request.POST)
    except OperationFailed:
        return render(request, "daily/not_done.html", status=409)
    return redirect(_list(request.POST.get("q", ""), request.POST.get("after", "")))


def _people(request: HttpRequest) -> AppUsers:
    client = IdentityXClient.from_settings()
    return client.with_credential(request.identityx.credential).app_users


def _list(phrase: str, after: str) -> str:
    asked = {name: value for name, value in (("q", phrase), ("after", after)) if value}
    return f"{reverse('readers')}?{urlencode(asked)}" if asked else reverse("readers")
