"""What the pages share: headers, our own CSRF check, and pages for what went wrong."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.generic import View

from ... import applications, outages, sessions
from ...exceptions import ConfigurationError, OperationFailed, Rejected, Unavailable, Unclear
from ...ratelimits import LimitExceeded
from .. import csrf, redirects
from ..cookies import MAX_CARRIED, Carrier
from ..headers import set_headers
from ..reasons import reason_for, too_many

logger = logging.getLogger("django_identityx")


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class Page(View):
    """A page of ours. Trouble and limits become pages, never bare errors."""

    http_method_names = ["get", "head", "post", "options"]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view: Any = super().as_view(**initkwargs)
        view.login_required = False
        return view

    @method_decorator(sensitive_variables())
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase
        # What a stranger names as the charset may be no encoding of text.
        request.encoding = settings.DEFAULT_CHARSET
        try:
            failure = csrf.failure(request) if request.method == "POST" else ""
            if failure:
                response = self.csrf_failed(failure)
            else:
                response = super().dispatch(request, *args, **kwargs)
        except LimitExceeded as error:
            response = self.later("too_many", error.wait, text=too_many(error.wait))
        except Rejected as rejected:  # who is signed in may not do this
            response = self.problem(rejected.reason)
        except (Unavailable, ConfigurationError) as error:
            response = self.later("unavailable", outages.tell(request, error))
        except OperationFailed:
            trouble = Unclear("IdentityX refused a question in which nothing is wrong.")
            response = self.later("unavailable", outages.tell(request, trouble))
        except ImproperlyConfigured as error:
            response = self.later(
                "unavailable", outages.tell(request, ConfigurationError(str(error)))
            )
        assert isinstance(response, HttpResponse)  # noqa: S101 - none of ours streams
        csrf.leave_cookie(request, response)
        return set_headers(response)

    def page(self, template: str, *, code: str = "", **context: Any) -> HttpResponse:
        """Render a template of ours; ``code`` is what went wrong, by which comes the status."""
        reason = reason_for(code) if code else None
        known = {
            "hint": sessions.get_hint(self.request),
            "acting": sessions.get_actor_hint(self.request),
            "code": code,
            "title": reason and reason.title,
            "text": reason and reason.text,
            "status": reason.status if reason else 200,
            **context,
        }
        if code:
            logger.debug("page: %s, %s", known["status"], code)
        return render(
            self.request, f"identityx/{template}.html", known, status=int(known["status"])
        )

    def problem(self, code: str, **context: Any) -> HttpResponse:
        """A page that says what happened."""
        return self.page("problem", code=code, **context)

    def again(self, code: str, **context: Any) -> HttpResponse:
        """What to show where the same may be tried again: a page keeps what it was given."""
        return self.problem(code, **context)

    def to_login(self) -> HttpResponse:
        """Lead to the sign-in, and back here."""
        logger.debug("page: nobody is signed in")
        return redirect_to_login(self.request.get_full_path(), reverse("identityx:login"))

    def csrf_failed(self, code: str) -> HttpResponse:
        return self.again(code)

    def later(self, code: str, wait: int, **context: Any) -> HttpResponse:
        response = self.again(code, **context)
        response["Retry-After"] = str(wait)
        return response

    def carry(self, carrier: Carrier) -> HttpResponse:
        """Go to the callback with a link that is in no URL."""
        if len(carrier.token) > MAX_CARRIED:
            return self.problem("too_long", staff=carrier.staff)
        response = HttpResponseRedirect(reverse("identityx:callback"), status=303)
        carrier.leave(self.request, response)
        return response

    @cached_property
    def application(self) -> applications.Application:
        return applications.current(self.request)

    @property
    def target(self) -> str:
        """Where to go afterwards, as far as it is safe."""
        return redirects.safe_target(self.request, self.sent(redirects.FIELD))

    def sent(self, name: str) -> str:
        """What came along under ``name``."""
        data = self.request.POST if self.request.method == "POST" else self.request.GET
        return str(data.get(name, ""))
