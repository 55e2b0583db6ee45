"""Passing an application on: who may, to whom, and what stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import Http404
from django.test import Client

from accounts.models import User
from audit.models import AuditEntry
from core.encryption import decrypt
from core.errors import RuleViolation
from members.models import Application, ApplicationStep, Message, RejectionReason
from members.models.message import BODY_CONTEXT
from members.services.passing import pass_application
from members.services.review import approve_application, reject_application
from tests.builders import make_application, make_join_code, make_official, make_union, person
from unions.enums import Role, UnionStatus
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def county() -> Union:
    """A county federation that enrols members itself."""
    return make_union("县总", "county_federation", make_union("市总", "city_federation"))


@pytest.fixture
def township(county: Union) -> Union:
    """One of the county's townships."""
    return make_union("柳园街道工会", "township_union", county)


@pytest.fixture
def application(county: Union) -> Application:
    """To the county."""
    return make_application(make_join_code(county), person(1))


@pytest.fixture
def official(county: Union) -> User:
    """Of the county federation."""
    return make_official("official", county)


def state() -> tuple[Any, ...]:
    return (
        list(Application.objects.order_by("pk").values()),
        ApplicationStep.objects.count(),
        AuditEntry.objects.count(),
        Message.objects.count(),
    )


def refused(application: Application, to_union: Union, actor: User) -> tuple[str | None, str]:
    """Field and code of the refusal; nothing may change."""
    before = state()
    with pytest.raises(RuleViolation) as refusal:
        pass_application(application, to_union=to_union, actor=actor)
    assert state() == before
    return refusal.value.field, refusal.value.code


def test_it_waits_at_the_other_union_and_keeps_its_history(
    application: Application, county: Union, township: Union, official: User
) -> None:
    began = (application.submitted_at, application.join_code, application.channel)
    passed = pass_application(application, to_union=township, note=" 就近办理 ", actor=official)
    application.refresh_from_db()
    assert (application.union, application.status) == (township, "submitted")
    assert (application.submitted_at, application.join_code, application.channel) == began
    step = application.steps.get()
    assert (step.type, step.actor, step.note) == ("moved", official, "就近办理")
    entries = AuditEntry.objects.filter(object_id=str(application.pk), actor=official)
    assert {(entry.action, entry.union_path) for entry in entries} == {
        ("application.moved", county.path),
        ("application.received", township.path),
    }
    assert entries[0].data == {"from_union": county.pk, "to_union": township.pk}
    message = Message.objects.get(template="application_moved")
    assert "已转由柳园街道工会办理" in decrypt(message.body_encrypted, context=BODY_CONTEXT)
    # The other union decides; its member it becomes.
    grassroots = make_official("grassroots", township, Role.GRASSROOTS_OFFICIAL)
    assert approve_application(passed, actor=grassroots).union == township


def test_who_may_pass_and_to_whom(
    application: Application, county: Union, township: Union, official: User
) -> None:
    elsewhere = make_union("邻县工会", "township_union", make_union("邻县总", "county_federation"))
    assert refused(application, elsewhere, official) == ("to_union", "scope")
    assert refused(application, county, official) == ("to_union", "same_union")
    Union.objects.filter(pk=township.pk).update(status=UnionStatus.DISSOLVED)
    township.refresh_from_db()
    assert refused(application, township, official) == ("to_union", "union_closed")
    # A union's own official has no other union to pass to; a stranger sees no application.
    own = make_official("own", county, Role.GRASSROOTS_OFFICIAL)
    assert refused(application, township, own) == ("to_union", "scope")
    stranger = make_official("stranger", elsewhere)
    before = state()
    with pytest.raises(Http404):
        pass_application(application, to_union=elsewhere, actor=stranger)
    assert state() == before


def test_a_province_enrols_nobody(application: Application, county: Union) -> None:
    city = county.parent
    assert city is not None
    if city.kind.enrols_members:
        pytest.fail("the city federation should enrol nobody")
    assert refused(application, city, make_official("city", city)) == ("to_union", "kind")


def test_what_is_decided_or_there_already_stays(
    application: Application, township: Union, official: User
) -> None:
    make_application(make_join_code(township), person(1))
    assert refused(application, township, official) == ("to_union", "waiting")
    reason = RejectionReason.objects.earliest("pk")
    reject_application(application, reason=reason, actor=official)
    assert refused(application, township, official) == (None, "decided")


def test_the_page(application: Application, township: Union, official: User) -> None:
    client = Client()
    client.force_login(official)
    page = f"/admin/members/application/{application.pk}/pass/"
    assert page in client.get(f"/admin/members/application/{application.pk}/change/").text
    assert client.get(page).status_code == 200
    empty = client.post(page, {"to_union": ""})
    assert (empty.status_code, "to_union" in empty.context["form"].errors) == (200, True)
    answer = client.post(page, {"to_union": township.pk, "note": ""})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/members/application/")
    application.refresh_from_db()
    assert application.union == township
    # What was decided meanwhile leads back to the application.
    reason = RejectionReason.objects.earliest("pk")
    reject_application(application, reason=reason, actor=None)
    assert client.get(page).headers["Location"].endswith(f"/{application.pk}/change/")
