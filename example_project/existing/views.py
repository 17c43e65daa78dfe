"""The pages; none of them knows of IdentityX."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from .models import Article, Bookmark


def front(request: HttpRequest) -> HttpResponse:
    return render(request, "existing/front.html", {"articles": Article.objects.order_by("pk")})


@login_required
def bookmarks(request: HttpRequest) -> HttpResponse:
    kept = Bookmark.objects.filter(member=request.user).select_related("article")
    return render(request, "existing/bookmarks.html", {"bookmarks": kept})


@require_POST
@login_required
def bookmark(request: HttpRequest, pk: int) -> HttpResponse:
    article = get_object_or_404(Article, pk=pk)
    Bookmark.objects.get_or_create(member=request.user, article=article)
    return redirect("bookmarks")
