"""For class-based views, sync and async, as in ``django.contrib.auth.mixins``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.http import HttpRequest

from .decorators import APP_USER, COMPLETE_PROFILE, ORG_USER, Guard, access_level, org_role


class _Guarded:
    """Asks a guard before the view; stands before ``View`` among the bases."""

    def guard(self) -> Guard:
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        dispatch = partial(super().dispatch, request, *args, **kwargs)  # type: ignore[misc]
        return self.guard().dispatch(self, request, dispatch)


class AppUserRequiredMixin(_Guarded):
    """`decorators.app_user_required` for a class-based view."""

    def guard(self) -> Guard:
        return APP_USER


class OrgUserRequiredMixin(_Guarded):
    """`decorators.org_user_required` for a class-based view."""

    def guard(self) -> Guard:
        return ORG_USER


class OrgRoleRequiredMixin(_Guarded):
    """`decorators.org_role_required` for a class-based view, by ``roles``."""

    roles: Sequence[str] = ()
    interactive = False

    def guard(self) -> Guard:
        return org_role(*self.roles, interactive=self.interactive)


class AccessLevelRequiredMixin(_Guarded):
    """`decorators.access_level_required` for a class-based view, by ``access_levels``."""

    access_levels: Sequence[str] = ()

    def guard(self) -> Guard:
        return access_level(*self.access_levels)


class CompleteProfileRequiredMixin(_Guarded):
    """`decorators.complete_profile_required` for a class-based view."""

    def guard(self) -> Guard:
        return COMPLETE_PROFILE
