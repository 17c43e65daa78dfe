"""Addresses of the site. The package's pages are under ``account/``."""

from django.conf import settings
from django.urls import include, path

from . import api, desk, views

urlpatterns = [
    path("", views.front, name="front"),
    path("articles/<slug:slug>/", views.article, name="article"),
    path("premium/<slug:slug>/", views.premium, name="premium"),
    path("members/", views.members, name="members"),
    path("card/", views.card, name="card"),
    path("staff/", views.staff, name="staff"),
    path("staff/readers/", desk.readers, name="readers"),
    path("staff/readers/ban/", desk.ban, name="ban"),
    path("try-it/", views.try_it, name="try-it"),
    path("api/me", api.Me.as_view(), name="api-me"),
    path("api/articles", api.Articles.as_view(), name="api-articles"),
    path("api/premium", api.PremiumArticles.as_view(), name="api-premium"),
    path("account/", include("django_identityx.urls")),
    path("app/", include("django_identityx.token_urls")),  # only for mobile apps
    path("comments/", include("django_identityx.comment_urls")),
]

if settings.DEBUG:
    urlpatterns.append(path("office/", views.office, name="office"))

if settings.API_DOCS:
    from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

    urlpatterns += [
        path("api/schema", SpectacularAPIView.as_view(), name="schema"),
        path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    ]
