"""Addresses of the site; IdentityX's pages are under ``account/``."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from . import api, views

urlpatterns = [
    path("", views.front, name="front"),
    path("bookmarks/", views.bookmarks, name="bookmarks"),
    path("articles/<int:pk>/bookmark/", views.bookmark, name="bookmark"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("api/articles/", api.Articles.as_view()),
    path("api/bookmarks/", api.Bookmarks.as_view()),
    path("admin/", admin.site.urls),
    path("account/", include("django_identityx.urls")),  # IdentityX
]
