"""What staff and readers do by the client's resources, in the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from django_identityx.client import IdentityXClient
from django_identityx.credentials import Credential, TokenType
from django_identityx.exceptions import InvalidInput, NotAllowed, NotFound, OperationFailed
from django_identityx.sandbox import DAILY_APP_ID, ORG_ID, WEEKLY_APP_ID, Sandbox, SandboxServer
from django_identityx.users import AppUser, ExternalIdentifier, ExternalNamespace

NOBODY = "5d1b36070ce467bff67fffff"
CRM = ExternalNamespace("person", "crm")


def client_of(
    sandbox: Sandbox, server: SandboxServer, email: str = "owner@example.com"
) -> IdentityXClient:
    script = Credential(TokenType.ORG_USER_API_TOKEN, sandbox.api_token(email))
    return IdentityXClient(server.url, app_id=DAILY_APP_ID, credential=script, timeout=(1, 5))


@pytest.fixture
def client(sandbox: Sandbox, sandbox_server: SandboxServer) -> IdentityXClient:
    return client_of(sandbox, sandbox_server)


@pytest.fixture
def reader(sandbox: Sandbox) -> Credential:
    return Credential(TokenType.APP_USER, sandbox.app_user_token("reader@example.net"))


def subscriber(client: IdentityXClient) -> AppUser:
    return client.app_users.get_by_email("subscriber@example.net")


# --- People ------------------------------------------------------------------------------------


def test_everybody(client: IdentityXClient) -> None:
    emails = [user.email for user in client.app_users.list(order="email", page_size=2)]
    assert emails == sorted(emails)
    assert len(emails) == client.app_users.count() == 5
    assert [u.email for u in client.app_users.match("sub")] == ["subscriber@example.net"]
    assert list(client.app_users.match("nobody@", position="starts")) == []


def test_a_page(client: IdentityXClient) -> None:
    first = client.app_users.page(order="email", limit=3)
    rest = client.app_users.page(order="email", limit=3, after=first.after)
    emails = [user.email for user in (*first.users, *rest.users)]
    assert emails == [user.email for user in client.app_users.list(order="email")]
    assert rest.after is None
    found = client.app_users.page("SUBSCR").users
    assert [user.email for user in found] == ["subscriber@example.net"]
    with pytest.raises(OperationFailed):
        client.app_users.page(after="x")


def test_one(client: IdentityXClient) -> None:
    user = subscriber(client)
    again = client.app_users.get(user.id)
    assert again == user
    assert again.profile == user.profile
    assert [level.name for level in again.access_levels] == ["Premium"]
    assert again.profile is not None
    assert again.profile.created_at is not None
    assert datetime.now(UTC) - again.profile.created_at < timedelta(days=3650)
    for call in (
        lambda: client.app_users.get(NOBODY),
        lambda: client.app_users.get_by_email("nobody@example.net"),
        lambda: client.app_users.get_by_external_id(ExternalIdentifier("8"), CRM),
        lambda: client.app_users.update(NOBODY, city="Rome"),
        lambda: client.app_users.ban(NOBODY),
        lambda: client.app_users.force_re_verification(NOBODY),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(InvalidInput) as caught:
        client.app_users.get("nonsense")
    assert list(caught.value.fields) == ["id"]


def test_create(client: IdentityXClient) -> None:
    level = next(client.access_levels.match("Basic"))
    user = client.app_users.create("new@example.net", given_name="Nia", access_level_ids=[level.id])
    assert (user.given_name, user.verified) == ("Nia", False)
    assert [level.name for level in user.access_levels] == ["Basic"]
    for email in ("new@example.net", "new@mailinator.com", "new"):
        with pytest.raises(InvalidInput) as caught:
            client.app_users.create(email)
        assert list(caught.value.fields) == ["email"]


def test_update_resets_nothing(client: IdentityXClient) -> None:
    user = subscriber(client)
    client.app_users.force_re_verification(user.id)
    changed = client.app_users.update(user.id, city="Rome", country_code="IT")
    assert (changed.city, changed.country_code) == ("Rome", "IT")
    assert changed.force_profile_re_verification
    assert changed.access_levels == user.access_levels
    assert changed.given_name == user.given_name
    cleared = client.app_users.update(user.id, city=None, access_level_ids=())
    assert (cleared.city, cleared.access_levels) == ("", ())
    with pytest.raises(InvalidInput) as caught:
        client.app_users.update(user.id, country_code="ZZ")
    assert list(caught.value.fields) == ["countryCode"]
    with pytest.raises(InvalidInput) as caught:
        client.app_users.update(user.id, email="reader@example.net")
    assert list(caught.value.fields) == ["email"]


def test_ban_and_delete(client: IdentityXClient) -> None:
    user = subscriber(client)
    assert client.app_users.ban(user.id).banned
    assert not client.app_users.ban(user.id, banned=False).banned
    client.app_users.delete(user.id)
    with pytest.raises(NotFound):
        client.app_users.get(user.id)


def test_external_ids_and_attributes(client: IdentityXClient) -> None:
    user = subscriber(client)
    client.app_users.add_external_id(user.id, ExternalIdentifier("7"), CRM)
    found = client.app_users.get_by_external_id(ExternalIdentifier("7"), CRM)
    assert found == user
    assert found.profile is not None
    assert found.profile.external_ids[0].namespace == CRM
    client.app_users.set_custom_attributes(user.id, {"a": 1, "b": "x"})
    kept = client.app_users.set_custom_attributes(user.id, {"a": None}).profile
    assert kept is not None
    assert kept.custom_attributes == {"b": "x"}


def test_answers(client: IdentityXClient) -> None:
    profile = subscriber(client).profile
    assert profile is not None
    newsletter = profile.custom_boolean_field_answers[0].field
    job = profile.custom_select_field_answers[0].field
    badge = profile.custom_text_field_answers[0].field
    other = next(option for option in job.options if option.can_write_in)
    user = client.app_users.answer(
        subscriber(client).id,
        booleans={newsletter.id: False},
        selects={job.id: [other.id]},
        write_ins={other.id: "Juggler"},
        texts={badge.id: "Sue"},
    )
    answered = user.profile
    assert answered is not None
    assert answered.custom_boolean_field_answers[0].answer is False
    chosen = answered.custom_select_field_answers[0].answers
    assert [(a.option.id, a.write_in_value) for a in chosen] == [(other.id, "Juggler")]
    assert answered.custom_text_field_answers[0].value == "Sue"
    taken_back = client.app_users.answer(user.id, selects={job.id: []}, texts={badge.id: None})
    assert taken_back.profile is not None
    assert taken_back.profile.custom_select_field_answers[0].answers == ()
    assert taken_back.profile.custom_text_field_answers[0].value == ""


def test_ones_own(client: IdentityXClient, reader: Credential) -> None:
    own = client.own_profile(reader)
    assert own.get().email == "reader@example.net"
    person = own.update(city="Rome", receive_email=True)
    assert (person.city, person.receive_email) == ("Rome", True)
    attributes = own.set_custom_attributes({"theme": "dark"}).profile
    assert attributes is not None
    assert attributes.custom_attributes == {"theme": "dark"}
    policy = client.organization.get().regional_consent_policies[0]
    consent = own.consent({policy.id: True}).profile
    assert consent is not None
    assert consent.regional_consent_answers[0].given
    assert consent.regional_consent_answers[0].date.tzinfo is UTC
    with pytest.raises(InvalidInput) as caught:
        own.update(country_code="ZZ")
    assert "countryCode" in caught.value.fields


# --- Levels and teams --------------------------------------------------------------------------


def test_access_levels(client: IdentityXClient) -> None:
    assert {level.name for level in client.access_levels.list()} == {"Premium", "Basic"}
    made = client.access_levels.create("Gold", description="all of it")
    assert made.messages.logged_in_no_access
    changed = client.access_levels.update(made.id, logged_in_no_access="<p>Gold only.</p>")
    assert changed.name == "Gold"
    assert changed.description == "all of it"
    assert changed.messages.logged_in_no_access == "<p>Gold only.</p>"
    assert changed.messages.logged_out_no_access == made.messages.logged_out_no_access
    assert client.access_levels.get(made.id) == changed
    with pytest.raises(InvalidInput) as caught:
        client.access_levels.create(" ")
    assert list(caught.value.fields) == ["name"]
    with pytest.raises(NotFound):
        client.access_levels.get(NOBODY)


def test_teams(client: IdentityXClient) -> None:
    office = next(client.teams.match("Office"))
    assert office.cidrs == ("10.1.0.0/16",)
    changed = client.teams.update(office.id, description="downtown")
    assert (changed.cidrs, changed.active) == (office.cidrs, True)
    assert changed.access_levels == office.access_levels
    level = office.access_levels[0]
    lab = client.teams.create("Lab", domains=["lab.example"], access_level_ids=[level.id])
    assert client.teams.get(lab.id).domains == ("lab.example",)
    assert not client.teams.update(lab.id, active=False).active
    with pytest.raises(InvalidInput) as caught:
        client.teams.create("Lab", cidrs=["nonsense"])
    assert list(caught.value.fields) == ["cidrs"]


# --- Comments ----------------------------------------------------------------------------------


def test_comments(client: IdentityXClient, reader: Credential, sandbox: Sandbox) -> None:
    assert client.comments.count("page") == 0
    comment = client.comments.create(reader, "page", "Hello.", title="A page")
    assert comment.approved
    assert "Hello." in comment.body
    assert comment.stream.title == "A page"
    link = client.comments.create(reader, "page", '<a href="https://a.example">x</a>')
    assert not link.approved
    assert [c.id for c in client.comments.for_stream("page")] == [comment.id]
    assert client.comments.approve(link.id).approved
    assert client.comments.count("page") == 2
    assert client.comments.flag(comment.id, credential=reader).flagged
    assert [c.id for c in client.comments.list(statuses=["Flagged"])] == [comment.id]
    assert "Bye." in client.comments.set_body(comment.id, "Bye.").body
    client.comments.delete(comment.id)
    assert client.comments.count("page") == 1
    (stream,) = client.comments.match_streams("page", field="identifier", position="exact")
    assert client.comments.archive(stream.id).archived
    with pytest.raises(OperationFailed):
        client.comments.create(reader, "page", "Too late.")
    banned = Credential(TokenType.APP_USER, sandbox.app_user_token("banned@example.net"))
    with pytest.raises(NotAllowed):
        client.comments.flag(link.id, credential=banned)


# --- Staff and settings --------------------------------------------------------------------------


def test_memberships(client: IdentityXClient) -> None:
    roles = {member.user.email: member.role for member in client.memberships.list()}
    assert roles["owner@example.com"] == "Owner"
    assert client.memberships.set_role("member@example.com", "Guest").role == "Guest"
    client.memberships.remove("guest@example.com")
    assert "guest@example.com" not in {m.user.email for m in client.memberships.list()}
    client.memberships.invite("stranger@example.com", "Guest")
    (invitation,) = client.memberships.invitations()
    assert (invitation.user.email, invitation.role) == ("stranger@example.com", "Guest")
    assert invitation.invited_by.email == "owner@example.com"
    client.memberships.cancel_invitation("stranger@example.com")
    assert client.memberships.invitations() == ()


def test_settings(client: IdentityXClient) -> None:
    application = client.application.get()
    assert application.name == "Acme Daily"
    changed = client.application.update(description="News")
    assert (changed.description, changed.email) == ("News", application.email)
    context = client.application.get().contexts[0]
    (other,) = client.application.update_context(context.id, description="Noticias").contexts
    assert other.language == context.language
    assert other.login_link_template == context.login_link_template
    assert client.application.remove_context(context.id).contexts == ()
    organization = client.organization.get()
    assert client.organization.update(description="Media").name == organization.name
    company = client.organization.update_company(city="Berlin").company
    assert company is not None
    assert (company.city, company.name) == ("Berlin", "Acme Media LLC")
    policies = client.organization.add_consent_policy("US", "May we?", ["US"])
    policy = policies.regional_consent_policies[-1]
    assert [country.id for country in policy.countries] == ["US"]
    client.organization.update_consent_policy(policy, required=True)
    kept = client.organization.get().regional_consent_policies[-1]
    assert (kept.required, kept.message) == (True, "May we?")
    left = client.organization.remove_consent_policy(policy.id).regional_consent_policies
    assert [p.name for p in left] == ["GDPR"]


def test_places(client: IdentityXClient) -> None:
    assert [country.id for country in client.countries()[:3]] == ["US", "CA", "MX"]
    assert {region.country.id for region in client.regions("CA")} == {"CA"}


def test_roles(client: IdentityXClient, sandbox: Sandbox, sandbox_server: SandboxServer) -> None:
    user = subscriber(client)
    guest = client_of(sandbox, sandbox_server, "guest@example.com")
    assert guest.app_users.get(user.id) == user
    for call in (
        lambda: guest.app_users.ban(user.id),
        lambda: guest.access_levels.create("Gold"),
        lambda: guest.organization.update(name="Mine"),
        lambda: client_of(sandbox, sandbox_server, "stranger@example.com").app_users.count(),
        lambda: client_of(sandbox, sandbox_server, "member@example.com").app_users.delete(user.id),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_another_application(client: IdentityXClient, sandbox_server: SandboxServer) -> None:
    weekly = IdentityXClient(
        sandbox_server.url, app_id=WEEKLY_APP_ID, org_id=ORG_ID, credential=client.credential
    )
    assert weekly.app_users.count() == 1
    with pytest.raises(NotFound):
        weekly.app_users.get(subscriber(client).id)
