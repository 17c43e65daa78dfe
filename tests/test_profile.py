"""``identityx:profile`` and ``PATCH identityx:api-me``: what people tell of themselves."""

from __future__ import annotations

import json
import logging
from html import unescape
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import translation

from django_identityx import process, signals
from django_identityx.credentials import TokenType
from django_identityx.sandbox import DAILY_APP_ID, ORG_ID, Sandbox
from django_identityx.signin import APIMeView, ProfileView
from django_identityx.testing import login

from .site import READER, Visitor, forms
from .test_acting import begin, who

pytestmark = pytest.mark.django_db

PAGE, ME = reverse("identityx:profile"), reverse("identityx:api-me")
NEWSLETTER, JOB, BADGE = "Newsletter", "Job function", "Badge name"


@pytest.fixture
def visitor(sandbox: Sandbox) -> Visitor:
    visitor = Visitor()
    login(visitor, sandbox, READER)
    return visitor


def stored(sandbox: Sandbox, email: str = READER) -> dict[str, Any]:
    """The reader's document at IdentityX."""
    found = sandbox._backend.world.app_user(DAILY_APP_ID, email)
    assert found is not None
    return found


def field_id(sandbox: Sandbox, name: str) -> str:
    return next(f["id"] for f in sandbox._backend.world.custom_fields.values() if f["name"] == name)


def save(visitor: Visitor, **changes: Any) -> Any:
    """Send the page's form as a browser would, which knows selects and boxes, too."""
    page = visitor.get(PAGE)
    return visitor.post(PAGE, filled_in(page, **changes))


