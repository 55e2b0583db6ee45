"""The queue with its deadlines, the page of an application, and what an official does there."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEntry
from core.clock import local_today
from members.models import Application, ApplicationStep, JoinCode, Member, RejectionReason
from members.models.review import StepType
from members.services.resubmission import request_correction
from members.services.review import approve_application, reject_application
from members.services.steps import record_step
from members.waiting import begun_before
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    person,
)
from tests.portal.world import World, logged_in, make_world
from unions.enums import Role

pytestmark = pytest.mark.django_db

QUEUE = "/admin/members/application/"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


@pytest.fixture
def code(world: World) -> JoinCode:
    return make_join_code(world.low)


def act(name: str, application: Application) -> str:
    return reverse(f"admin:members_application_{name}", args=[application.pk])


def queue(client: Client, query: str = "") -> list[Application]:
    return list(client.get(QUEUE + query).context["cl"].result_list)


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def waiting_for(code: JoinCode, days: int) -> Application:
    """An application that has waited so many working days."""
    application = make_application(code)
    at = begun_before(days) - dt.timedelta(minutes=1)
    Application.objects.filter(pk=application.pk).update(submitted_at=at)
    application.refresh_from_db()
    return application


# -- queue ----------------------------------------------------------------------------------------


def test_who_has_waited_longest_for_the_union_comes_first(client: Client, code: JoinCode) -> None:
    corrected, old, young = waiting_for(code, 9), waiting_for(code, 4), waiting_for(code, 1)
    Application.objects.filter(pk=corrected.pk).update(resubmitted_at=timezone.now())
    assert queue(client) == [old, young, corrected]
    assert list(Application.objects.waiting()) == [old, young, corrected]


def test_filters_of_urgency(world: World, client: Client, code: JoinCode) -> None:
    fresh, soon, late, told = (waiting_for(code, days) for days in (1, 3, 5, 11))
    record_step(told, StepType.ESCALATED, actor=None)
    assert queue(client, "?waiting=soon") == [soon]
    assert queue(client, "?waiting=overdue") == [told, late]
    assert queue(client, "?waiting=escalated") == [told]
    assert queue(client, "?waiting=nonsense") == [told, late, soon, fresh]
    # To whom it was escalated: the officials of the union directly above, and of no other.
    assert queue(client, "?waiting=to_us") == []
    county = logged_in(make_official("county", world.county))
    assert queue(county, "?waiting=to_us") == [told]
    assert queue(logged_in(world.grassroots), "?waiting=to_us") == []
    assert queue(logged_in(world.operator), "?waiting=to_us") == [told]
    # What was told before it was sent again is told no more.
    Application.objects.filter(pk=told.pk).update(
        resubmitted_at=timezone.now() + dt.timedelta(seconds=1)
    )
    assert queue(county, "?waiting=to_us") == []


def test_age_and_escalation_are_shown(client: Client, code: JoinCode) -> None:
    late, told = waiting_for(code, 5), waiting_for(code, 10)
    record_step(told, StepType.ESCALATED, actor=None)
    text = client.get(QUEUE).text
    assert text.count("escalated</span>") == 1
    ages = re.findall(r"field-waiting_days.*?(\d+) working days", text, re.S)
    assert [int(age) >= least for age, least in zip(ages, (10, 5), strict=True)] == [True, True]
    assert "Overdue: this application has waited" in client.get(act("change", late)).text


def test_phones_proven_or_not(client: Client, code: JoinCode) -> None:
    proven, unproven = make_application(code), make_application(code)
    Application.objects.filter(pk=proven.pk).update(phone_proven_at=timezone.now())
    assert queue(client, "?phone=proven") == [proven]
    assert queue(client, "?phone=unproven") == [unproven]


def test_list_and_page_cost_the_same_for_any_number(
    world: World, code: JoinCode, django_assert_max_num_queries: Any
) -> None:
    def cost(page: str) -> int:
        with django_assert_max_num_queries(60) as counted:
            assert logged_in(world.official).get(page).status_code == 200
        return len(counted)

    one = waiting_for(code, 11)
    cost(act("change", one))  # what is remembered for seconds is read
    first = cost(QUEUE), cost(act("change", one))
    for _ in range(3):
        other = waiting_for(code, 6)
        record_step(other, StepType.ESCALATED, actor=None)
        Application.objects.filter(pk=other.pk).update(
            phone_hash=one.phone_hash, name=one.name, birth_date=one.birth_date
        )
    assert (cost(QUEUE), cost(act("change", one))) == first


# -- records side by side -------------------------------------------------------------------------


def test_records_side_by_side(world: World, client: Client, code: JoinCode) -> None:
    who = person(95, name="欧阳文静")
    application = make_application(code, who, employer_name="美团")
    member = make_membership(world.county, person(95, name="欧阳文景"), on="2024-01-02").member
    same_phone = make_application(
        make_join_code(world.county), person(96, name="李四", phone=who.phone)
    )
    namesake = make_membership(world.low, person(97, name="欧阳文静")).member
    response = client.get(act("change", application))
    comparison = response.context["comparison"]
    assert comparison.is_member is True
    assert [
        (column.record, column.likeness.same_id, column.likeness.same_phone,
         column.likeness.same_person)
        for column in comparison.columns
    ] == [
        (member, True, True, False),
        (namesake, False, False, True),
        (same_phone, False, True, False),
    ]  # fmt: skip
    different = {title: [cell.differs for cell in cells] for title, cells in comparison.rows}
    assert different["Name"] == [False, True, False, True]
    assert different["ID number"] == [False, False, True, True]
    assert different["Phone"] == [False, False, True, False]
    assert different["Union"] == [False] * 4
    for number in (who.id_number, who.phone.removeprefix("+86")):
        assert number not in response.text
    assert "This person already is a member" in response.text


def test_of_what_is_elsewhere_only_existence_and_whom_to_ask(
    world: World, client: Client, code: JoinCode
) -> None:
    who = person(95, name="欧阳文静")
    foreign = make_union("德州外卖工会", "joint_union", world.other)
    make_membership(foreign, person(95, name="欧阳外地"))
    make_membership(foreign, person(98, name="外地同号", phone=who.phone))
    # Of namesakes, and of whoever has only applied elsewhere, nothing is said.
    make_membership(foreign, person(99, name="欧阳文静"))
    make_application(make_join_code(foreign), who)
    application = make_application(code, who)
    response = client.get(act("change", application))
    elsewhere = response.context["comparison"].elsewhere
    assert (elsewhere.same_id, elsewhere.same_phone) == (1, 1)
    assert elsewhere.ask == [world.province]
    assert response.context["comparison"].columns == []
    for foreign_text in ("德州", "欧阳外地", "外地同号"):
        assert foreign_text not in response.text
    assert "registered at a union outside your scope" in response.text
    # An official of that one union alone is told no more than the city's.
    low = logged_in(world.grassroots).get(act("change", application)).context["comparison"]
    assert (low.columns, low.elsewhere.ask) == ([], [world.province])


def test_nobody_like_them(client: Client, code: JoinCode) -> None:
    page = client.get(act("change", make_application(code)))
    assert "Nobody else with this ID number, phone, or name and birthday." in page.text
    assert not page.context["comparison"].elsewhere


def test_once_approved_the_own_record_is_no_duplicate(
    world: World, client: Client, code: JoinCode
) -> None:
    who = person(95)
    earlier = make_application(code, who)
    Application.objects.filter(pk=earlier.pk).update(status="rejected", decided_at=timezone.now())
    application = make_application(code, who)
    client.post(act("approve", application))
    same_phone = make_membership(world.low, person(96, name="李四", phone=who.phone)).member
    comparison = client.get(act("change", application)).context["comparison"]
    own = Member.objects.get(name=who.name)
    assert [column.record for column in comparison.own] == [own, earlier]
    assert [column.record for column in comparison.columns] == [same_phone]


def test_records_that_were_merged_away_are_not_compared(world: World, code: JoinCode) -> None:
    who = person(95)
    kept = make_membership(world.low, person(1, name="李四")).member
    absorbed = make_membership(world.low, person(96, phone=who.phone)).member
    Member.objects.filter(pk=absorbed.pk).update(merged_into=kept)
    application = make_application(code, who)
    page = logged_in(world.official).get(act("change", application))
    assert absorbed not in [column.record for column in page.context["comparison"].columns]


# -- acts -----------------------------------------------------------------------------------------


def test_asking_for_a_correction(world: World, client: Client, code: JoinCode) -> None:
    application = make_application(code)
    page = act("correction", application)
    refused = client.post(page, {"correction-note": "x"})
    assert refused.context["correction_form"].errors == {
        "fields_asked": ["Say what is to be corrected."]
    }
    answer = client.post(
        page,
        {"correction-fields_asked": ["phone", "name"], "correction-note": "请核对"},
        follow=True,
    )
    assert messages_of(answer) == ["张*明 has been asked to correct the application."]
    application.refresh_from_db()
    assert application.status == "correction"
    shown = client.get(act("change", application)).text
    assert "请核对" in shown
    assert act("approve", application) not in shown
    assert queue(client) == []
    # Who decides meanwhile is told so.
    again = client.post(page, {"correction-fields_asked": ["name"]}, follow=True)
    assert messages_of(again) == ["The applicant has been asked to correct this application."]
    assert ApplicationStep.objects.count() == 1


def test_undoing(world: World, client: Client, code: JoinCode) -> None:
    application = make_application(code)
    approve_application(application, actor=world.official)
    page = act("undo", application)
    assert page in client.get(act("change", application)).text
    refused = client.post(page, {"undo-reason": " "})
    assert refused.context["undo_form"].errors == {"reason": ["Say why it is undone."]}
    answer = client.post(page, {"undo-reason": "误操作"}, follow=True)
    assert messages_of(answer) == [
        "The decision was taken back; the application of 张*明 waits again."
    ]
    assert answer.redirect_chain == [(act("change", application), 302)]
    late = make_application(code, person(3))
    reject_application(late, reason=RejectionReason.objects.all()[0], actor=None)
    Application.objects.filter(pk=late.pk).update(decided_at=timezone.now() - dt.timedelta(days=2))
    assert act("undo", late) not in client.get(act("change", late)).text
    answer = client.post(act("undo", late), {"undo-reason": "误操作"}, follow=True)
    assert messages_of(answer) == [
        "It is too late to undo this decision: the applicant may apply again."
    ]


@pytest.mark.parametrize("name", ["correction", "undo"])
def test_acts_are_for_the_right_officials_and_by_post(
    world: World, client: Client, code: JoinCode, name: str
) -> None:
    own, foreign = make_application(code), make_application(make_join_code(world.other_low))
    if name == "undo":
        for application in (own, foreign):
            approve_application(application, actor=None)
    before = list(Application.objects.order_by("pk").values()), ApplicationStep.objects.count()
    data = {"correction-fields_asked": ["name"], "undo-reason": "误操作"}
    assert client.get(act(name, own)).status_code == 302
    assert client.post(act(name, foreign), data).status_code == 404
    assert logged_in(world.leader).post(act(name, own), data).status_code == 403
    assert Client().post(act(name, own), data).status_code == 302
    after = list(Application.objects.order_by("pk").values()), ApplicationStep.objects.count()
    assert before == after
    assert not AuditEntry.objects.filter(actor__in=[world.official, world.leader]).exists()


def test_the_way_names_the_officials_to_officials(
    world: World, client: Client, code: JoinCode
) -> None:
    application = make_application(code)
    colleague = make_official("李干事", world.low, Role.GRASSROOTS_OFFICIAL)
    request_correction(application, fields=["name"], note="请核对", actor=colleague)
    steps = client.get(act("change", application)).context["steps"]
    assert [(step.type, step.actor, step.note) for step in steps] == [
        ("correction", colleague, "请核对")
    ]


def test_rules_of_review_are_the_operators(world: World, client: Client) -> None:
    page = "/admin/members/reviewrules/1/change/"
    operator = logged_in(world.operator)
    good = {
        "remind_after_days": 3, "escalate_after_days": 6, "undo_hours": 48,
        "transfer_deadline_days": 10,
    }  # fmt: skip
    assert client.post(page, good).status_code == 403
    bad = operator.post(page, {**good, "escalate_after_days": 2})
    assert bad.status_code == 200
    assert bad.context["adminform"].form.errors
    assert operator.post(page, good).status_code == 302
    assert operator.get("/admin/members/reviewrules/add/").status_code == 403
    assert AuditEntry.objects.get(action="reviewrules.changed").at.date() <= local_today()
