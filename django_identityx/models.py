"""What must outlive caches and processes: who is signed in where, and which links were used."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SignIn(models.Model):
    """One session of one person. It goes with its session; no page looks at it."""

    kind = models.CharField(_("kind"), max_length=16)
    app_id = models.CharField(_("application"), max_length=24, blank=True)
    identity_id = models.CharField(_("IdentityX id"), max_length=64)
    actor_id = models.CharField(_("acting for them"), max_length=64, blank=True, default="")
    session_key = models.CharField(max_length=40, unique=True)
    created_at = models.DateTimeField(_("signed in"))
    last_seen = models.DateTimeField(_("last seen"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    user_agent = models.CharField(_("browser"), max_length=512, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        indexes = [
            models.Index(fields=["kind", "app_id", "identity_id"], name="identityx_signin_person")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.identity_id}"


class Claim(models.Model):
    """A link that was taken: the keyed digest of its token, by whom, and until when it matters."""

    digest = models.CharField(max_length=64, primary_key=True)
    holder = models.TextField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("used link")
        verbose_name_plural = _("used links")

    def __str__(self) -> str:
        return self.digest
