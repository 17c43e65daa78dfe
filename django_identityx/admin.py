"""Who is signed in where, to look at. Django's admin imports this if it is installed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import SignIn


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What this package writes by itself: nobody adds, changes or deletes it by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
    """Without the session's key, which is as good as a password."""

    list_display = ("identity_id", "kind", "created_at", "last_seen", "address", "user_agent")
    list_filter = ("kind", "app_id")
    search_fields = ("identity_id", "address")
    exclude = ("session_key",)
