"""Asking for a link: to sign in, or to change the address, and the page that follows."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from ... import emails, sessions
from ...conf import conf
from ...credentials import TokenType
from ...exceptions import Rejected
from ...users import AppUser
from .. import redirects
from ..asking import Asking
from ..cookies import Carrier, Known, Note
from ..flow import CHANGED
from ..forms import EmailForm, LinkForm, NewEmailForm, SignUpForm
from ..reasons import reason_for
from .base import Page

# Where people read their mail, by the domain of the address.
_WEBMAIL = {
    "gmail.com": ("Gmail", "https://mail.google.com/"),
    "googlemail.com": ("Gmail", "https://mail.google.com/"),
    "outlook.com": ("Outlook", "https://outlook.live.com/mail/"),
    "hotmail.com": ("Outlook", "https://outlook.live.com/mail/"),
    "live.com": ("Outlook", "https://outlook.live.com/mail/"),
    "msn.com": ("Outlook", "https://outlook.live.com/mail/"),
    "yahoo.com": ("Yahoo Mail", "https://mail.yahoo.com/"),
    "icloud.com": ("iCloud Mail", "https://www.icloud.com/mail/"),
    "me.com": ("iCloud Mail", "https://www.icloud.com/mail/"),
    "proton.me": ("Proton Mail", "https://mail.proton.me/"),
}


class LoginView(Asking, Page):
    """``identityx:login``: takes an address, sends the link, leads to ``identityx:link-sent``.

    A page may send a ``source`` along, as a query or a field.
    """

    token_type = TokenType.APP_USER

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.is_open:
            form = self.make()
            form.fields["email"].widget.attrs["autofocus"] = True
            return self.form(form)
        if self.staff:
            raise Http404("Staff do not sign in here.")
        query = urlencode({redirects.FIELD: self.target})
        return redirect(f"{reverse('identityx:org-login')}?{query}")

    def post(self, request: HttpRequest) -> HttpResponse:
        if not self.is_open:
            raise Http404("Nobody of this kind signs in here.")
        form = self.make(request.POST)
        if not form.is_valid():
            return self.form(form, status=400)
        email = form.cleaned_data["email"]
        self.send(
            email,
            self.token_type,
            target=self.target,
            source=self.sent("source"),
            profile=form.profile,
        )
        typed, again = not self.is_claimed, "again" in request.POST
        self.cookies.append(Note(email, self.target, self.staff, typed, again=again))
        return redirect("identityx:link-sent")

    def make(self, data: Any = None, **kwargs: Any) -> SignUpForm:
        return self.sign_up_form(self.token_type, data, **kwargs)

    def form(self, form: SignUpForm, **context: Any) -> HttpResponse:
        return self.page(
            "login",
            form=form,
            next=self.target,
            proceed=redirects.after_login(self.request, self.target),
            source=redirects.safe_word(self.sent("source")) or "",
            staff=self.staff,
            claimed=self.is_claimed,
            is_known=bool(Known.of(self.request).addresses) and not form.errors,
            **context,
        )

    def csrf_failed(self, code: str) -> HttpResponse:
        """An empty form after another site's: one press would trust the address in that."""
        if code == "origin":
            return self.form(self.make(in_trouble=True), code=code)
        return self.again(code)

    def again(self, code: str, **context: Any) -> HttpResponse:
        """The form with what was typed: nothing is lost."""
        typed = self.request.POST.dict()
        return self.form(self.make(initial=typed, in_trouble=True), code=code, **context)

    @property
    def staff(self) -> bool:
        return self.token_type is TokenType.ORG_USER

    @property
    def is_open(self) -> bool:
        return self.token_type.value in conf.SIGN_IN_KINDS


class OrgLoginView(LoginView):
    """``identityx:org-login``: the same for staff."""

    token_type = TokenType.ORG_USER


class ChangeEmailView(Asking, Page):
    """``identityx:change-email``: takes a new address, says what that costs, and sends the link.

    For readers. ``as_view()`` takes an ``app_context_id``.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        user = sessions.get_user(request)
        if sessions.get_actor_hint(request):
            return self.problem("acting")
        if isinstance(user, AppUser):
            is_changed = request.session.pop(CHANGED, False)
            return self.form(NewEmailForm(), current=user.email, is_changed=is_changed)
        return self.problem("readers_only") if user.is_authenticated else self.to_login()

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewEmailForm(request.POST)
        if not form.is_valid():
            return self.form(form, status=400)
        email = form.cleaned_data["email"]
        try:
            self.change(email, target=self.target)
        except Rejected as rejected:
            if rejected.reason == "same_email":
                form.add_error("email", reason_for("same_email").title)
                return self.form(form, status=400)
            if sessions.get_credential(request) is None:
                return self.to_login()
            raise
        note = Note(email, self.target, again="again" in request.POST, changing=True)
        self.cookies.append(note)
        return redirect("identityx:link-sent")

    def form(self, form: NewEmailForm, **context: Any) -> HttpResponse:
        stay = redirects.after_login(self.request, self.target)
        return self.page("change_email", form=form, next=self.target, stay=stay, **context)

    def csrf_failed(self, code: str) -> HttpResponse:
        """An empty form: another site may have filled in where the link is to go."""
        return self.form(NewEmailForm(), code=code)

    def again(self, code: str, **context: Any) -> HttpResponse:
        """The form with what was typed: nothing is lost, and nothing has happened yet."""
        return self.form(NewEmailForm(initial={"email": self.sent("email")}), code=code, **context)


class LinkSentView(Page):
    """``identityx:link-sent``: reads the same whatever happened to the address.

    Takes the link, or the bare token, of staff, whose mail does not lead here.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(LinkForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = LinkForm(request.POST)
        if not form.is_valid():
            return self.show(form, status=400)
        return self.carry(Carrier(form.cleaned_data["link"], self.target, staff=True))

    def show(self, link_form: LinkForm, **context: Any) -> HttpResponse:
        note = Note.of(self.request)
        name, url = _WEBMAIL.get(note.email.rpartition("@")[2].lower(), ("", ""))
        return self.page(
            "link_sent",
            email=emails.mask(note.email) if note.changing or not note.typed else note.email,
            changing=note.changing,
            next=redirects.safe_target(self.request, note.next),
            staff=note.staff or link_form.is_bound,
            sent_again=note.again,
            minutes=max(1, int(conf.LINK_MAX_AGE // 60)),
            webmail=name,
            webmail_url=url,
            form=EmailForm(initial={"email": note.email if note.typed else ""}),
            link_form=link_form,
            **context,
        )

    def again(self, code: str, **context: Any) -> HttpResponse:
        return self.show(LinkForm(), code=code, **context)
