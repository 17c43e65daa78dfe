"""``path("comments/", include("django_identityx.comment_urls"))``: comments of readers, opt-in."""

from django.urls import path

from . import comments

app_name = "identityx_comments"

urlpatterns = [
    path("write/", comments.WriteView.as_view(), name="write"),
    path("flag/", comments.FlagView.as_view(), name="flag"),
    path("api/", comments.APICommentsView.as_view(), name="api-comments"),
    path("api/flag/", comments.APIFlagView.as_view(), name="api-flag"),
]
