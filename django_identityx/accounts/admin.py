"""Who is which row, to look at: identities come from sign-ins and from `identityx_link`."""

from __future__ import annotations

from django.contrib import admin

from ..admin import ReadOnlyAdmin
from .models import Identity


@admin.register(Identity)
class IdentityAdmin(ReadOnlyAdmin):
    list_display = ("identity_id", "kind", "email", "user", "last_seen")
    list_filter = ("kind", "app_id")
    list_select_related = ("user",)
    search_fields = ("identity_id", "email")