def filled_in(page: Any, **changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = dict(forms(page)[-1][1])
    for bound in page.context["form"]:
        data[bound.html_name] = bound.value() or None
        data[bound.html_initial_name] = bound.initial
    data |= changes
    return {name: value for name, value in data.items() if value is not None}


def test_the_page_shows_what_identityx_has(visitor: Visitor) -> None:
    page = visitor.get(PAGE)
    text = unescape(page.content.decode())
    assert page.status_code == 200
    assert 'value="Rita"' in text
    assert '<option value="US" selected>United States' in text
    assert '<option value="WI" selected>Wisconsin' in text
    assert '<optgroup label="Canada">' in text
    assert 'value="Beekeeping"' in text
    assert "What is your job function?" in text
    assert "I agree to the processing" not in text  # of people in Germany and France
    assert "no-store" in page["Cache-Control"]


def test_another_language(visitor: Visitor) -> None:
    """The sandbox has English names only; IdentityX has many."""
    with translation.override("es"):
        assert "United States" in visitor.get(PAGE).content.decode()


def test_it_is_for_readers(sandbox: Sandbox) -> None:
    assert Visitor().get(PAGE).url == f"{reverse('identityx:login')}?next={PAGE}"
    staff = Visitor()
    login(staff, sandbox, "owner@example.com", TokenType.ORG_USER)
    assert staff.get(PAGE).status_code == 403


def test_saving(sandbox: Sandbox, visitor: Visitor) -> None:
    badge, job = field_id(sandbox, BADGE), field_id(sandbox, JOB)
    other = stored(sandbox)["selectAnswers"][job]["values"][1]
    before = stored(sandbox)["profileLastVerifiedAt"]
    done = save(
        visitor,
        city="Madison",
        street="",
        receive_email="on",
        **{f"field-{badge}": "Rita", f"field-{job}": [other], f"field-{job}-{other}": "Bees"},
    )
    assert (done.status_code, done.url) == (302, f"{PAGE}?saved=1")
    assert "is saved" in visitor.get(done.url).content.decode()
    now = stored(sandbox)
    assert (now["city"], now["receiveEmail"]) == ("Madison", True)
    assert now["textAnswers"][badge] == "Rita"
    assert now["selectAnswers"][job] == {"values": [other], "written": {other: "Bees"}}
    assert now["profileLastVerifiedAt"] >= before
    assert now["organization"] == "Readers Inc"


def test_a_box_is_unticked(sandbox: Sandbox, visitor: Visitor) -> None:
    newsletter = field_id(sandbox, NEWSLETTER)
    assert save(visitor, **{f"field-{newsletter}": None}).status_code == 302
    assert stored(sandbox)["booleanAnswers"][newsletter] is False


def test_the_greeting_follows(visitor: Visitor) -> None:
    save(visitor, given_name="Margherita")
    assert visitor.signed_in_as == "Margherita Reader"


def test_a_region_goes_with_its_country(sandbox: Sandbox, visitor: Visitor) -> None:
    assert save(visitor, country_code="AT").status_code == 302
    now = stored(sandbox)
    assert (now["countryCode"], now["regionCode"]) == ("AT", None)


def test_a_region_of_another_country(visitor: Visitor) -> None:
    page = save(visitor, region_code="ON", given_name="Ritta")
    assert page.status_code == 400
    assert "not in the country" in page.content.decode()
    assert 'value="Ritta"' in page.content.decode()


def test_consent_is_asked_for_where_it_counts(sandbox: Sandbox, visitor: Visitor) -> None:
    stored(sandbox)["consents"] = {}
    page = save(visitor, country_code="DE")
    text = page.content.decode()
    assert page.status_code == 400
    assert "I agree to the processing of my data." in text
    policy = sandbox._backend.world.organizations[ORG_ID]["policies"][0]["id"]
    assert save(visitor, country_code="DE", **{f"consent-{policy}": "on"}).status_code == 302
    assert stored(sandbox)["consents"][policy]["given"] is True


def test_what_identityx_refuses_is_at_its_field(sandbox: Sandbox, visitor: Visitor) -> None:
    page = save(visitor, postal_code="nonsense", city="Madison")
    assert page.status_code == 400
    assert list(page.context["form"].errors) == ["postal_code"]
    assert 'value="Madison"' in page.content.decode()
    assert 'aria-describedby="postal_code-error"' in page.content.decode()
    assert stored(sandbox)["city"] == "Fort Atkinson"


def test_two_tabs(sandbox: Sandbox, visitor: Visitor) -> None:
    """What was not touched in the one stays as the other has left it."""
    old = visitor.get(PAGE)
    save(visitor, city="Madison")
    assert visitor.post(PAGE, filled_in(old, given_name="Margherita")).status_code == 302
    assert (stored(sandbox)["city"], stored(sandbox)["givenName"]) == ("Madison", "Margherita")


def test_two_people(sandbox: Sandbox, visitor: Visitor) -> None:
    """What one has typed is neither shown to nor saved for the next, be it by a second press."""
    typed = filled_in(visitor.get(PAGE), street="1 Elsewhere")
    visitor.submit(visitor.get(reverse("identityx:logout")))
    visitor.sign_in(sandbox, "subscriber@example.net")
    before = dict(stored(sandbox, "subscriber@example.net"))
    page = visitor.post(PAGE, typed)
    assert page.status_code == 403
    assert "Elsewhere" not in page.content.decode()
    known = forms(page)[0][1]
    again = visitor.post(PAGE, {**typed, "csrfmiddlewaretoken": known["csrfmiddlewaretoken"]})
    assert again.status_code == 403
    assert "Elsewhere" not in again.content.decode()
    assert stored(sandbox, "subscriber@example.net") == before


def test_an_outage_loses_nothing(sandbox: Sandbox, visitor: Visitor) -> None:
    page = visitor.get(PAGE)
    sandbox.set_fault("html502")
    later = visitor.submit(page, given_name="Margherita")
    assert later.status_code == 503
    assert later["Retry-After"]
    assert forms(later)[0][1]["given_name"] == "Margherita"
    sandbox.clear_fault()
    process.reset()
    assert visitor.submit(later).status_code in (302, 400)


def test_part_of_it_is_saved(sandbox: Sandbox, visitor: Visitor) -> None:
    badge = field_id(sandbox, BADGE)
    visitor.get(PAGE)
    sandbox.set_fault("html502", operations=["updateOwnAppUserCustomTextAnswers"])
    page = save(visitor, city="Madison", **{f"field-{badge}": "R."})
    assert page.status_code == 503
    assert "Not all of it" in page.content.decode() or "others not yet" in page.content.decode()
    assert 'value="R."' in page.content.decode()
    assert stored(sandbox)["city"] == "Madison"


def test_a_form_of_another_site(visitor: Visitor) -> None:
    done = visitor.post(PAGE, {"given_name": "Mallory"}, headers={"origin": "https://evil.example"})
    assert done.status_code == 403
    assert "Mallory" not in done.content.decode()


def test_an_old_page_shows_what_it_would_save(visitor: Visitor) -> None:
    person = forms(visitor.get(PAGE))[0][1]["person"]
    page = visitor.post(PAGE, {"given_name": "Mallory", "person": person})
    assert page.status_code == 403
    assert 'type="text" name="given_name" value="Mallory"' in page.content.decode()


def test_it_is_told(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Any] = []

    def receive(sender: type, **kwargs: Any) -> None:
        told.append((sender.__name__, kwargs["user"].city, kwargs["fields"]))

    signals.profile_updated.connect(receive)
    with caplog.at_level(logging.INFO, "django_identityx.audit"):
        save(visitor, city="Madison")
    signals.profile_updated.disconnect(receive)
    assert told == [("AppUser", "Madison", ("city",))]
    line = next(r.getMessage() for r in caplog.records if "profile_updated" in r.getMessage())
    assert 'fields=["city"] complete=true' in line
    assert "Madison" not in line


# --- JSON -----------------------------------------------------------------------------------------


def patch(visitor: Visitor, **data: Any) -> Any:
    token = visitor.get(ME).json()["csrf_token"]
    return visitor.patch(
        ME, json.dumps(data), content_type="application/json", headers={"x-csrftoken": token}
    )


def test_patch(sandbox: Sandbox, visitor: Visitor) -> None:
    job, badge = field_id(sandbox, JOB), field_id(sandbox, BADGE)
    newsletter = field_id(sandbox, NEWSLETTER)
    other = stored(sandbox)["selectAnswers"][job]["values"][1]
    done = patch(
        visitor,
        given_name="Margherita",
        street=None,
        receive_email=True,
        custom_fields={
            newsletter: False,
            badge: "M.",
            job: [{"option": other, "write_in": "Bees"}],
        },
    )
    assert done.status_code == 200
    assert done.json()["given_name"] == "Margherita"
    assert set(done.json()) == set(visitor.get(ME).json())
    now = stored(sandbox)
    assert now["booleanAnswers"][newsletter] is False
    assert now["textAnswers"][badge] == "M."
    assert now["selectAnswers"][job] == {"values": [other], "written": {other: "Bees"}}
    assert (now["receiveEmail"], now["city"]) == (True, "Fort Atkinson")


def test_patch_of_nothing_looks_it_through(sandbox: Sandbox, visitor: Visitor) -> None:
    before = dict(stored(sandbox))
    assert patch(visitor).status_code == 200
    assert stored(sandbox)["profileLastVerifiedAt"] > before["profileLastVerifiedAt"]


def test_patch_of_one_choice(sandbox: Sandbox, visitor: Visitor) -> None:
    job = field_id(sandbox, JOB)
    field = sandbox._backend.world.custom_fields[job]
    field["multiple"] = False
    first, second = (option["id"] for option in field["options"][:2])
    assert patch(visitor, custom_fields={job: [second]}).status_code == 200
    assert stored(sandbox)["selectAnswers"][job]["values"] == [second]
    assert patch(visitor, custom_fields={job: [first, second]}).status_code == 400
    assert patch(visitor, custom_fields={job: []}).status_code == 200
    assert stored(sandbox)["selectAnswers"][job]["values"] == []


@pytest.mark.parametrize("answer", [True, False])
def test_patch_answers_a_required_question(
    sandbox: Sandbox, visitor: Visitor, *, answer: bool
) -> None:
    newsletter = field_id(sandbox, NEWSLETTER)
    sandbox._backend.world.custom_fields[newsletter]["required"] = True
    assert patch(visitor, custom_fields={newsletter: answer}).status_code == 200
    assert stored(sandbox)["booleanAnswers"][newsletter] is answer
    other = str(not answer)
    assert save(visitor, **{f"field-{newsletter}": other}).status_code == 302
    assert stored(sandbox)["booleanAnswers"][newsletter] is not answer


@pytest.mark.parametrize(
    ("name", "answer"),
    [(NEWSLETTER, "no"), (NEWSLETTER, ["x"]), (BADGE, ["Rita"]), (BADGE, True), (JOB, "x")],
)
def test_patch_takes_no_answer_of_another_kind(
    sandbox: Sandbox, visitor: Visitor, name: str, answer: Any
) -> None:
    """ "no" would be a yes, and a list the text of a list."""
    refused = patch(visitor, custom_fields={field_id(sandbox, name): answer})
    assert refused.status_code == 400
    assert set(refused.json()["fields"]["custom_fields"]) == {field_id(sandbox, name)}


def test_attributes_that_the_site_names(sandbox: Sandbox, visitor: Visitor) -> None:
    view = APIMeView.as_view(custom_attributes={"team": "Team"})
    page = ProfileView.as_view(custom_attributes={"team": "Team"}, fields=["city"])
    assert visitor.get(PAGE).status_code == 200
    request = RequestFactory().get(PAGE)
    request.session = visitor.session
    text = page(request).content.decode()
    assert 'name="attribute-team"' in text
    assert 'name="given_name"' not in text
    change = RequestFactory().patch(
        ME, '{"custom_attributes": {"team": "Lamplighters"}}', content_type="application/json"
    )
    change.session = visitor.session
    change._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    assert view(change).status_code == 200
    assert stored(sandbox)["customAttributes"] == {"team": "Lamplighters"}


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"email": "a@example.net"}, {"email"}),
        ({"given_name": "x" * 256}, {"given_name"}),
        ({"postal_code": "nonsense"}, {"postal_code"}),
        ({"country_code": "CA"}, {"postal_code"}),  # a field that was not sent
        ({"region_code": "ON"}, {"region_code"}),
        ({"country_code": "XX"}, {"country_code"}),
        ({"receive_email": "perhaps"}, {"receive_email"}),
        ({"custom_fields": {"5d1b36070ce467bff670affe": "x"}}, {"custom_fields"}),
        ({"custom_fields": {"5d1b36070ce467bff670affe": {}}}, {"custom_fields"}),
        ({"custom_attributes": {"admin": "yes"}}, {"custom_attributes"}),
        ({"consents": {"5d1b36070ce467bff670affe": True}}, {"consents"}),
    ],
)
def test_patch_refuses(
    sandbox: Sandbox, visitor: Visitor, data: dict[str, Any], fields: set[str]
) -> None:
    refused = patch(visitor, **data)
    assert refused.status_code == 400
    assert refused.json()["code"] == "invalid"
    assert set(refused.json()["fields"]) == fields
    assert stored(sandbox)["givenName"] == "Rita"


def test_patch_needs_the_token_and_a_reader(sandbox: Sandbox, visitor: Visitor) -> None:
    bare = visitor.patch(ME, "{}", content_type="application/json")
    assert (bare.status_code, bare.json()["code"]) == (403, "csrf")
    nobody = patch(Visitor())
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_authenticated")


def test_patch_in_an_outage(sandbox: Sandbox, visitor: Visitor) -> None:
    token = visitor.get(ME).json()["csrf_token"]
    sandbox.set_fault("html502")
    later = visitor.patch(ME, "{}", content_type="application/json", headers={"x-csrftoken": token})
    assert (later.status_code, later.json()["code"]) == (503, "unavailable")


def test_staff_who_act_for_somebody(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    staff = Visitor()
    login(staff, sandbox, "owner@example.com", TokenType.ORG_USER)
    begin(staff, sandbox)
    with caplog.at_level(logging.INFO, "django_identityx.audit"):
        assert save(staff, city="Madison").status_code == 302
    assert stored(sandbox)["city"] == "Madison"
    record = next(r for r in caplog.records if "profile_updated" in r.getMessage())
    assert "actor" in record.getMessage()
    assert who(staff)[0] == READER
    assert staff.get(ME).json()["actor"]["email"] == "owner@example.com"
