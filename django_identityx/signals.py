"""Signals. None of them carries a token or a link.

``sender`` is the class of the user, or the class that sends. ``request`` may be None.

- ``login_link_sent(request, kind, email_digest)``: a link was asked for. It reaches its address if
  that is one that may have it, which this does not tell.
- ``user_logged_in(request, user, login_source, additional_context)``: a session was established;
  the last two are what the link was asked for with, or None and an empty mapping.
- ``user_logged_out(request, user, revoked, identity)``: a session ended; ``user`` may be None,
  ``identity`` is what the session knew (kind, application, id), ``revoked`` tells whether IdentityX
  confirmed that the token ended.
- ``profile_updated(request, user, fields)``: somebody changed their profile; ``user`` is as it is
  now, with ``user.profile``, ``fields`` are the names of what was to change: fields of the profile,
  ``custom_fields``, ``consents``, ``custom_attributes``; empty where it was only looked through.
- ``acting_started(request, user, actor)``: staff (``actor``, an `OrgUser`) acts for a reader. It is
  no sign-in of the reader's, so there is no ``user_logged_in``.
- ``acting_ended(request, identity, actor_identity)``: ... and no more; each of the two is kind,
  application and id. In between, ``request.identityx.actor`` of the other signals tells who acts.
- ``login_failed(request, reason, kind, email_digest)``: a link did not lead to a session.
- ``email_changed(request, user, old_email)``: a reader has a new address, ``user.email``; the
  session and, with ``django_identityx.accounts``, the row have it already.
- ``token_rejected(reason, token_type)``: IdentityX or this package refused a credential.
- ``service_unavailable(reason)``: IdentityX could not give a verdict; at most once a second.
"""

from __future__ import annotations

from django.dispatch import Signal

login_link_sent = Signal()
user_logged_in = Signal()
user_logged_out = Signal()
profile_updated = Signal()
acting_started = Signal()
acting_ended = Signal()
login_failed = Signal()
email_changed = Signal()
token_rejected = Signal()
service_unavailable = Signal()
