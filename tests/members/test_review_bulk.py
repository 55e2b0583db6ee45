"""Approving many: exactly what was shown, doubtful ones left out, resumed where it stopped."""

from __future__ import annotations

import itertools
import re
import threading
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.utils import timezone, translation

from members.models import Application, BulkApproval, JoinCode, Membership, ReviewRules
from members.services.bulk_approval import (
    continue_bulk_approvals,
    counts_of,
    preview_bulk_approval,
    run_bulk_approval,
    start_bulk_approval,
)
from members.services.enrolment import PersonInput
from members.services.review import approve_application
from tests.builders import make_application, make_join_code, make_membership, make_official, person
from tests.portal.world import World, logged_in, make_world
from unions.models import Appointment
from unions.scope import can

pytestmark = pytest.mark.django_db

BULK = "/admin/members/application/bulk/"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


@pytest.fixture
def code(world: World) -> JoinCode:
    return make_join_code(world.low)


_people = itertools.count(2000)


def somebody(number: int = 0, **changes: Any) -> PersonInput:
    """A person with a name of their own: namesakes born on one day are possible duplicates."""
    number = number or next(_people)
    return person(number, **{"name": f"王{chr(0x4E00 + number)}", **changes})


def proven(code: JoinCode, who: PersonInput | None = None, **details: Any) -> Application:
    application = make_application(code, who or somebody(), **details)
    Application.objects.filter(pk=application.pk).update(phone_proven_at=timezone.now())
    return application


def token_of(response: Any) -> str:
    return re.findall(r'name="token" value="([^"]*)"', response.content.decode())[0]


def statuses(*applications: Application) -> list[str]:
    found = dict(Application.objects.values_list("pk", "status"))
    return [found[application.pk] for application in applications]


# -- preview --------------------------------------------------------------------------------------


def test_doubtful_ones_are_left_out_unless_asked_for(world: World, code: JoinCode) -> None:
    good = proven(code, group="truck_driver")
    unproven = make_application(code, somebody())
    member = proven(code, somebody(50))
    make_membership(world.other_low, somebody(50))
    same_phone = proven(code, somebody(51, phone=person(52).phone))
    make_membership(world.low, somebody(52))
    twin = proven(code, somebody(53))
    other_union = proven(make_join_code(world.county), somebody(53))
    namesake = proven(code, somebody(54, name="李四"))
    make_membership(world.low, somebody(55, name="李四"))
    # Of applications elsewhere nothing is said.
    far = proven(make_join_code(world.other_low), somebody(56))
    near = proven(code, somebody(56))
    rows, actor = Application.objects.exclude(pk=far.pk), world.official
    with translation.override("en"):
        plain = preview_bulk_approval(rows, actor=actor)
    assert plain.ready == [good.pk, near.pk]
    assert plain.by_union == [("顺丰工会", 2)]
    assert [n for _group, n in plain.by_group] == [1, 1]
    assert {row.pk: why for row, why in plain.left_out} == {
        unproven.pk: ["phone not proven"],
        member.pk: ["is a member already"],
        same_phone.pk: ["possible duplicate"],
        twin.pk: ["possible duplicate"],
        other_union.pk: ["possible duplicate"],
        namesake.pk: ["possible duplicate"],
    }
    assert (plain.members, plain.twins, plain.unproven) == (1, 4, 1)
    with_twins = preview_bulk_approval(rows, actor=actor, with_twins=True)
    assert set(with_twins.ready) == {
        good.pk, near.pk, same_phone.pk, twin.pk, other_union.pk, namesake.pk,
    }  # fmt: skip
    assert set(preview_bulk_approval(rows, actor=actor, with_unproven=True).ready) == {
        good.pk, near.pk, unproven.pk,
    }  # fmt: skip
    ReviewRules.objects.update(requires_proven_phone=True)
    assert preview_bulk_approval(rows, actor=actor, with_unproven=True).ready == [
        good.pk, near.pk,
    ]  # fmt: skip


def test_preview_costs_the_same_for_any_number(
    world: World, code: JoinCode, django_assert_num_queries: Any
) -> None:
    rows = Application.objects.all()
    assert can(world.official, "members.view")  # reads the appointments
    for count in (1, 3):
        for _ in range(count):
            make_application(code)
        with django_assert_num_queries(2):  # the rules, the rows
            assert preview_bulk_approval(rows, actor=world.official).unproven


def test_the_page_takes_the_filters_of_the_list_and_no_search(
    world: World, client: Client, code: JoinCode
) -> None:
    courier, driver = proven(code), proven(code, group="truck_driver")
    proven(make_join_code(world.other_low))  # out of scope
    page = client.get(f"{BULK}?worker_group__code__exact=truck_driver&unproven=1")
    assert page.context["preview"].ready == [driver.pk]
    assert f'name="worker_group__code__exact" value="{driver.worker_group_id}"' in page.text
    assert client.get(f"{BULK}?q={courier.receipt_number}").context["preview"].ready == [
        courier.pk, driver.pk,
    ]  # fmt: skip
    assert client.get(f"{BULK}?status=approved").context["preview"].ready == []


