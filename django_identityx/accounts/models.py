"""`Identity`: which row of ``AUTH_USER_MODEL`` one of IdentityX's people is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Identity(models.Model):
    """One person of IdentityX, and the row that they are here.

    IdentityX's id decides; an address may change. Where the row was deleted, ``user`` is empty:
    what that person still holds lets nobody in until they sign in anew.
    """

    kind = models.CharField(_("kind"), max_length=16)
    app_id = models.CharField(_("application"), max_length=24, blank=True)
    identity_id = models.CharField(_("IdentityX id"), max_length=64)
    user_id: Any  # which Django makes of the next; for type checkers without its plugin
    user: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="identityx_identities",
    )
    made_user = models.BooleanField(_("made the user"), default=False)
    email = models.CharField(_("address at IdentityX"), max_length=254, blank=True)
    # What the role is to give ("is_staff", "group:Editors"), and what of it the row lacked before.
    wanted = models.JSONField(_("role gives"), default=list, blank=True)
    given = models.JSONField(_("given by role"), default=list, blank=True)
    # Of a reader: another identity of the row has been given something.
    lent = models.BooleanField(_("a role gave something"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_seen = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "app_id", "identity_id"], name="identityx_accounts_one_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.identity_id}"
