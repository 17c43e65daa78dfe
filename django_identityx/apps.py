"""The app: wiring that needs Django to be ready."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core.signals import setting_changed
from django.utils.translation import gettext_lazy as _


class IdentityXConfig(AppConfig):
    name = "django_identityx"
    verbose_name = _("IdentityX")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, outages, sessions  # noqa: F401 - checks register themselves

        setting_changed.connect(_reset, dispatch_uid="django_identityx")
        sessions.connect()
        outages.connect()
        if apps.is_installed("drf_spectacular"):
            from . import openapi  # noqa: F401 - registers what is said of our classes and views


def _reset(*, setting: str, **kwargs: Any) -> None:
    """Drop what was made from the old settings."""
    if setting == "CACHES" or setting.startswith("IDENTITYX_"):
        from . import process

        process.reset()
