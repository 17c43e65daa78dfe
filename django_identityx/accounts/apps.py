"""The optional app: rows of ``AUTH_USER_MODEL`` for IdentityX's people."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "django_identityx.accounts"
    label = "identityx_accounts"
    verbose_name = _("IdentityX accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, receivers  # noqa: F401 - checks register themselves

        receivers.connect()
        if apps.is_installed("django.contrib.admin"):
            _offer_sign_in()
        if apps.is_installed("drf_spectacular"):
            from . import openapi  # noqa: F401 - registers itself


def _offer_sign_in() -> None:
    """Put a link on the admin's login page, whose template may be the site's own."""
    from django.contrib import admin

    from ..conf import conf
    from ..users import OrgUser

    if admin.site.login_template is None and OrgUser.kind in conf.SIGN_IN_KINDS:
        admin.site.login_template = "identityx/admin_login.html"
