"""The section below a page, and where its forms lead: they work without JavaScript."""

from __future__ import annotations

from typing import Any

from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from ..exceptions import NoVerdict
from ..outages import tell
from ..signin import Page
from .api import MAX_TEXT, CommentWriteSerializer
from .listing import chosen_name, listing, reader
from .streams import Stream
from .writing import REFUSALS, NotTaken, flag, hindrance, write

SECTION = "identityx-comments"  # where on the page the comments are
PAGE_FIELD = "comments"  # the cursor in the page's address

_DOWN = _("Comments don't work right now. Your text is still here: please try again in a moment.")


def section(request: HttpRequest, stream: Stream) -> dict[str, Any]:
    """What the section of a page shows; in an outage only that it can't."""
    query = request.GET.copy()
    after = "".join(query.pop(PAGE_FIELD, [])[-1:])
    here = f"{request.path}?{query.urlencode()}" if query else request.path
    try:
        try:
            found = listing(request, stream, str(after))
        except BadSignature:
            found = listing(request, stream)
        code, known = hindrance(request), reader(request)
    except NoVerdict as error:
        tell(request, error)
        return {"unavailable": True}
    query[PAGE_FIELD] = found.after
    return {
        "found": found,
        "stream": stream.key,
        "here": here,
        "back": f"{here}#{SECTION}",
        "older": found.after and f"?{query.urlencode()}#{SECTION}",
        "is_later": bool(after),
        "code": "closed" if found.closed else code,
        "text": REFUSALS["closed" if found.closed else code][1] if found.closed or code else "",
        "may_flag": not code,
        "name": chosen_name(known[0]) if known else "",
        "max_text": MAX_TEXT,
    }


class _Form(Page):
    """A form of the section. Where it fails its text is shown again."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Somebody reloads the address of a form: there is nothing to see here."""
        raise Http404

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            anchor = self.act()
        except BadSignature:
            raise Http404 from None
        except NotTaken as error:
            return self.again(error.code, text=error.text, status=error.status)
        return HttpResponseRedirect(f"{self.target or '/'}#{anchor}", status=303)

    def act(self) -> str:
        """Do what was asked for; return where on the page it is seen."""
        raise NotImplementedError

    def again(self, code: str, **context: Any) -> HttpResponse:
        return self.page("comment", code=code, next=self.target, max_text=MAX_TEXT, **context)


class WriteView(_Form):
    """Write a comment."""

    def act(self) -> str:
        asked = CommentWriteSerializer(data=self.request.POST.dict())
        stream = Stream.of(self.sent("stream"))
        if not asked.is_valid():
            raise NotTaken("refused", str(next(iter(asked.errors.values()))[0]))
        data = asked.validated_data
        return f"comment-{write(self.request, stream, data['body'], data['name']).id}"

    def again(self, code: str, **context: Any) -> HttpResponse:
        if code == "unavailable":
            context["text"] = _DOWN
        if code != "origin":  # what another site has written is not shown as the visitor's
            context["sent"] = {name: self.sent(name) for name in ("stream", "body", "name")}
        return super().again(code, **context)


class FlagView(_Form):
    """Tell the moderators of a comment."""

    def act(self) -> str:
        flag(self.request, Stream.of(self.sent("stream")), self.sent("id"))
        return f"comment-{self.sent('id')}"
