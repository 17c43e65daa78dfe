"""What the pages share: headers, our own CSRF check, and pages for what went wrong."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import View

from ... import sessions
from ...exceptions import ConfigurationError, Unavailable
from ...ratelimits import LimitExceeded
from .. import csrf, redirects
from ..headers import set_headers
from ..marks import MAX_CARRIED, Carrier

logger = logging.getLogger("django_identityx")


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class Page(View):
    """A page of ours. Trouble and limits become pages, never bare errors."""

    http_method_names = ["get", "head", "post", "options"]
    login_required = False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        view.login_required = False  # type: ignore[attr-defined]
        return view

    @method_decorator(sensitive_variables())
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase
        # What a stranger names as the charset may be no encoding of text.
        request.encoding = settings.DEFAULT_CHARSET
        try:
            if request.method == "POST" and csrf.failure(request) is not None:
                response = self.csrf_failed(request)
            else:
                response = super().dispatch(request, *args, **kwargs)
        except LimitExceeded as error:
            response = self.too_many(error.wait)
        except Unavailable as error:
            response = self.trouble(error.retry_after)
        except (ConfigurationError, ImproperlyConfigured) as error:
            logger.error("Signing in does not work: %s", error)
            response = self.trouble(60)
        assert isinstance(response, HttpResponse)  # noqa: S101 - none of ours streams
        csrf.leave_cookie(request, response)
        return set_headers(response)

    def page(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """Render a template of ours with what all of them know."""
        context = {
            "site_name": site_name(self.request),
            "hint": sessions.get_hint(self.request),
            **context,
        }
        return render(self.request, f"identityx/{template}.html", context, status=status)

    def problem(self, code: str, *, status: int, **context: Any) -> HttpResponse:
        """A page that says what happened, by a code that the template knows."""
        return self.page("problem", status=status, code=code, **context)

    def again(self, code: str, *, status: int, **context: Any) -> HttpResponse:
        """What to show where the same may be tried again: a page keeps what it was given."""
        return self.problem(code, status=status, **context)

    def csrf_failed(self, request: HttpRequest) -> HttpResponse:
        return self.again(csrf_code(request), status=403)

    def too_many(self, wait: int) -> HttpResponse:
        response = self.again("too_many", status=429, minutes=(wait + 59) // 60)
        response["Retry-After"] = str(wait)
        return response

    def trouble(self, retry_after: int) -> HttpResponse:
        response = self.again("unavailable", status=503)
        response["Retry-After"] = str(retry_after)
        return response

    def carry(self, token: str, target: str) -> HttpResponse:
        """Go to the callback with a link that is in no URL."""
        if len(token) > MAX_CARRIED:
            return self.problem("too_long", status=400)
        response = HttpResponseRedirect(reverse("identityx:callback"), status=303)
        Carrier(token, target).carry(self.request, response)
        return response

    @property
    def target(self) -> str:
        """Where to go afterwards, as far as it is safe."""
        data = self.request.POST if self.request.method == "POST" else self.request.GET
        return redirects.safe_target(self.request, data.get(redirects.FIELD, ""))


def csrf_code(request: HttpRequest) -> str:
    """What to say of a failed check: a browser without any cookie of this site keeps none."""
    return "csrf" if request.COOKIES else "cookies"


def site_name(request: HttpRequest) -> str:
    """The name of the site: of ``django.contrib.sites`` where it is installed, else the host."""
    from django.apps import apps

    if apps.is_installed("django.contrib.sites") and hasattr(settings, "SITE_ID"):
        from django.contrib.sites.shortcuts import get_current_site

        return str(get_current_site(request).name)
    return split_domain_port(request.get_host())[0]
