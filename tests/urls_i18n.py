"""A site whose pages stand under the language's code."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

urlpatterns = i18n_patterns(path("account/", include("django_identityx.urls")))