# -- doing it -------------------------------------------------------------------------------------


def test_exactly_what_was_shown_is_approved(world: World, client: Client, code: JoinCode) -> None:
    shown = [proven(code) for _ in range(3)]
    token = token_of(client.get(BULK))
    late = proven(code)
    approve_application(shown[1], actor=make_official("county", world.county))
    response = client.post(BULK, {"token": token}, follow=True)
    assert statuses(*shown, late) == ["approved", "approved", "approved", "submitted"]
    approval = BulkApproval.objects.get()
    assert (approval.asked_by, approval.finished_at is not None) == (world.official, True)
    assert counts_of(approval) == {"waiting": 0, "approved": 2, "refused": 1}
    assert [(item.application_id, item.why) for item in response.context["refused"]] == [
        (shown[1].pk, "county has decided on this application already: approved.")
    ]
    # Sent once more by a reload: nobody becomes a member twice.
    client.post(BULK, {"token": token})
    assert Membership.objects.count() == 3


def test_a_preview_belongs_to_who_saw_it(world: World, client: Client, code: JoinCode) -> None:
    application = proven(code)
    token = token_of(client.get(BULK))
    county = logged_in(make_official("county", world.county))
    forged = signing.dumps({"ids": [application.pk], "actor": world.official.pk}, salt="other")
    for browser, sent in ((county, token), (client, forged), (client, ""), (client, "x")):
        answer = browser.post(BULK, {"token": sent}, follow=True)
        assert [str(message) for message in answer.context["messages"]] == [
            "This preview is too old. Look at it once more."
        ]
    assert statuses(application) == ["submitted"]
    assert not BulkApproval.objects.exists()


def test_scope_holds_when_it_is_done(world: World, code: JoinCode) -> None:
    own, foreign = proven(code), proven(make_join_code(world.other_low))
    approval = start_bulk_approval([own.pk, foreign.pk], actor=world.official)
    Appointment.objects.filter(user=world.grassroots).update(ends_on="2020-12-31")
    ended = start_bulk_approval([own.pk], actor=world.grassroots)
    run_bulk_approval(ended.pk)
    assert counts_of(ended)["refused"] == 1
    with translation.override("en"):
        run_bulk_approval(approval.pk)
    assert statuses(own, foreign) == ["approved", "submitted"]
    assert approval.items.get(outcome="refused").why == "It is not in your scope."
    page = logged_in(world.official).get(f"{BULK}{approval.pk}/")
    assert page.context["refused_count"] == 1
    assert list(page.context["refused"]) == []


def test_many_are_handed_to_a_worker_and_resumed(
    world: World, client: Client, code: JoinCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("members.admin.bulk.AT_ONCE", 2)
    applications = [proven(code) for _ in range(5)]
    # No worker listens in this test: what was handed over waits, and says so.
    outcome = client.post(BULK, {"token": token_of(client.get(BULK))}, follow=True)
    assert (outcome.context["left"], outcome.context["total"]) == (5, 5)
    assert "progress.js" in outcome.text
    approval = BulkApproval.objects.get()
    # A worker that dies after one leaves four.
    assert run_bulk_approval(approval.pk, at_most=1) == 1
    approval.refresh_from_db()
    assert (approval.finished_at, statuses(*applications).count("approved")) == (None, 1)
    page = f"{BULK}{approval.pk}/"
    assert client.post(page, follow=True).context["left"] == 2  # gone on with in the page
    assert continue_bulk_approvals() == 2
    approval.refresh_from_db()
    assert approval.finished_at is not None
    assert set(statuses(*applications)) == {"approved"}
    assert continue_bulk_approvals() == 0
    assert "progress.js" not in client.get(page).text


def test_outcome_is_for_who_asked(world: World, client: Client, code: JoinCode) -> None:
    approval = start_bulk_approval([proven(code).pk], actor=world.official)
    page = f"{BULK}{approval.pk}/"
    colleague = logged_in(make_official("colleague", world.city))
    answers = [colleague.get(page), colleague.post(page), client.get(f"{BULK}999999/")]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert counts_of(approval)["waiting"] == 1
    leader = logged_in(world.leader)
    assert [leader.get(BULK).status_code, leader.post(BULK).status_code] == [403, 403]


def test_nothing_and_too_many_are_refused(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = signing.dumps(
        {"ids": [], "actor": world.official.pk}, salt="members.bulk_approval", compress=True
    )
    answer = client.post(BULK, {"token": empty}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "There is nothing to approve."
    ]
    assert not BulkApproval.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_share_the_rows(world: World, code: JoinCode) -> None:
    approval = start_bulk_approval([proven(code).pk for _ in range(6)], actor=world.official)
    dealt: list[int] = []

    def work() -> None:
        try:
            dealt.append(run_bulk_approval(approval.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sum(dealt) == 6
    assert counts_of(approval) == {"waiting": 0, "approved": 6, "refused": 0}
    assert Membership.objects.count() == 6
    run_bulk_approval(approval.pk)
    approval.refresh_from_db()
    assert approval.finished_at is not None
