"""For class-based views, sync and async, as in ``django.contrib.auth.mixins``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.http import HttpRequest

from . import decorators


class _Guarded:
    """Asks a guard before the view; stands before ``View`` among the bases."""

    def guard(self) -> decorators.Guard:
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        dispatch = partial(super().dispatch, request, *args, **kwargs)  # type: ignore[misc]
        return self.guard().dispatch(self, request, dispatch)


class AppUserRequiredMixin(_Guarded):
    """`decorators.app_user_required` for a class-based view."""

    def guard(self) -> decorators.Guard:
        return decorators.APP_USER


class OrgUserRequiredMixin(_Guarded):
    """`decorators.org_user_required` for a class-based view."""

    def guard(self) -> decorators.Guard:
        return decorators.ORG_USER


class OrgRoleRequiredMixin(_Guarded):
    """`decorators.org_role_required` for a class-based view, by ``roles``."""

    roles: Sequence[str] = ()
    interactive = False

    def guard(self) -> decorators.Guard:
        return decorators.org_role_required(*self.roles, interactive=self.interactive)


class AccessLevelRequiredMixin(_Guarded):
    """`decorators.access_level_required` for a class-based view, by ``access_levels``."""

    access_levels: Sequence[str] = ()

    def guard(self) -> decorators.Guard:
        return decorators.access_level_required(*self.access_levels)


class CompleteProfileRequiredMixin(_Guarded):
    """`decorators.complete_profile_required` for a class-based view."""

    def guard(self) -> decorators.Guard:
        return decorators.COMPLETE_PROFILE
